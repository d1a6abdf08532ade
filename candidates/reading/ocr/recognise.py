"""Text recognition of pages that are pictures: which pages, in what time, and what is said of it.

Apart from `pdf` and `picture`, which make the pages, and from `tesseract`, which is the program.
Pillow and pdfium are loaded here, so only the child of `sandbox` imports this module.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image, ImageChops, ImageFilter, ImageStat

from candidates.facts.flags import Flag, FlagKind
from candidates.reading.clean import garbage_share
from candidates.reading.limits import (
    MAX_PAGES,
    MAX_SHOWN_PIXELS,
    RECOGNISE_PAGE_SECONDS,
    RECOGNISE_SECONDS,
)
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable

from . import tesseract
from .tesseract import Ocr, Recognised

# Below this mean confidence a page is flagged for comparison with the original: see the table of
# blurred and noisy scans in docs/benchmarks.md.
BAD_CONFIDENCE = 80.0
# Below this it is a photograph or a stain in which letters were seen, and counts as no text.
NO_CONFIDENCE = 35.0
# A page with fewer letters than this under a picture of half of it is a scan with a stamp, a
# page number or a scanner's own line on it.
FEW_LETTERS = 100
MOST_GARBAGE = 0.5  # share of a page's letters that cannot be told
COVERED = 0.5
FAINT = 24  # grey levels between the darkest and the brightest spot of a page with nothing on it
GRAIN = 4  # grey levels by which most spots of a page differ from those around them
SOFT = ImageFilter.GaussianBlur(1.2)  # pixels
LEAST_SECONDS = 1.0  # no page is begun with less


def pdf(data: bytes, ocr: Ocr) -> Parsed:
    """A PDF that has no usable text, all of its pages recognised. Raises Unreadable."""
    document = _opened(data)
    try:
        count = len(document)
        if count > MAX_PAGES:
            raise Unreadable(Problem.TOO_MANY_PAGES, f"{count} pages")
        return pages(range(count), lambda at: _rendered(document, at), ocr).parsed(count)
    finally:
        document.close()


def pdf_gaps(data: bytes, parsed: Parsed, ocr: Ocr) -> Parsed:
    """`parsed`, with the pages that are pictures recognised where that gives more letters."""
    few = [index for index, text in enumerate(parsed.pages) if _letters(text) < FEW_LETTERS]
    bad = [index for index, text in enumerate(parsed.pages) if garbage_share(text) > MOST_GARBAGE]
    if not few and not bad:
        return parsed
    try:
        document = _opened(data)
    except Unreadable:
        return parsed  # the second reader has read it
    try:
        scans = [index for index in few if _is_scan(document, index, parsed.pages[index])]
        wanted = sorted({*scans, *bad})
        if not wanted:
            return parsed
        outcome = pages(wanted, lambda at: _rendered(document, at), ocr)
    finally:
        document.close()
    # Of a portrait or a drawing less is recognised than is there as text.
    better = {
        at: page
        for at, page in outcome.found.items()
        if at in bad or _letters(page.text) > _letters(parsed.pages[at])
    }
    flags = replace(outcome, found=better).flags
    texts = (better[at].text if at in better else text for at, text in enumerate(parsed.pages))
    reader = f"{parsed.reader}+tesseract" if better else parsed.reader
    return replace(parsed, reader=reader, pages=tuple(texts), flags=(*parsed.flags, *flags))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the pages that were shown, counted from 0."""

    found: dict[int, Recognised]
    late: list[int]
    failed: list[int]

    @property
    def flags(self) -> list[Flag]:
        flags = [
            Flag(
                FlagKind.RECOGNISED
                if page.confidence >= BAD_CONFIDENCE
                else FlagKind.RECOGNISED_BADLY,
                {"confidence": round(page.confidence)},
                index + 1,
            )
            for index, page in self.found.items()
        ]
        flags += [
            Flag(
                FlagKind.PAGES_NOT_RECOGNISED,
                {"pages": [index + 1 for index in indices], "cause": cause},
            )
            for indices, cause in ((self.late, "late"), (self.failed, "failed"))
            if indices
        ]
        return flags

    def parsed(self, count: int) -> Parsed:
        """A file of `count` pages that has no other text. Raises Unreadable when it has none."""
        if not self.found and self.late:
            raise Unreadable(Problem.TOO_SLOW, f"text recognition of {len(self.late)} pages")
        if not self.found:
            said = f"tesseract gave no answer on {len(self.failed)} pages" if self.failed else ""
            raise Unreadable(Problem.NOT_RECOGNISED, said)
        texts = tuple(self.found[at].text if at in self.found else "" for at in range(count))
        return Parsed("tesseract", texts, tuple(self.flags), paged=True)


def pages(wanted: Sequence[int], show: Callable[[int], Image.Image | None], ocr: Ocr) -> Outcome:
    """What is recognised on the pages `wanted`, in the time that `ocr` allows.

    `show` gives a page in grey, and None for one that cannot be drawn or has nothing on it.
    """
    end = ocr.allow(len(wanted))
    outcome = Outcome({}, [], [])
    for index in wanted:
        if end - time.monotonic() < LEAST_SECONDS:
            outcome.late.append(index)
            continue
        image = show(index)
        if image is None:
            continue
        # One page may not take the time of all.
        left = max(end - time.monotonic(), 0.0)
        seconds = min(left, RECOGNISE_SECONDS + RECOGNISE_PAGE_SECONDS)
        try:
            page = tesseract.recognise(image.tobytes(), *image.size, ocr.languages, seconds)
        except tesseract.OutOfTime:
            outcome.late.append(index)
        except tesseract.NotRecognised:
            outcome.failed.append(index)
        else:
            if page.confidence >= NO_CONFIDENCE and _letters(page.text):
                outcome.found[index] = page
    return outcome


def seen(image: Image.Image) -> Image.Image | None:
    """`image`, which is grey, softened where it is noisy; None where it is of one shade."""
    dark, bright = image.getextrema()
    if float(str(bright)) - float(str(dark)) < FAINT:
        return None
    # Grain and dust look like letters to tesseract: pages of them took it 25 s and gave nothing.
    across, down = image.size
    middle = image.crop((across // 4, down // 4, across * 3 // 4, down * 3 // 4))
    grain = ImageChops.difference(middle, middle.filter(SOFT))
    return image.filter(SOFT) if ImageStat.Stat(grain).median[0] >= GRAIN else image


def _opened(data: bytes) -> Any:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise Unreadable(Problem.DAMAGED, str(error)) from None


def _rendered(document: Any, index: int) -> Image.Image | None:
    try:
        page = document[index]
    except pdfium.PdfiumError:
        return None  # said in a flag where the text was read
    try:
        width, height = page.get_size()
        if width <= 0 or height <= 0:
            return None
        scale = min(tesseract.DPI / 72, (MAX_SHOWN_PIXELS / (width * height)) ** 0.5)
        if min(width, height) * scale < 1:
            return None
        bitmap = page.render(scale=scale, grayscale=True)
        try:
            return seen(bitmap.to_pil().convert("L"))
        finally:
            bitmap.close()
    except pdfium.PdfiumError:
        return None
    finally:
        page.close()


def _is_scan(document: Any, index: int, text: str) -> bool:
    """Whether the page draws and says nothing, or is half covered by pictures."""
    try:
        page = document[index]
    except pdfium.PdfiumError:
        return False
    try:
        if not _letters(text):
            return next(page.get_objects(max_depth=1), None) is not None
        width, height = page.get_size()
        covered = 0.0
        for each in page.get_objects(
            filter=[raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM], max_depth=1
        ):
            left, bottom, right, top = each.get_bounds()
            covered += max(right - left, 0) * max(top - bottom, 0)
        return bool(covered >= COVERED * width * height)
    except pdfium.PdfiumError:
        return False
    finally:
        page.close()


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))
