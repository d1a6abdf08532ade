"""Lanes: how a job is worked on.

A lane claims a few evaluations at a time, keeps the engine busy with them, writes answers in
batches and refills. Any number of lanes share a job through row locks. Model calls run in an event
loop; the database is used between its steps, never inside them. Whoever leaves last finishes.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DataError, IntegrityError, transaction

from candidates.models import Analysis, Archive, Evaluation
from candidates.models.analysis import InsightsMode
from candidates.models.analysis import Status as Scored
from candidates.models.claims import MOST_ATTEMPTS
from candidates.scoring import engines, insights, rank
from candidates.scoring.redact import redact
from candidates.scoring.rubric import Rubric
from candidates.scoring.scorecard import (
    Engine,
    EngineUnavailable,
    Scorecard,
    ScoringFailed,
    Usage,
)

from . import finish, readers
from .models import Heartbeat, Job, Lane, LaneQuerySet, Status
from .submit import add_lane, record
from .turn import Turn, Verdict

log = logging.getLogger(__name__)

LEASE = LaneQuerySet.LEASE
FLUSH = 0.25  # seconds between writes; half of what the design allows
IDLE = 0.2  # seconds between looks when what is left is in other hands
A_LANE_FOR = 16  # evaluations; below it another lane costs more than it brings
PAUSE = timedelta(seconds=5)  # before another try of a résumé, growing with each

FAULT = "The program failed at this résumé. The fault has been logged; retry when it is mended."

NOTHING: dict[str, Any] = {  # an answer with no score in it
    "error": "",
    "ratings": [],
    "score": None,
    "must_haves_met": 0,
    "strong": 0,
    "flags": [],
    "insights": None,
    "calls": 0,
    "prompt_tokens": 0,
    "completion_tokens": 0,
    "reused": False,
}


@dataclass(frozen=True, slots=True)
class Work:
    """One claimed evaluation, ready for the engine."""

    pk: int
    attempts: int
    text: str  # as it was read
    document: str  # the same without what no score may rest on; offsets agree
    fingerprint: str


def read(lane_id: int) -> None:
    """Take the lane's turn at reading a draft's new files."""
    turn = Turn.enter(lane_id)
    if turn is None:
        return
    with readers.Reader(turn.lane.draft_id) as reader:
        while turn.look() is Verdict.GO and reader.read_some(turn):
            pass
    with transaction.atomic():
        # Locked first: an upload that saw this lane is committed before we look for its files.
        Lane.objects.filter(pk=turn.lane.pk, token=turn.token).select_for_update().first()
        Lane.objects.filter(pk=turn.lane.pk, token=turn.token).delete()
        if readers.is_due(turn.lane.draft_id):
            add_lane(turn.lane.draft_id, None)


def score(lane_id: int) -> None:
    """Take the lane's turn at scoring its job."""
    turn = Turn.enter(lane_id)
    if turn is None:
        return
    if turn.job.status == Status.PENDING:
        if not _is_unpacked(turn):
            _leave(turn)
            return
        _begin(turn.job)
    if turn.job.is_open and turn.look() is not Verdict.STOP:
        analysis = turn.job.analysis
        try:
            with readers.Reader(turn.lane.draft_id) as reader:
                _Scoring(turn, _engine(analysis.engine, analysis.model), reader).work()
        except EngineUnavailable as error:
            finish.fail(turn.job, str(error) or "The engine cannot work.")
    _leave(turn)


def _is_unpacked(turn: Turn) -> bool:
    """See to it that the draft's archives are unpacked before its candidates are enrolled; False
    when the turn, or the job, ends before that."""
    draft_id = turn.lane.draft_id
    with readers.Reader(draft_id) as reader:
        while Archive.objects.filter(draft=draft_id).open().exists():
            if turn.look() is not Verdict.GO:
                return False
            if not reader.unpack_some(turn):
                time.sleep(IDLE)  # in another worker's hands
    return True


def _begin(job: Job) -> None:
    """Start the job and enrol its candidates: once, however many lanes come at the same time."""
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk).start():
            return
        record(job, "started")
        if not job.analysis.evaluations.exists():  # a retry is of the same candidates
            Evaluation.objects.enrol(job.analysis)
        waiting = job.analysis.evaluations.open().count()
        workers = Heartbeat.objects.workers()
        for _ in range(min(workers, -(-waiting // A_LANE_FOR)) - 1):
            add_lane(job.analysis.draft_id, job)


def _leave(turn: Turn) -> None:
    """End the turn; hand over what is left, or, as the last one out, finish the job."""
    with transaction.atomic():
        # All who leave this job queue here, so that exactly one of them is the last.
        job = Job.objects.select_for_update().filter(pk=turn.job.pk).first()
        if (
            job is None  # erased, and the lane with it
            or not Lane.objects.filter(pk=turn.lane.pk, token=turn.token).delete()[0]
        ):
            return
        others = Lane.objects.filter(job=job)
        if not job.is_open:
            if not others.running().exists():
                finish.rank_late(job)
        elif job.status != Status.PENDING and not job.analysis.evaluations.open().exists():
            finish.finish(job)
        elif not (others.filter(started_at=None) | others.running()).exists():
            add_lane(turn.lane.draft_id, job)


@cache
def _loop() -> asyncio.Runner:
    """One event loop for the life of the worker process: the engines' clients belong to it."""
    return asyncio.Runner()


@cache
def _engine(name: str, model: str) -> Engine:
    """One engine of a kind for the life of the worker process."""
    return engines.make(
        name,
        model,
        api_key=settings.OPENAI_API_KEY,
        base_url=settings.OPENAI_BASE_URL,
        concurrency=settings.EVALUATOR_CONCURRENCY,
    )


class _Scoring:
    """What one lane has in flight."""

    def __init__(self, turn: Turn, engine: Engine, reader: readers.Reader) -> None:
        self.turn = turn
        self.engine = engine
        self.reader = reader
        self.analysis: Analysis = turn.job.analysis
        self.rubric: Rubric = self.analysis.rubric
        self.evaluations = self.analysis.evaluations
        self.slots = asyncio.Semaphore(settings.EVALUATOR_CONCURRENCY)
        # More are claimed than are in flight, so that no slot waits for the database.
        self.most = settings.EVALUATOR_CONCURRENCY * 3 // 2
        self.flight: dict[asyncio.Task[Scorecard], list[Work]] = {}
        self.leased = time.monotonic()

    def work(self) -> None:
        try:
            while self.turn.look() is Verdict.GO:
                if not self._refill() and not self.flight and not self._others_may_bring_more():
                    return
                self._collect(FLUSH)
            self._drain()
        except SystemExit:
            # The queue's time-out: something in hand took all that time, so the attempt counts.
            self.evaluations.all().put_off(self.turn.token, timedelta())
            raise
        finally:
            self._drop()

    def _refill(self) -> bool:
        """Claim as many as there is room for; whether there were any."""
        room = self.most - sum(map(len, self.flight.values()))
        if room <= 0:
            return True
        ids = self.evaluations.scorable().claim(room, self.turn.token, LEASE)
        if ids:
            self._launch(ids)
        return bool(ids)

    def _launch(self, ids: list[int]) -> None:
        rows = Evaluation.objects.filter(pk__in=ids).values_list(
            "pk", "attempts", "candidate__text", "candidate__name"
        )
        works: list[Work] = []
        answers: list[dict[str, Any]] = []
        for pk, attempts, text, name in rows:
            bare = Work(pk, attempts, text, "", "")
            try:
                works.append(self._prepare(bare, name))
            except Exception as error:  # noqa: BLE001 -- as in _collect
                answers += self._at_fault([bare], error)
        known = Evaluation.objects.known(
            self.analysis.draft.owner_id, {work.fingerprint for work in works}
        )
        for work in works:
            if work.fingerprint in known:
                try:
                    card = Scorecard.from_json(known[work.fingerprint])
                    answers.append(self._scored(work, card, reused=True))
                except Exception as error:  # noqa: BLE001 -- as in _collect
                    answers += self._at_fault([work], error)
        self._write(answers)
        same = {group[0].fingerprint: group for group in self.flight.values()}
        loop = _loop().get_loop()
        for work in works:
            if work.fingerprint in known:
                continue
            if work.fingerprint in same:  # two identical résumés cost one call
                same[work.fingerprint].append(work)
                continue
            task = loop.create_task(self._call(work.document))
            same[work.fingerprint] = self.flight[task] = [work]

    def _prepare(self, work: Work, name: str) -> Work:
        document = redact(work.text, name)
        parts = (self.engine.name, self.engine.model, self.engine.version)
        digest = sha256("\0".join((*parts, self.rubric.fingerprint(), document)).encode())
        return replace(work, document=document, fingerprint=digest.hexdigest())

    async def _call(self, document: str) -> Scorecard:
        async with self.slots:
            return await self.engine.score(document, self.rubric)

    def _collect(self, seconds: float) -> None:
        """Let the calls run for a while, and write the answers that came."""
        if time.monotonic() - self.leased > LEASE.total_seconds() / 3:
            self.leased = time.monotonic()
            self.evaluations.all().extend(self.turn.token, LEASE)
        if not self.flight:
            return
        done = _loop().run(_settle(self.flight, seconds))
        answers = []
        unavailable: EngineUnavailable | None = None
        for task in done:
            works = self.flight.pop(task)
            try:
                card = task.result()
                free = Scorecard(card.ratings, Usage(), card.flags)
                answers.append(self._scored(works[0], card))
                answers += [self._scored(work, free, reused=True) for work in works[1:]]
            except EngineUnavailable as error:
                unavailable = error  # raised when what else has come, and is paid for, is written
            except ScoringFailed as error:
                answers += self._failed(works, error)
            # A fault of the program at one résumé must cost that one and no other.
            except Exception as error:  # noqa: BLE001
                answers += self._at_fault(works, error)
        self._write(answers)
        if unavailable is not None:
            raise unavailable

    def _failed(self, works: list[Work], error: ScoringFailed) -> list[dict[str, Any]]:
        """Answers for those whose tries are used up; the others are put off."""
        answers = []
        for work in works:
            if error.again and work.attempts < MOST_ATTEMPTS:
                pause = timedelta(seconds=error.after) if error.after else PAUSE * work.attempts
                self.evaluations.filter(pk=work.pk).put_off(self.turn.token, pause)
            else:
                answers.append(
                    _answer(work, status=Scored.FAILED, error=str(error) or "The engine failed.")
                )
        return answers

    def _scored(self, work: Work, card: Scorecard, *, reused: bool = False) -> dict[str, Any]:
        standing = rank.stand(self.rubric, card.ratings)
        told = _verbatim(card, work.text)
        wants_insights = self.analysis.insights_mode == InsightsMode.ALL
        return _answer(
            work,
            status=Scored.SCORED,
            ratings=[rating.to_json() for rating in told.ratings],
            score=standing.score,
            must_haves_met=standing.must_haves_met,
            strong=standing.strong,
            flags=[flag.to_json() for flag in card.flags],
            insights=insights.compose(self.rubric, told).to_json() if wants_insights else None,
            calls=0 if reused else card.usage.calls,
            prompt_tokens=0 if reused else card.usage.prompt_tokens,
            completion_tokens=0 if reused else card.usage.completion_tokens,
            reused=reused,
        )

    def _at_fault(self, works: list[Work], error: Exception) -> list[dict[str, Any]]:
        # Only the place is logged: the message may hold the résumé's words.
        log.error("evaluation %d: %s", works[0].pk, _place(error))
        return self._failed(works, ScoringFailed(FAULT))

    def _write(self, answers: list[dict[str, Any]]) -> None:
        if not answers:
            return
        try:
            self.evaluations.all().answer(self.turn.token, answers)
        except (DataError, IntegrityError) as error:
            # One answer holds what the database does not take, such as half a character. Left at
            # that, all of them would be asked for, and paid for, again and again.
            if len(answers) > 1:
                for answer in answers:
                    self._write([answer])
                return
            log.error("evaluation %d: %s", answers[0]["id"], _place(error))
            refused = {"id": answers[0]["id"], "fingerprint": "", "status": Scored.FAILED}
            self.evaluations.all().answer(self.turn.token, [{**NOTHING, **refused, "error": FAULT}])

    def _others_may_bring_more(self) -> bool:
        """With nothing to claim and nothing in flight: whether staying makes sense."""
        self.evaluations.give_up()
        if self.reader.read_some(self.turn):
            return True
        self.evaluations.close_unreadable()
        if not self.evaluations.open().exists():
            return False
        if Lane.objects.filter(job=self.turn.job).exclude(pk=self.turn.lane.pk).running().exists():
            return False
        # Files in a reader's hands, a pause before another try, or a dead lane's lease.
        time.sleep(IDLE)
        return True

    def _drain(self) -> None:
        """Take no more; wait a while for answers on their way, which are paid for."""
        if self.turn.verdict is Verdict.STOP or not self.flight:
            return
        if self.evaluations.scorable().due().exists():
            with transaction.atomic():
                add_lane(self.turn.lane.draft_id, self.turn.job)
        self._cancel_unstarted()
        until = time.monotonic() + self.turn.drain_seconds
        while self.flight and time.monotonic() < until:
            if self.turn.look() is Verdict.STOP:
                return
            self._collect(FLUSH)

    def _cancel_unstarted(self) -> None:
        """Give back at once what was claimed ahead."""
        asked = list(self.flight)[settings.EVALUATOR_CONCURRENCY :]
        for task in asked:
            task.cancel()
            ids = [work.pk for work in self.flight.pop(task)]
            self.evaluations.filter(pk__in=ids).give_back(self.turn.token)

    def _drop(self) -> None:
        """Stop what is still in flight and give back what is still held."""
        if self.flight:
            _loop().run(_cancel(self.flight))
            self.flight.clear()
        self.evaluations.all().give_back(self.turn.token)


def _place(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {where.name}, {Path(where.filename).name}:{where.lineno}"


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


async def _settle(
    flight: Iterable[asyncio.Task[Scorecard]], seconds: float
) -> set[asyncio.Task[Scorecard]]:
    done, _ = await asyncio.wait(flight, timeout=seconds)
    return done


async def _cancel(tasks: Iterable[asyncio.Task[Scorecard]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
