"""What is asked after the ranking: insights for the best, and a second scoring of a few."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from candidates.facts.reason import Reason
from candidates.models import Evaluation, FollowUp
from candidates.models.analysis import InsightsMode
from candidates.models.call import CallPurpose
from candidates.models.followup import FollowUpKind, FollowUpQuerySet, FollowUpStatus
from candidates.models.reason import error_columns
from candidates.scoring import engines, rank
from candidates.scoring.prepare import recall
from candidates.scoring.scorecard import Insight, Scorecard, Usage

from .flight import Flight, Work
from .turn import Turn

NOTHING: dict[str, Any] = {"score": None, "result": None, **error_columns(None)}


class FollowingUp(Flight[Any]):
    """One kind of follow-up."""

    kind: FollowUpKind
    rows: FollowUpQuerySet

    def __init__(self, turn: Turn, host: Callable[[int], None]) -> None:
        super().__init__(turn, host)
        self.rows = self.analysis.followups.filter(kind=self.kind)
        self.cards: dict[int, Scorecard] = {}

    def claimable(self) -> FollowUpQuerySet:
        return self.rows

    def launch(self, ids: list[int]) -> None:
        works = []
        answers: list[dict[str, Any]] = []
        rows = FollowUp.objects.filter(pk__in=ids).select_related("evaluation__candidate")
        for row in rows:
            one = row.evaluation
            bare = Work(row.pk, one.pk, row.deferrals, one.candidate.text, "", one.fingerprint)
            try:
                prepared = recall(bare.text, one.candidate.name, one.candidate.prepared)
                self.cards[row.pk] = Scorecard.from_json(
                    {"ratings": one.ratings, "flags": one.flags}
                )
                works.append(replace(bare, document=prepared.document, look=prepared.look))
            except Exception as error:  # noqa: BLE001 -- a fault at one résumé costs that one
                answers += self.at_fault([bare], error)
        known = self.known(works)
        answers += [
            {
                **NOTHING,
                "id": work.pk,
                "status": FollowUpStatus.DONE,
                "result": known[work.fingerprint],
            }
            for work in works
            if work.fingerprint in known
        ]
        self.write(answers)
        self.send([work for work in works if work.fingerprint not in known])

    def known(self, works: list[Work]) -> dict[str, Any]:
        """Results that need no call, by fingerprint."""
        return {}

    def failed(self, work: Work, error: Reason) -> dict[str, Any]:
        failed = {"id": work.pk, "status": FollowUpStatus.FAILED, **error_columns(error)}
        return {**NOTHING, **failed}


class Insights(FollowingUp):
    kind = FollowUpKind.INSIGHT
    purpose = CallPurpose.INSIGHT

    def known(self, works: list[Work]) -> dict[str, Any]:
        """Insights that this owner already has about the same scorecard."""
        found = Evaluation.objects.filter(
            fingerprint__in={work.fingerprint for work in works},
            analysis__draft__owner=self.analysis.draft.owner_id,
            insights__version=engines.WITH_INSIGHTS,
        )
        return dict(found.values_list("fingerprint", "insights"))

    def ask(self, work: Work) -> Coroutine[Any, Any, tuple[Insight, Usage]]:
        return self.engine.insights(work.document, self.rubric, self.cards[work.pk], look=work.look)

    def answered(self, works: list[Work], answer: tuple[Insight, Usage]) -> list[dict[str, Any]]:
        result = answer[0].to_json() | {"version": engines.WITH_INSIGHTS}
        return [{**NOTHING, "id": works[0].pk, "status": FollowUpStatus.DONE, "result": result}]


class Repeats(FollowingUp):
    kind = FollowUpKind.REPEAT
    purpose = CallPurpose.REPEAT

    def asks_insights(self) -> bool:
        return self.analysis.insights_mode == InsightsMode.ALL  # as it was asked the first time

    def ask(self, work: Work) -> Coroutine[Any, Any, Scorecard]:
        return self.engine.score(
            work.document, self.rubric, with_insights=self.asks_insights(), look=work.look
        )

    def answered(self, works: list[Work], answer: Scorecard) -> list[dict[str, Any]]:
        standing = rank.stand(self.rubric, answer.ratings)
        ratings = [rating.to_json() for rating in answer.ratings]
        return [
            {
                **NOTHING,
                "id": works[0].pk,
                "status": FollowUpStatus.DONE,
                "score": standing.score,
                "result": ratings,
            }
        ]
