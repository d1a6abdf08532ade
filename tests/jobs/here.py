"""Lanes in this process: the test is the workers."""

from django.db import transaction

from candidates import intake
from candidates.models import Draft
from jobs.execution import lanes, limits, submit
from jobs.models import Lane


def work_off() -> None:
    """Be the workers: take every lane there is, until none is left."""
    while (lane := Lane.objects.filter(started_at=None).order_by("pk").first()) is not None:
        (lanes.score if lane.job_id else lanes.read)(lane.pk)


def upload(draft: Draft, contents: dict[str, bytes]) -> None:
    with transaction.atomic():
        incoming = [
            intake.Incoming(name, len(data), lambda data=data: data)  # type: ignore[misc]
            for name, data in contents.items()
        ]
        intake.accept(draft, draft.owner, incoming)
        submit.wake_readers(draft.pk)


def forget_limits() -> None:
    """Everything may be taken again: no test empties tables that are not Django's."""
    for name in ("calls", "tokens"):
        limits._bucket(name, 1).flush()
