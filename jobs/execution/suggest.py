"""Criteria suggested by an engine: requested by a person, made by a worker, edited by the person.

A suggestion is no job: it takes one call, and only the page that requested it waits. Its call
stands in the ledger like any other.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Call, Draft, Event, EventVerb, Suggestion
from candidates.models.call import CallPurpose
from candidates.models.suggestion import SuggestionQuerySet
from candidates.scoring import engines
from candidates.scoring.retry import SUGGESTION, Failure, Retry, decide
from candidates.scoring.rubric import RubricCriterion
from candidates.scoring.scorecard import EngineUnavailable, ScoringFailed, Usage
from jobs import queue
from jobs.tracing import place

from .calls import Calls
from .claims import Claims
from .ledger import Ticket
from .runtime import Runtime

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

SUGGESTION_LEASE = timedelta(seconds=15)
MAX_CALL_SECONDS = 90.0  # of one attempt; well below the queue's own time-out
PROGRAM_FAULT = Reason(FailureCode.SUGGESTION_PROGRAM_FAILED)
TOO_SLOW = Reason(FailureCode.SUGGESTION_TIMED_OUT)

type Answer = tuple[tuple[RubricCriterion, ...], Usage]


def request_suggestion(draft: Draft, user: "User", *, engine: str = "") -> Suggestion:
    """Request criteria for the draft as it is saved, and wake a worker; returns at once.

    While a suggestion is being made for the draft, that one is returned.
    """
    with transaction.atomic():
        # Held until the commit, so that two requests at once see each other.
        Draft.objects.select_for_update().get(pk=draft.pk)
        under_way = draft.suggestions.all().open().first()
        if under_way is not None:
            return under_way
        suggestion = create_suggestion(draft, user, engine=engine)
        Event.objects.record(
            draft.pk, EventVerb.CRITERIA_REQUESTED, actor=user, about=suggestion.public_id
        )
        queue.send("suggest", suggestion.pk)
    return suggestion


def create_suggestion(draft: Draft, user: "User", *, engine: str = "") -> Suggestion:
    """The row of a suggestion that is still to be made, for a caller that needs no queue."""
    engine = engine or settings.EVALUATOR_ENGINE
    suggestion = Suggestion.objects.create(
        draft=draft,
        requested_by=user,
        engine=engine,
        model=settings.EVALUATOR_MODEL or engines.default_model(engine),
    )
    suggestion.refresh_from_db()
    return suggestion


def make_suggestion(suggestion_id: int, runtime: Runtime) -> None:
    """Make the suggestion, unless that is done or another worker is at it."""
    rows = Suggestion.objects.filter(pk=suggestion_id)
    claims = Claims.take(rows, SUGGESTION_LEASE)
    if claims is None:
        return
    suggestion = rows.select_related("draft").get()
    criteria: Sequence[RubricCriterion] = ()
    reason: Reason | None = None
    delay: timedelta | None = None
    try:
        criteria = _call_engine(suggestion, claims, runtime)
    except EngineUnavailable as unavailable:
        reason = unavailable.reason
    except ScoringFailed as failed:
        reason = failed.reason
        failure = Failure(is_final=not failed.again, retry_after=failed.after or 0.0)
        decision = decide(failure, suggestion.attempts, SUGGESTION, randomness=0.0)
        if isinstance(decision, Retry):
            delay = timedelta(seconds=decision.after)
    # Whatever else goes wrong is the program's: the person shall not wait for ever.
    except Exception as fault:  # noqa: BLE001
        log.error("suggestion %d: %s", suggestion_id, place(fault))
        reason = PROGRAM_FAULT
    with transaction.atomic():
        runtime.ledger.write()
        Call.objects.filter(token=claims.token).lose()  # stopped between its row and its leaving
        _close(rows, claims, criteria, reason, delay)
    runtime.ledger.forget_written()


def _close(
    rows: SuggestionQuerySet,
    claims: Claims,
    criteria: Sequence[RubricCriterion],
    reason: Reason | None,
    delay: timedelta | None,
) -> None:
    """Write what came of an attempt: another attempt after `delay`, a failure, or criteria."""
    if delay is not None:
        claims.retry_after(delay)
    elif reason is not None:
        rows.fail(claims.token, reason)
    else:
        rows.ready(claims.token, [asdict(criterion) for criterion in criteria])


def _call_engine(
    suggestion: Suggestion, claims: Claims, runtime: Runtime
) -> tuple[RubricCriterion, ...]:
    """One call, with what it takes from the shared limits. Raises as the engine does, and
    ScoringFailed after `MAX_CALL_SECONDS`."""
    engine = runtime.engine(suggestion.engine, suggestion.model)
    draft = suggestion.draft
    ticket = Ticket(
        draft=draft, purpose=CallPurpose.SUGGEST, model=suggestion.model, token=claims.token
    )
    calls: Calls[Answer] = Calls(runtime, 1)
    calls.send(lambda: engine.suggest(draft.title, draft.description), ticket, [])
    began = time.monotonic()
    try:
        while not (done := calls.settle()):
            if time.monotonic() - began > MAX_CALL_SECONDS:
                raise ScoringFailed(TOO_SLOW)
            claims.renew_if_due()
        return done[0].task.result()[0]
    finally:
        calls.cancel_all()
