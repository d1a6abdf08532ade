"""Text that a person would not see is left out and told; what only looks so is kept."""

import pytest

from candidates.reading import pdf
from tests.makers import hidden


def text(pages: tuple[str, ...]) -> str:
    return " ".join("".join(pages).split())


@pytest.mark.parametrize("way", hidden.HIDDEN)
def test_hidden_text_is_left_out_and_told(way: str) -> None:
    kind, make = hidden.HIDDEN[way]

    parsed = pdf.parse(make())

    assert text(parsed.pages) == hidden.SEEN
    assert [(one.kind, one.text, one.page) for one in parsed.hidden] == [(kind, hidden.SECRET, 1)]


@pytest.mark.parametrize("name", hidden.VISIBLE)
def test_what_can_be_seen_is_kept(name: str) -> None:
    parsed = pdf.parse(hidden.VISIBLE[name]())

    assert hidden.SECRET in text(parsed.pages)
    assert parsed.hidden == ()


def test_an_icon_may_say_in_words_what_it_is() -> None:
    parsed = pdf.parse(hidden.replaced("i", "Telephone number: "))

    assert text(parsed.pages) == f"{hidden.SEEN} Telephone number:"
    assert parsed.hidden == ()
