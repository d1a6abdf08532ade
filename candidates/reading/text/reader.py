"""Plain text and Markdown: only the encoding is in question, which `decoding` answers."""

from candidates.reading.context import ReadingContext
from candidates.reading.decoding import decode
from candidates.reading.limits import MAX_CHARACTERS
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable


def parse(data: bytes, _context: ReadingContext) -> Parsed:
    """All of it as one page. Raises Unreadable."""
    if len(data) > 4 * MAX_CHARACTERS:  # no encoding spends more than four bytes a character
        raise Unreadable(Problem.TOO_LONG, f"{len(data)} bytes of text")
    text, flags = decode(data)
    return Parsed("text", (text,), flags)
