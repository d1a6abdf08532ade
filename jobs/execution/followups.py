"""What is asked after the ranking: insights for the best, and a second scoring of a few."""

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from candidates.facts.reason import Reason
from candidates.models import Evaluation, FollowUp
from candidates.models.analysis import InsightsMode
from candidates.models.call import CallPurpose
from candidates.models.followup import FollowUpKind, FollowUpQuerySet, FollowUpStatus
from candidates.models.reason import error_columns
from candidates.scoring import engines, rank
from candidates.scoring.prepare import restore
from candidates.scoring.scorecard import Insight, Scorecard, Usage

from .calls import WorkItem
from .runtime import Runtime
from .turn import Turn
from .work import AdmitGuest, LaneWork

WITHOUT_RESULT: dict[str, Any] = {"score": None, "result": None, **error_columns(None)}


class FollowUpWork(LaneWork[Any]):
    """The follow-ups of one kind."""

    kind: FollowUpKind
    rows: FollowUpQuerySet

    def __init__(self, turn: Turn, runtime: Runtime, admit_guest: AdmitGuest) -> None:
        rows = turn.job.analysis.followups.filter(kind=self.kind)
        super().__init__(turn, runtime, admit_guest, rows)
        self.cards: dict[int, Scorecard] = {}

    def claimable(self) -> FollowUpQuerySet:
        return self.rows

    def launch(self, ids: list[int]) -> None:
        items, answers = self._prepared(ids)
        known = self.known(items)
        answers += [
            _answer(item, FollowUpStatus.DONE, result=self.reused(item, known[item.fingerprint]))
            for item in items
            if item.fingerprint in known
        ]
        self.write(answers)
        self.send([[item] for item in items if item.fingerprint not in known])

    def known(self, items: list[WorkItem]) -> dict[str, Any]:
        """Results that need no call, by fingerprint."""
        return {}

    def reused(self, item: WorkItem, result: Any) -> Any:
        """A known result as it fits this item."""
        return result

    def failed(self, item: WorkItem, reason: Reason) -> dict[str, Any]:
        return _answer(item, FollowUpStatus.FAILED, **error_columns(reason))

    def _prepared(self, ids: list[int]) -> tuple[list[WorkItem], list[dict[str, Any]]]:
        """The rows as the engine takes them, and answers for those that the program fails at."""
        items: list[WorkItem] = []
        answers: list[dict[str, Any]] = []
        rows = FollowUp.objects.filter(pk__in=ids).select_related("evaluation__candidate")
        for row in rows:
            evaluation, candidate = row.evaluation, row.evaluation.candidate
            item = WorkItem(
                row.pk, evaluation.pk, row.deferrals, candidate.text, "", evaluation.fingerprint
            )
            try:
                prepared = restore(candidate.text, candidate.name, candidate.prepared)
                self.cards[row.pk] = Scorecard.from_json(
                    {"ratings": evaluation.ratings, "flags": evaluation.flags}
                )
                items.append(
                    replace(item, document=prepared.document, inspection=prepared.inspection)
                )
            except Exception as error:  # noqa: BLE001 -- a fault at one résumé costs that one
                answers += self.failed_by_fault([item], error)
        return items, answers


class Insights(FollowUpWork):
    """Insights for the best."""

    kind = FollowUpKind.INSIGHT
    purpose = CallPurpose.INSIGHT

    def known(self, items: list[WorkItem]) -> dict[str, Any]:
        """Insights that this owner has already about the same scorecard. One query."""
        scored = Evaluation.objects.all().scored_for(self.analysis.draft.owner_id)
        known = scored.filter(
            fingerprint__in={item.fingerprint for item in items},
            insights__version=engines.WITH_INSIGHTS,
        )
        return dict(known.values_list("fingerprint", "insights"))

    def ask(self, item: WorkItem) -> Coroutine[Any, Any, tuple[Insight, Usage]]:
        return self.engine.insights(
            item.document, self.rubric, self.cards[item.pk], inspection=item.inspection
        )

    def answered(
        self, items: list[WorkItem], answer: tuple[Insight, Usage]
    ) -> list[dict[str, Any]]:
        result = _stored(answer[0], items[0])
        return [_answer(items[0], FollowUpStatus.DONE, result=result)]

    def reused(self, item: WorkItem, result: Any) -> Any:
        # The quotes of another résumé may hold another name in the same place.
        return _stored(Insight.from_json(result), item)


def _stored(insight: Insight, item: WorkItem) -> dict[str, Any]:
    return insight.verbatim(item.text).to_json() | {"version": engines.WITH_INSIGHTS}


class Repeats(FollowUpWork):
    """A second scoring of a few, to see how far two scorings lie apart."""

    kind = FollowUpKind.REPEAT
    purpose = CallPurpose.REPEAT

    def asks_insights(self) -> bool:
        return self.analysis.insights_mode == InsightsMode.ALL  # as it was asked the first time

    def ask(self, item: WorkItem) -> Coroutine[Any, Any, Scorecard]:
        return self.engine.score(
            item.document,
            self.rubric,
            with_insights=self.asks_insights(),
            inspection=item.inspection,
        )

    def answered(self, items: list[WorkItem], answer: Scorecard) -> list[dict[str, Any]]:
        standing = rank.overall_score(self.rubric, answer.ratings)
        ratings = [rating.to_json() for rating in answer.ratings]
        return [_answer(items[0], FollowUpStatus.DONE, score=standing.score, result=ratings)]


def _answer(item: WorkItem, status: FollowUpStatus, **values: Any) -> dict[str, Any]:
    return {**WITHOUT_RESULT, "id": item.pk, "status": status, **values}
