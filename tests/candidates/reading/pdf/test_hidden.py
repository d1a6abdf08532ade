"""Text that a person would not see is left out and flagged; text that only looks so stays."""

import pytest

from candidates.reading import Problem, Unreadable, read
from candidates.reading.registry import new_context
from candidates.reading.sniff import FileKind
from tests.makers import hidden
from tests.makers.pdfs import TO_PRIVATE_USE, by_hand, pdf_for_the_second_reader, stream


def text(pages: tuple[str, ...]) -> str:
    return " ".join("".join(pages).split())


@pytest.mark.parametrize("way", hidden.HIDDEN)
def test_hidden_text_is_left_out_and_told(way: str) -> None:
    kind, make = hidden.HIDDEN[way]

    parsed = new_context().parse(FileKind.PDF, make())

    assert text(parsed.pages) == hidden.SEEN
    assert [(entry.kind, entry.text, entry.page) for entry in parsed.hidden] == [
        (kind, hidden.SECRET, 1)
    ]


@pytest.mark.parametrize("name", hidden.VISIBLE)
def test_what_can_be_seen_is_kept(name: str) -> None:
    parsed = new_context().parse(FileKind.PDF, hidden.VISIBLE[name]())

    assert hidden.SECRET in text(parsed.pages)
    assert parsed.hidden == ()


def test_an_icon_may_say_in_words_what_it_is() -> None:
    parsed = new_context().parse(FileKind.PDF, hidden.replaced("i", "Telephone number: "))

    assert text(parsed.pages) == f"{hidden.SEEN} Telephone number:"
    assert parsed.hidden == ()


def test_a_page_of_hidden_text_alone_is_not_read_by_the_second_reader() -> None:
    with pytest.raises(Unreadable) as refused:
        read(hidden.page_of(hidden.within(hidden.ink("#ffffff"), hidden.say())), "cv.pdf")

    assert refused.value.problem is Problem.BLANK
    assert "low-contrast" in refused.value.detail


@pytest.mark.parametrize(("lost", "flag"), [(2, "unchecked"), (4, "letters-lost")])
def test_the_second_reader_brings_back_no_hidden_text(lost: int, flag: str) -> None:
    """It is used because letters of a font are illegible; without the hidden text their share falls
    far enough, or not."""
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Courier/ToUnicode 7 0 R>>"
    odd = b"BT /F2 11 Tf 72 600 Td (%s) Tj ET 1 g\n" % (b"abcdefgh" * lost)
    content = hidden._text(hidden.SEEN, 700) + odd + hidden._text(hidden.SECRET, 500)
    made = by_hand(stream(content), more=(font, stream(TO_PRIVATE_USE))).replace(
        b"/F1 5 0 R>>", b"/F1 5 0 R/F2 6 0 R>>"
    )

    parsed = new_context().parse(FileKind.PDF, made)

    assert hidden.SECRET not in text(parsed.pages)
    assert hidden.SEEN in text(parsed.pages)
    assert [entry.text for entry in parsed.hidden] == [hidden.SECRET]
    assert [entry.kind for entry in parsed.flags] == [flag]


def test_the_second_reader_says_that_it_looks_for_nothing_hidden() -> None:
    assert [
        flag.kind for flag in new_context().parse(FileKind.PDF, pdf_for_the_second_reader()).flags
    ] == ["unchecked"]
