"""Text recognition of pages that are pictures: which pages, in which time, and with which flags.

`pictures` and this module make the pages, `tesseract` is the program. Pillow and pdfium are loaded
here, so only the child of `sandbox` imports this module.
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
    MAX_PAGE_GARBAGE_SHARE,
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
LOW_CONFIDENCE = 80.0
# Below this the letters were seen in a photograph or a stain, and count as no text.
MIN_CONFIDENCE = 35.0
# A page with fewer letters than this under a picture of half of it is a scan with a stamp, a
# page number or a scanner's own line on it.
MIN_TEXT_LETTERS = 100
SCAN_COVER_SHARE = 0.5
# Grey levels between the darkest and the brightest spot; pages with less have nothing on them.
MIN_PAGE_CONTRAST = 24
MIN_GRAIN_LEVELS = 4  # grey levels by which most spots of a page differ from those around them
SOFTENING = ImageFilter.GaussianBlur(1.2)  # pixels
MIN_PAGE_SECONDS = 1.0  # no page is begun with less


def recognise_pdf(data: bytes, ocr: Ocr) -> Parsed:
    """The text of a PDF that has no usable text of its own, by recognition. Raises Unreadable."""
    document = _opened(data)
    try:
        count = len(document)
        if count > MAX_PAGES:
            raise Unreadable(Problem.TOO_MANY_PAGES, f"{count} pages")
        return recognise_pages(range(count), lambda at: _rendered(document, at), ocr).parsed(count)
    finally:
        document.close()


def recognise_gaps(data: bytes, parsed: Parsed, ocr: Ocr) -> Parsed:
    """`parsed`, with the pages that are pictures recognised where that gives more letters."""
    few = [index for index, text in enumerate(parsed.pages) if _letters(text) < MIN_TEXT_LETTERS]
    bad = [
        index
        for index, text in enumerate(parsed.pages)
        if garbage_share(text) > MAX_PAGE_GARBAGE_SHARE
    ]
    if not few and not bad:
        return parsed
    try:
        document = _opened(data)
    except Unreadable:
        return parsed  # the second reader has read it
    try:
        scans = [index for index in few if _is_scan(document, index, parsed.pages[index])]
        indices = sorted({*scans, *bad})
        if not indices:
            return parsed
        outcome = recognise_pages(indices, lambda at: _rendered(document, at), ocr)
    finally:
        document.close()
    # In a portrait or a drawing fewer letters are recognised than the page has as text.
    better = {
        at: page
        for at, page in outcome.recognised.items()
        if at in bad or _letters(page.text) > _letters(parsed.pages[at])
    }
    flags = replace(outcome, recognised=better).flags
    texts = (better[at].text if at in better else text for at, text in enumerate(parsed.pages))
    reader = f"{parsed.reader}+tesseract" if better else parsed.reader
    return replace(parsed, reader=reader, pages=tuple(texts), flags=(*parsed.flags, *flags))


@dataclass(frozen=True, slots=True)
class RecognisedPages:
    """The pages that were recognised, those that there was no time for, and those on which
    tesseract failed; counted from 0."""

    recognised: dict[int, Recognised]
    late: list[int]
    failed: list[int]

    @property
    def flags(self) -> list[Flag]:
        flags = [
            Flag(
                FlagKind.RECOGNISED
                if page.confidence >= LOW_CONFIDENCE
                else FlagKind.RECOGNISED_BADLY,
                {"confidence": round(page.confidence)},
                index + 1,
            )
            for index, page in self.recognised.items()
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
        if not self.recognised and self.late:
            raise Unreadable(Problem.TOO_SLOW, f"text recognition of {len(self.late)} pages")
        if not self.recognised:
            detail = f"tesseract gave no answer on {len(self.failed)} pages" if self.failed else ""
            raise Unreadable(Problem.NOT_RECOGNISED, detail)
        texts = tuple(
            self.recognised[at].text if at in self.recognised else "" for at in range(count)
        )
        return Parsed("tesseract", texts, tuple(self.flags), paged=True)


def recognise_pages(
    indices: Sequence[int], show: Callable[[int], Image.Image | None], ocr: Ocr
) -> RecognisedPages:
    """The text of the pages `indices`, recognised in the time that `ocr` allows.

    `show` gives a page in grey, and None for one that cannot be drawn or has nothing on it.
    """
    end = ocr.allow(len(indices))
    outcome = RecognisedPages({}, [], [])
    for index in indices:
        if end - time.monotonic() < MIN_PAGE_SECONDS:
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
            if page.confidence >= MIN_CONFIDENCE and _letters(page.text):
                outcome.recognised[index] = page
    return outcome


def without_grain(image: Image.Image) -> Image.Image | None:
    """`image`, which is grey, softened where it is noisy; None where it is of one shade."""
    dark, bright = image.getextrema()
    if float(str(bright)) - float(str(dark)) < MIN_PAGE_CONTRAST:
        return None
    # Grain and dust look like letters to tesseract: pages of them took it 25 s and gave nothing.
    across, down = image.size
    middle = image.crop((across // 4, down // 4, across * 3 // 4, down * 3 // 4))
    grain = ImageChops.difference(middle, middle.filter(SOFTENING))
    return image.filter(SOFTENING) if ImageStat.Stat(grain).median[0] >= MIN_GRAIN_LEVELS else image


def _opened(data: bytes) -> Any:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise Unreadable(Problem.DAMAGED, str(error)) from None


def _rendered(document: Any, index: int) -> Image.Image | None:
    try:
        page = document[index]
    except pdfium.PdfiumError:
        return None  # there is a flag for it from where the text was read
    try:
        width, height = page.get_size()
        if width <= 0 or height <= 0:
            return None
        scale = min(tesseract.DPI / 72, (MAX_SHOWN_PIXELS / (width * height)) ** 0.5)
        if min(width, height) * scale < 1:
            return None
        bitmap = page.render(scale=scale, grayscale=True)
        try:
            return without_grain(bitmap.to_pil().convert("L"))
        finally:
            bitmap.close()
    except pdfium.PdfiumError:
        return None
    finally:
        page.close()


def _is_scan(document: Any, index: int, text: str) -> bool:
    """Whether the page draws something and has no text, or is half covered by pictures."""
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
        return bool(covered >= SCAN_COVER_SHARE * width * height)
    except pdfium.PdfiumError:
        return False
    finally:
        page.close()


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))
