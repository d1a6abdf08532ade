"""Pages drawn in the child, and where sentences stand on them."""

import io
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from candidates.reading import Problem, Unreadable
from candidates.reading.limits import DRAWN_WIDTH_PIXELS
from candidates.reading.sandbox.parent import Sandbox
from tests.makers import pdfs, scans

SENTENCE = "Built payment services in Python on PostgreSQL for eight years."


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def seen(drawn: bytes) -> Image.Image:
    return Image.open(io.BytesIO(drawn)).convert("L")


def ink(image: Image.Image, mark: Any) -> int:
    """The darkest spot in a mark's box."""
    box = (mark.left, mark.top, mark.left + mark.width, mark.top + mark.height)
    darkest = image.crop(box).getextrema()[0]
    assert isinstance(darkest, int)
    return darkest


@pytest.mark.processes
def test_a_page_is_drawn_and_its_sentence_found_where_the_ink_is(sandbox: Sandbox) -> None:
    data = pdfs.pdf()

    [sheet] = sandbox.layout(data, [(SENTENCE, 0), ("Flew to the moon.", 0)])
    image = seen(sandbox.draw(data, 0))

    assert image.size == (sheet.width, sheet.height)
    assert image.width == DRAWN_WIDTH_PIXELS
    [mark] = sheet.marks
    assert mark.quote == 0
    assert ink(image, mark) < 60
    beside = type(mark)(0, mark.left - 60, mark.top, 40, mark.height)
    assert ink(image, beside) > 200


def test_neither_line_ends_nor_hyphens_hide_a_sentence(sandbox: Sandbox) -> None:
    data = pdfs.pdf(["Ran an efficient ware-", "house  for five years."])

    [sheet] = sandbox.layout(data, [("Ran an efficient warehouse for five years.", 0)])

    assert len(sheet.marks) == 2
    assert sheet.marks[0].top < sheet.marks[1].top


def test_of_what_is_said_twice_the_right_one_is_marked(sandbox: Sandbox) -> None:
    data = pdfs.pdf([SENTENCE], pages=3)

    sheets = sandbox.layout(data, [(SENTENCE, 2)])

    assert [len(sheet.marks) for sheet in sheets] == [0, 0, 1]


def test_a_turned_page_is_marked_as_it_is_shown(sandbox: Sandbox) -> None:
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.setPageRotation(90)
    canvas.drawString(60, 500, SENTENCE)
    canvas.showPage()
    canvas.save()

    [sheet] = sandbox.layout(out.getvalue(), [(SENTENCE, 0)])

    assert all(mark.height > mark.width for mark in sheet.marks) and sheet.marks
    assert ink(seen(sandbox.draw(out.getvalue(), 0)), sheet.marks[0]) < 60


@pytest.mark.parametrize(
    "data",
    [
        scans.picture("PNG"),
        scans.turned_jpeg(),
        scans.clear_png(),
        scans.sixteen_bit_png(),
        scans.tiff(scans.page(), scans.page()),
    ],
)
def test_pictures_are_drawn_at_the_size_that_was_told(sandbox: Sandbox, data: bytes) -> None:
    for index, sheet in enumerate(sandbox.layout(data, [("Jane Example", 0)])):
        image = seen(sandbox.draw(data, index))
        assert image.size == (sheet.width, sheet.height)
        assert sheet.marks == ()
        assert image.getextrema()[0] != image.getextrema()[1]


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7 and no more", b"GIF8", scans.bomb_png(), pdfs.encrypted_pdf(), b"no page"]
)
def test_what_cannot_be_drawn_is_refused(sandbox: Sandbox, data: bytes) -> None:
    for ask in (lambda: sandbox.draw(data, 0), lambda: sandbox.layout(data)):
        with pytest.raises(Unreadable):
            ask()


def test_a_page_that_is_not_there_is_refused(sandbox: Sandbox) -> None:
    for data in (pdfs.pdf(), scans.picture("PNG")):
        with pytest.raises(Unreadable):
            sandbox.draw(data, 7)


@pytest.mark.processes
def test_what_takes_too_long_is_given_up() -> None:
    with Sandbox(seconds=0.001) as sandbox, pytest.raises(Unreadable) as refused:
        sandbox.draw(pdfs.pdf(pages=50), 0)
    assert refused.value.problem is Problem.TOO_SLOW


def test_nothing_that_draws_is_loaded_here() -> None:
    assert "candidates.reading.page_images" not in sys.modules
