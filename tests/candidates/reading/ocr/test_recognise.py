"""Scanned PDFs: recognised where that is switched on, page by page, and said so."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from candidates.facts.flags import Flag, FlagKind
from candidates.reading import Document, Problem, Unreadable, read
from candidates.reading.limits import MAX_RECOGNISE_SECONDS, recognise_seconds
from candidates.reading.ocr import tesseract
from candidates.reading.ocr.recognise import LOW_CONFIDENCE
from tests.makers import files, scans
from tests.makers.scans import OTHER, needs_tesseract


def recall(document: Document | str, lines: tuple[str, ...] = files.LINES) -> float:
    """Share of the words of `lines` that were recognised."""
    text = document if isinstance(document, str) else document.text
    wanted = re.findall(r"\w+", " ".join(lines))
    return sum(word in text for word in wanted) / len(wanted)


def refused(data: bytes, name: str, ocr: str = "eng") -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(data, name, ocr)
    return caught.value


def test_a_scan_is_refused_where_recognition_is_off() -> None:
    problem = refused(scans.scanned_pdf(), "scan.pdf", ocr="").problem

    assert problem is Problem.NO_TEXT
    assert "recognition is off" in problem.sentence and "switch" in problem.sentence


@needs_tesseract
def test_a_scan_is_read_where_recognition_is_on() -> None:
    document = read(scans.scanned_pdf(), "scan.pdf", "eng")

    assert recall(document) > 0.9
    assert (document.media_type, document.reader) == ("application/pdf", "tesseract")
    assert document.contact.email == "jane.example@example.com"
    [flag] = document.flags
    assert (flag.kind, flag.page) == ("recognised", 1)
    confidence = flag.params["confidence"]
    assert isinstance(confidence, int) and 80 <= confidence <= 100


@needs_tesseract
def test_lines_stay_lines() -> None:
    document = read(scans.scanned_pdf(), "scan.pdf", "eng")

    lines = [line for line in document.text.split("\n") if line]
    assert len(lines) == len(files.LINES)
    assert lines[0] == "Jane Example"


@needs_tesseract
def test_every_page_of_a_scan_is_a_page() -> None:
    document = read(scans.scanned_pdf(scans.page(), scans.page(OTHER)), "scan.pdf", "eng")

    assert recall(document.pages[0]) > 0.9 and recall(document.pages[1], OTHER) > 0.9
    assert [flag.page for flag in document.flags] == [1, 2]


@needs_tesseract
def test_a_scanned_page_among_others_is_recognised_and_they_are_not() -> None:
    data = scans.scanned_pdf(files.LINES, scans.page(OTHER), files.LINES)

    document = read(data, "cv.pdf", "eng")

    assert document.pages[0] == document.pages[2] == "\n".join(files.LINES)
    assert recall(document.pages[1], OTHER) > 0.9
    assert document.reader == "pypdfium2+tesseract"
    assert [(flag.kind, flag.page) for flag in document.flags] == [("recognised", 2)]
    assert read(data, "cv.pdf").pages[1] == ""


@needs_tesseract
def test_a_scan_with_a_stamp_of_real_text_is_recognised() -> None:
    document = read(scans.stamped_scan_pdf("Scanned 2026-03-01"), "scan.pdf", "eng")

    assert recall(document) > 0.9


@needs_tesseract
def test_letters_that_cannot_be_told_are_recognised_by_their_looks() -> None:
    assert refused(files.garbled_pdf(), "cv.pdf", ocr="").problem is Problem.GARBLED

    document = read(files.garbled_pdf(), "cv.pdf", "eng")

    assert recall(document, ("Jane Example", "Engineer with ten years of work")) > 0.9


@needs_tesseract
@pytest.mark.parametrize("make", [files.pdf, scans.portrait_pdf])
def test_a_file_of_text_is_read_as_it_is_without_recognition(make: Callable[[], bytes]) -> None:
    announced: list[int] = []

    document = read(make(), "cv.pdf", "eng", announced.append)

    assert document == read(make(), "cv.pdf")
    assert announced == []


@needs_tesseract
def test_an_empty_page_at_the_end_is_no_scan() -> None:
    data = scans.scanned_pdf(files.LINES, ())

    assert read(data, "cv.pdf", "eng") == read(data, "cv.pdf")


@needs_tesseract
def test_a_scan_without_letters_has_a_reason_of_its_own() -> None:
    assert refused(files.image_only_pdf(), "scan.pdf").problem is Problem.NOT_RECOGNISED
    assert refused(files.blank_pdf(), "blank.pdf").problem is Problem.BLANK


@needs_tesseract
def test_a_scan_that_is_hard_to_read_says_so() -> None:
    blurred = scans.page().filter(ImageFilter.GaussianBlur(3))

    document = read(scans.scanned_pdf(blurred), "scan.pdf", "eng")

    [flag] = document.flags
    assert flag.kind == "recognised-badly"
    confidence = flag.params["confidence"]
    assert isinstance(confidence, int) and confidence < LOW_CONFIDENCE


@needs_tesseract
def test_a_grainy_scan_is_read() -> None:
    whole = scans.page(height=1800)
    grainy = Image.blend(whole, Image.effect_noise(whole.size, 150), 0.3)

    assert recall(read(scans.picture("PNG", grainy), "scan.png", "eng")) > 0.8


@needs_tesseract
def test_how_many_pages_will_be_recognised_is_said_first() -> None:
    announced: list[int] = []

    read(scans.scanned_pdf(scans.page(), files.LINES), "cv.pdf", "eng", announced.append)

    assert announced == [1]


def test_time_grows_with_pages_and_ends() -> None:
    assert recognise_seconds(1) < recognise_seconds(2) < recognise_seconds(100)
    assert recognise_seconds(300) == MAX_RECOGNISE_SECONDS


@pytest.mark.processes
def test_pages_that_do_not_fit_into_the_time_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scans.on_the_path(monkeypatch, scans.slow_tesseract(tmp_path, 0.6))
    monkeypatch.setattr(tesseract, "recognise_seconds", lambda _: 2.0)

    document = read(scans.scanned_pdf(*[scans.page()] * 6), "scan.pdf", "eng")

    assert document.pages[0] == "seen" and document.pages[-1] == ""
    [late] = [flag for flag in document.flags if flag.kind == "pages-not-recognised"]
    assert late.params["cause"] == "late"
    assert late.params["pages"] in ([2, 3, 4, 5, 6], [3, 4, 5, 6], [4, 5, 6])


@pytest.mark.processes
def test_a_scan_of_which_no_page_fits_is_too_slow(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scans.on_the_path(monkeypatch, scans.slow_tesseract(tmp_path, 60))
    monkeypatch.setattr(tesseract, "recognise_seconds", lambda _: 1.5)

    assert refused(scans.scanned_pdf(), "scan.pdf").problem is Problem.TOO_SLOW


@pytest.mark.processes
def test_a_tesseract_that_fails_costs_the_pages_that_needed_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tesseract").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "tesseract").chmod(0o755)
    scans.on_the_path(monkeypatch, tmp_path)

    alone = refused(scans.scanned_pdf(), "scan.pdf")
    assert alone.problem is Problem.NOT_RECOGNISED
    assert "no answer" in alone.detail

    among = read(scans.scanned_pdf(files.LINES, scans.page()), "cv.pdf", "eng")
    assert among.pages == ("\n".join(files.LINES), "")
    missed = Flag(FlagKind.PAGES_NOT_RECOGNISED, {"pages": [2], "cause": "failed"})
    assert among.flags == (missed,)
