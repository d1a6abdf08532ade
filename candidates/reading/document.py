"""What reading returns: frozen values that survive a pipe as plain dictionaries."""

from dataclasses import asdict, dataclass
from typing import Any, Self


def _text(value: Any) -> str:
    """`value` if it is text that a database can keep: no NUL, no half of a character."""
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("Expected text without NUL.")
    value.encode()  # UnicodeEncodeError is a ValueError
    return value


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
class Contact:
    """Who the résumé says it is from; an empty string where that was not found."""

    name: str = ""
    email: str = ""
    phone: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        return cls(_text(value["name"]), _text(value["email"]), _text(value["phone"]))


@dataclass(frozen=True, slots=True)
class Document:
    """The text of one file: page by page, a format without pages as one.

    `reader` is "pypdfium2", "pdfminer.six", "docx", "text" or "html".
    """

    media_type: str
    reader: str
    pages: tuple[str, ...]
    flags: tuple[Flag, ...] = ()
    contact: Contact = Contact()

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
        )
