"""One worker's turn: entering a lane, signs of life, and when to make room for others."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import Enum
from typing import Self
from uuid import UUID, uuid4

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection
from django.db.models import Exists, QuerySet, Subquery
from django.db.models.functions import Now

from jobs import queue
from jobs.models import OPEN_JOB_STATUSES, Halt, Job, JobStatus, Lane
from jobs.models.job import Priority

LOOK = 0.4  # seconds between looks at whether to go on; a cancel takes effect within a second
BEAT = 4.0  # seconds between signs of life; leases are several times longer
GUEST_AFTER = timedelta(seconds=0.3)  # a free worker takes a lane in less
GUEST_SLICE = 4.0  # seconds; with the wait for answers, less than a lease
REQUEST_SLICE = 20.0  # seconds; with the wait for answers, well below what a proxy waits
STOP_DRAIN = 6.0  # seconds for answers on their way when workers stop
OUTAGE = 5.0  # seconds of an outage in which a lane that failed is still given back
LONGEST = 90.0  # seconds a turn may take when nobody waits; well below the queue's own time-out


class TurnVerdict(Enum):
    GO = "go on"
    HAND_OVER = "finish what is in flight, then let others"
    PAUSE = "finish what is in flight, and let nobody go on"
    STOP = "the job is over, or the lane is no longer ours"


class Place(Enum):
    WORKER = "in a worker, by itself"
    GUEST = "in the middle of another's turn, by the same worker; short"
    REQUEST = "in a web server's answer; reads no files, lets nobody in, and ends in time"


class Turn:
    """The lane while somebody has it. Made by `enter`; all its times are this process's own.

    `guest` is the id of a lane that may be let in as a guest: its job has just come, and no worker
    is free for it.
    """

    def __init__(self, lane: Lane, token: UUID, place: Place = Place.WORKER) -> None:
        self.lane = lane
        self.token = token
        self.place = place
        self.is_guest = place is Place.GUEST
        self.guest: int | None = None
        self.began = self.looked = self.beaten = time.monotonic()
        self.verdict = TurnVerdict.GO
        self.stopping: float | None = None  # since when this host's workers are

    @classmethod
    def enter(cls, lane_id: int, place: Place = Place.WORKER) -> Self | None:
        """Take the lane; None when somebody else has it, when it is over, or while the whole queue
        is halted."""
        if Halt.objects.exists():
            return None
        token = uuid4()
        worker = int(os.environ.get("EVALUATOR_SUPERVISOR", "0")) or None
        if not Lane.objects.all().enter(lane_id, token, worker, os.getpid()):
            return None
        lane = (
            Lane.objects.select_related("job__analysis__draft", "worker").filter(pk=lane_id).first()
        )
        return cls(lane, token, place) if lane else None

    def look(self) -> TurnVerdict:
        """Whether to go on; costs a query every `LOOK` seconds, and two every `BEAT`."""
        now = time.monotonic()
        if self.verdict is TurnVerdict.STOP or now - self.looked < LOOK:
            return self.verdict
        self.looked = now
        if now - self.beaten >= BEAT:
            self.beat()
        seen = (
            Lane.objects.filter(pk=self.lane.pk, token=self.token)
            .annotate(halted=Exists(Halt.objects.all()), guest=Subquery(self._guests()))
            .values_list("job__status", "worker__stopping", "job__paused_at", "halted", "guest")
            .first()
        )
        if seen is not None and seen[1] and self.stopping is None:
            self.stopping = now
        if seen is None or (self.lane.job_id and seen[0] not in OPEN_JOB_STATUSES):
            self.verdict = TurnVerdict.STOP
        elif seen[2] is not None or seen[3]:
            self.verdict = TurnVerdict.PAUSE
        elif seen[1] or self._is_long_enough(now):
            self.verdict = TurnVerdict.HAND_OVER
        elif self.lane.job_id and self.place is Place.WORKER:
            self.guest = seen[4]
        return self.verdict

    def _guests(self) -> QuerySet[Lane, int]:
        """Lanes of jobs that nobody has begun, though a free worker would have by now. Nobody waits
        for a job of low priority, as a scheduled one is."""
        waiting = Lane.objects.filter(started_at=None, job__status=JobStatus.PENDING)
        waiting = waiting.filter(job__paused_at=None, created_at__lt=Now() - GUEST_AFTER)
        waiting = waiting.exclude(job__priority=Priority.LOW)
        inviting = waiting.order_by("-job__priority", "created_at", "pk")
        return inviting.values_list("pk", flat=True)[:1]

    def beat(self, lease: timedelta | None = None) -> None:
        """Renew the lane's lease."""
        self.beaten = time.monotonic()
        Lane.objects.all().beat(self.lane.pk, self.token, lease)

    @contextmanager
    def given_back(self) -> Iterator[None]:
        """Where the connection breaks under the turn, let the sweep have the lane at once: we are
        alive, and nobody else would know before the lease runs out."""
        try:
            yield
        except (OperationalError, InterfaceError):
            until = time.monotonic() + OUTAGE
            while time.monotonic() < until:
                connection.close()
                try:
                    Lane.objects.filter(pk=self.lane.pk, token=self.token).update(due_at=Now())
                    break
                except Error:
                    time.sleep(LOOK)
            raise

    def _is_long_enough(self, now: float) -> bool:
        took = now - self.began
        if self.is_guest:
            return took >= GUEST_SLICE
        if self.place is Place.REQUEST:
            return took >= REQUEST_SLICE
        return took >= LONGEST or (took >= settings.LANE_SLICE and _others_wait())

    @property
    def drain_seconds(self) -> float:
        """How long answers that are on their way may still be waited for."""
        if self.stopping is not None:
            # Some of it may have passed while a guest was in.
            return STOP_DRAIN - (time.monotonic() - self.stopping)
        # Its host's leases are not renewed while a guest is in.
        return STOP_DRAIN if self.is_guest else 45.0

    @property
    def ids(self) -> dict[str, object]:
        """What lines of the log are about while it lasts."""
        job = self.lane.job
        of_job = {"job": job.public_id, "analysis": job.analysis.public_id} if job else {}
        return {"lane": self.lane.pk, "draft": self.lane.draft_id, **of_job}

    @property
    def job(self) -> Job:
        if self.lane.job is None:
            raise LookupError("A lane that reads files has no job.")
        return self.lane.job


def _others_wait() -> bool:
    """Whether somebody wants a worker: a lane, or a message such as an e-mail's."""
    return queue.has_waiting_messages() or Lane.objects.filter(started_at=None).exists()
