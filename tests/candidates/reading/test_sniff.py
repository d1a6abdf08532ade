"""The content decides what a file is; the name is not believed, and the difference is said."""

import pytest

from candidates.facts.flags import Flag, FlagKind
from candidates.reading import Problem, Unreadable, read
from tests.makers import files


@pytest.mark.parametrize(
    ("data", "name", "media_type", "extension", "actual"),
    [
        (files.html(), "cv.docx", "text/html", "docx", "html"),
        (files.pdf(), "cv.docx", "application/pdf", "docx", "pdf"),
        (files.pdf(), "CV.TXT", "application/pdf", "txt", "pdf"),
        (files.text(), "cv.pdf", "text/plain", "pdf", "text"),
        (files.text(), "cv.doc", "text/plain", "doc", "text"),
        (files.text(), "cv.pdf.exe", "text/plain", "exe", "text"),
    ],
)
def test_a_wrong_name_is_read_by_content_and_flagged(
    data: bytes, name: str, media_type: str, extension: str, actual: str
) -> None:
    document = read(data, name)

    assert document.media_type == media_type
    params = {"extension": extension, "actual": actual}
    assert document.flags == (Flag(FlagKind.MISLABELLED, params),)


@pytest.mark.parametrize("name", ["cv", "", "cv.", "../../etc/passwd", "cv.résumé", "a\x00.b"])
def test_a_name_that_promises_nothing_is_no_lie(name: str) -> None:
    assert read(files.pdf(), name).flags == ()


@pytest.mark.parametrize("junk", [4, 1000, 5000, 1_000_000])
def test_junk_before_a_pdf_is_passed_over(junk: int) -> None:
    assert read(files.junk_before_pdf(junk), "cv.pdf").contact.name == "Jane Example"


def test_text_about_pdf_is_text() -> None:
    data = b"Jane Example\nWrote a parser for files that begin with %PDF-1.7 at my last work."

    assert read(data, "cv.txt").media_type == "text/plain"


@pytest.mark.parametrize("start", ["BMW mechanic since 2010", "MZ Motors, sales", "ID3 tags"])
def test_text_that_begins_like_another_format_is_text(start: str) -> None:
    assert read(start.encode(), "cv.txt").text == start


def test_markup_in_markdown_does_not_make_it_a_web_page() -> None:
    assert read(b"<p align=center>Jane</p>\n\n# Work", "cv.md").media_type == "text/markdown"


def test_a_fragment_named_html_is_a_web_page() -> None:
    document = read(b"<div>Jane</div><div>Engineer</div>", "cv.html")

    assert (document.media_type, document.text) == ("text/html", "Jane\nEngineer")


def test_the_documents_of_xml_that_we_do_not_know_are_refused() -> None:
    with pytest.raises(Unreadable) as refused:
        read(b'<?xml version="1.0"?><cv><name>Jane</name></cv>', "cv.xml")

    assert refused.value.problem is Problem.UNKNOWN_KIND
