"""What an engine returns, and the contract it keeps."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

from candidates.facts.reason import FailureCode, Reason, ReasonedError

from .rubric import Rubric, RubricCriterion

if TYPE_CHECKING:
    from .attacks import Look

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
    """What a scorecard cost. `estimated`: a server did not say, or said what cannot be."""

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
class ScoringFlag:
    """Something a reviewer should know: `kind` is a fixed word with hyphens, `found` what it is.

    A flag never lowers a score.
    """

    kind: str
    found: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Point:
    """One sentence, and the quote it points to ("" where there is none)."""

    text: str
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Insight:
    """Strengths, gaps, and questions for an interview that aim at the gaps."""

    strengths: tuple[Point, ...]
    gaps: tuple[Point, ...]
    questions: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(
            tuple(Point(**point) for point in data["strengths"]),
            tuple(Point(**point) for point in data["gaps"]),
            tuple(data["questions"]),
        )


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A rating for every criterion of the rubric, in its order.

    `mode` is how the model was asked for its answer: "json_schema", "json_object" or "text"; ""
    where no model was asked. `model` is the one that answered, by its own word. `insight` is there
    when it was asked for in the same call.
    """

    ratings: tuple[Rating, ...]
    usage: Usage = Usage()
    flags: tuple[ScoringFlag, ...] = ()
    mode: str = ""
    model: str = ""
    insight: Insight | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From what to_json gave, or any part of it that has the ratings."""
        insight = data.get("insight")
        return cls(
            ratings=tuple(Rating.from_json(rating) for rating in data["ratings"]),
            usage=Usage(**data.get("usage", {})),
            flags=tuple(ScoringFlag(flag["kind"], flag["found"]) for flag in data.get("flags", ())),
            mode=data.get("mode", ""),
            model=data.get("model", ""),
            insight=Insight.from_json(insight) if insight else None,
        )


# What can go wrong:
#   EngineUnavailable   nothing works until somebody mends it
#   ScoringFailed       this document has no scorecard
#     EngineBusy        ... for now: nothing is wrong with the document
class EngineUnavailable(ReasonedError):
    """Nothing can be scored until a person changes what the reason names."""


class ScoringFailed(ReasonedError):
    """This document has no scorecard.

    `again` says whether another try may help, `after` how many seconds to wait before it. `usage`
    is what was paid for nothing.
    """

    usage = Usage()

    def __init__(self, reason: Reason, *, again: bool = False, after: float | None = None) -> None:
        super().__init__(reason)
        self.again = again
        self.after = after


class EngineBusy(ScoringFailed):
    """The engine cannot take the call now; no fault of the document's, and no try of its own."""

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


class Calls(Protocol):
    """What its owner hangs on an engine's calls: limits that are shared, and a ledger."""

    async def start(self, tokens: int) -> object:
        """Wait for room for a call of about `tokens`; what comes back names the call.

        May raise EngineBusy instead of waiting long.
        """
        ...

    async def settle(self, call: object, outcome: ScoringOutcome) -> None:
        """The call named `call` is over. Called once for each start, also when cancelled."""
        ...


class Engine(Protocol):
    """Rates documents. `version` is of the prompt or of the method: it is in the fingerprint."""

    name: str
    model: str
    version: str

    async def score(
        self,
        document: str,
        rubric: Rubric,
        *,
        with_insights: bool = False,
        look: "Look | None" = None,
    ) -> Scorecard:
        """The scorecard of this document by this rubric, and of nothing else besides.

        The document is redacted already; quotes carry offsets in it. `with_insights` asks for the
        insight too, in the same call; `look` is what `attacks.look` found in the document, where
        that is known. Can be cancelled. Raises EngineUnavailable, ScoringFailed.
        """
        ...

    async def insights(
        self,
        document: str,
        rubric: Rubric,
        card: Scorecard,
        *,
        look: "Look | None" = None,
    ) -> tuple[Insight, Usage]:
        """The narrative for a document that has its scorecard. Raises as `score` does."""
        ...

    async def suggest(
        self, title: str, description: str
    ) -> tuple[tuple[RubricCriterion, ...], Usage]:
        """Criteria for a role, to be edited by a person. Raises as `score` does."""
        ...

    def estimate(self, document: str, rubric: Rubric, *, with_insights: bool = False) -> Usage:
        """About what `score` will cost, without asking anybody."""
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...
