"""PDF: two readers, and text as it stands on the page."""

import pytest

from candidates.reading import Problem, Unreadable, read
from candidates.reading.pdf.reader import _mend_hyphens
from tests.makers import files, pdfs


def test_an_empty_password_is_no_obstacle() -> None:
    assert read(files.owner_locked_pdf(), "cv.pdf").contact.name == "Jane Example"


def test_the_second_reader_takes_what_the_first_refuses() -> None:
    document = read(files.pdf_for_the_second_reader(), "cv.pdf")

    assert document.reader == "pdfminer.six"
    assert document.contact.name == "Jane Example"


def test_a_password_before_does_not_lock_the_next_file() -> None:
    with pytest.raises(Unreadable) as refused:
        read(files.encrypted_pdf(), "first.pdf")
    assert refused.value.problem is Problem.ENCRYPTED

    assert read(files.pdf_for_the_second_reader(), "next.pdf").reader == "pdfminer.six"


def test_a_loop_of_pages_ends() -> None:
    assert "ten years" in read(files.pages_loop_pdf(), "cv.pdf").text


def test_both_readers_are_named_when_neither_finds_letters() -> None:
    with pytest.raises(Unreadable) as refused:
        read(files.garbled_pdf(), "cv.pdf")

    assert refused.value.problem is Problem.GARBLED
    assert "pypdfium2" in refused.value.detail and "pdfminer.six" in refused.value.detail


def test_some_unknown_letters_are_left_out_and_said() -> None:
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>"
    cmap = pdfs.TO_PRIVATE_USE.replace(b"<20> <7e> <E020>", b"<65> <65> <E065>")
    content = b"BT /F1 12 Tf 72 700 Td (Jane: eeeeeeee Engineer of the sea) Tj ET"

    made = pdfs.by_hand(pdfs.stream(content), font, (pdfs.stream(cmap),))
    document = read(made, "cv.pdf")

    assert document.text == "Jan:  Enginr of th sa"
    assert [flag.kind for flag in document.flags] == ["letters-lost"]


def test_lines_stay_lines() -> None:
    assert read(files.pdf(["One", "Two", "Three"]), "cv.pdf").text == "One\nTwo\nThree"


def test_a_word_broken_over_two_lines_is_whole_again() -> None:
    document = read(files.pdf(["She led the develop-", "ment of engines"]), "cv.pdf")

    assert "development of engines" in document.text


@pytest.mark.parametrize(
    ("joined", "mended"),
    [
        ("prefer\ufffeably", "preferably"),
        ("cross\ufffedevice", "cross-device"),
        ("state-of-the\ufffeart", "state-of-the-art"),
        ("Anglo\ufffeAmerican", "Anglo-American"),
        ("Q4\ufffe2021", "Q4-2021"),
        ("dash \ufffe alone", "dash - alone"),
        ("on\u00adpremise", "on-premise"),
    ],
)
def test_a_compound_keeps_its_hyphen(joined: str, mended: str) -> None:
    assert _mend_hyphens(joined, joined) == mended


def test_the_rest_of_the_document_decides_about_a_hyphen() -> None:
    assert _mend_hyphens("an e\ufffemail", "an e\ufffemail ... email") == "an email"
    assert _mend_hyphens("tele\ufffephone", "tele\ufffephone, tele-phone") == "tele-phone"


def test_brackets_in_brackets_without_end_are_not_handed_to_the_slow_reader() -> None:
    with pytest.raises(Unreadable) as refused:
        read(b"%PDF-1.7\n1 0 obj\n" + b"[ " * 300_000, "cv.pdf")

    assert refused.value.problem is Problem.DAMAGED
    assert "PDFSyntaxError" in refused.value.detail
