"""Flags: what a reviewer should know about a file or its text, as values.

A flag is a kind with parameters. `candidates.pages.flags` makes the words where it is shown, in the
reader's language. Text of a résumé is never stored in a flag: it points into the text instead.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from .values import valid_text

type FlagParam = int | str | list[int]
type Span = tuple[int, int]  # from the first character to the one behind the last

CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_CODE_CHARACTERS = 40


class FlagKind(StrEnum):
    """What was noticed; `param_names` are the parameters that a flag of the kind may have.

    The values are stored and exported: a member may be added, never renamed.
    """

    param_names: frozenset[str]

    def __new__(cls, value: str, *param_names: str) -> "FlagKind":
        member = str.__new__(cls, value)
        member._value_ = value
        member.param_names = frozenset(param_names)
        return member

    # About the file
    MISLABELLED = "mislabelled", "extension", "actual"
    MIXED_ENCODINGS = "mixed-encodings"
    MACROS = "macros"
    ATTACHMENT_UNREADABLE = "attachment-unreadable", "problem", "limit", "cause"
    PART_UNREADABLE = "part-unreadable", "problem"
    INCOMPLETE = "incomplete"
    PAGE_UNREADABLE = "page-unreadable"
    RECOGNISED = "recognised", "confidence"
    RECOGNISED_BADLY = "recognised-badly", "confidence"
    PAGES_NOT_RECOGNISED = "pages-not-recognised", "pages", "cause"
    UNCHECKED = "unchecked"
    LETTERS_LOST = "letters-lost", "percent"
    NO_RESUME = "no-resume", "looks-like"
    TWO_PEOPLE = "two-people"

    # About its letters; of hidden characters each parameter is a count
    LOOK_ALIKE_LETTERS = "look-alike-letters"
    HIDDEN_CHARACTERS = (
        "hidden-characters",
        "zero-width-space",
        "zero-width-non-joiner",
        "zero-width-joiner",
        "word-joiner",
        "zero-width-no-break-space",
        "mongolian-vowel-separator",
        "combining-grapheme-joiner",
        "hangul-filler",
        "direction-mark",
        "invisible-operator",
        "tag-character",
        "variation-selector",
    )

    # About its text, when it is scored
    COPIES_DESCRIPTION = "copies-description"
    INSTRUCTS_THE_MODEL = "instructs-the-model"
    FAKE_TURN = "fake-turn"
    FAKE_DELIMITER = "fake-delimiter"
    FAKE_ANSWER = "fake-answer"
    ENCODED_INSTRUCTIONS = "encoded-instructions"
    REMOTE_IMAGE = "remote-image"
    KEYWORD_STUFFING = "keyword-stuffing"
    INVISIBLE_CHARACTERS = "invisible-characters"
    SHORTENED = "shortened", "percent"


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a reviewer should know. A flag never lowers a score.

    `params` are numbers and codes. `page` is counted from 1, and None where the format has no pages
    or the flag is about the whole file. `file` is the name of the attachment or inner file that it
    is about. `spans` are the passages of the text that it is about.
    """

    kind: FlagKind
    params: Mapping[str, FlagParam] = field(default_factory=dict)
    page: int | None = None
    file: str = ""
    spans: tuple[Span, ...] = ()

    def moved(self, characters: int) -> Self:
        """The flag with its spans so many characters further on."""
        spans = tuple((start + characters, end + characters) for start, end in self.spans)
        return replace(self, spans=spans)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The flag again; KeyError, TypeError or ValueError for anything else."""
        kind, page = FlagKind(value["kind"]), value["page"]
        if not isinstance(value["params"], dict) or not value["params"].keys() <= kind.param_names:
            raise ValueError(f"Expected parameters of a flag {kind}.")
        params = {name: _valid_param(param) for name, param in value["params"].items()}
        return cls(
            kind,
            params,
            None if page is None else int(page),
            valid_text(value["file"]),
            tuple(_valid_span(*span) for span in value["spans"]),
        )


def _valid_param(value: Any) -> FlagParam:
    if isinstance(value, list):
        return [_valid_number(number) for number in value]
    if isinstance(value, str):
        if len(value) > MAX_CODE_CHARACTERS or not CODE.fullmatch(value):
            raise ValueError("Expected a code in small letters.")
        return value
    return _valid_number(value)


def _valid_number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("Expected a number.")
    return value


def _valid_span(start: Any, end: Any) -> Span:
    if not _valid_number(start) < _valid_number(end):
        raise ValueError("Expected a span of at least one character.")
    return start, end
