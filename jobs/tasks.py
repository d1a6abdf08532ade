"""The tasks of the queue. Each is safe to run twice, at the same time, late, and never.

A task gets an id and does one thing; what it needs from the process is made here and handed in.
"""

from . import tracing
from .execution import lanes
from .execution.describe import read_description
from .execution.runtime import task_runtime
from .execution.suggest import make_suggestion
from .models import Heartbeat, Purge
from .notifications import email, webhooks
from .retention.purge import run_purge


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
    make_suggestion(suggestion_id, task_runtime())


@tracing.task
def describe(file_id: int) -> None:
    """Read a file with a job description, unless that is done."""
    read_description(file_id)


@tracing.task
def deliver(notification_id: int) -> None:
    """Send one e-mail of the outbox, unless it has been sent."""
    email.deliver(notification_id)


@tracing.task
def call(delivery_id: int) -> None:
    """Send one message to a webhook, unless it has been sent."""
    webhooks.deliver(delivery_id)


@tracing.task
def purge(purge_id: int) -> None:
    """Delete what has expired today, unless that is done."""
    for row in Purge.objects.filter(pk=purge_id, completed_at=None):
        run_purge(row)


@tracing.task
def canary(heartbeat_id: int) -> None:
    """Show that queue, worker and database work together."""
    Heartbeat.objects.filter(pk=heartbeat_id).record_canary()
