"""What one lane has in flight: claim, call the engine, write, refill.

Model calls run in an event loop; the database is used between its steps, never inside them. What is
claimed, asked and written differs between scoring and following up, and stands there.
"""

import asyncio
import logging
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models.functions import Now

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Analysis
from candidates.models.call import Call, CallPurpose, CallStatus
from candidates.models.claims import ClaimQuerySet
from candidates.scoring import engines
from candidates.scoring.attacks import Look
from candidates.scoring.rubric import Rubric
from candidates.scoring.scorecard import Engine, EngineBusy, EngineUnavailable, ScoringFailed
from jobs.models import Lane, LaneQuerySet
from jobs.tracing import place

from . import pause
from .ledger import Ledger, Ticket, reserve
from .submit import add_lane
from .turn import Turn, TurnVerdict

log = logging.getLogger(__name__)

LEASE = LaneQuerySet.LEASE
FLUSH = 0.25  # seconds between writes at the most; half of what the design allows
GATHER = 0.004  # seconds in which other answers may still join a write
IDLE = 0.2  # seconds between looks when what is left is in other hands
PAUSE = 2.0  # seconds before another try of a résumé, doubled with each
ENOUGH = 4  # times put off, while others are answered: then it is the résumé
LONGEST_PAUSE = timedelta(minutes=5)
# Put off so often in a row, an hour has passed: a person should know.
MOST_DEFERRALS = 16

FAULT = Reason(FailureCode.PROGRAM_FAILED)


@dataclass(frozen=True, slots=True)
class Work:
    """One claimed row, ready for the engine."""

    pk: int
    evaluation: int
    deferrals: int
    text: str  # as it was read
    document: str  # the same without what no score may rest on; offsets agree
    fingerprint: str
    look: Look | None = None  # at the document


class GoneSilent(EngineUnavailable):
    """The engine has been busy, or out of reach, for longer than anybody should wait unasked."""


class Worker(threading.local):
    """What lives as long as the worker does: one event loop, to which the engines' clients and
    their pools belong, one engine of a kind, and the ledger of its calls."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.wake = asyncio.Event()
        self.ledger = Ledger(wake=self.wake.set)
        self.engines: dict[tuple[str, str], Engine] = {}
        self.host: Flight[Any] | None = None  # who waits while a guest is in

    def engine(self, name: str, model: str) -> Engine:
        """Raises EngineUnavailable when it cannot work as it is set up."""
        if (name, model) not in self.engines:
            self.engines[name, model] = engines.make(
                name,
                model,
                api_key=settings.OPENAI_API_KEY,
                base_url=settings.OPENAI_BASE_URL,
                concurrency=settings.EVALUATOR_CONCURRENCY,
                calls=self.ledger,
                facts=settings.EVALUATOR_PRICES,
            )
        return self.engines[name, model]

    def close(self) -> None:
        """Give back connections; what is asked for after this is made anew."""
        for one in self.engines.values():
            self.runner.run(one.aclose())
        self.engines.clear()
        self.runner.close()
        self.__init__()  # type: ignore[misc]


WORKER = Worker()


class Flight[Answer](ABC):
    """The calls of one turn, and the rows that wait for them."""

    purpose: CallPurpose
    rows: ClaimQuerySet[Any]

    def __init__(self, turn: Turn, host: Callable[[int], None]) -> None:
        self.turn = turn
        self.host = host
        self.analysis: Analysis = turn.job.analysis
        self.rubric: Rubric = self.analysis.rubric
        self.engine = WORKER.engine(self.analysis.engine, self.analysis.model)
        self.ledger = WORKER.ledger
        self.slots = asyncio.Semaphore(settings.EVALUATOR_CONCURRENCY)
        self.flight: dict[asyncio.Task[Answer], list[Work]] = {}
        self.unsent: dict[asyncio.Task[Answer], Ticket] = {}
        self.may_bring_more = True
        self.leased = time.monotonic()

    @abstractmethod
    def claimable(self) -> ClaimQuerySet[Any]:
        """The rows that may be claimed now."""

    @abstractmethod
    def launch(self, ids: list[int]) -> None:
        """Answer what needs no call, and `send` the others."""

    @abstractmethod
    def ask(self, work: Work) -> Coroutine[Any, Any, Answer]:
        """The call about one row. Raises as the engine does."""

    @abstractmethod
    def answered(self, works: list[Work], answer: Answer) -> list[dict[str, Any]]:
        """What to write for rows that share one answer."""

    @abstractmethod
    def failed(self, work: Work, error: Reason) -> dict[str, Any]:
        """What to write for a row whose tries are used up."""

    def is_over(self) -> bool:
        """With nothing to claim and nothing in flight: whether there is no sense in staying."""
        self.rows.give_up()  # type: ignore[attr-defined]
        if not self.rows.open().exists():
            return True
        if Lane.objects.filter(job=self.turn.job).exclude(pk=self.turn.lane.pk).running().exists():
            return True
        # Files in a reader's hands, a pause before another try, or a dead lane's lease.
        time.sleep(IDLE)
        return False

    def work(self) -> None:
        try:
            while self.turn.look() is TurnVerdict.GO:
                if self._host():
                    continue  # much may have happened meanwhile
                if not self._refill() and not self.flight and self.is_over():
                    return
                self._collect(FLUSH)
            self._drain()
        except EngineUnavailable as error:
            # Paused first, so that nobody asks more; what is on its way is paid for.
            pause.by_itself(self.turn.job, error.reason)
            self.turn.verdict = TurnVerdict.PAUSE
            self._drain()
        except SystemExit:
            # The queue's time-out: something in hand took all that time, so the attempt counts.
            self.rows.put_off(self.turn.token, timedelta())
            raise
        finally:
            self._drop()

    def send(self, works: Sequence[Work]) -> None:
        """Put calls in flight, as far as budget and limits allow; give the others back.

        Raises BudgetSpent.
        """
        tickets = {work.pk: self._ticket(work) for work in works}
        wanted = []
        for work in works:
            usage = self.engine.estimate(
                work.document, self.rubric, with_insights=self.asks_insights()
            )
            if usage.calls:
                wanted.append((tickets[work.pk], usage.prompt_tokens + usage.completion_tokens))
        sent = works
        if wanted:
            calls, wait = reserve(wanted)
            for (ticket, _), call in zip(wanted, calls, strict=False):
                ticket.reserved = call
            sent, kept = works[: len(calls)], works[len(calls) :]
            if kept:
                self.may_bring_more = False
                after = timedelta(seconds=min(max(wait, 0.05), 5.0))
                ids = [work.pk for work in kept]
                self.rows.filter(pk__in=ids).give_back(self.turn.token, after)
        for work in sent:
            task = WORKER.runner.get_loop().create_task(self._call(work, tickets[work.pk]))
            self.flight[task] = [work]
            self.unsent[task] = tickets[work.pk]

    def asks_insights(self) -> bool:
        """Whether a call asks for the insight besides."""
        return False

    def _ticket(self, work: Work) -> Ticket:
        return Ticket(
            draft=self.analysis.draft,
            purpose=self.purpose,
            model=self.analysis.model,
            token=self.turn.token,
            analysis=self.analysis,
            job=self.turn.job,
            evaluation=work.evaluation,
        )

    async def _call(self, work: Work, ticket: Ticket) -> Answer:
        self.ledger.ticket.set(ticket)
        async with self.slots:
            answer = await self.ask(work)
        if self.may_bring_more and not self.slots.locked():
            WORKER.wake.set()  # a place is free and nobody waits for it
        return answer

    def _host(self) -> bool:
        """Let in a job that has just come and finds no worker free; our calls go on meanwhile.
        Whether there was one."""
        if self.turn.guest is None:
            return False
        guest, self.turn.guest = self.turn.guest, None
        self.may_bring_more = False  # our answers need not wake the guest
        self.turn.beat()
        self.rows.extend(self.turn.token, LEASE)
        WORKER.host = self
        try:
            self.host(guest)
        finally:
            WORKER.host = None
        return True

    def _mind_host(self) -> None:
        """A cancel, a pause and a stop do not wait until the guest has left."""
        host = WORKER.host
        if host is None or host is self or not host.flight:
            return
        verdict = host.turn.look()
        if verdict is TurnVerdict.STOP:
            with suppress(EngineUnavailable):  # it is over anyway
                host._collect(0.0)
            host._drop()
        elif verdict is not TurnVerdict.GO:
            host._cancel_unstarted()

    def _refill(self) -> bool:
        """Claim as many as there is room for; whether there were any."""
        most = settings.EVALUATOR_CONCURRENCY
        held = sum(map(len, self.flight.values()))
        # At first no more than a fair share, so that the other lanes have as much; then some more
        # than are in flight, so that no slot waits for the database.
        room = most * 3 // 2 - held if self.flight else min(most, self._share())
        if room <= 0:
            return True
        ids = self.claimable().claim(room, self.turn.token, LEASE)
        self.may_bring_more = bool(ids)
        if ids:
            self.launch(ids)
        return bool(ids)

    def _share(self) -> int:
        """What there is to claim, divided by the lanes that are there to claim it."""
        lanes = max(1, Lane.objects.filter(job=self.turn.job).count())
        enough = lanes * settings.EVALUATOR_CONCURRENCY
        due = self.claimable().due().order_by("pk").values_list("pk")[:enough]
        return -(-len(due) // lanes) or 1

    def _collect(self, seconds: float) -> None:
        """Let the calls run for a while, and write the answers that came."""
        self._mind_host()
        if time.monotonic() - self.leased > LEASE.total_seconds() / 3:
            self.leased = time.monotonic()
            self.rows.extend(self.turn.token, LEASE)
        if not self.flight:
            return
        self.ledger.grant()
        done = WORKER.runner.run(_settle(self.flight, seconds))
        answers: list[dict[str, Any]] = []
        unavailable: EngineUnavailable | None = None
        for task in done:
            works = self.flight.pop(task)
            self.unsent.pop(task, None)
            try:
                answers += self.answered(works, task.result())
            except EngineUnavailable as error:
                unavailable = error  # raised when what else has come, and is paid for, is written
            except ScoringFailed as error:
                try:
                    answers += self._failed(works, error)
                except GoneSilent as silent:
                    unavailable = silent
            # A fault of the program at one résumé must cost that one and no other.
            except Exception as error:  # noqa: BLE001
                answers += self.at_fault(works, error)
        self.write(answers)
        if unavailable is not None:
            raise unavailable

    def _failed(self, works: list[Work], error: ScoringFailed) -> list[dict[str, Any]]:
        """Answers for those whose tries are used up; the others are put off."""
        answers = []
        for work in works:
            is_its_own = not isinstance(error, EngineBusy) and work.deferrals >= ENOUGH
            asked = error.after or PAUSE
            last_pause = _growing(work.deferrals - 1, asked)
            if not error.again or (is_its_own and self._others_are_answered(last_pause)):
                answers.append(self.failed(work, error.reason))
            elif work.deferrals >= MOST_DEFERRALS and not self._others_are_answered(last_pause):
                raise GoneSilent(Reason.because_of(FailureCode.SERVER_SILENT, error.reason))
            else:
                after = _growing(work.deferrals, asked)
                self.rows.filter(pk=work.pk).postpone(self.turn.token, after)
        return answers

    def _others_are_answered(self, within: timedelta) -> bool:
        """Whether the model has answered anything since this one was put off: then what fails alone
        has itself to blame. Answers from before an outage do not tell."""
        lately = Call.objects.filter(
            analysis=self.analysis,
            status=CallStatus.ANSWERED,
            settled_at__gt=Now() - within,
        )
        return lately.exists()

    def at_fault(self, works: list[Work], error: Exception) -> list[dict[str, Any]]:
        # Only the place is logged: the message may hold the résumé's words.
        log.error("evaluation %d: %s", works[0].evaluation, place(error))
        return self._failed(works, ScoringFailed(FAULT))

    def write(self, answers: list[dict[str, Any]]) -> None:
        """Write answers and what their calls cost, in one transaction."""
        try:
            with transaction.atomic():
                self.ledger.write()
                if answers:
                    self.rows.answer(self.turn.token, answers)  # type: ignore[attr-defined]
        except (DataError, IntegrityError) as error:
            # One answer holds what the database does not take, such as half a character. Left at
            # that, all of them would be asked for, and paid for, again and again.
            if len(answers) != 1:
                self.write([])
                for answer in answers:
                    self.write([answer])
                return
            log.error("row %d: %s", answers[0]["id"], place(error))
            blank = Work(answers[0]["id"], 0, 0, "", "", "")
            self.rows.answer(self.turn.token, [self.failed(blank, FAULT)])  # type: ignore[attr-defined]
        self.ledger.forget()

    def _drain(self) -> None:
        """Take no more; wait a while for answers on their way, which are paid for."""
        if self.turn.verdict is TurnVerdict.STOP or not self.flight:
            return
        self.may_bring_more = False
        if self.turn.verdict is TurnVerdict.HAND_OVER and self.claimable().due().exists():
            with transaction.atomic():
                add_lane(self.turn.lane.draft_id, self.turn.job, later=True)
        self._cancel_unstarted()
        until = time.monotonic() + self.turn.drain_seconds
        while self.flight and self.turn.look() is not TurnVerdict.STOP:
            left = until - time.monotonic()
            with suppress(EngineUnavailable):  # it is paused, or the next turn finds out
                self._collect(max(0.0, min(FLUSH, left)))
            if left <= 0:
                return

    def _cancel_unstarted(self) -> None:
        """Give back at once what was claimed ahead."""
        ahead = [task for task in self.flight if not task.done() and self._is_unsent(task)]
        for task in ahead:
            task.cancel()
            ids = [work.pk for work in self.flight.pop(task)]
            self.rows.filter(pk__in=ids).give_back(self.turn.token)
        self._take_back(ahead)

    def _is_unsent(self, task: "asyncio.Task[Answer]") -> bool:
        # With the local engine nothing is reserved, and nothing is worth waiting for.
        return (
            self.unsent[task].reserved is not None
            or not self.engine.estimate("", self.rubric).calls
        )

    def _take_back(self, tasks: Iterable["asyncio.Task[Answer]"]) -> None:
        """Calls that never left need no line in the ledger."""
        tickets = [self.unsent.pop(task) for task in tasks]
        calls = [ticket.reserved for ticket in tickets if ticket.reserved is not None]
        if calls:
            Call.objects.filter(pk__in=calls).open().delete()

    def _drop(self) -> None:
        """Stop what is still in flight and give back what is still held."""
        if self.flight:
            WORKER.runner.run(_cancel(self.flight))
            self._take_back(list(self.flight))
            self.flight.clear()
            self.write([])
        self.rows.give_back(self.turn.token)


def _growing(times: int, asked: float) -> timedelta:
    """A pause that doubles with each time, at least what was asked for, never all at once."""
    seconds = min(asked * 2.0**times, LONGEST_PAUSE.total_seconds())
    jitter = random.uniform(1.0, 1.25)  # noqa: S311 -- so that not all come back at once
    return timedelta(seconds=seconds * jitter)


async def _settle[Answer](
    flight: Iterable["asyncio.Task[Answer]"], seconds: float
) -> list["asyncio.Task[Answer]"]:
    """Run until all have come, somebody wants the database, or time is up."""
    wake = WORKER.wake
    everything = asyncio.ensure_future(asyncio.wait(flight))
    woken = asyncio.ensure_future(wake.wait())
    await asyncio.wait({everything, woken}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if woken.done():
        await asyncio.sleep(GATHER)
    everything.cancel()
    woken.cancel()
    wake.clear()
    return [task for task in flight if task.done()]


async def _cancel(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
