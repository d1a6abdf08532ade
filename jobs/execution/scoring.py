"""Scoring the evaluations of one job: reuse known scores, ask for the rest, write the answers."""

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from django.db.models import F

from candidates.facts.reason import Reason
from candidates.models import Evaluation, EvaluationCount, EvaluationQuerySet
from candidates.models.analysis import EvaluationStatus, InsightsMode
from candidates.models.call import CallPurpose
from candidates.models.candidate import CandidateStatus
from candidates.models.reason import error_columns
from candidates.scoring import engines, insights, rank
from candidates.scoring.engines import LOCAL
from candidates.scoring.fingerprint import document_key, fingerprint, prefix
from candidates.scoring.prepare import restore
from candidates.scoring.scorecard import Scorecard

from .calls import WorkItem
from .reading import Reader
from .runtime import Runtime
from .turn import Turn, TurnVerdict
from .work import AdmitGuest, LaneWork

REUSED_PER_BATCH = 500

UNSCORED: dict[str, Any] = {  # an answer without a score
    **error_columns(None),
    "ratings": [],
    "score": None,
    "must_haves_met": 0,
    "strong": 0,
    "flags": [],
    "insights": None,
    "reused": False,
}


class Scoring(LaneWork[Scorecard]):
    """The first scoring of every evaluation of a job."""

    purpose = CallPurpose.SCORE
    rows: EvaluationQuerySet

    def __init__(
        self, turn: Turn, runtime: Runtime, admit_guest: AdmitGuest, reader: Reader
    ) -> None:
        super().__init__(turn, runtime, admit_guest, turn.job.analysis.evaluations.all())
        self.reader = reader
        self.owner_id = self.analysis.draft.owner_id
        # By the prompt that is sent now: a deploy may have changed it since the job was asked for.
        version = engines.version(self.analysis.engine, with_insights=self.asks_insights())
        self.prefix = prefix(self.analysis.engine, self.analysis.model, version, self.rubric)

    def run(self) -> None:
        # Looking through all rows that wait, at each turn, is what a large job would spend the
        # database on. Once one is scored anew, known scores are looked up batch by batch.
        counted = EvaluationCount.objects.filter(pk=self.analysis.pk)
        if not counted.filter(scored__gt=F("reused")).exists():
            self._reuse_known()
        super().run()

    def _reuse_known(self) -> None:
        """Write known scores for all rows that they fit, `REUSED_PER_BATCH` at a time."""
        while self.turn.check() is TurnVerdict.CONTINUE:
            fitting = self.claimable().reusable(self.prefix, self.owner_id)
            ids = self.claims.claim(fitting, REUSED_PER_BATCH)
            if not ids:
                return
            rows = Evaluation.objects.filter(pk__in=ids).values_list(
                "pk", "candidate__text", "candidate__redacted_key"
            )
            items = [
                WorkItem(pk, pk, 0, text, "", fingerprint(self.prefix, key))
                for pk, text, key in rows
            ]
            known = self._known(items)
            answers: list[dict[str, Any]] = []
            for item in items:
                if item.fingerprint in known:  # else it was erased meanwhile, and is released
                    answers += self._reused(item, known[item.fingerprint])
            self.write(answers)
            if len(answers) < len(ids):
                self.claims.release_all()
                return

    def claimable(self) -> EvaluationQuerySet:
        return self.rows.of_read_files()

    def launch(self, ids: list[int]) -> None:
        items, answers = self._prepared(ids)
        known = self._known(items)
        pending = {call.items[0].fingerprint: call.items for call in self.calls.pending}
        groups: dict[str, list[WorkItem]] = {}
        for item in items:
            if item.fingerprint in known:
                answers += self._reused(item, known[item.fingerprint])
            elif item.fingerprint in pending:  # two identical résumés cost one call
                pending[item.fingerprint].append(item)
            else:
                groups.setdefault(item.fingerprint, []).append(item)
        self.write(answers)
        self.send(list(groups.values()))

    def asks_insights(self) -> bool:
        return self.analysis.insights_mode == InsightsMode.ALL

    def ask(self, item: WorkItem) -> Coroutine[Any, Any, Scorecard]:
        return self.engine.score(
            item.document,
            self.rubric,
            with_insights=self.asks_insights(),
            inspection=item.inspection,
        )

    def answered(self, items: list[WorkItem], answer: Scorecard) -> list[dict[str, Any]]:
        return [self._scored(item, answer, reused=place > 0) for place, item in enumerate(items)]

    def failed(self, item: WorkItem, reason: Reason) -> dict[str, Any]:
        return _answer(item, status=EvaluationStatus.FAILED, **error_columns(reason))

    def is_over(self) -> bool:
        if self.reader.read_some(self.turn):
            return False
        return super().is_over()

    def _prepared(self, ids: list[int]) -> tuple[list[WorkItem], list[dict[str, Any]]]:
        """The rows as the engine takes them, and answers for those of unreadable files and those
        that the program fails at."""
        rows = Evaluation.objects.filter(pk__in=ids).values_list(
            "pk",
            "deferrals",
            "candidate__status",
            "candidate__text",
            "candidate__name",
            "candidate__prepared",
        )
        items: list[WorkItem] = []
        answers: list[dict[str, Any]] = []
        for pk, deferrals, file_status, text, name, spans in rows:
            item = WorkItem(pk, pk, deferrals, text, "", "")
            if file_status == CandidateStatus.UNREADABLE:
                answers.append(_answer(item, status=EvaluationStatus.UNREADABLE))
                continue
            try:
                prepared = restore(text, name, spans)
                key = fingerprint(self.prefix, document_key(prepared.document))
                items.append(
                    replace(
                        item,
                        document=prepared.document,
                        inspection=prepared.inspection,
                        fingerprint=key,
                    )
                )
            except Exception as error:  # noqa: BLE001 -- a fault at one résumé costs that one
                answers += self.failed_by_fault([item], error)
        return items, answers

    def _known(self, items: list[WorkItem]) -> dict[str, dict[str, Any]]:
        """Scorecards that the owner has already, by fingerprint. One query."""
        return Evaluation.objects.known(self.owner_id, {item.fingerprint for item in items})

    def _reused(self, item: WorkItem, known: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            return [self._scored(item, Scorecard.from_json(known), reused=True)]
        except Exception as error:  # noqa: BLE001 -- a fault at one résumé costs that one
            return self.failed_by_fault([item], error)

    def _scored(self, item: WorkItem, card: Scorecard, *, reused: bool) -> dict[str, Any]:
        standing = rank.overall_score(self.rubric, card.ratings)
        verbatim = card.verbatim(item.text)
        return _answer(
            item,
            status=EvaluationStatus.SCORED,
            ratings=[rating.to_json() for rating in verbatim.ratings],
            score=standing.score,
            must_haves_met=standing.must_haves_met,
            strong=standing.strong,
            flags=[flag.to_json() for flag in card.flags],
            insights=self._insights(verbatim) if self.asks_insights() else None,
            reused=reused,
        )

    def _insights(self, card: Scorecard) -> dict[str, Any] | None:
        if self.analysis.engine == LOCAL:
            return insights.compose(self.rubric, card).to_json()
        return card.insight.to_json() if card.insight else None


def _answer(item: WorkItem, **values: Any) -> dict[str, Any]:
    return {**UNSCORED, "id": item.pk, "fingerprint": item.fingerprint, **values}
