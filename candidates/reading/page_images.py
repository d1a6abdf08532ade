"""Pages of an original as pictures, and where on them quotes stand.

It loads pdfium and Pillow, so only the child of `sandbox` imports it.
"""

import ctypes
import io
import unicodedata
from collections.abc import Sequence
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image, ImageOps

from candidates.reading.pdf.page import Page, open_page
from candidates.reading.pdf.reader import open_document

from .limits import DRAWN_WIDTH_PIXELS, MAX_DRAWN_PIXELS, MAX_PAGES, MAX_PICTURE_PIXELS
from .ocr import pictures
from .problems import Problem, Unreadable

WEBP_QUALITY = 80  # of WebP: letters stay sharp, and a dense page has some 100 kB
WEBP_METHOD = 2  # of its encoder, 0 to 6: more takes longer and saves a tenth


def draw(data: bytes, index: int) -> bytes:
    """The page as WebP, at most DRAWN_WIDTH pixels wide. Raises Unreadable."""
    image = _drawn(data, index) if _is_pdf(data) else _picture(data, index)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=WEBP_QUALITY, method=WEBP_METHOD)
    return out.getvalue()


def layout(data: bytes, quotes: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """Of each page its size as `draw` makes it, and the boxes of the quotes that stand on it.

    A box is the number of its quote, left, top, width and height. A quote comes with the number of
    times that it occurs in the text before. In pictures no quote is found: their words have no
    places. Raises Unreadable.
    """
    if not _is_pdf(data):
        return [{"width": w, "height": h, "marks": []} for w, h in _picture_sizes(data)]
    try:
        with open_document(data) as document:
            return _layout(document, quotes)
    except pdfium.PdfiumError as error:
        raise Unreadable(Problem.DAMAGED, str(error)) from None


def _is_pdf(data: bytes) -> bool:
    return b"%PDF-" in data[:1024]


def _size(wide: float, high: float) -> tuple[int, int]:
    wide, high = max(wide, 1.0), max(high, 1.0)
    scale = min(DRAWN_WIDTH_PIXELS / wide, (MAX_DRAWN_PIXELS / (wide * high)) ** 0.5)
    return max(int(wide * scale), 1), max(int(high * scale), 1)


def _drawn(data: bytes, index: int) -> Image.Image:
    try:
        with open_document(data) as document:
            page = raw.FPDF_LoadPage(document, index)
            if not page:
                raise Unreadable(Problem.DAMAGED, f"no page {index + 1}")
            try:
                return _rendered(page)
            finally:
                raw.FPDF_ClosePage(page)
    except pdfium.PdfiumError as error:
        raise Unreadable(Problem.DAMAGED, str(error)) from None


def _rendered(page: Any) -> Image.Image:
    width, height = _size(raw.FPDF_GetPageWidthF(page), raw.FPDF_GetPageHeightF(page))
    bitmap = raw.FPDFBitmap_CreateEx(width, height, raw.FPDFBitmap_BGRx, None, 0)
    if not bitmap:
        raise MemoryError("no room for a page's picture")
    try:
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
        raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, raw.FPDF_ANNOT)
        stride = raw.FPDFBitmap_GetStride(bitmap)
        pixels = ctypes.string_at(raw.FPDFBitmap_GetBuffer(bitmap), stride * height)
    finally:
        raw.FPDFBitmap_Destroy(bitmap)
    return Image.frombuffer("RGB", (width, height), pixels, "raw", "BGRX", stride, 1)


def _layout(document: Any, quotes: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    quotes_left = {
        number: [_folded(text)[0], before] for number, (text, before) in enumerate(quotes)
    }
    quotes_left = {number: quote for number, quote in quotes_left.items() if quote[0]}
    sheets = []
    for index in range(min(raw.FPDF_GetPageCount(document), MAX_PAGES)):
        width, height = _size_of(document, index)
        marks: list[list[float]] = []
        if quotes_left:
            try:
                with open_page(document, index) as page:
                    marks = _marks(page, quotes_left, width, height)
            except (pdfium.PdfiumError, Unreadable):
                marks = []  # the others may still be found
        sheets.append({"width": width, "height": height, "marks": marks})
    return sheets


def _size_of(document: Any, index: int) -> tuple[int, int]:
    # FPDF_GetPageSizeByIndexF does not look at how a page is turned.
    page = raw.FPDF_LoadPage(document, index)
    if not page:
        return _size(210, 297)  # of a page that cannot be drawn either
    try:
        return _size(raw.FPDF_GetPageWidthF(page), raw.FPDF_GetPageHeightF(page))
    finally:
        raw.FPDF_ClosePage(page)


def _marks(
    page: Page, quotes_left: dict[int, list[Any]], width: int, height: int
) -> list[list[float]]:
    """The boxes of the quotes that stand on this page, which are taken out of `quotes_left`."""
    letters, origin = _folded(page.text)
    marks: list[list[float]] = []
    for number, quote in list(quotes_left.items()):
        text, before = quote
        place = letters.find(text)
        while place >= 0 and before:
            before -= 1
            place = letters.find(text, place + 1)
        quote[1] = before
        if place < 0:
            continue
        del quotes_left[number]
        first, last = origin[place], origin[place + len(text) - 1]
        boxes = raw.FPDFText_CountRects(page.letters, first, last - first + 1)
        for box in range(max(boxes, 0)):
            marks.append([number, *_box(page, box, width, height)])
    return marks


def _box(page: Page, number: int, width: int, height: int) -> list[float]:
    """One of the boxes that pdfium counted last, in pixels of the picture; pages may be turned."""
    edges = [ctypes.c_double() for _ in range(4)]
    raw.FPDFText_GetRect(page.letters, number, *map(ctypes.byref, edges))
    left, top, right, bottom = (edge.value for edge in edges)
    corners = []
    for x, y in ((left, top), (right, bottom)):
        column, row = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(
            page.handle, 0, 0, width, height, 0, x, y, ctypes.byref(column), ctypes.byref(row)
        )
        corners.append((column.value, row.value))
    (x0, y0), (x1, y1) = corners
    return [min(x0, x1), min(y0, y1), max(abs(x1 - x0), 1), max(abs(y1 - y0), 1)]


def _folded(text: str) -> tuple[str, list[int]]:
    """The letters and digits alone, in lower case, and the place of each in `text`: so neither
    blanks nor hyphens nor ligatures keep a quote from being found."""
    letters: list[str] = []
    origin: list[int] = []
    for place, letter in enumerate(text):
        for folded in unicodedata.normalize("NFKD", letter).casefold():
            if folded.isalnum():
                letters.append(folded)
                origin.append(place)
    return "".join(letters), origin


def _picture(data: bytes, index: int) -> Image.Image:
    with pictures.decoding(), pictures.open_picture(data) as image:
        if index:
            image.seek(index)
        if image.width * image.height > MAX_PICTURE_PIXELS:
            raise Unreadable(Problem.TOO_COMPLEX, f"picture: {image.width} × {image.height}")
        turned = ImageOps.exif_transpose(image)
        if turned.has_transparency_data:
            opaque = turned.convert("RGBA")
            paper = Image.new("RGB", opaque.size, "white")
            paper.paste(opaque, mask=opaque.getchannel("A"))
            turned = paper
        elif turned.mode != "RGB":
            turned = pictures.grey(turned) if turned.mode in pictures.SIXTEEN_BIT_MODES else turned
        size = _size(*turned.size)
        return turned.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _picture_sizes(data: bytes) -> list[tuple[int, int]]:
    sizes = []
    with pictures.decoding(), pictures.open_picture(data) as image:
        for index in range(pictures.frames(image)):
            if index:
                image.seek(index)
            turned = image.getexif().get(0x0112, 1) >= 5  # Orientation: lies on its side
            sizes.append(_size(*(image.size[::-1] if turned else image.size)))
    return sizes
