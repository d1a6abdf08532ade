"""Files that cannot be read, each for a reason of its own, so that the pages can show it."""

import io
import random
from dataclasses import replace

import pypdfium2 as pdfium
from PIL import Image, ImageChops, ImageFilter
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from benchmarks.samples import pages, word
from benchmarks.samples.bank import Person

DRAFT = "backend-engineer"
LOCKED, SCAN, HALF, EMPTY = (
    "Blackwood_CV_protected.pdf",
    "scan_2026-01-12.pdf",
    "CV_new_version.docx",
    "resume.pdf",
)
NAMES = {LOCKED, SCAN, HALF, EMPTY}


def files(person: Person) -> dict[str, bytes]:
    """File name to content. `person` lends the words of the scanned and of the damaged one."""
    stranger = replace(
        person,
        name="Theodora Blackwood",
        surname="Blackwood",
        headline="Developer",
        contact=["Plymouth", "t.blackwood@example.com", "01632 960 118"],
    )
    return {
        LOCKED: _protected(),
        SCAN: _scanned(pages.classic(replace(stranger, hidden=""))),
        HALF: _damaged(word.plain(stranger)),
        EMPTY: b"",
    }


def _protected() -> bytes:
    """A PDF that asks for a password before it shows anything."""
    out = io.BytesIO()
    lock = StandardEncryption("harbour", ownerPassword="lighthouse", strength=128)
    canvas = Canvas(out, pagesize=A4, invariant=1, encrypt=lock)
    canvas.drawString(72, 760, "Theodora Blackwood, developer. Confidential.")
    canvas.save()
    return out.getvalue()


def _scanned(pdf: bytes) -> bytes:
    """The first page of `pdf` as a slightly crooked grey picture, with no text behind it."""
    sheet = pdfium.PdfDocument(pdf)[0].render(scale=1.45, grayscale=True).to_pil().convert("L")
    crooked = sheet.rotate(0.7, fillcolor=250, resample=Image.Resampling.BICUBIC)
    dice = random.Random(7)  # noqa: S311 -- dust on the glass, no secret
    dust = Image.new("L", (sheet.width // 4, sheet.height // 4))
    dust.putdata([255 - dice.randrange(26) for _ in range(dust.width * dust.height)])
    picture = ImageChops.multiply(
        crooked.filter(ImageFilter.GaussianBlur(0.6)), dust.resize(sheet.size)
    )
    jpeg, out = io.BytesIO(), io.BytesIO()
    picture.save(jpeg, "JPEG", quality=42)
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.drawImage(ImageReader(jpeg), 0, 0, *A4)
    canvas.save()
    return out.getvalue()


def _damaged(whole: bytes) -> bytes:
    """A DOCX whose upload stopped after a third."""
    return whole[: len(whole) // 3]
