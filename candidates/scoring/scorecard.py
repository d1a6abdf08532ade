"""What an engine returns, and the contract it keeps."""

from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self

from .rubric import Rubric

STRONGEST = 4.0


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim piece of the document, and where it stands there, in characters."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rating:
    """One criterion: 0 (no evidence) to 4 (strong, repeated, recent), and what it rests on."""

    criterion: str  # its key
    rating: float
    reason: str
    quotes: tuple[Quote, ...] = ()
    supported: bool = True
    dropped: int = 0  # quotes that were not found in the document

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**{**data, "quotes": tuple(Quote(**quote) for quote in data["quotes"])})


@dataclass(frozen=True, slots=True)
class Usage:
    """What a scorecard cost."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A rating for every criterion of the rubric, in its order."""

    ratings: tuple[Rating, ...]
    usage: Usage = Usage()
    flags: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        ratings = tuple(Rating.from_json(rating) for rating in data["ratings"])
        return cls(ratings, Usage(**data.get("usage", {})), tuple(data.get("flags", ())))


class EngineUnavailable(Exception):
    """Nothing can be scored until somebody mends what the message says."""


class ScoringFailed(Exception):
    """This document has no scorecard; the message says why.

    `again` says whether another try may help, `after` how many seconds to wait before it.
    """

    def __init__(self, message: str, *, again: bool = False, after: float | None = None) -> None:
        super().__init__(message)
        self.again = again
        self.after = after


class Engine(Protocol):
    """Rates documents. `version` is of the prompt or of the method: it is in the fingerprint."""

    name: str
    model: str
    version: str

    async def score(self, document: str, rubric: Rubric) -> Scorecard:
        """The scorecard of this document by this rubric, and of nothing else besides.

        The document is redacted already; quotes carry offsets in it. Can be cancelled. Raises
        EngineUnavailable and ScoringFailed.
        """
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...
