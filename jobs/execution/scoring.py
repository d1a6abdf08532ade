"""Scoring the evaluations of one job: reuse what is known, ask for the rest, write what came."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from candidates.facts.reason import Reason
from candidates.models import Evaluation, EvaluationQuerySet
from candidates.models.analysis import EvaluationStatus, InsightsMode
from candidates.models.call import CallPurpose
from candidates.models.reason import error_columns
from candidates.scoring import engines, insights, rank
from candidates.scoring.engines import LOCAL
from candidates.scoring.fingerprint import document_key, fingerprint, prefix
from candidates.scoring.prepare import recall
from candidates.scoring.scorecard import Scorecard

from . import reading
from .flight import LEASE, Flight, Work
from .turn import Turn, TurnVerdict

REUSED_AT_A_TIME = 500

NOTHING: dict[str, Any] = {  # an answer with no score in it
    **error_columns(None),
    "ratings": [],
    "score": None,
    "must_haves_met": 0,
    "strong": 0,
    "flags": [],
    "insights": None,
    "reused": False,
}


class Scoring(Flight[Scorecard]):
    purpose = CallPurpose.SCORE
    rows: EvaluationQuerySet

    def __init__(self, turn: Turn, host: Callable[[int], None], reader: reading.Reader) -> None:
        super().__init__(turn, host)
        self.reader = reader
        self.rows = self.analysis.evaluations.all()
        # By the prompt that is sent now: a deploy may have changed it since the job was asked for.
        version = engines.version(self.analysis.engine, with_insights=self.asks_insights())
        self.shared = prefix(self.analysis.engine, self.analysis.model, version, self.rubric)

    def work(self) -> None:
        # Looking through all that wait, at each turn, is what a large job spends the database on.
        # Once one is scored anew, what is known besides is found batch by batch.
        if not self.rows.filter(status=EvaluationStatus.SCORED, reused=False).exists():
            self._reuse()
        super().work()

    def _reuse(self) -> None:
        """Give scores that are known already to all that they fit, many at a time."""
        owner = self.analysis.draft.owner_id
        while self.turn.look() is TurnVerdict.GO:
            fitting = self.claimable().reusable(self.shared, owner)
            ids = fitting.claim(REUSED_AT_A_TIME, self.turn.token, LEASE)
            if not ids:
                return
            rows = Evaluation.objects.filter(pk__in=ids).values_list(
                "pk", "candidate__text", "candidate__redacted_key"
            )
            works = [
                Work(pk, pk, 0, text, "", fingerprint(self.shared, key)) for pk, text, key in rows
            ]
            known = Evaluation.objects.known(owner, {work.fingerprint for work in works})
            answers: list[dict[str, Any]] = []
            for work in works:
                if work.fingerprint in known:  # else it was erased meanwhile, and is given back
                    answers += self._reused(work, known[work.fingerprint])
            self.write(answers)
            if len(answers) < len(ids):
                self.rows.give_back(self.turn.token)
                return

    def claimable(self) -> EvaluationQuerySet:
        return self.rows.scorable()

    def launch(self, ids: list[int]) -> None:
        rows = Evaluation.objects.filter(pk__in=ids).values_list(
            "pk",
            "deferrals",
            "candidate__text",
            "candidate__name",
            "candidate__prepared",
        )
        works: list[Work] = []
        answers: list[dict[str, Any]] = []
        for pk, deferrals, text, name, kept in rows:
            bare = Work(pk, pk, deferrals, text, "", "")
            try:
                works.append(self._prepare(bare, name, kept))
            except Exception as error:  # noqa: BLE001 -- a fault at one résumé costs that one
                answers += self.at_fault([bare], error)
        known = Evaluation.objects.known(
            self.analysis.draft.owner_id, {work.fingerprint for work in works}
        )
        same = {group[0].fingerprint: group for group in self.flight.values()}
        fresh: dict[str, list[Work]] = {}
        for work in works:
            if work.fingerprint in known:
                answers += self._reused(work, known[work.fingerprint])
            elif work.fingerprint in same:  # two identical résumés cost one call
                same[work.fingerprint].append(work)
            else:
                fresh.setdefault(work.fingerprint, []).append(work)
        self.write(answers)
        self.send([group[0] for group in fresh.values()])
        sent = {group[0].fingerprint: group for group in self.flight.values()}
        for twins in fresh.values():
            if twins[0].fingerprint in sent:
                sent[twins[0].fingerprint] += twins[1:]
            elif twins[1:]:
                ids = [work.pk for work in twins[1:]]
                self.rows.filter(pk__in=ids).give_back(self.turn.token)

    def asks_insights(self) -> bool:
        return self.analysis.insights_mode == InsightsMode.ALL

    def ask(self, work: Work) -> Coroutine[Any, Any, Scorecard]:
        return self.engine.score(
            work.document, self.rubric, with_insights=self.asks_insights(), look=work.look
        )

    def answered(self, works: list[Work], card: Scorecard) -> list[dict[str, Any]]:
        return [self._scored(work, card, reused=place > 0) for place, work in enumerate(works)]

    def failed(self, work: Work, error: Reason) -> dict[str, Any]:
        return _answer(work, status=EvaluationStatus.FAILED, **error_columns(error))

    def is_over(self) -> bool:
        if self.reader.read_some(self.turn):
            return False
        self.rows.close_unreadable()
        return super().is_over()

    def _prepare(self, work: Work, name: str, kept: dict[str, Any]) -> Work:
        prepared = recall(work.text, name, kept)
        return replace(
            work,
            document=prepared.document,
            look=prepared.look,
            fingerprint=fingerprint(self.shared, document_key(prepared.document)),
        )

    def _reused(self, work: Work, known: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            return [self._scored(work, Scorecard.from_json(known), reused=True)]
        except Exception as error:  # noqa: BLE001 -- a fault at one résumé costs that one
            return self.at_fault([work], error)

    def _scored(self, work: Work, card: Scorecard, *, reused: bool) -> dict[str, Any]:
        standing = rank.stand(self.rubric, card.ratings)
        told = _verbatim(card, work.text)
        return _answer(
            work,
            status=EvaluationStatus.SCORED,
            ratings=[rating.to_json() for rating in told.ratings],
            score=standing.score,
            must_haves_met=standing.must_haves_met,
            strong=standing.strong,
            flags=[flag.to_json() for flag in card.flags],
            insights=self._insights(told) if self.asks_insights() else None,
            reused=reused,
        )

    def _insights(self, card: Scorecard) -> dict[str, Any] | None:
        if self.analysis.engine == LOCAL:
            return insights.compose(self.rubric, card).to_json()
        return card.insight.to_json() if card.insight else None


def _verbatim(card: Scorecard, text: str) -> Scorecard:
    """The card with its quotes as they stand in the résumé, where the engine saw blanks."""
    return replace(
        card,
        ratings=tuple(
            replace(
                rating,
                quotes=tuple(replace(q, text=text[q.start : q.end]) for q in rating.quotes),
            )
            for rating in card.ratings
        ),
    )


def _answer(work: Work, **values: Any) -> dict[str, Any]:
    return {**NOTHING, "id": work.pk, "fingerprint": work.fingerprint, **values}
