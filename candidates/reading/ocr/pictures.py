"""Pictures of pages: photographs and scans as PNG, JPEG, TIFF, BMP, GIF or WebP, to text.

Only text recognition reads these; without it they are refused when they are sniffed. Pillow
decodes them, in the child of `sandbox` alone, with its formats and sizes restricted.
"""

import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageOps

from candidates.reading.limits import (
    MAX_PAGES,
    MAX_PART_BYTES,
    MAX_PICTURE_PIXELS,
    MAX_SHOWN_PIXELS,
)
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable

from . import recognise
from .tesseract import Ocr

# Pillow checks this too, for later frames and for tiles.
Image.MAX_IMAGE_PIXELS = MAX_PICTURE_PIXELS

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
    b"BM": "image/bmp",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}
# What Pillow raises for a picture that is torn or lies about itself.
BROKEN_PICTURE = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError),
    *(struct.error, zlib.error, NotImplementedError, AttributeError),
)
# tesseract needs letters of at least 20 pixels. A page in fewer pixels than this on its long
# side, such as a picture of a screen, is enlarged to it; four times at most.
MIN_LONG_SIDE_PIXELS = 2400
MAX_ENLARGEMENT = 4.0
# Not the small picture of the first page that office programs put beside it.
PICTURE_MEMBER = re.compile(r"^(?!thumbnails/|docprops/).*\.(?:png|jpe?g|tiff?|bmp|gif|webp)$")
SIXTEEN_BIT_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N")


def media_type(data: bytes) -> str:
    """Raises Unreadable for a picture of a kind that is not read."""
    for magic, kind in MAGIC.items():
        if data.startswith(magic):
            return kind
    raise Unreadable(Problem.PICTURE_KIND, f"begins with {data[:12].hex(' ')}")


def parse(data: bytes, ocr: Ocr) -> Parsed:
    """The text of each page of a picture. Raises Unreadable."""
    media_type(data)
    with decoding(), open_picture(data) as image:
        count = frames(image)
        outcome = recognise.recognise_pages(range(count), lambda index: _page(image, index), ocr)
    return outcome.parsed(count)


def parse_packed(data: bytes, ocr: Ocr) -> Parsed:
    """The text of the pictures in a document that is a ZIP and holds nothing else, such as a .docx
    into which a scan was pasted: a page each, in the order of their names. Raises Unreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [
                member
                for member in archive.infolist()
                if PICTURE_MEMBER.search(member.filename.lower())
            ]
            # image2 before image10
            members = sorted(members, key=lambda member: (len(member.filename), member.filename))
            members = members[:MAX_PAGES]

            def show(index: int) -> Image.Image | None:
                try:
                    with archive.open(members[index]) as file:
                        content = file.read(MAX_PART_BYTES)
                    with decoding(), open_picture(content) as image:
                        return _page(image, 0)
                except Unreadable:
                    return None  # the others may hold the résumé

            outcome = recognise.recognise_pages(range(len(members)), show, ocr)
    except (zipfile.BadZipFile, *BROKEN_PICTURE) as error:
        raise Unreadable(Problem.DAMAGED, f"ZIP: {type(error).__name__}") from error
    return outcome.parsed(len(members))


def open_picture(data: bytes) -> Image.Image:
    """A picture of a kind that is read; opened within `decoding`, which bounds it and turns its
    errors into Unreadable."""
    return Image.open(io.BytesIO(data), formats=FORMATS)


@contextmanager
def decoding() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd metadata
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise _too_large() from None
        except BROKEN_PICTURE as error:
            raise Unreadable(Problem.DAMAGED, f"picture: {type(error).__name__}") from error


def _too_large(detail: str = "too many pixels") -> Unreadable:
    return Unreadable(Problem.TOO_COMPLEX, f"picture: {detail}")


def frames(image: Image.Image) -> int:
    """The pages of a TIFF; 1 for all others, whose further frames are an animation."""
    if image.format != "TIFF":
        return 1
    count = 0
    try:
        while count <= MAX_PAGES:
            image.seek(count)
            count += 1
    except EOFError:
        image.seek(0)
        return count
    raise Unreadable(Problem.TOO_MANY_PAGES, f"more than {MAX_PAGES} pages in the TIFF")


def _page(image: Image.Image, index: int) -> Image.Image | None:
    if index:
        image.seek(index)
    width, height = image.size
    if width * height > MAX_PICTURE_PIXELS:
        raise _too_large(f"{width} × {height} pixels")
    if image.format == "JPEG":
        # Decodes a large one at a half or a quarter, of which enough is left.
        image.draft("L", _fitting(width, height))
    shades = grey(ImageOps.exif_transpose(image))
    size = _fitting(*shades.size)
    if size != shades.size:
        shades = shades.resize(size, Image.Resampling.LANCZOS)
    return recognise.without_grain(shades)


def _fitting(width: int, height: int) -> tuple[int, int]:
    """The size at which a picture is recognised."""
    factor = min(
        max(1.0, min(MIN_LONG_SIDE_PIXELS / max(width, height), MAX_ENLARGEMENT)),
        (MAX_SHOWN_PIXELS / (width * height)) ** 0.5,
    )
    return max(round(width * factor), 1), max(round(height * factor), 1)


def grey(image: Image.Image) -> Image.Image:
    """The picture in shades of grey, transparent parts on white paper."""
    if image.mode in SIXTEEN_BIT_MODES:
        # Pillow would cut off at 255 what reaches to 65535.
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.has_transparency_data:
        over = image.convert("LA")
        paper = Image.new("L", over.size, 255)
        paper.paste(over.getchannel("L"), mask=over.getchannel("A"))
        return paper
    return image.convert("L")
