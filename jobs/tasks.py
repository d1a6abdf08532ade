"""The tasks of the queue. Each is safe to run twice, at the same time, late, and never.

A task gets an id and does one thing; what it needs from the process is made here and handed in.
While it runs, a lane or a row of RunningTask shows that its worker is at work.
"""

from datetime import timedelta

from candidates.reading.limits import MAX_RECOGNISE_SECONDS, READING_SECONDS
from candidates.reading.sandbox.parent import GRACE_SECONDS, START_SECONDS

from . import tracing
from .execution import lanes
from .execution.describe import read_description
from .execution.runtime import task_runtime
from .execution.suggest import MAX_CALL_SECONDS, make_suggestion
from .models import Heartbeat, Purge, RunningTask
from .notifications import email, webhooks
from .retention.purge import REQUEUE_AFTER, run_purge

# For how long a task is taken to be at work at the longest: its own deadline, with some seconds
# for the database. Its row is deleted when it ends, or when its process is found dead.
DATABASE_SECONDS = 10.0
SUGGESTION_LIMIT = timedelta(seconds=MAX_CALL_SECONDS + DATABASE_SECONDS)
DESCRIPTION_LIMIT = timedelta(
    seconds=START_SECONDS
    + READING_SECONDS
    + MAX_RECOGNISE_SECONDS
    + GRACE_SECONDS
    + DATABASE_SECONDS
)
EMAIL_LIMIT = email.EMAIL_LEASE
WEBHOOK_LIMIT = webhooks.WEBHOOK_LEASE
PURGE_LIMIT = REQUEUE_AFTER


@tracing.task
def score(lane_id: int) -> None:
    """Take the lane's turn at its job, unless another worker has it."""
    lanes.score(lane_id, task_runtime())


@tracing.task
def read(lane_id: int) -> None:
    """Take the lane's turn at reading new files, unless another worker has it."""
    lanes.read(lane_id)


@tracing.task
def suggest(suggestion_id: int) -> None:
    """Suggest criteria, unless that is done."""
    with RunningTask.objects.record("suggest", SUGGESTION_LIMIT):
        make_suggestion(suggestion_id, task_runtime())


@tracing.task
def describe(file_id: int) -> None:
    """Read a file with a job description, unless that is done."""
    with RunningTask.objects.record("describe", DESCRIPTION_LIMIT):
        read_description(file_id)


@tracing.task
def deliver(notification_id: int) -> None:
    """Send one e-mail of the outbox, unless it has been sent."""
    with RunningTask.objects.record("deliver", EMAIL_LIMIT):
        email.deliver(notification_id)


@tracing.task
def call(delivery_id: int) -> None:
    """Send one message to a webhook, unless it has been sent."""
    with RunningTask.objects.record("call", WEBHOOK_LIMIT):
        webhooks.deliver(delivery_id)


@tracing.task
def purge(purge_id: int) -> None:
    """Delete what has expired today, unless that is done."""
    with RunningTask.objects.record("purge", PURGE_LIMIT):
        for row in Purge.objects.filter(pk=purge_id, completed_at=None):
            run_purge(row)


@tracing.task
def canary(heartbeat_id: int) -> None:
    """Show that queue, worker and database work together."""
    Heartbeat.objects.filter(pk=heartbeat_id).record_canary()
