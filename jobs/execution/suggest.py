"""Criteria suggested by an engine: asked for by a person, made by a worker, edited by the person.

A suggestion is no job: it takes one call, and nobody waits for it but the page that asked. Its call
stands in the ledger like any other.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Call, Draft, Event, Suggestion
from candidates.models.call import CallPurpose
from candidates.models.claims import MOST_ATTEMPTS
from candidates.models.suggestion import SuggestionQuerySet
from candidates.scoring import engines
from candidates.scoring.rubric import RubricCriterion
from candidates.scoring.scorecard import EngineUnavailable, ScoringFailed
from jobs import queue
from jobs.tracing import place

from .flight import FLUSH, WORKER
from .ledger import Ticket

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=15)
RENEW = LEASE.total_seconds() / 3
LONGEST = 90.0  # seconds of one try; well below the queue's own time-out
PAUSE = timedelta(seconds=5)  # before another try, where the engine asks for none
FAULT = Reason(FailureCode.SUGGESTION_PROGRAM_FAILED)
TOO_SLOW = Reason(FailureCode.SUGGESTION_TIMED_OUT)


def ask(draft: Draft, user: "User", *, engine: str = "") -> Suggestion:
    """Ask for criteria for the draft as it is saved, and wake a worker; returns at once.

    While one is being made for the draft, that one is returned.
    """
    with transaction.atomic():
        # Held until the commit, so that two requests at once see each other.
        Draft.objects.select_for_update().get(pk=draft.pk)
        under_way = draft.suggestions.all().open().first()
        if under_way is not None:
            return under_way
        suggestion = add(draft, user, engine=engine)
        Event.objects.all().record(
            draft.pk, "criteria asked for", actor=user, about=suggestion.public_id
        )
        queue.send("suggest", suggestion.pk)
    return suggestion


def add(draft: Draft, user: "User", *, engine: str = "") -> Suggestion:
    """The row of a suggestion that is still to be made, for whoever makes it without the queue."""
    engine = engine or settings.EVALUATOR_ENGINE
    suggestion = Suggestion.objects.create(
        draft=draft,
        requested_by=user,
        engine=engine,
        model=settings.EVALUATOR_MODEL or engines.default_model(engine),
    )
    suggestion.refresh_from_db()
    return suggestion


def make(suggestion_id: int) -> None:
    """Make the suggestion, unless somebody has or is at it."""
    token = uuid4()
    mine = Suggestion.objects.filter(pk=suggestion_id)
    mine.give_up()
    if not mine.claim(1, token, LEASE):
        return
    suggestion = mine.select_related("draft").get()
    try:
        criteria = _ask_engine(suggestion, mine, token)
    except EngineUnavailable as error:
        _settle(mine, token, error=error.reason)
    except ScoringFailed as error:
        if error.again and suggestion.attempts < MOST_ATTEMPTS:
            pause = timedelta(seconds=error.after) if error.after else PAUSE
            _settle(mine, token, again=max(pause, PAUSE))
        else:
            _settle(mine, token, error=error.reason)
    # Whatever else goes wrong is ours: the person shall not wait for ever.
    except Exception as error:  # noqa: BLE001
        log.error("suggestion %d: %s", suggestion_id, place(error))
        _settle(mine, token, error=FAULT)
    else:
        _settle(mine, token, criteria=criteria)


def _ask_engine(
    suggestion: Suggestion, mine: SuggestionQuerySet, token: UUID
) -> tuple[RubricCriterion, ...]:
    """One call, with what it takes from the shared limits. Raises as the engine does."""
    engine = WORKER.engine(suggestion.engine, suggestion.model)
    draft = suggestion.draft
    ticket = Ticket(draft=draft, purpose=CallPurpose.SUGGEST, model=suggestion.model, token=token)

    async def call() -> tuple[RubricCriterion, ...]:
        WORKER.ledger.ticket.set(ticket)
        return (await engine.suggest(draft.title, draft.description))[0]

    task = WORKER.runner.get_loop().create_task(call())
    try:
        began = renewed = time.monotonic()
        while not task.done():
            WORKER.ledger.grant()
            WORKER.runner.run(_wait(task))
            now = time.monotonic()
            if now - began > LONGEST:
                raise ScoringFailed(TOO_SLOW)
            if now - renewed > RENEW:
                renewed = now
                mine.extend(token, LEASE)
        return task.result()
    finally:
        if not task.done():
            WORKER.runner.run(_stop(task))


def _settle(
    mine: SuggestionQuerySet,
    token: UUID,
    *,
    criteria: Sequence[RubricCriterion] = (),
    error: Reason | None = None,
    again: timedelta | None = None,
) -> None:
    """Write what came and what it cost, in one transaction."""
    with transaction.atomic():
        WORKER.ledger.write()
        Call.objects.all().lose([token])  # one that was stopped between its row and its leaving
        if again is not None:
            mine.put_off(token, again)
        elif error is not None:
            mine.fail(token, error)
        else:
            mine.ready(token, [asdict(one) for one in criteria])
    WORKER.ledger.forget()


async def _wait(task: "asyncio.Task[Any]") -> None:
    """Run until the task is done, it wants the database, or a moment is over."""
    woken = asyncio.ensure_future(WORKER.wake.wait())
    await asyncio.wait({task, woken}, timeout=FLUSH, return_when=asyncio.FIRST_COMPLETED)
    woken.cancel()
    WORKER.wake.clear()


async def _stop(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
