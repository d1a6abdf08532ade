"""What flags and must-haves are called on a page."""

from dataclasses import dataclass
from typing import Any

from candidates.scoring import rank

KINDS = {
    "mislabelled": "The file is not what its name says",
    "mixed-encodings": "The text mixes two encodings",
    "hidden-text": "Text that a reader would not see was left out",
    "hidden-characters": "Characters that cannot be seen were removed",
    "macros": "The file carries a program, which was not run",
    "attachment-unreadable": "Something attached to the message was not read",
    "page-unreadable": "A page could not be read",
    "letters-lost": "Some letters could not be told",
    "copies-description": "A large part of the job description stands in the résumé word for word",
}
STANDINGS = {
    rank.Met.MET: ("met", "met"),
    rank.Met.UNCLEAR: ("unclear", "unclear"),
    rank.Met.NOT_FOUND: ("missing", "not found"),
}


@dataclass(frozen=True, slots=True)
class Note:
    """A flag in words: what it is, what exactly was found, and on which page."""

    what: str
    found: str = ""
    page: int | None = None


def words(kind: str) -> str:
    """The sentence for a kind of flag; a kind without one is shown as its own words."""
    return KINDS.get(kind) or kind.replace("-", " ").capitalize()


def reading_flags(flags: list[dict[str, Any]]) -> list[Note]:
    return [Note(words(flag["kind"]), flag["found"], flag["page"]) for flag in flags]


def scoring_flags(flags: list[str]) -> list[Note]:
    return [Note(words(kind)) for kind in flags]
