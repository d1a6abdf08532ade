"""What the reader of a format is handed to reach the others: formats never import each other."""

from collections.abc import Callable
from dataclasses import dataclass

from .document import Document
from .parsed import Parsed
from .sniff import FileKind


@dataclass(slots=True)
class ReadingContext:
    """The registry of readers, and what was opened so far inside the file that is being read.

    `parse_kind` and `read_file` are functions of the registry; readers call `parse` and `read`.
    The counters hold over one message and all messages attached to it.
    """

    parse_kind: Callable[[FileKind, bytes, "ReadingContext"], Parsed]
    read_file: Callable[[bytes, str, "ReadingContext"], Document]
    attachments: int = 0
    attached_bytes: int = 0
    message_depth: int = 0

    def parse(self, kind: FileKind, data: bytes) -> Parsed:
        """Raw text of `data`, which is known to be of `kind`: a part of the file being read,
        without text recognition. Raises Unreadable."""
        return self.parse_kind(kind, data, self)

    def read(self, data: bytes, name: str) -> Document:
        """The text of a whole file inside the one being read, such as an attachment: sniffed,
        parsed and cleaned. Raises Unreadable."""
        return self.read_file(data, name, self)
