"""Calls to a model as their owner sees them: reserved before they leave, settled afterwards.

A call's row is committed before the call leaves, and with it what it takes from the job's budget
and from the shared limits. The first call about a résumé is reserved right after the claim; a call
that is repeated asks from inside the event loop and waits until the lane grants it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.db import transaction

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Analysis, Call, Draft, TokenCount
from candidates.models.call import CallPurpose, price
from candidates.models.claims import ordered_by_index
from candidates.scoring import catalogue
from candidates.scoring.scorecard import EngineBusy, EngineUnavailable, ScoringOutcome
from jobs.models import Job

from . import limits

log = logging.getLogger(__name__)

BUDGET_DELAY_SECONDS = 0.25  # until calls on their way may have left something of the budget
MAX_LIMIT_WAIT_SECONDS = 10.0  # of a call inside the loop; beyond, it goes back to the queue


class BudgetSpent(EngineUnavailable):
    """The job would pass the number of tokens that a job may take."""

    def __init__(self, spent: int, budget: int) -> None:
        super().__init__(Reason(FailureCode.BUDGET_SPENT, {"spent": spent, "budget": budget}))


@dataclass(slots=True)
class Ticket:
    """Who calls, about which row, and in which turn."""

    draft: Draft
    purpose: CallPurpose
    model: str
    token: UUID
    analysis: Analysis | None = None
    job: Job | None = None
    evaluation: int | None = None
    reserved: int | None = None  # the row of a call that has not left yet
    call: int | None = None  # the row of a call that is in flight


@dataclass(slots=True)
class _WaitingCall:
    """A call inside the event loop that waits for its row."""

    ticket: Ticket
    tokens: int
    since: float
    granted: "asyncio.Future[int]"


@dataclass(slots=True)
class Ledger:
    """Keeps the contract `Calls` for the engines of one event loop.

    `wake` ends the loop's step, so that the lane grants what waits.
    """

    wake: Callable[[], None]
    ticket: ContextVar[Ticket] = field(default_factory=lambda: ContextVar("ticket"))
    _waiting: list[_WaitingCall] = field(default_factory=list)
    _settled: list[dict[str, object]] = field(default_factory=list)
    _tickets: dict[int, Ticket] = field(default_factory=dict)  # of the calls in flight

    async def start(self, tokens: int) -> object:
        ticket = self.ticket.get()
        if ticket.reserved is not None:
            call, ticket.reserved = ticket.reserved, None
        else:
            granted = asyncio.get_running_loop().create_future()
            self._waiting.append(_WaitingCall(ticket, tokens, time.monotonic(), granted))
            self.wake()
            try:
                call = await granted
            except asyncio.CancelledError:
                if granted.done() and not granted.cancelled() and not granted.exception():
                    never_sent = ScoringOutcome("failed", error_code=FailureCode.CALL_NEVER_SENT)
                    await self.settle(granted.result(), never_sent)
                raise
        self._tickets[call] = ticket
        ticket.call = call
        return call

    async def settle(self, call: object, outcome: ScoringOutcome) -> None:
        if not isinstance(call, int):
            raise TypeError(f"{call!r} is no call of this ledger.")
        usage = outcome.usage
        ticket = self._tickets.pop(call, None)
        if ticket is not None:
            ticket.call = None
        facts = catalogue.facts(ticket.model if ticket else "", settings.EVALUATOR_PRICES)
        self._settled.append(
            {
                "id": call,
                "status": outcome.status,
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "cached_tokens": usage.cached_tokens,
                "estimated": usage.estimated,
                "cost": price(facts.cost(usage)),
                "mode": outcome.mode,
                "answered_by": outcome.model,
                "error_code": outcome.error_code or "",
                "http_status": outcome.http_status,
            }
        )

    def write(self) -> None:
        """Write what has been settled, in the caller's transaction; call `forget_written` once
        that is committed."""
        if self._settled:
            Call.objects.all().settle(self._settled)

    def forget_written(self) -> None:
        self._settled.clear()

    def grant(self) -> None:
        """Reserve rows for calls that wait, as far as budget and limits allow, and let them go.

        Calls that would wait for a limit longer than `MAX_LIMIT_WAIT_SECONDS` raise EngineBusy,
        calls beyond the budget BudgetSpent.
        """
        waiting = [call for call in self._waiting if not call.granted.done()]  # not cancelled
        self._waiting = []
        while waiting:
            job = waiting[0].ticket.job
            of_job = [call for call in waiting if call.ticket.job == job]
            waiting = [call for call in waiting if call.ticket.job != job]
            try:
                ids, wait = reserve([(call.ticket, call.tokens) for call in of_job])
            except BudgetSpent as spent:
                for call in of_job:
                    call.granted.set_exception(spent)
                continue
            for call, call_id in zip(of_job, ids, strict=False):
                call.granted.set_result(call_id)
            for call in of_job[len(ids) :]:
                if time.monotonic() - call.since + wait > MAX_LIMIT_WAIT_SECONDS:
                    reason = Reason(FailureCode.RATE_LIMIT_REACHED)
                    call.granted.set_exception(EngineBusy(reason, retry_after=wait))
                else:
                    self._waiting.append(call)


def reserve(calls: Sequence[tuple[Ticket, int]]) -> tuple[list[int], float]:
    """Write rows for as many of these calls as budget and limits allow, the first ones first.

    `calls` are tickets of one job, each with the tokens that its call will take. Returns the rows'
    ids, and in how many seconds the next call may be asked for. Raises BudgetSpent when the job may
    not take even the first one, and no call is on its way that may yet turn out to take less.
    """
    if not calls:
        return [], 0.0
    with transaction.atomic():
        allowed = _within_budget(calls)
        if not allowed:
            return [], BUDGET_DELAY_SECONDS
        number, wait = limits.take([tokens for _, tokens in allowed])
        rows = Call.objects.bulk_create(
            Call(
                owner_id=ticket.draft.owner_id,
                draft=ticket.draft,
                analysis=ticket.analysis,
                evaluation_id=ticket.evaluation,
                purpose=ticket.purpose,
                token=ticket.token,
                model=ticket.model,
                reserved_tokens=tokens,
            )
            for ticket, tokens in allowed[:number]
        )
    return [row.pk for row in rows], wait


def discard(tickets: Iterable[Ticket]) -> None:
    """Delete the rows of calls that never left: they need no line in the ledger."""
    ids = [ticket.reserved for ticket in tickets if ticket.reserved is not None]
    if ids:
        Call.objects.filter(pk__in=ids).open().delete()


def _within_budget(calls: Sequence[tuple[Ticket, int]]) -> Sequence[tuple[Ticket, int]]:
    """The first of these calls that the job's budget allows. Raises BudgetSpent."""
    budget, job = settings.EVALUATOR_MAX_TOKENS_PER_JOB, calls[0][0].job
    if not budget or job is None:
        return calls
    # Locked, so that two lanes cannot both take the last of it.
    Job.objects.select_for_update(no_key=True).get(pk=job.pk)
    counted = TokenCount.objects.filter(pk=job.analysis_id).values_list("tokens", flat=True).first()
    spent = (counted or 0) - job.tokens_before
    allowed, left = 0, budget - spent
    for _, tokens in calls:
        left -= tokens
        if left < 0:
            break
        allowed += 1
    if not allowed:
        in_flight = Call.objects.filter(analysis=job.analysis_id).open().order_by("token")
        with ordered_by_index():  # that of the open calls
            is_in_flight = bool(in_flight.values("pk")[:1])
        if not is_in_flight:
            raise BudgetSpent(spent, budget)
    return calls[:allowed]
