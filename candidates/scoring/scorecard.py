"""What an engine returns, and how a call to a model ended."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from candidates.facts.flags import Flag
from candidates.facts.reason import FailureCode, Reason, ReasonedError

from .reason_codes import InsightCode, RatingCode

MAX_RATING = 4.0
SHAPE_VERSION = "scorecard-2"  # of the JSON: part of every fingerprint, so that none older is read


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim piece of the document, and its start and end there, in characters."""

    text: str
    start: int
    end: int

    def verbatim(self, resume: str) -> Self:
        """Return the quote as it stands in the résumé, of which the document is a redacted copy."""
        return type(self)(resume[self.start : self.end], self.start, self.end)

    def to_json(self) -> dict[str, Any]:
        return {"text": self.text, "start": self.start, "end": self.end}


@dataclass(frozen=True, slots=True)
class Rating:
    """One criterion: 0 (no evidence) to 4 (strong, repeated, recent), and what it rests on.

    `explanation` is what a language model wrote; without a model, `reason` stands in its place.
    """

    criterion: str  # its key
    rating: float
    explanation: str = ""
    quotes: tuple[Quote, ...] = ()
    supported: bool = True
    dropped: int = 0  # quotes that are not in the document
    reason: Reason | None = None

    def verbatim(self, resume: str) -> Self:
        """Return the rating with its quotes as they stand in the résumé."""
        return replace(self, quotes=tuple(quote.verbatim(resume) for quote in self.quotes))

    def to_json(self) -> dict[str, Any]:
        return {
            "criterion": self.criterion,
            "rating": self.rating,
            "explanation": self.explanation,
            "quotes": [quote.to_json() for quote in self.quotes],
            "supported": self.supported,
            "dropped": self.dropped,
            "reason": self.reason and self.reason.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        quotes = tuple(Quote(**quote) for quote in data["quotes"])
        reason = data["reason"] and Reason.from_json(data["reason"], RatingCode)
        return cls(**{**data, "quotes": quotes, "reason": reason})


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls and tokens. `estimated`: the server gave no number of tokens, or an impossible one."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = False

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True)
class Point:
    """A strength, a gap or a question, and the quote that it rests on, if any.

    `explanation` is what a language model wrote; without a model, `reason` stands in its place.
    """

    explanation: str = ""
    quote: Quote | None = None
    reason: Reason | None = None

    def verbatim(self, resume: str) -> Self:
        """Return the point with its quote as it stands in the résumé."""
        return replace(self, quote=self.quote.verbatim(resume)) if self.quote else self

    def to_json(self) -> dict[str, Any]:
        return {
            "explanation": self.explanation,
            "quote": self.quote and self.quote.to_json(),
            "reason": self.reason and self.reason.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(
            data["explanation"],
            data["quote"] and Quote(**data["quote"]),
            data["reason"] and Reason.from_json(data["reason"], InsightCode),
        )


@dataclass(frozen=True, slots=True)
class Insight:
    """Strengths, gaps, and interview questions about the gaps."""

    strengths: tuple[Point, ...]
    gaps: tuple[Point, ...]
    questions: tuple[Point, ...]

    def verbatim(self, resume: str) -> Self:
        """Return the insight with its quotes as they stand in the résumé."""
        return replace(
            self,
            strengths=tuple(point.verbatim(resume) for point in self.strengths),
            gaps=tuple(point.verbatim(resume) for point in self.gaps),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "strengths": [point.to_json() for point in self.strengths],
            "gaps": [point.to_json() for point in self.gaps],
            "questions": [point.to_json() for point in self.questions],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(
            tuple(Point.from_json(point) for point in data["strengths"]),
            tuple(Point.from_json(point) for point in data["gaps"]),
            tuple(Point.from_json(point) for point in data["questions"]),
        )


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A rating for every criterion of the rubric, in its order.

    `mode` is the format that the model was asked for: "json_schema", "json_object" or "text"; ""
    without a model. `model` is the model's name in its answer. `insight` is there where it was
    asked for in the same call.
    """

    ratings: tuple[Rating, ...]
    usage: Usage = Usage()
    flags: tuple[Flag, ...] = ()
    mode: str = ""
    model: str = ""
    insight: Insight | None = None

    def verbatim(self, resume: str) -> Self:
        """Return the card with all quotes as they stand in the résumé.

        Engines see a redacted document of the same length, with blanks in place of names.
        """
        return replace(
            self,
            ratings=tuple(rating.verbatim(resume) for rating in self.ratings),
            insight=self.insight and self.insight.verbatim(resume),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "ratings": [rating.to_json() for rating in self.ratings],
            "usage": asdict(self.usage),
            "flags": [flag.to_json() for flag in self.flags],
            "mode": self.mode,
            "model": self.model,
            "insight": self.insight and self.insight.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Restore what `to_json` returned; everything but the ratings may be missing."""
        insight = data.get("insight")
        return cls(
            ratings=tuple(Rating.from_json(rating) for rating in data["ratings"]),
            usage=Usage(**data.get("usage", {})),
            flags=tuple(map(Flag.from_json, data.get("flags", ()))),
            mode=data.get("mode", ""),
            model=data.get("model", ""),
            insight=Insight.from_json(insight) if insight else None,
        )


# The errors of an engine:
#   EngineUnavailable   nothing works until a person changes something
#   ScoringFailed       this document has no scorecard
#     EngineBusy        ... for now: nothing is wrong with the document
class EngineUnavailable(ReasonedError):
    """Nothing can be scored until a person changes what the reason names."""


class ScoringFailed(ReasonedError):
    """This document has no scorecard.

    `again` says whether another try may help, `after` how many seconds to wait before it. `usage`
    is what the failed calls cost.
    """

    usage = Usage()

    def __init__(self, reason: Reason, *, again: bool = False, after: float | None = None) -> None:
        super().__init__(reason)
        self.again = again
        self.after = after


class EngineBusy(ScoringFailed):
    """The engine cannot take the call now: the document is not to blame, and no try is used up."""

    def __init__(self, reason: Reason, *, retry_after: float) -> None:
        super().__init__(reason, again=True, after=retry_after)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class ScoringOutcome:
    """How one call ended.

    `status` is "answered" (paid for), "refused" (an error came back), "failed" (it never arrived)
    or "unknown" (it left, and no answer was seen: it may have been paid for). `error_code` says
    what went wrong, `http_status` what the server answered, None where nothing came. `model` is the
    one that answered, `mode` how it was asked to.
    """

    status: str
    usage: Usage = Usage()
    error_code: FailureCode | None = None
    http_status: int | None = None
    model: str = ""
    mode: str = ""
