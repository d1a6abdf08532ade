"""One lane at work on many rows: claim, call the engine, write the answers, claim more.

What is claimed, called and written differs between scoring and follow-ups, and stands there. Calls
run in `calls.py`, claims are held in `claims.py`, `retry.py` decides about a call that failed.
"""

import asyncio
import logging
import math
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models.functions import Now

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Call, EvaluationQuerySet
from candidates.models.call import CallPurpose, CallStatus
from candidates.models.claims import ordered_by_index
from candidates.models.followup import FollowUpQuerySet
from candidates.scoring.retry import GiveUp, Retry
from candidates.scoring.scorecard import EngineUnavailable, ScoringFailed
from jobs import tracing
from jobs.models import Lane
from jobs.models.lane import LANE_LEASE

from . import pause, retry
from .calls import Calls, PendingCall, WorkItem
from .claims import Claims, fair_share
from .ledger import Ticket, discard, reserve
from .runtime import Runtime
from .submit import add_lane
from .turn import Host, Turn, TurnVerdict

log = logging.getLogger(__name__)

MIN_LIMIT_DELAY_SECONDS, MAX_LIMIT_DELAY_SECONDS = 0.05, 5.0  # where a limit holds rows back
PROGRAM_FAULT = Reason(FailureCode.PROGRAM_FAILED)

type AdmitGuest = Callable[[int, Runtime, Host], None]


class EngineSilent(EngineUnavailable):
    """The engine has been busy, or out of reach, for longer than a person should wait unasked."""


class LaneWork[Answer](ABC):
    """Work of a turn at the rows of one kind."""

    purpose: CallPurpose

    def __init__(
        self,
        turn: Turn,
        runtime: Runtime,
        admit_guest: AdmitGuest,
        rows: EvaluationQuerySet | FollowUpQuerySet,
    ) -> None:
        self.turn = turn
        self.runtime = runtime
        self.admit_guest = admit_guest
        self.rows = rows
        self.analysis = turn.job.analysis
        self.rubric = self.analysis.rubric
        self.engine = runtime.engine(self.analysis.engine, self.analysis.model)
        # The local engine makes no calls: nothing is reserved, and nothing is worth waiting for.
        self.is_free = not self.engine.estimate("", self.rubric).calls
        self.claims = Claims(rows, turn.token, LANE_LEASE)
        self.calls: Calls[Answer] = Calls(runtime, settings.EVALUATOR_CONCURRENCY)

    # What a subclass says.

    @abstractmethod
    def claimable(self) -> EvaluationQuerySet | FollowUpQuerySet:
        """The rows that may be claimed now."""

    @abstractmethod
    def launch(self, ids: list[int]) -> None:
        """Answer claimed rows that need no call, and `send` the others."""

    @abstractmethod
    def ask(self, item: WorkItem) -> Coroutine[Any, Any, Answer]:
        """The call about one row. Raises as the engine does."""

    @abstractmethod
    def answered(self, items: list[WorkItem], answer: Answer) -> list[dict[str, Any]]:
        """What to write for rows that share one answer."""

    @abstractmethod
    def failed(self, item: WorkItem, reason: Reason) -> dict[str, Any]:
        """What to write for a row whose attempts are used up."""

    def asks_insights(self) -> bool:
        """Whether a call asks for the insight besides."""
        return False

    def is_over(self) -> bool:
        """With nothing to claim and nothing in flight: whether the turn has nothing to wait for."""
        self.rows.fail_exhausted()
        if not self.rows.has_open():
            return True
        if Lane.objects.filter(job=self.turn.job).exclude(pk=self.turn.lane.pk).running().exists():
            return True
        # Files in a reader's hands, a delay before another attempt, or a dead lane's lease.
        self.turn.wait()
        return False

    # The loop.

    def run(self) -> None:
        """Work until nothing is left to claim, or the turn is to end."""
        self.turn.draining_since = None
        try:
            while self.turn.check() is TurnVerdict.CONTINUE:
                if self._admit():
                    continue  # much may have happened meanwhile
                if not self._refill() and not self.calls.pending and self.is_over():
                    return
                self._collect()
            self._drain()
        except EngineUnavailable as error:
            self._pause(error)
            self._drain()
        except SystemExit:
            # The queue's time-out: something in hand took all that time, so the attempt counts.
            self.claims.retry_after(timedelta())
            raise
        finally:
            self._release()

    def _pause(self, error: EngineUnavailable) -> None:
        """Pause the job, so that no lane sends more; what is on its way is paid for."""
        pause.pause_for_problem(self.turn.job, error.reason)
        self.turn.verdict = TurnVerdict.PAUSE

    def _admit(self) -> bool:
        """Let in a lane that finds no worker free; the calls in flight go on. Whether there was
        one."""
        if self.turn.guest is None:
            return False
        guest, self.turn.guest = self.turn.guest, None
        self.calls.wakes_for_free_slot = False  # these answers need not wake the guest
        self.turn.renew()
        self.claims.renew()
        self.admit_guest(guest, self.runtime, self)
        return True

    def attend(self, *, may_claim: bool, seconds: float = 0.0) -> None:
        """While a guest is in: write answers, keep lane and claims, and obey a cancel, a pause or
        a stop, which do not wait for the guest's end. Leaves once nothing is left to wait for."""
        if seconds:
            self.runtime.runner.run(asyncio.sleep(seconds))
        if self.turn.verdict is TurnVerdict.STOP:  # it has left already
            self.turn.attend_host()
            return
        verdict = self.turn.check()
        self.claims.renew_if_due()
        try:
            if self.calls.pending:
                self.runtime.ledger.grant()
                self._write_answers(self.calls.take_done())
            if verdict is TurnVerdict.CONTINUE and may_claim and not self.turn.is_draining:
                self._refill()
        except EngineUnavailable as error:
            self._pause(error)
        if verdict is TurnVerdict.STOP or self.turn.drain_left <= 0:
            self._release()
            self.turn.verdict = TurnVerdict.STOP
        elif self.turn.verdict is not TurnVerdict.CONTINUE or self.turn.is_draining:
            self._begin_drain()
            if not self.calls.pending:
                self._release()
                if self.turn.finish is not None:
                    self.turn.finish(self.turn)
                self.turn.verdict = TurnVerdict.STOP

    def _refill(self) -> bool:
        """Claim as many rows as there is room for; whether there were any."""
        concurrency = settings.EVALUATOR_CONCURRENCY
        if self.calls.pending:
            # Some more than are in flight, so that no slot waits for the database.
            held = sum(len(call.items) for call in self.calls.pending)
            room = concurrency * 3 // 2 - held
        else:  # at first no more than a fair share, so that the other lanes have as much
            room = min(concurrency, fair_share(self.turn.job, self.claimable()))
        if room <= 0:
            return True
        ids = self.claims.claim(self.claimable(), room)
        self.calls.wakes_for_free_slot = bool(ids)
        if ids:
            self.launch(ids)
        return bool(ids)

    def send(self, groups: Sequence[list[WorkItem]]) -> None:
        """Put calls in flight, one for each group of rows, as far as budget and limits allow;
        release the rows of the others. Raises BudgetSpent.
        """
        tickets = [self._ticket(items[0]) for items in groups]
        if groups and not self.is_free:
            usages = [
                self.engine.estimate(
                    items[0].document, self.rubric, with_insights=self.asks_insights()
                )
                for items in groups
            ]
            tokens = [usage.prompt_tokens + usage.completion_tokens for usage in usages]
            reserved, wait = reserve(list(zip(tickets, tokens, strict=True)))
            for ticket, call_id in zip(tickets, reserved, strict=False):
                ticket.reserved = call_id
            if held_back := groups[len(reserved) :]:
                self.calls.wakes_for_free_slot = False
                seconds = min(max(wait, MIN_LIMIT_DELAY_SECONDS), MAX_LIMIT_DELAY_SECONDS)
                ids = [item.pk for items in held_back for item in items]
                self.claims.release(ids, timedelta(seconds=seconds))
                groups = groups[: len(reserved)]
        for items, ticket in zip(groups, tickets, strict=False):
            self.calls.send(partial(self.ask, items[0]), ticket, items)

    def _ticket(self, item: WorkItem) -> Ticket:
        return Ticket(
            draft=self.analysis.draft,
            purpose=self.purpose,
            model=self.analysis.model,
            token=self.turn.token,
            analysis=self.analysis,
            job=self.turn.job,
            evaluation=item.evaluation_id,
        )

    # Answers.

    def _collect(self, limit: float = math.inf) -> None:
        """Let the calls run for a moment, `limit` seconds at most; write the answers that came."""
        self.claims.renew_if_due()
        if self.calls.pending:
            self._write_answers(self.calls.settle(limit))

    def _write_answers(self, done: Sequence[PendingCall[Answer]]) -> None:
        """Write what came of calls. Raises EngineUnavailable once that is written."""
        answers: list[dict[str, Any]] = []
        unavailable: EngineUnavailable | None = None
        for call in done:
            try:
                answers += self._answers(call)
            except EngineUnavailable as error:
                unavailable = error  # raised when what else has come, and is paid for, is written
        self.write(answers)
        if unavailable is not None:
            raise unavailable

    def _answers(self, call: PendingCall[Answer]) -> list[dict[str, Any]]:
        """What to write for the rows of a call that is done. Raises EngineUnavailable."""
        try:
            return self.answered(call.items, call.task.result())
        except EngineUnavailable:
            raise
        except ScoringFailed as error:
            return self._defer_or_fail(call.items, error)
        # A fault of the program at one résumé must cost that one and no other.
        except Exception as error:  # noqa: BLE001
            return self.failed_by_fault(call.items, error)

    def _defer_or_fail(self, items: list[WorkItem], error: ScoringFailed) -> list[dict[str, Any]]:
        """What to write for rows that have failed; the others are deferred. Raises EngineSilent."""
        answers = []
        for item in items:
            decision = retry.decide_call(
                error,
                item.deferrals,
                others_answered=self._others_answered(error, item.deferrals),
                randomness=random.random(),  # noqa: S311 -- so that not all come back at once
            )
            match decision:
                case Retry(after=seconds):
                    self.claims.defer(item.pk, timedelta(seconds=seconds))
                case GiveUp():
                    answers.append(self.failed(item, error.reason))
                case retry.Unavailable():
                    cause = Reason.because_of(FailureCode.SERVER_SILENT, error.reason)
                    raise EngineSilent(cause)
        return answers

    def _others_answered(self, error: ScoringFailed, deferrals: int) -> bool:
        """Whether the model has answered anything since this row was deferred; answers from before
        an outage do not count. No query where it makes no difference."""
        if not retry.depends_on_others(error, deferrals):
            return False
        since = Now() - timedelta(seconds=retry.longest_delay(error, deferrals))
        calls = Call.objects.filter(analysis=self.analysis, status=CallStatus.ANSWERED)
        # In the order of the index by which only the calls since then are read.
        later = calls.filter(settled_at__gt=since).order_by("-settled_at").values("pk")
        with ordered_by_index():
            return bool(later[:1])

    def failed_by_fault(self, items: list[WorkItem], error: Exception) -> list[dict[str, Any]]:
        """What to write for rows at which the program failed."""
        # Only the place is logged: the message may hold the résumé's words.
        log.error("evaluation %d: %s", items[0].evaluation_id, tracing.place(error))
        return [self.failed(item, PROGRAM_FAULT) for item in items]

    def write(self, answers: list[dict[str, Any]]) -> None:
        """Write answers and what their calls cost, in one transaction."""
        try:
            with transaction.atomic():
                self.runtime.ledger.write()
                if answers:
                    self.rows.answer(self.turn.token, answers)
        except (DataError, IntegrityError) as error:
            # One answer holds what the database does not take, such as half a character. Left at
            # that, all of them would be asked for, and paid for, again and again.
            if len(answers) != 1:
                self.write([])
                for answer in answers:
                    self.write([answer])
                return
            log.error("row %d: %s", answers[0]["id"], tracing.place(error))
            blank = WorkItem(answers[0]["id"], 0, 0, "", "", "")
            self.rows.answer(self.turn.token, [self.failed(blank, PROGRAM_FAULT)])
        self.runtime.ledger.forget_written()

    # The end.

    def _drain(self) -> None:
        """Claim no more; wait for the answers on their way, which are paid for, and let others in
        meanwhile."""
        if self.turn.verdict is TurnVerdict.STOP or not self.calls.pending:
            return
        self._begin_drain()
        while self.calls.pending and self.turn.check() is not TurnVerdict.STOP:
            if self._admit():
                continue  # much may have happened meanwhile
            left = self.turn.drain_left
            with suppress(EngineUnavailable):  # it is paused, or the next turn finds out
                self._collect(max(0.0, left))
            if left <= 0:
                return
            if not self.turn.may_repeat:
                self._cancel(lambda call: not call.is_in_flight)
            self.turn.has_free_slots = len(self.calls.pending) < settings.EVALUATOR_CONCURRENCY

    def _begin_drain(self) -> None:
        """Hand over what is not yet claimed, and release what has not left; once in a turn."""
        if self.turn.is_draining:
            return
        self.turn.draining_since = time.monotonic()
        self.turn.guest = None
        self.calls.wakes_for_free_slot = False
        with transaction.atomic():
            self.turn.leave()
            if self.turn.verdict is TurnVerdict.YIELD and self.claimable().has_due():
                add_lane(self.turn.lane.draft_id, self.turn.job, later=True)
        self._cancel(lambda call: self.is_free or call.is_reserved)

    def _cancel(self, is_cancelled: Callable[[PendingCall[Answer]], bool]) -> None:
        """Release at once the rows whose calls are picked: those that have not left."""
        if cancelled := self.calls.cancel(is_cancelled):
            self.claims.release([item.pk for call in cancelled for item in call.items])
            discard(call.ticket for call in cancelled)

    def _release(self) -> None:
        """Cancel what is still in flight and release what is still held."""
        if cancelled := self.calls.cancel_all():
            discard(call.ticket for call in cancelled)
            self.write([])
        self.claims.release_all()
