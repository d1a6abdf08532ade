"""What a worker may be asked. Each is safe to run twice, at once, late, and never."""

from . import tracing
from .execution import describe as describing
from .execution import lanes
from .execution import suggest as suggesting
from .models import Heartbeat, Purge
from .notifications import email, webhooks
from .retention.purge import run_purge


@tracing.task
def score(lane_id: int) -> None:
    """Take the lane's turn at scoring, unless somebody has."""
    lanes.score(lane_id)


@tracing.task
def read(lane_id: int) -> None:
    """Take the lane's turn at reading new files, unless somebody has."""
    lanes.read(lane_id)


@tracing.task
def suggest(suggestion_id: int) -> None:
    """Make a suggestion of criteria, unless somebody has."""
    suggesting.make(suggestion_id)


@tracing.task
def describe(file_id: int) -> None:
    """Read a file with a job description, unless somebody has."""
    describing.read(file_id)


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
    """Do the day's round of erasing, unless it is done."""
    for row in Purge.objects.filter(pk=purge_id, completed_at=None):
        run_purge(row)


@tracing.task
def canary(heartbeat_id: int) -> None:
    """Show that queue, worker and database work together."""
    Heartbeat.objects.filter(pk=heartbeat_id).sing()
