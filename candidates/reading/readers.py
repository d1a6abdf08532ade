"""One file, start to end: sniff, hand to the reader of its kind, clean, look for the person."""

from collections.abc import Callable
from functools import partial

from . import clean, contact, language, nature, sections
from .attached import Opened
from .document import Document, Flag
from .limits import MAX_BYTES, MAX_CHARACTERS
from .parsed import Parsed
from .problems import Problem, Unreadable
from .sniff import Kind, sniff


def read_here(data: bytes, name: str, opened: Opened | None = None) -> Document:
    """See `candidates.reading.read`; `opened` is given for what was attached to a message."""
    if not data:
        raise Unreadable(Problem.EMPTY)
    if len(data) > MAX_BYTES:
        raise Unreadable(Problem.TOO_LARGE, f"{len(data)} bytes")
    try:
        found = sniff(data, name)
        parsed = _reader(found.kind, opened or Opened(read_here))(
            data[found.start :] if found.start else data
        )
        pages, flags = _cleaned(parsed)
    except MemoryError:
        raise Unreadable(Problem.TOO_MUCH_MEMORY, "MemoryError") from None
    except RecursionError:
        raise Unreadable(Problem.TOO_COMPLEX, "nested too deeply") from None
    if not any(pages):
        raise Unreadable(Problem.BLANK)
    text = "\n\n".join(pages)
    parts = sections.find(text)
    person = contact.find(pages, parts)
    return Document(
        media_type=found.kind.value,
        reader=parsed.reader,
        pages=pages,
        flags=(*found.flags, *parsed.flags, *flags, *nature.judge(text, parts, person)),
        contact=person,
        hidden=parsed.hidden,
        language=language.tell(text),
        sections=sections.with_head(parts, text, person.email, person.phone),
    )


def _reader(kind: Kind, opened: Opened) -> Callable[[bytes], Parsed]:
    """Loads only what this kind needs: a child that reads PDFs alone never pays for lxml."""
    if kind is Kind.PDF:
        from .pdf import parse
    elif kind is Kind.DOCX:
        from .office import parse
    elif kind is Kind.DOC:
        from .old_word import parse
    elif kind is Kind.HTML:
        from .web import parse
    elif kind is Kind.EML:
        from .message import parse as parse_message

        return partial(parse_message, opened=opened)
    elif kind is Kind.MSG:
        from .outlook import parse as parse_outlook

        return partial(parse_outlook, opened=opened)
    else:
        from .plain import parse
    return parse


def _cleaned(parsed: Parsed) -> tuple[tuple[str, ...], list[Flag]]:
    pages: list[str] = []
    flags: list[Flag] = []
    length = 0
    for number, raw in enumerate(parsed.pages, start=1):
        length += len(raw)
        if length > MAX_CHARACTERS:
            raise Unreadable(Problem.TOO_LONG, f"more than {MAX_CHARACTERS} characters")
        cleaned = clean.clean(raw)
        pages.append(cleaned.text)
        flags += clean.flag(cleaned, number if parsed.paged else None)
    return tuple(pages), flags
