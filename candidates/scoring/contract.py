"""The contract of an engine, and the hooks around its calls."""

from typing import Protocol

from .attacks import Inspection
from .rubric import Rubric, RubricCriterion
from .scorecard import Insight, Scorecard, ScoringOutcome, Usage


class CallHooks(Protocol):
    """Hooks around an engine's calls: shared limits, and a ledger."""

    async def start(self, tokens: int) -> object:
        """Wait until a call of about `tokens` may go; returns an id of the call.

        May raise EngineBusy instead of waiting long.
        """
        ...

    async def settle(self, call: object, outcome: ScoringOutcome) -> None:
        """Note how the call with this id ended; once for each `start`, also when cancelled."""
        ...


class Engine(Protocol):
    """Rates documents. `version` names the prompt or the method, and is part of the fingerprint."""

    name: str
    model: str
    version: str

    async def score(
        self,
        document: str,
        rubric: Rubric,
        *,
        with_insights: bool = False,
        inspection: Inspection | None = None,
    ) -> Scorecard:
        """Return the scorecard, which depends on this document and this rubric alone.

        The document is redacted; quotes carry offsets in it. `with_insights` asks for the insight
        too, in the same call; `inspection` is that of the document, where it is known. Can be
        cancelled. Raises EngineUnavailable, ScoringFailed.
        """
        ...

    async def insights(
        self,
        document: str,
        rubric: Rubric,
        card: Scorecard,
        *,
        inspection: Inspection | None = None,
    ) -> tuple[Insight, Usage]:
        """Return the insight for a document that has its scorecard. Raises as `score` does."""
        ...

    async def suggest(
        self, title: str, description: str
    ) -> tuple[tuple[RubricCriterion, ...], Usage]:
        """Suggest criteria for a role, to be edited by a person. Raises as `score` does."""
        ...

    def estimate(self, document: str, rubric: Rubric, *, with_insights: bool = False) -> Usage:
        """Estimate what `score` will cost, without a call."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...
