"""Scans and photographs of pages, as bytes; and a stand-in for tesseract that is slow on demand.

Apart from `files` because only text recognition reads these.
"""

import io
import os
import random
import shutil
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import reportlab
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from .pdfs import LINES
from .words import docx, packed

FONT = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
Maker = Callable[[], bytes]
OTHER = ("Certificate of merit", "Awarded to Jane Example for careful work.")


def needs_tesseract[Test: Callable[..., None]](test: Test) -> Test:
    """Skip the test where tesseract is missing; elsewhere it starts a process for each page."""
    is_missing = shutil.which("tesseract") is None
    pytest.mark.skipif(is_missing, reason="tesseract is not installed")(test)
    pytest.mark.processes(test)
    return test


def page(lines: Sequence[str] = LINES, width: int = 1300, height: int = 500) -> Image.Image:
    """Black letters on white, as a scanner of 150 dpi gives them."""
    image = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(str(FONT), 30)
    for number, line in enumerate(lines):
        draw.text((60, 60 + 60 * number), line, font=font, fill=0)
    return image


def picture(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    """A page as "PNG", "JPEG", "TIFF", "BMP", "GIF" or "WEBP"."""
    out = io.BytesIO()
    (image or page()).save(out, kind, **options)
    return out.getvalue()


def tiff(*pages: Image.Image) -> bytes:
    return picture("TIFF", pages[0], save_all=True, append_images=pages[1:])


def turned_jpeg() -> bytes:
    """Lies on its side; its EXIF data say how to turn it."""
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned by 90° clockwise
    return picture("JPEG", page().transpose(Image.Transpose.ROTATE_90), exif=exif)


def clear_png() -> bytes:
    """Black letters on nothing, which viewers show as white."""
    whole = page()
    clear = Image.new("LA", whole.size, (0, 0))
    clear.putalpha(whole.point(lambda value: 255 - value))
    return picture("PNG", clear)


def sixteen_bit_png() -> bytes:
    """Grey levels up to 65535, as some scanners keep them."""
    return picture("PNG", page().convert("I").point(lambda value: value * 257).convert("I;16"))


def colour_photo() -> bytes:
    """A large one in colour, of which a smaller copy is enough."""
    large = page().resize((5200, 2000)).convert("RGB")
    return picture("JPEG", large, quality=60)


def spoilt(data: bytes, seed: int) -> bytes:
    """`data` with some of its bytes, those of the head among them, replaced at random."""
    chance = random.Random(seed)
    out = bytearray(data)
    for _ in range(1 + seed % 5):
        out[chance.randrange(8, min(len(out), 80 + seed * 20))] = chance.randrange(256)
    return bytes(out)


def bomb_png(width: int = 30_000, height: int = 30_000) -> bytes:
    """A few bytes that say they are a picture of 900 million pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(width + 1))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def scanned_pdf(*pages: Image.Image | Sequence[str]) -> bytes:
    """A picture for each page of a scanner, and text for each page of a word processor."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    for each in pages or (page(),):
        if isinstance(each, Image.Image):
            canvas.drawImage(ImageReader(each), 0, 400, 595, 595 * each.height / each.width)
        else:
            for number, line in enumerate(each):
                canvas.drawString(60, 780 - 15 * number, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def stamped_scan_pdf(stamp: str) -> bytes:
    """A scan of the whole page with a line of real text at its foot."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    canvas.drawImage(ImageReader(page(height=1800)), 0, 0, 595, 842)
    canvas.drawString(60, 30, stamp)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def scans_in_docx(*pages: Image.Image, more: Mapping[str, bytes] | None = None) -> bytes:
    """A Word file into which scans were pasted; `more` is further members by name."""
    with zipfile.ZipFile(io.BytesIO(docx(""))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    relations = members["_rels/.rels"].replace(b"officeDocument", b"image")
    members["word/_rels/document.xml.rels"] = relations.replace(b"word/", b"")
    for number, each in enumerate(pages, start=1):
        members[f"word/media/image{number}.png"] = picture("PNG", each)
    return packed({**members, **(more or {})})


def portrait_pdf(lines: Sequence[str] = LINES) -> bytes:
    """Text with a photograph beside it."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    for number, line in enumerate(lines):
        canvas.drawString(60, 780 - 15 * number, line)
    canvas.drawImage(ImageReader(Image.radial_gradient("L")), 420, 650, 120, 150)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def slow_tesseract(folder: Path, seconds: float) -> Path:
    """A program called tesseract in `folder`, which knows "eng" and takes `seconds` to see the
    word "seen" in any picture. Returns the folder, to be put on the PATH."""
    program = folder / "tesseract"
    program.write_text(f"#!{sys.executable} -SE\n" + SLOW.format(seconds=seconds))
    program.chmod(0o755)
    return folder


def on_the_path(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


SLOW = """
import sys, time
if "--list-langs" in sys.argv:
    sys.exit(print("List of available languages (1):\\neng"))
sys.stdin.buffer.read()
time.sleep({seconds})
print(*"5 1 1 1 1 1 0 0 9 9 90.0 seen".split(), sep="\\t")
"""
