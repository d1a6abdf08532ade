"""PDF files for tests: good ones by reportlab, broken and hostile ones by hand.

Apart from `files`, which hands them on, because each is a small document of its own.
"""

import io
import zlib
from collections.abc import Sequence

from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

LINES = (
    "Jane Example",
    "jane.example@example.com | +44 20 7946 0958",
    "EXPERIENCE",
    "Built payment services in Python on PostgreSQL for eight years.",
    "EDUCATION",
    "BSc Computer Science, 2012",
)


def pdf(lines: Sequence[str] = LINES, *, pages: int = 1, **options: object) -> bytes:
    """Lines of text from the top of each of `pages` equal pages."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1, **options)
    for _ in range(pages):
        for number, line in enumerate(lines):
            canvas.drawString(60, 780 - 15 * number, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def encrypted_pdf(lines: Sequence[str] = LINES) -> bytes:
    """Opens with a password only."""
    locked = StandardEncryption("opensesame", ownerPassword="owner", strength=128)
    return pdf(lines, encrypt=locked)


def owner_locked_pdf(lines: Sequence[str] = LINES) -> bytes:
    """Encrypted with an empty user password: everybody may read it, few may change it."""
    return pdf(lines, encrypt=StandardEncryption("", ownerPassword="owner", strength=128))


def image_only_pdf() -> bytes:
    """A page with a picture and no text, as a scanner makes it."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    canvas.drawImage(ImageReader(Image.new("L", (80, 100), 200)), 0, 0, 600, 800)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def blank_pdf() -> bytes:
    """A page with nothing on it."""
    return pdf(())


def damaged_pdf() -> bytes:
    """The first half of a PDF whose pages stand in the second."""
    whole = by_hand()
    return whole[: whole.index(b"3 0 obj")]


def junk_before_pdf(junk: int) -> bytes:
    """A PDF behind `junk` bytes that are none of it; its offsets count from its own start."""
    return b"\x01\x02\x03\x04" * (junk // 4) + pdf()


def garbled_pdf() -> bytes:
    """Good to look at, but its font says that all letters are private characters."""
    return by_hand(
        font=b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
        more=(stream(TO_PRIVATE_USE),),
    )


def pdf_for_the_second_reader() -> bytes:
    """Its catalogue does not name the pages: pdfium refuses, pdfminer.six looks for them."""
    return by_hand().replace(b"/Pages 2 0 R", b"/Pagez 2 0 R")


def pages_loop_pdf() -> bytes:
    """A tree of pages that contains itself."""
    return by_hand().replace(b"/Kids[3 0 R]", b"/Kids[2 0 R]")


def lying_page_count_pdf(count: int) -> bytes:
    """Says it has `count` pages."""
    return by_hand().replace(b"/Count 1", b"/Count %d" % count)


def bomb_pdf(megabytes: int) -> bytes:
    """A page whose content inflates to `megabytes` of small drawing commands."""
    packer = zlib.compressobj(9)
    piece = b"0 0 m 1 1 l S\n" * (1024 * 1024 // 14)
    # After a full flush the same bytes are packed alike, so one piece stands for all the others.
    first, again = (packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    packed = first + again * (megabytes - 1)
    return by_hand(content=stream(packed, b"/Filter/FlateDecode"))


TO_PRIVATE_USE = b"""/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CMapName /X def 1 begincodespacerange <00> <ff> endcodespacerange
1 beginbfrange <20> <7e> <E020> endbfrange endcmap end end"""
CONTENT = b"""BT /F1 12 Tf 72 700 Td (Jane Example) Tj
0 -20 Td (Engineer with ten years of work) Tj ET"""
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def stream(content: bytes, filters: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n" % (filters, len(content)) + content + b"\nendstream"


def by_hand(
    content: bytes = b"",
    font: bytes = FONT,
    more: Sequence[bytes] = (),
    *,
    catalog: bytes = b"",
    page: bytes = b"",
    resources: bytes = b"",
) -> bytes:
    """One page from its objects, to be bent by those who need it bent; `more` begins with object
    6, and the last three add entries to the dictionaries of these names."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]%s"
        b"/Resources<</Font<</F1 5 0 R>>%s>>/Contents 4 0 R>>" % (page, resources),
        content or stream(CONTENT),
        font,
        *more,
    )
    out = b"%PDF-1.7\n"
    offsets = []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R>>\n" % (len(objects) + 1)
    return out + b"startxref\n%d\n%%%%EOF\n" % start
