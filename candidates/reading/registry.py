"""The registry of readers, and the way of one file through it: sniff, parse, clean, find facts.

A format is a row in READERS, a kind in `sniff`, and a room beside this module.
"""

from functools import partial
from importlib import import_module
from typing import Protocol

from candidates.facts import contact, language, nature, sections
from candidates.facts.flags import Flag
from candidates.reading.ocr.tesseract import Ocr

from . import clean
from .context import ReadingContext
from .document import PAGE_BREAK, Document, Hidden, page_start
from .limits import MAX_BYTES, MAX_CHARACTERS, MAX_HIDDEN, MAX_HIDDEN_CHARACTERS
from .parsed import Parsed
from .problems import Problem, Unreadable
from .sniff import FileKind, flags_of_picture, sniff

# The module of this package that reads each kind; its `parse` is a FormatReader. By name and not
# imported: a child that reads PDFs alone never pays for lxml.
READERS = {
    FileKind.PDF: "pdf.reader",
    FileKind.DOCX: "docx.reader",
    FileKind.DOC: "doc.reader",
    FileKind.ODT: "odt.reader",
    FileKind.RTF: "rtf.reader",
    FileKind.HTML: "html.reader",
    FileKind.EML: "mail.eml",
    FileKind.MSG: "mail.msg",
    FileKind.TEXT: "text.reader",
    FileKind.MARKDOWN: "text.reader",
}


class FormatReader(Protocol):
    """What reads one format: bytes to raw text. Raises Unreadable."""

    def __call__(self, data: bytes, context: ReadingContext, /) -> Parsed: ...


def reader_of(kind: FileKind) -> FormatReader:
    """The reader of a kind, whose module is imported at its first file."""
    reader: FormatReader = import_module(f".{READERS[kind]}", __package__).parse
    return reader


def new_context(ocr: Ocr | None = None) -> ReadingContext:
    """The context of a file that came by itself."""
    return ReadingContext(_parse_kind, partial(read_document, ocr=ocr))


def read_document(
    data: bytes, name: str, context: ReadingContext | None = None, ocr: Ocr | None = None
) -> Document:
    """See `candidates.reading.read`; `context` is given for a file inside another, `ocr` where
    text recognition is on."""
    if not data:
        raise Unreadable(Problem.EMPTY)
    if len(data) > MAX_BYTES:
        raise Unreadable(Problem.TOO_LARGE, f"{len(data)} bytes")
    try:
        media_type, kind_flags, parsed = _parsed(data, name, context, ocr)
        pages, flags, spelled = _cleaned(parsed)
        hidden = _hidden((*parsed.hidden, *spelled))
    except MemoryError:
        raise Unreadable(Problem.TOO_MUCH_MEMORY, "MemoryError") from None
    except RecursionError:
        raise Unreadable(Problem.TOO_COMPLEX, "nested too deeply") from None
    if not any(pages):
        kinds = ", ".join(sorted({run.kind for run in hidden}))
        raise Unreadable(Problem.BLANK, f"all of its text is hidden: {kinds}" if hidden else "")
    text = PAGE_BREAK.join(pages)
    # Spans in what was attached to a message count from the beginning of a page so far.
    part_flags = [flag.moved(page_start(pages, flag.page)) for flag in parsed.flags]
    parts = sections.find(text)
    person = contact.find(pages, parts)
    return Document(
        media_type=media_type,
        reader=parsed.reader,
        pages=pages,
        flags=(*kind_flags, *part_flags, *flags, *nature.judge(text, parts, person)),
        contact=person,
        hidden=hidden,
        language=language.detect(text),
        sections=sections.with_head(parts, text, person.email, person.phone),
    )


def _parsed(
    data: bytes, name: str, context: ReadingContext | None, ocr: Ocr | None
) -> tuple[str, tuple[Flag, ...], Parsed]:
    """Media type, flags about the kind of file, and the text that its reader gives."""
    try:
        sniffed = sniff(data, name)
    except Unreadable as refused:
        if ocr is None or refused.problem is not Problem.PICTURE:
            raise
        from .ocr import pictures

        return pictures.media_type(data), flags_of_picture(name), pictures.parse(data, ocr)
    context = context or new_context(ocr)
    content = data[sniffed.start :] if sniffed.start else data
    if ocr is None:
        parsed = context.parse(sniffed.kind, content)
    else:
        parsed = _recognised(sniffed.kind, content, context, ocr)
    return sniffed.kind.value, sniffed.flags, parsed


def _parse_kind(kind: FileKind, data: bytes, context: ReadingContext) -> Parsed:
    return reader_of(kind)(data, context)


def _recognised(kind: FileKind, data: bytes, context: ReadingContext, ocr: Ocr) -> Parsed:
    """The text of a file, with text recognition of what holds pictures in the place of text."""
    try:
        parsed = context.parse(kind, data)
    except Unreadable as refused:
        if refused.problem not in (Problem.NO_TEXT, Problem.GARBLED):
            raise
        if kind is FileKind.PDF:
            from .ocr import recognise

            return recognise.recognise_pdf(data, ocr)
        if data.startswith(b"PK"):
            from .ocr import pictures

            return pictures.parse_packed(data, ocr)
        raise Unreadable(Problem.NOT_RECOGNISED, f"pictures in {kind.name}") from None
    if kind is FileKind.PDF:
        from .ocr import recognise

        return recognise.recognise_gaps(data, parsed, ocr)
    return parsed


def _cleaned(parsed: Parsed) -> tuple[tuple[str, ...], list[Flag], list[Hidden]]:
    """The pages, the flags about their letters, and text that invisible letters spelled."""
    pages: list[str] = []
    flags: list[Flag] = []
    spelled: list[Hidden] = []
    length = 0
    for number, raw in enumerate(parsed.pages, start=1):
        length += len(raw)
        if length > MAX_CHARACTERS:
            raise Unreadable(Problem.TOO_LONG, f"more than {MAX_CHARACTERS} characters")
        cleaned = clean.clean(raw)
        pages.append(cleaned.text)
        page = number if parsed.paged else None
        start = page_start(pages, number)
        flags += [flag.moved(start) for flag in clean.flags_of(cleaned, page)]
        if cleaned.spelled:
            spelled.append(Hidden("tag-characters", cleaned.spelled, page))
    return tuple(pages), flags, spelled


def _hidden(runs: tuple[Hidden, ...]) -> tuple[Hidden, ...]:
    """The first MAX_HIDDEN of them that have text, each cleaned and shortened."""
    cleaned: list[Hidden] = []
    for run in runs:
        # Shortened first: a whole book may be hidden.
        text = clean.clean(run.text[: 4 * MAX_HIDDEN_CHARACTERS]).text
        if text and len(cleaned) < MAX_HIDDEN:
            if len(text) > MAX_HIDDEN_CHARACTERS:
                text = text[: MAX_HIDDEN_CHARACTERS - 1].rstrip() + "…"
            cleaned.append(Hidden(run.kind, text, run.page))
    return tuple(cleaned)
