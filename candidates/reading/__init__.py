"""Bytes to text: what a file says, page by page, or a plain reason why it cannot be read.

Plain Python that knows nothing of the rest of the product. `read` parses in this very process and
is meant for the child of `sandbox`, which everything else uses: a hostile file then costs one
file and never a worker. Importing this package imports no parser; readers load theirs when called.
"""

from collections.abc import Callable

from candidates.facts.flags import Flag
from candidates.facts.values import Contact, Link, Section

from .document import ZIP, Document, Hidden, Member, Sheet
from .limits import MAX_ARCHIVE_BYTES, MAX_BYTES
from .problems import Problem, Unreadable

__all__ = [
    "MAX_ARCHIVE_BYTES",
    "MAX_BYTES",
    "ZIP",
    "Contact",
    "Document",
    "Flag",
    "Hidden",
    "Link",
    "Member",
    "Problem",
    "Section",
    "Sheet",
    "Unreadable",
    "read",
]


def read(
    data: bytes, name: str, ocr: str = "", announce: Callable[[int], None] | None = None
) -> Document:
    """The text of the file `data`, called `name`, with the parsers run in this process.

    The content decides what the file is; the name only settles what content leaves open.
    `ocr` switches text recognition on, for languages as tesseract names them ("eng+deu");
    `announce` is then told how many pages will be recognised, before the first one is, and again
    where an attachment adds to them.
    Raises Unreadable with the reason for everything that gives no text.
    """
    from candidates.reading.ocr.tesseract import Ocr

    from .registry import read_here

    return read_here(data, name, ocr=Ocr(ocr, announce) if ocr else None)
