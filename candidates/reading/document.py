"""What reading returns: frozen values that survive a pipe as plain dictionaries."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from .problems import Problem

ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # how one begins; the second, where it is empty


def _text(value: Any) -> str:
    """`value` if it is text that a database can keep: no NUL, no half of a character."""
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("Expected text without NUL.")
    value.encode()  # UnicodeEncodeError is a ValueError
    return value


def _share(value: Any) -> float:
    if not isinstance(value, (int, float)) or not 0.0 <= value <= 1.0:
        raise ValueError("Expected a share between 0 and 1.")
    return float(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a reviewer should know about a file.

    `kind` is a fixed word with hyphens, `found` says shortly what was found, `page` is counted
    from 1, and None where the format has no pages or the flag is about the whole file.
    """

    kind: str
    found: str
    page: int | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        page = value["page"]
        return cls(_text(value["kind"]), _text(value["found"]), None if page is None else int(page))


@dataclass(frozen=True, slots=True)
class Hidden:
    """A run of text that a person would not see: left out of the pages, kept here.

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
        return cls(_text(value["kind"]), _text(value["text"]), None if page is None else int(page))


@dataclass(frozen=True, slots=True)
class Member:
    """A file from an archive: its name, folders and all, and its bytes; or why it has none."""

    name: str
    data: bytes = b""
    problem: Problem | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A box on the picture of a page, in its pixels; `quote` is the number of what stands there."""

    quote: int
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of the original as it is drawn, in pixels."""

    width: int
    height: int
    marks: tuple[Mark, ...] = ()

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        width, height = int(value["width"]), int(value["height"])
        if width < 1 or height < 1:
            raise ValueError("Expected a page of some size.")
        return cls(width, height, tuple(Mark(*map(int, mark)) for mark in value["marks"]))


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the résumé under a heading: `start` to `end`, offsets into Document.text, the
    heading included. `kind` is a fixed word such as "experience"."""

    kind: str
    start: int
    end: int
    confidence: float = 1.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        start, end = int(value["start"]), int(value["end"])
        return cls(_text(value["kind"]), start, end, _share(value["confidence"]))


@dataclass(frozen=True, slots=True)
class Link:
    """An address on the web that the résumé gives; `kind` is "linkedin", "github" or "web"."""

    kind: str
    url: str
    confidence: float = 1.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        if not _text(value["url"]).startswith(("https://", "http://")):
            raise ValueError("Expected an address on the web.")
        return cls(_text(value["kind"]), value["url"], _share(value["confidence"]))


@dataclass(frozen=True, slots=True)
class Contact:
    """Who the résumé says it is from; an empty string where that was not found.

    A confidence is between 0.0 (nothing was found) and 1.0.
    """

    name: str = ""
    email: str = ""
    phone: str = ""
    links: tuple[Link, ...] = ()
    name_confidence: float = 0.0
    email_confidence: float = 0.0
    phone_confidence: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        return cls(
            _text(value["name"]),
            _text(value["email"]),
            _text(value["phone"]),
            tuple(Link.from_json(link) for link in value["links"]),
            _share(value["name_confidence"]),
            _share(value["email_confidence"]),
            _share(value["phone_confidence"]),
        )


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
        return "\n\n".join(self.pages)

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
        """The value again; KeyError, TypeError or ValueError when `value` is none of ours."""
        return cls(
            media_type=_text(value["media_type"]),
            reader=_text(value["reader"]),
            pages=tuple(_text(page) for page in value["pages"]),
            flags=tuple(Flag.from_json(flag) for flag in value["flags"]),
            contact=Contact.from_json(value["contact"]),
            hidden=tuple(Hidden.from_json(hidden) for hidden in value["hidden"]),
            language=_text(value["language"]),
            sections=tuple(Section.from_json(section) for section in value["sections"]),
        )
