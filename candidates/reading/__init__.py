"""Bytes to text: the text of a file, page by page, or the reason why it cannot be read.

Plain Python that knows nothing of the rest of the product. `read` parses in the calling process
and is meant for the child of `sandbox`, which everything else uses: a hostile file then costs one
file and never a worker. Importing this package imports no parser; readers load theirs when called.
"""

from collections.abc import Callable

from candidates.facts.flags import Flag
from candidates.facts.values import Contact, Link, Section

from .document import ZIP, Document, Hidden, Member, PageLayout
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
    "PageLayout",
    "Problem",
    "Section",
    "Unreadable",
    "read",
]


def read(
    data: bytes, name: str, ocr: str = "", announce: Callable[[int], None] | None = None
) -> Document:
    """The text of the file `data`, called `name`, parsed in this process.

    The content decides of which kind the file is; the name settles only what content leaves open.
    `ocr` switches text recognition on, for languages as tesseract names them ("eng+deu");
    `announce` is then called with the number of pages that will be recognised, before the first
    of them, and again where an attachment adds to it.
    Raises Unreadable with the reason for everything that gives no text.
    """
    from candidates.reading.ocr.tesseract import Ocr

    from .registry import read_document

    return read_document(data, name, ocr=Ocr(ocr, announce) if ocr else None)
