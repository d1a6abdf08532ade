"""The values that reading returns: frozen, and the same after a trip through JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from candidates.facts.flags import Flag
from candidates.facts.values import Contact, Section, valid_text

from .problems import Problem

PAGE_BREAK = "\n\n"  # between pages, in the text of a document
ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # first bytes of a ZIP; the second, of an empty one


@dataclass(frozen=True, slots=True)
class Hidden:
    """A run of text that a person would not see; it is not in the pages.

    `kind` is a fixed word with hyphens, such as "low-contrast"; `page` as in Flag.
    """

    kind: str
    text: str
    page: int | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        page = value["page"]
        return cls(
            valid_text(value["kind"]),
            valid_text(value["text"]),
            None if page is None else int(page),
        )


@dataclass(frozen=True, slots=True)
class Member:
    """A file from an archive: its name, folders and all, and its bytes; or why it has none."""

    name: str
    data: bytes = b""
    problem: Problem | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class QuoteMark:
    """A box on the picture of a page, in its pixels; `quote` is the number of the quote there."""

    quote: int
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PageLayout:
    """A page of the original as it is drawn, in pixels, and where quotes stand on it."""

    width: int
    height: int
    marks: tuple[QuoteMark, ...] = ()

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        width, height = int(value["width"]), int(value["height"])
        if width < 1 or height < 1:
            raise ValueError("Expected a page of some size.")
        return cls(width, height, tuple(QuoteMark(*map(int, mark)) for mark in value["marks"]))


def page_start(pages: Sequence[str], page: int | None) -> int:
    """Where a page, counted from 1, begins in the text of all; 0 where there is none."""
    return sum(len(text) + len(PAGE_BREAK) for text in pages[: (page or 1) - 1])


@dataclass(frozen=True, slots=True)
class Document:
    """The text of one file: page by page, a format without pages as one.

    `reader` names what read it, such as "pypdfium2" or "docx"; `language` is a code of ISO 639-1,
    "" where the text is too short to tell.
    """

    media_type: str
    reader: str
    pages: tuple[str, ...]
    flags: tuple[Flag, ...] = ()
    contact: Contact = Contact()
    hidden: tuple[Hidden, ...] = ()
    language: str = ""
    sections: tuple[Section, ...] = ()

    @property
    def text(self) -> str:
        """All pages with a blank line between them; quotes are offsets into this."""
        return PAGE_BREAK.join(self.pages)

    def to_json(self) -> dict[str, Any]:
        return {
            "media_type": self.media_type,
            "reader": self.reader,
            "pages": list(self.pages),
            "flags": [flag.to_json() for flag in self.flags],
            "contact": self.contact.to_json(),
            "hidden": [hidden.to_json() for hidden in self.hidden],
            "language": self.language,
            "sections": [section.to_json() for section in self.sections],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The document; raises KeyError, TypeError or ValueError where `value` is not one."""
        return cls(
            media_type=valid_text(value["media_type"]),
            reader=valid_text(value["reader"]),
            pages=tuple(valid_text(page) for page in value["pages"]),
            flags=tuple(Flag.from_json(flag) for flag in value["flags"]),
            contact=Contact.from_json(value["contact"]),
            hidden=tuple(Hidden.from_json(hidden) for hidden in value["hidden"]),
            language=valid_text(value["language"]),
            sections=tuple(Section.from_json(section) for section in value["sections"]),
        )
