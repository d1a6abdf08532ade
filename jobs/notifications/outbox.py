"""The outbox: e-mails and webhook messages are rows until they are sent, retried or given up.

A row is written in the transaction of what it reports, and a message of the queue wakes a worker
for it. `email` and `webhooks` say how one is sent and what its errors mean; everything else about
sending is here.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

from django.db.models.functions import Now

from candidates.facts.reason import Reason
from candidates.scoring.retry import Failure, Retry, RetryPolicy, decide
from jobs import queue
from jobs.models import Delivery, Notification, OutgoingMessage, OutgoingQuerySet

TASKS: dict[type[OutgoingMessage], str] = {Notification: "deliver", Delivery: "call"}
REQUEUE_LIMIT = 100
REQUEUE_DELAY = timedelta(minutes=1)
DELIVERY_RETENTION = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SendResult:
    """The outcome of one attempt: no `error` says that the receiver accepted the message."""

    error: Reason | None = None
    is_final: bool = False
    http_status: int | None = None


def enqueue(message: OutgoingMessage) -> None:
    """Wake a worker for the message, once the caller's transaction is committed."""
    queue.send(TASKS[type(message)], message.pk)


def deliver[Message: OutgoingMessage](
    message: OutgoingQuerySet[Message],
    send: Callable[[Message], SendResult],
    *,
    policy: RetryPolicy,
    lease: timedelta,
) -> bool:
    """Send the message unless it is closed or in another worker's hands; whether it was sent.

    `message` holds one row at most. `send` has to end before `lease` does. What it raises reaches
    the queue; the row is then tried again after the lease.
    """
    token = uuid4()
    if not message.claim_unless_held(token, lease):
        return False
    row = message.get()
    result = send(row)
    if result.error is None:
        return bool(message.mark_sent(token, http_status=result.http_status))
    decision = decide(
        Failure(result.is_final),
        row.attempts,
        policy,
        randomness=random.random(),  # noqa: S311 (spreads attempts; nothing secret)
    )
    if isinstance(decision, Retry):
        delay = timedelta(seconds=decision.after)
        message.retry_later(token, delay, result.error, http_status=result.http_status)
    else:
        message.mark_failed(token, result.error, http_status=result.http_status)
    return False


def resend(message: OutgoingMessage) -> int:
    """Send a closed message once more, under the same id; 0 while it is open."""
    rows = cast(OutgoingQuerySet[Any], type(message)._default_manager.filter(pk=message.pk))
    reopened = rows.reopen()
    if reopened:
        enqueue(message)
    return reopened


def requeue_due() -> int:
    """Wake workers for all messages that are due; for the sweep. Returns how many."""
    requeued = 0
    for model, task in TASKS.items():
        rows = cast(OutgoingQuerySet[Any], model._default_manager.all())
        ids = rows.requeue_due(REQUEUE_LIMIT, REQUEUE_DELAY)
        for pk in ids:
            queue.send(task, pk)
        requeued += len(ids)
    return requeued


def delete_old() -> None:
    """Delete the webhook messages that are past their retention; for the sweep."""
    Delivery.objects.closed().filter(created_at__lt=Now() - DELIVERY_RETENTION).delete()
