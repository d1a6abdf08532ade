"""The values that facts are handed on as: frozen, and the same after a trip through JSON."""

from dataclasses import asdict, dataclass
from typing import Any, Self


def valid_text(value: Any) -> str:
    """`value` if it is text that a database can keep: no NUL, no half of a character."""
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("Expected text without NUL.")
    value.encode()  # UnicodeEncodeError is a ValueError
    return value


def valid_share(value: Any) -> float:
    if not isinstance(value, (int, float)) or not 0.0 <= value <= 1.0:
        raise ValueError("Expected a share between 0 and 1.")
    return float(value)


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
        return cls(valid_text(value["kind"]), start, end, valid_share(value["confidence"]))


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
        if not valid_text(value["url"]).startswith(("https://", "http://")):
            raise ValueError("Expected an address on the web.")
        return cls(valid_text(value["kind"]), value["url"], valid_share(value["confidence"]))


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
            valid_text(value["name"]),
            valid_text(value["email"]),
            valid_text(value["phone"]),
            tuple(Link.from_json(link) for link in value["links"]),
            valid_share(value["name_confidence"]),
            valid_share(value["email_confidence"]),
            valid_share(value["phone_confidence"]),
        )
