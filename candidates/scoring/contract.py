"""The contract that every engine keeps."""

from typing import Protocol

from .attacks import Look
from .rubric import Rubric, RubricCriterion
from .scorecard import Insight, Scorecard, Usage


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
        look: Look | None = None,
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
        look: Look | None = None,
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
