"""Photographs and scans as picture files: every format, and whatever is wrong with them."""

import pytest
from PIL import Image

from candidates.facts.flags import Flag, FlagKind
from candidates.reading import Problem, Unreadable, read
from candidates.reading.limits import MAX_PICTURE_PIXELS
from tests.makers import files, scans
from tests.makers.scans import OTHER, needs_tesseract

from .test_recognise import recall, refused


@needs_tesseract
@pytest.mark.parametrize(
    ("kind", "name", "media_type"),
    [
        ("PNG", "cv.png", "image/png"),
        ("JPEG", "cv.jpg", "image/jpeg"),
        ("TIFF", "cv.tif", "image/tiff"),
        ("BMP", "cv.bmp", "image/bmp"),
        ("GIF", "cv.gif", "image/gif"),
        ("WEBP", "cv.webp", "image/webp"),
    ],
)
def test_a_picture_of_a_page_is_read(kind: str, name: str, media_type: str) -> None:
    document = read(scans.picture(kind), name, "eng")

    assert recall(document) > 0.9
    assert (document.media_type, document.reader) == (media_type, "tesseract")
    assert [(flag.kind, flag.page) for flag in document.flags] == [("recognised", 1)]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"])
def test_a_picture_is_refused_where_recognition_is_off(kind: str) -> None:
    problem = refused(scans.picture(kind), "cv.png", ocr="").problem

    assert problem is Problem.PICTURE
    assert "recognition is off" in problem.sentence and "switch" in problem.sentence


@needs_tesseract
def test_every_page_of_a_tiff_is_a_page() -> None:
    document = read(scans.tiff(scans.page(), scans.page(OTHER)), "cv.tiff", "eng")

    assert recall(document.pages[0]) > 0.9 and recall(document.pages[1], OTHER) > 0.9


@needs_tesseract
@pytest.mark.parametrize(
    "make", [scans.turned_jpeg, scans.clear_png, scans.sixteen_bit_png, scans.colour_photo]
)
def test_a_picture_is_read_as_a_person_would_see_it(make: "scans.Maker") -> None:
    assert recall(read(make(), "cv", "eng")) > 0.9


@needs_tesseract
def test_a_picture_named_as_something_else_is_said() -> None:
    document = read(scans.picture("PNG"), "cv.pdf", "eng")

    params = {"extension": "pdf", "actual": "picture"}
    assert document.flags[0] == Flag(FlagKind.MISLABELLED, params)


@needs_tesseract
def test_scans_pasted_into_a_word_file_are_read() -> None:
    data = scans.scans_in_docx(scans.page(), scans.page(OTHER))

    document = read(data, "cv.docx", "eng")

    assert recall(document.pages[0]) > 0.9 and recall(document.pages[1], OTHER) > 0.9
    assert document.reader == "tesseract"
    assert refused(data, "cv.docx", ocr="").problem is Problem.NO_TEXT


@needs_tesseract
def test_a_damaged_picture_in_a_word_file_costs_itself() -> None:
    data = scans.scans_in_docx(scans.page(OTHER), more={"word/media/image9.png": b"no picture"})

    document = read(data, "cv.docx", "eng")

    assert recall(document.pages[0], OTHER) > 0.9
    assert refused(scans.scans_in_docx(Image.new("L", (90, 90))), "cv.docx").problem is (
        Problem.NOT_RECOGNISED
    )


@needs_tesseract
@pytest.mark.parametrize(
    "image", [Image.new("L", (400, 300), 90), Image.radial_gradient("L")], ids=["plain", "gradient"]
)
def test_a_picture_without_letters_has_a_reason_of_its_own(image: Image.Image) -> None:
    assert refused(scans.picture("PNG", image), "cv.png").problem is Problem.NOT_RECOGNISED


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"])
def test_half_a_picture_is_damaged(kind: str) -> None:
    whole = scans.picture(kind)

    assert refused(whole[: len(whole) // 2], "cv.png").problem is Problem.DAMAGED
    assert refused(whole[:12], "cv.png").problem is Problem.DAMAGED


@pytest.mark.parametrize("side", [30_000, int(MAX_PICTURE_PIXELS**0.5) + 50])
def test_a_picture_that_unpacks_to_too_much_is_not_unpacked(side: int) -> None:
    assert refused(scans.bomb_png(side, side), "cv.png").problem is Problem.TOO_COMPLEX


def test_a_tiff_of_a_thousand_pages_is_refused() -> None:
    dot = Image.new("1", (8, 8))

    data = scans.tiff(*[dot] * 301)

    assert refused(data, "cv.tif").problem is Problem.TOO_MANY_PAGES


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("photo.heic", b"\0\0\0\x18ftypheic" + bytes(100)),
        ("drawing.svg", files.svg()),
        ("layers.psd", b"8BPS" + bytes(100)),
    ],
)
def test_a_kind_of_picture_that_is_not_read_is_told_from_one_that_is(
    name: str, data: bytes
) -> None:
    assert refused(data, name, ocr="").problem is Problem.PICTURE
    assert refused(data, name, ocr="eng").problem is Problem.PICTURE_KIND


@pytest.mark.processes
@pytest.mark.parametrize("seed", range(40))
def test_a_spoilt_picture_ends_with_a_reason(seed: int) -> None:
    kinds = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
    spoilt = scans.spoilt(scans.picture(kinds[seed % 6], Image.new("L", (60, 40), 200)), seed)

    with pytest.raises(Unreadable):
        read(spoilt, "cv.png", "eng")
