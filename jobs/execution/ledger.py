"""Calls to a model as their owner sees them: reserved before they leave, settled afterwards.

A call's row is committed before the call leaves, and with it what it takes from the job's budget
and from the shared limits. The first call about a résumé is reserved with the claim; one that is
made again asks from inside the event loop and waits until the lane comes by.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.db import transaction

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Analysis, Call, Draft
from candidates.models.call import CallPurpose, price
from candidates.scoring import catalogue
from candidates.scoring.scorecard import EngineBusy, EngineUnavailable, ScoringOutcome
from jobs.models import Job

from . import limits

log = logging.getLogger(__name__)

A_MOMENT = 0.25  # seconds until calls on their way may have left something of the budget
HOLD = 10.0  # seconds that a call waits here for a limit; beyond, it goes back to the queue


class BudgetSpent(EngineUnavailable):
    """The job would pass the number of tokens that a job may take."""

    def __init__(self, spent: int, budget: int) -> None:
        super().__init__(Reason(FailureCode.BUDGET_SPENT, {"spent": spent, "budget": budget}))


@dataclass(slots=True)
class Ticket:
    """Who calls, what about, and in which turn."""

    draft: Draft
    purpose: CallPurpose
    model: str
    token: UUID
    analysis: Analysis | None = None
    job: Job | None = None
    evaluation: int | None = None
    reserved: int | None = None  # the row of a call that has not left yet


@dataclass(slots=True)
class _Wanted:
    ticket: Ticket
    tokens: int
    since: float
    granted: "asyncio.Future[int]"


@dataclass(slots=True)
class Ledger:
    """Keeps the contract `Calls` for one worker process. `wake` makes the lane come by."""

    wake: Callable[[], None]
    ticket: ContextVar[Ticket] = field(default_factory=lambda: ContextVar("ticket"))
    _wanted: list[_Wanted] = field(default_factory=list)
    _settled: list[dict[str, object]] = field(default_factory=list)
    _models: dict[int, str] = field(default_factory=dict)

    async def start(self, tokens: int) -> object:
        ticket = self.ticket.get()
        if ticket.reserved is not None:
            call, ticket.reserved = ticket.reserved, None
        else:
            granted = asyncio.get_running_loop().create_future()
            self._wanted.append(_Wanted(ticket, tokens, time.monotonic(), granted))
            self.wake()
            try:
                call = await granted
            except asyncio.CancelledError:
                if granted.done() and not granted.cancelled() and not granted.exception():
                    never_sent = ScoringOutcome("failed", error_code=FailureCode.CALL_NEVER_SENT)
                    await self.settle(granted.result(), never_sent)
                raise
        self._models[call] = ticket.model
        return call

    async def settle(self, call: object, outcome: ScoringOutcome) -> None:
        if not isinstance(call, int):
            raise TypeError(f"{call!r} is no call of this ledger.")
        usage = outcome.usage
        facts = catalogue.facts(self._models.pop(call, ""), settings.EVALUATOR_PRICES)
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
        """Write what has been settled, in the caller's transaction; `forget` it after that."""
        if self._settled:
            Call.objects.all().settle(self._settled)

    def forget(self) -> None:
        """What was settled is committed."""
        self._settled.clear()

    def grant(self) -> None:
        """Let calls go that wait for their row, as far as budget and limits allow."""
        wanted = [one for one in self._wanted if not one.granted.done()]  # others were cancelled
        self._wanted = []
        while wanted:
            same = [one for one in wanted if one.ticket.job == wanted[0].ticket.job]
            wanted = [one for one in wanted if one.ticket.job != same[0].ticket.job]
            try:
                calls, wait = reserve([(one.ticket, one.tokens) for one in same])
            except BudgetSpent as spent:
                for one in same:
                    one.granted.set_exception(spent)
                continue
            for one, call in zip(same, calls, strict=False):
                one.granted.set_result(call)
            for one in same[len(calls) :]:
                if time.monotonic() - one.since + wait > HOLD:
                    reason = Reason(FailureCode.RATE_LIMIT_REACHED)
                    one.granted.set_exception(EngineBusy(reason, retry_after=wait))
                else:
                    self._wanted.append(one)


def reserve(wanted: Sequence[tuple[Ticket, int]]) -> tuple[list[int], float]:
    """Rows for as many of these calls as budget and limits allow, the first ones first.

    `wanted` are tickets of one job, with what each call will take in tokens. Returns the rows' ids,
    and in how many seconds the next call may be asked for. Raises BudgetSpent when the job may not
    take even the first one, and no call is on its way that may yet turn out to take less.
    """
    if not wanted:
        return [], 0.0
    with transaction.atomic():
        allowed = _within_budget(wanted)
        if not allowed:
            return [], A_MOMENT
        most, wait = limits.take([tokens for _, tokens in allowed])
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
            for ticket, tokens in allowed[:most]
        )
    return [row.pk for row in rows], wait


def _within_budget(wanted: Sequence[tuple[Ticket, int]]) -> Sequence[tuple[Ticket, int]]:
    budget, job = settings.EVALUATOR_MAX_TOKENS_PER_JOB, wanted[0][0].job
    if not budget or job is None:
        return wanted
    # Locked, so that two lanes cannot both take the last of it.
    Job.objects.select_for_update(no_key=True).get(pk=job.pk)
    calls = Call.objects.filter(analysis=job.analysis_id, created_at__gte=job.created_at)
    spent = calls.spent()
    allowed, left = 0, budget - spent
    for _, tokens in wanted:
        left -= tokens
        if left < 0:
            break
        allowed += 1
    if not allowed and not calls.open().exists():
        raise BudgetSpent(spent, budget)
    return wanted[:allowed]
