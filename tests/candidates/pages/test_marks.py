"""Cutting a text at its quotes."""

import pytest

from candidates.pages.marks import Segment, segments


def test_a_text_without_quotes_is_one_segment() -> None:
    assert segments("abc", []) == [Segment("abc", marked=False)]


def test_a_quote_is_marked_and_can_be_jumped_to() -> None:
    assert segments("a quote here", [("q1", 2, 7)]) == [
        Segment("a ", marked=False),
        Segment("quote", marked=True, anchors=("q1",)),
        Segment(" here", marked=False),
    ]


@pytest.mark.parametrize(
    "quotes",
    [
        [("a", 0, 6), ("b", 3, 9)],  # one begins inside the other
        [("a", 0, 9), ("b", 3, 6)],  # one holds the other
        [("a", 2, 5), ("b", 2, 8)],  # both begin at the same place
        [("a", 2, 5), ("b", 2, 5)],  # both are the same
        [("a", 0, 5), ("b", 5, 10)],  # one follows the other at once
    ],
)
def test_quotes_may_overlap(quotes: list[tuple[str, int, int]]) -> None:
    text = "0123456789"

    cut = segments(text, quotes)

    assert "".join(segment.text for segment in cut) == text
    assert sorted(id for segment in cut for id in segment.anchors) == ["a", "b"]
    marked = {at for _, start, end in quotes for at in range(start, end)}
    at = 0
    for segment in cut:
        for _ in segment.text:
            assert segment.marked == (at in marked)
            at += 1


def test_a_quote_outside_the_text_is_left_out() -> None:
    cut = segments("short", [("far", 10, 20), ("before", -1, 2), ("empty", 2, 2), ("past", 3, 6)])

    assert cut == [Segment("short", marked=False)]


def test_an_empty_text_has_no_segments() -> None:
    assert segments("", [("a", 0, 1)]) == []
