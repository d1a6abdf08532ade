"""One file, start to end: sniff, hand to the reader of its kind, clean, look for the person."""

from collections.abc import Callable
from functools import partial

from candidates.facts import contact, language, nature, sections
from candidates.facts.flags import Flag
from candidates.reading.mail.attachments import Opened
from candidates.reading.ocr.tesseract import Ocr

from . import clean
from .document import PAGE_BREAK, Document, Hidden, page_start
from .limits import MAX_BYTES, MAX_CHARACTERS, MAX_HIDDEN, MAX_HIDDEN_CHARACTERS
from .parsed import Parsed
from .problems import Problem, Unreadable
from .sniff import FileKind, flags_of_picture, sniff


def read_here(
    data: bytes, name: str, opened: Opened | None = None, ocr: Ocr | None = None
) -> Document:
    """See `candidates.reading.read`; `opened` is given for what was attached to a message, `ocr`
    where text recognition is on."""
    if not data:
        raise Unreadable(Problem.EMPTY)
    if len(data) > MAX_BYTES:
        raise Unreadable(Problem.TOO_LARGE, f"{len(data)} bytes")
    try:
        media_type, found_flags, parsed = _parsed(data, name, opened, ocr)
        pages, flags, spelled = _cleaned(parsed)
        hidden = _hidden((*parsed.hidden, *spelled))
    except MemoryError:
        raise Unreadable(Problem.TOO_MUCH_MEMORY, "MemoryError") from None
    except RecursionError:
        raise Unreadable(Problem.TOO_COMPLEX, "nested too deeply") from None
    if not any(pages):
        ways = ", ".join(sorted({one.kind for one in hidden}))
        raise Unreadable(Problem.BLANK, f"all of its text is hidden: {ways}" if hidden else "")
    text = PAGE_BREAK.join(pages)
    # Spans in what was attached to a message count from the beginning of a page so far.
    of_parts = [flag.moved(page_start(pages, flag.page)) for flag in parsed.flags]
    parts = sections.find(text)
    person = contact.find(pages, parts)
    return Document(
        media_type=media_type,
        reader=parsed.reader,
        pages=pages,
        flags=(*found_flags, *of_parts, *flags, *nature.judge(text, parts, person)),
        contact=person,
        hidden=hidden,
        language=language.tell(text),
        sections=sections.with_head(parts, text, person.email, person.phone),
    )


def _parsed(
    data: bytes, name: str, opened: Opened | None, ocr: Ocr | None
) -> tuple[str, tuple[Flag, ...], Parsed]:
    """Media type, flags about the kind of file, and what its reader made of it."""
    try:
        found = sniff(data, name)
    except Unreadable as refused:
        if ocr is None or refused.problem is not Problem.PICTURE:
            raise
        from .ocr import pictures

        return pictures.media_type(data), flags_of_picture(name), pictures.parse(data, ocr)
    read = _reader(found.kind, opened or Opened(partial(read_here, ocr=ocr)))
    content = data[found.start :] if found.start else data
    parsed = read(content) if ocr is None else _recognised(found.kind, read, content, ocr)
    return found.kind.value, found.flags, parsed


def _recognised(kind: FileKind, read: Callable[[bytes], Parsed], data: bytes, ocr: Ocr) -> Parsed:
    """What `read` makes of a file, and text recognition of what holds pictures in text's place."""
    try:
        parsed = read(data)
    except Unreadable as refused:
        if refused.problem not in (Problem.NO_TEXT, Problem.GARBLED):
            raise
        if kind is FileKind.PDF:
            from .ocr import recognise

            return recognise.pdf(data, ocr)
        if data.startswith(b"PK"):
            from .ocr import pictures

            return pictures.packed(data, ocr)
        raise Unreadable(Problem.NOT_RECOGNISED, f"pictures in {kind.name}") from None
    if kind is FileKind.PDF:
        from .ocr import recognise

        return recognise.pdf_gaps(data, parsed, ocr)
    return parsed


def _reader(kind: FileKind, opened: Opened) -> Callable[[bytes], Parsed]:
    """Loads only what this kind needs: a child that reads PDFs alone never pays for lxml."""
    if kind is FileKind.PDF:
        from candidates.reading.pdf.reader import parse
    elif kind is FileKind.DOCX:
        from candidates.reading.docx.reader import parse
    elif kind is FileKind.DOC:
        from candidates.reading.doc.reader import parse
    elif kind is FileKind.ODT:
        from candidates.reading.odt.reader import parse
    elif kind is FileKind.RTF:
        from candidates.reading.rtf.reader import parse
    elif kind is FileKind.HTML:
        from candidates.reading.html.reader import parse
    elif kind is FileKind.EML:
        from candidates.reading.mail.eml import parse as parse_message

        return partial(parse_message, opened=opened)
    elif kind is FileKind.MSG:
        from candidates.reading.mail.msg import parse as parse_outlook

        return partial(parse_outlook, opened=opened)
    else:
        from .plain import parse
    return parse


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
        flags += [flag.moved(start) for flag in clean.flag(cleaned, page)]
        if cleaned.spelled:
            spelled.append(Hidden("tag-characters", cleaned.spelled, page))
    return tuple(pages), flags, spelled


def _hidden(found: tuple[Hidden, ...]) -> tuple[Hidden, ...]:
    """The first so many of them, each cleaned and shortened."""
    kept: list[Hidden] = []
    for one in found:
        # Shortened first: a whole book may be hidden.
        text = clean.clean(one.text[: 4 * MAX_HIDDEN_CHARACTERS]).text
        if text and len(kept) < MAX_HIDDEN:
            if len(text) > MAX_HIDDEN_CHARACTERS:
                text = text[: MAX_HIDDEN_CHARACTERS - 1].rstrip() + "…"
            kept.append(Hidden(one.kind, text, one.page))
    return tuple(kept)
