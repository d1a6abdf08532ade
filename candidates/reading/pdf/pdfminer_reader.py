"""The second PDF reader, by pdfminer.six, which is slow to import and seldom needed."""

import io
import re

from pdfminer.converter import TextConverter
from pdfminer.layout import LAParams
from pdfminer.pdfdocument import PDFDocument, PDFPasswordIncorrect
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser, PDFSyntaxError

from candidates.facts.flags import Flag, FlagKind
from candidates.reading.clean import garbage_share
from candidates.reading.limits import MAX_CHARACTERS, MAX_PAGES, MAX_PDF_GARBAGE_SHARE
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable

# Brackets in brackets without end, which take it minutes.
NESTED = re.compile(rb"(?:\[\s*){500}|(?:<<[^<>]{0,40}){500}")
UNKNOWN_LETTER = "(cid:"  # how pdfminer.six writes a letter that its font cannot name


def parse(data: bytes, instead_of: str) -> Parsed:
    """The text of each page; `instead_of` is the fault that the first reader met, for the detail.

    Raises Unreadable.
    """
    try:
        pages = _pages(data)
    except (Unreadable, MemoryError, RecursionError):
        raise
    except PDFPasswordIncorrect:
        raise Unreadable(Problem.ENCRYPTED) from None
    except Exception as error:
        # A broken file makes pdfminer.six raise nearly anything: KeyError, struct.error, ...
        detail = f"pypdfium2: {instead_of}; pdfminer.six: {type(error).__name__}"
        raise Unreadable(Problem.DAMAGED, detail) from error
    text = "".join(pages)
    if not text.strip():
        raise Unreadable(Problem.DAMAGED, f"pypdfium2: {instead_of}; pdfminer.six: no text")
    unknown = text.count(UNKNOWN_LETTER)
    if (
        unknown > MAX_PDF_GARBAGE_SHARE * len(text) / 8
        or garbage_share(text) > MAX_PDF_GARBAGE_SHARE
    ):
        raise Unreadable(Problem.GARBLED, f"pypdfium2: {instead_of}; pdfminer.six: no letters")
    unchecked = Flag(FlagKind.UNCHECKED)
    return Parsed("pdfminer.six", pages, (unchecked,), paged=True)


def _pages(data: bytes) -> tuple[str, ...]:
    if NESTED.search(data):
        raise PDFSyntaxError("nested")
    document = PDFDocument(PDFParser(io.BytesIO(data)))
    resources = PDFResourceManager()
    pages: list[str] = []
    length = 0
    for number, page in enumerate(PDFPage.create_pages(document), start=1):
        if number > MAX_PAGES:
            raise Unreadable(Problem.TOO_MANY_PAGES, f"more than {MAX_PAGES} pages")
        out = io.StringIO()
        converter = TextConverter(resources, out, laparams=LAParams())
        PDFPageInterpreter(resources, converter).process_page(page)
        converter.close()
        pages.append(out.getvalue())
        length += len(pages[-1])
        if length > MAX_CHARACTERS:
            raise Unreadable(Problem.TOO_LONG, f"by page {number}")
    return tuple(pages)
