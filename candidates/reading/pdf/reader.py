"""PDF to text: pypdfium2 first, pdfminer.six where that fails or gives no letters.

pypdfium2 is some twenty times faster; pdfminer.six repairs some files that it refuses and knows
some fonts that it does not.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from candidates.facts.flags import Flag, FlagKind
from candidates.reading.clean import garbage_share
from candidates.reading.context import ReadingContext
from candidates.reading.document import Hidden
from candidates.reading.limits import (
    MAX_CHARACTERS,
    MAX_PAGES,
    MAX_PDF_GARBAGE_SHARE,
    REFUSED_PDF_GARBAGE_SHARE,
)
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable

from .hidden import without_hidden
from .page import in_order, open_page

# pdfium joins a word that is broken over two lines and leaves this in place of the hyphen.
BROKEN_WORD = re.compile(r"([^\W_][\w'’+-]*)\ufffe(\w*)")
# First parts of compounds that keep their hyphen wherever the line ends.
_FIRST_PARTS = """
all back best bottom client cloud co cost cross customer data decision deep detail domain e end
event ex fast first five four front full goal go half hand hands hard high in industry large lean
left life load long low machine market mid mobile model multi near next non object off on one open
out part peer people pre problem process product project quick rapid real result results revenue
right role self semi server service short side six small so software state sub system table task
team ten test third three time top two up user value web well wide win work world year zero
"""
FIRST_PARTS = frozenset(_FIRST_PARTS.split())


def parse(data: bytes, _context: ReadingContext) -> Parsed:
    """The text of each page. Raises Unreadable."""
    try:
        parsed = _with_pdfium(data)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise Unreadable(Problem.ENCRYPTED) from None
        return _with_pdfminer(data, instead_of=str(error))
    share = garbage_share("".join(parsed.pages))
    if share > MAX_PDF_GARBAGE_SHARE:
        return _second_opinion(data, parsed, share)
    if parsed.hidden or any(page.strip() for page in parsed.pages):
        return parsed  # the second reader would bring back what is hidden
    if not _draws(data, raw.FPDF_PAGEOBJ_TEXT):
        pictures = _draws(data, raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH)
        raise Unreadable(Problem.NO_TEXT if pictures else Problem.BLANK)
    return _second_opinion(data, parsed, 1.0)


def _with_pdfium(data: bytes) -> Parsed:
    """Raises PdfiumError where pdfium can make nothing of the file."""
    with open_document(data) as document:
        count = raw.FPDF_GetPageCount(document)
        if count < 1:
            raise pdfium.PdfiumError("no pages")
        if count > MAX_PAGES:
            raise Unreadable(Problem.TOO_MANY_PAGES, f"{count} pages")
        pages: list[str] = []
        flags: list[Flag] = []
        hidden: list[Hidden] = []
        length = 0
        for index in range(count):
            try:
                with open_page(document, index) as page:
                    page.text, runs = without_hidden(page, index + 1)
                    text = in_order(page).replace("\0", "")
                hidden += runs
            except pdfium.PdfiumError:
                if count == 1:
                    raise
                text = ""
                flags.append(Flag(FlagKind.PAGE_UNREADABLE, page=index + 1))
            length += len(text)
            if length > MAX_CHARACTERS:
                raise Unreadable(Problem.TOO_LONG, f"by page {index + 1}")
            pages.append(text)
        if len(flags) == count:
            raise pdfium.PdfiumError("no page can be loaded")
        joined = "\n".join(pages) if any("\ufffe" in page for page in pages) else ""
        return Parsed(
            "pypdfium2",
            tuple(_mend_hyphens(page, joined) for page in pages),
            tuple(flags),
            paged=True,
            hidden=tuple(hidden),
        )


@contextmanager
def open_document(data: bytes) -> Iterator[Any]:
    """The document, closed at the end. Raises PdfiumError where it cannot be opened."""
    # Not by pypdfium2's PdfDocument: where opening went well and there are no pages it also asks
    # for the last error, which is that of the file before this one.
    document = raw.FPDF_LoadMemDocument64(data, len(data), None)
    if not document:
        code = raw.FPDF_GetLastError()
        raise pdfium.PdfiumError(f"cannot be opened, error {code}", err_code=code)
    try:
        yield document
    finally:
        raw.FPDF_CloseDocument(document)


def _mend_hyphens(page: str, document: str) -> str:
    """Put back, or leave out, the hyphen of a word that pdfium joined over a line end; U+00AD in
    a PDF is drawn, and so a hyphen too (many fonts map theirs to it)."""
    if "\u00ad" in page:
        page = page.replace("\u00ad", "-")
    if "\ufffe" not in page:
        return page

    def mend(match: re.Match[str]) -> str:
        first, second = match.groups()
        whole, compound = first + second, f"{first}-{second}"
        compounds = (
            "-" in first  # state-of-the-art
            or not second[:1].islower()
            or first.lower() in FIRST_PARTS
            or compound in document
        )
        return whole if whole in document or not compounds else compound

    return BROKEN_WORD.sub(mend, page).replace("\ufffe", "-")


def _draws(data: bytes, *kinds: int) -> bool:
    """Whether any page draws an object of one of these kinds, itself or in a form it uses."""
    document = pdfium.PdfDocument(data)
    try:
        for index in range(len(document)):
            try:
                page = document[index]
            except pdfium.PdfiumError:
                continue  # there is a flag for it from where the text was read
            if next(page.get_objects(filter=list(kinds), max_depth=4), None) is not None:
                return True
        return False
    finally:
        document.close()


def _second_opinion(data: bytes, first: Parsed, share: float) -> Parsed:
    """The text by pdfminer.six of a file in which `share` of pdfium's letters cannot be told; where
    it has none, pdfium's text with a flag, if at least half of it is letters."""
    try:
        second = _with_pdfminer(data, instead_of=f"{share:.0%} of the letters unknown")
        pages = tuple(_without_hidden(page, first.hidden) for page in second.pages)
        return replace(second, pages=pages, hidden=first.hidden)
    except Unreadable as refused:
        if refused.problem in (Problem.TOO_LONG, Problem.TOO_MANY_PAGES):
            raise
        if share > REFUSED_PDF_GARBAGE_SHARE:
            raise Unreadable(Problem.GARBLED, refused.detail) from refused
    lost = Flag(FlagKind.LETTERS_LOST, {"percent": round(100 * share)})
    return replace(first, flags=(*first.flags, lost))


def _without_hidden(page: str, hidden: tuple[Hidden, ...]) -> str:
    """The page as the second reader has it, without the text that is hidden."""
    for run in hidden:
        words = r"\s*".join(map(re.escape, "".join(run.text.split())))
        page = re.sub(words, "", page) if words else page
    return page


def _with_pdfminer(data: bytes, instead_of: str) -> Parsed:
    from . import pdfminer_reader  # slow to import and seldom needed

    return pdfminer_reader.parse(data, instead_of)
