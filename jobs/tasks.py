"""What a worker may be asked. Each is safe to run twice, at once, late, and never."""

from . import trace
from .execution import describe as describing
from .execution import lanes
from .execution import suggest as suggesting
from .models import Heartbeat, Purge
from .notifications import email, webhooks
from .retention import purge


@trace.task
def score(lane_id: int) -> None:
    """Take the lane's turn at scoring, unless somebody has."""
    lanes.score(lane_id)


@trace.task
def read(lane_id: int) -> None:
    """Take the lane's turn at reading new files, unless somebody has."""
    lanes.read(lane_id)


@trace.task
def suggest(suggestion_id: int) -> None:
    """Make a suggestion of criteria, unless somebody has."""
    suggesting.make(suggestion_id)


@trace.task
def describe(file_id: int) -> None:
    """Read a file with a job description, unless somebody has."""
    describing.read(file_id)


@trace.task
def deliver(notification_id: int) -> None:
    """Send one e-mail of the outbox, unless it has been sent."""
    email.deliver(notification_id)


@trace.task
def call(delivery_id: int) -> None:
    """Send one message to a webhook, unless it has been sent."""
    webhooks.call(delivery_id)


@trace.task
def purge(purge_id: int) -> None:
    """Do the day's round of erasing, unless it is done."""
    for purge in Purge.objects.filter(pk=purge_id, done_at=None):
        purge.run(purge)


@trace.task
def canary(heartbeat_id: int) -> None:
    """Show that queue, worker and database work together."""
    Heartbeat.objects.filter(pk=heartbeat_id).sing()
