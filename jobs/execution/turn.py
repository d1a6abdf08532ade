"""One worker's turn at a lane: claiming it, renewing its lease, and when to let others go on."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import Enum
from typing import Protocol, Self
from uuid import UUID, uuid4

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection
from django.db.models import Exists, Q, QuerySet, Subquery
from django.db.models.functions import Now

from jobs import queue
from jobs.models import OPEN_JOB_STATUSES, Halt, Job, JobStatus, Lane
from jobs.models.job import Priority

CHECK_SECONDS = 0.4  # between checks whether to go on; a cancel takes effect within a second
RENEW_SECONDS = 4.0  # between renewals of the lane's lease, which is several times longer
IDLE_SECONDS = 0.2  # between looks when all that is left is in the hands of others
GUEST_WAIT = timedelta(seconds=0.3)  # of a lane before it may be a guest; a free worker is faster
GUEST_SECONDS = 4.0  # of a guest's turn while its host has work of its own to go on with
MAX_GUEST_DEPTH = 2  # of guests in guests; e-mails, too, wait until the worker is free again
REQUEST_SECONDS = 20.0  # of a turn in a request; with the wait for answers, below a proxy's limit
REQUEST_DRAIN_SECONDS = 45.0
MAX_TURN_SECONDS = 90.0  # when no other lane waits; well below the queue's own time-out
# At its end a turn waits for the calls in flight, each for as long as a call may take. A call that
# failed is repeated only in the first seconds of the wait, and others are let in after some.
REPEAT_SECONDS = 45.0
ADMIT_AFTER_SECONDS = 5.0
STOP_DRAIN_SECONDS = 6.0  # of that wait when the host's workers stop
SPARE_SECONDS = 15.0  # between the latest end of a turn and the queue's time-out
OUTAGE_SECONDS = 5.0  # of an outage in which a lane whose turn broke off is still released


class TurnVerdict(Enum):
    CONTINUE = "go on"
    YIELD = "finish what is in flight, then let others go on"
    PAUSE = "finish what is in flight, and let no lane go on"
    STOP = "the job is over, or the lane has been taken over"


class TurnMode(Enum):
    WORKER = "in a worker, by itself"
    GUEST = "in the middle of another turn of the same worker; short"
    REQUEST = "in a web request; reads no files, admits no guest, and ends in time"


class Host(Protocol):
    """The work of a turn that has admitted a guest and waits until it leaves."""

    @property
    def turn(self) -> "Turn": ...

    def attend(self, *, may_claim: bool, seconds: float = 0.0) -> None:
        """Write the answers that came meanwhile, keep lane and claims, and obey a cancel, a pause
        or a stop. Claim more rows if the guest leaves room for that; let the calls run for
        `seconds` where the guest does not."""


class Turn:
    """A lane while a worker has it. Made by `enter`; all its times are this process's own.

    `guest` is the id of a lane that may be admitted: no worker is free for it. `host` is the work
    that waits while this turn is itself a guest's. `finish` ends a turn that has only waited for
    its guest to leave.
    """

    def __init__(
        self,
        lane: Lane,
        token: UUID,
        mode: TurnMode = TurnMode.WORKER,
        host: Host | None = None,
        finish: Callable[["Turn"], None] | None = None,
    ) -> None:
        self.lane = lane
        self.token = token
        self.mode = mode
        self.host = host
        self.finish = finish
        self.guest: int | None = None
        self.depth: int = host.turn.depth + 1 if host else 0
        self.started = self.checked = self.renewed = time.monotonic()
        self.deadline: float = (
            host.turn.deadline if host else self.started + settings.LANE_TIMEOUT - SPARE_SECONDS
        )
        self.draining_since: float | None = None  # it claims no more, and waits for answers
        self.has_free_slots = False  # while it drains
        self.verdict = TurnVerdict.CONTINUE
        self.stopping_since: float | None = None  # of this host's workers

    @classmethod
    def enter(
        cls,
        lane_id: int,
        mode: TurnMode = TurnMode.WORKER,
        host: Host | None = None,
        finish: Callable[["Turn"], None] | None = None,
    ) -> Self | None:
        """Claim the lane; None when another worker has it, when it is over, or while the whole
        queue is halted."""
        if Halt.objects.exists():
            return None
        token = uuid4()
        worker = int(os.environ.get("EVALUATOR_SUPERVISOR", "0")) or None
        if not Lane.objects.all().claim(lane_id, token, worker, os.getpid()):
            return None
        lane = (
            Lane.objects.select_related("job__analysis__draft", "worker").filter(pk=lane_id).first()
        )
        return cls(lane, token, mode, host, finish) if lane else None

    @property
    def is_guest(self) -> bool:
        return self.mode is TurnMode.GUEST

    @property
    def job(self) -> Job:
        if self.lane.job is None:
            raise LookupError("A lane that reads files has no job.")
        return self.lane.job

    @property
    def log_ids(self) -> dict[str, object]:
        """The ids that lines of the log carry during the turn."""
        job = self.lane.job
        job_ids = {"job": job.public_id, "analysis": job.analysis.public_id} if job else {}
        return {"lane": self.lane.pk, "draft": self.lane.draft_id, **job_ids}

    @property
    def is_draining(self) -> bool:
        return self.draining_since is not None

    @property
    def drained_for(self) -> float:
        """Seconds since the turn began to wait for its last answers."""
        return 0.0 if self.draining_since is None else time.monotonic() - self.draining_since

    @property
    def may_repeat(self) -> bool:
        """Whether calls that failed may be repeated within the turn."""
        return self.drained_for <= REPEAT_SECONDS

    @property
    def drain_left(self) -> float:
        """Seconds for which answers that are on their way may still be waited for."""
        if self.stopping_since is not None:
            # Some of it may have passed while a guest was in.
            return STOP_DRAIN_SECONDS - (time.monotonic() - self.stopping_since)
        if self.mode is TurnMode.REQUEST:
            return REQUEST_DRAIN_SECONDS - self.drained_for
        return REPEAT_SECONDS + settings.EVALUATOR_CALL_SECONDS - self.drained_for

    def check(self) -> TurnVerdict:
        """Whether to go on; takes a query every `CHECK_SECONDS`, two every `RENEW_SECONDS`."""
        self.attend_host()
        now = time.monotonic()
        if self.verdict is TurnVerdict.STOP or now - self.checked < CHECK_SECONDS:
            return self.verdict
        self.checked = now
        if now - self.renewed >= RENEW_SECONDS:
            self.renew()
        row = (
            Lane.objects.filter(pk=self.lane.pk, token=self.token)
            .annotate(halted=Exists(Halt.objects.all()), guest=Subquery(self._guests()))
            .values_list("job__status", "worker__stopping", "job__paused_at", "halted", "guest")
            .first()
        )
        if row is None:
            self.verdict = TurnVerdict.STOP
            return self.verdict
        status, is_stopping, paused_at, is_halted, guest = row
        self.guest = None
        if is_stopping and self.stopping_since is None:
            self.stopping_since = now
        if self.lane.job_id and status not in OPEN_JOB_STATUSES:
            self.verdict = TurnVerdict.STOP
        elif paused_at is not None or is_halted:
            self.verdict = TurnVerdict.PAUSE
        elif is_stopping or self._is_long_enough(now):
            self.verdict = TurnVerdict.YIELD
        else:
            self.verdict = TurnVerdict.CONTINUE
        if self.verdict is not TurnVerdict.STOP and not (is_halted or is_stopping):
            self.guest = guest
        return self.verdict

    def attend_host(self, seconds: float = 0.0) -> None:
        """Let the host of a guest see to its own work, and its calls run for so many seconds."""
        if self.host is not None:
            self.host.attend(may_claim=self.is_draining or seconds > 0.0, seconds=seconds)

    def _guests(self) -> QuerySet[Lane, int]:
        """Lanes that may be admitted, the most urgent first.

        A turn at work admits those of jobs that no worker has begun, though a free one would have
        by now. No user waits for a job of low priority, as a scheduled one is. A turn that has
        waited for answers for a while admits whatever its free slots can serve.
        """
        waiting = Lane.objects.filter(started_at=None, created_at__lt=Now() - GUEST_WAIT)
        new = Q(job__status=JobStatus.PENDING, job__paused_at=None)
        if self.lane.job_id is None or self.mode is TurnMode.REQUEST:
            waiting = waiting.none()
        elif not self.is_draining:
            waiting = waiting.none() if self.is_guest else waiting.filter(new)
            waiting = waiting.exclude(job__priority=Priority.LOW)
        elif not self._has_time_for_guest():
            waiting = waiting.none()
        elif self.has_free_slots:
            is_open = Q(job__status__in=OPEN_JOB_STATUSES, job__paused_at=None)
            waiting = waiting.filter(is_open | Q(job=None))
        else:
            waiting = waiting.filter(new | Q(job=None))
        urgent_first = waiting.order_by("-job__priority", "created_at", "pk")
        return urgent_first.values_list("pk", flat=True)[:1]

    def _has_time_for_guest(self) -> bool:
        """Whether a guest could work, and wait for its answers, before the queue's time-out."""
        seconds = settings.LANE_SLICE + REPEAT_SECONDS + settings.EVALUATOR_CALL_SECONDS
        return (
            self.depth < MAX_GUEST_DEPTH
            and self.drained_for >= ADMIT_AFTER_SECONDS
            and time.monotonic() + seconds < self.deadline
        )

    def _is_long_enough(self, now: float) -> bool:
        seconds = now - self.started
        if self.host is not None:
            return seconds >= (settings.LANE_SLICE if self.host.turn.is_draining else GUEST_SECONDS)
        if self.mode is TurnMode.REQUEST:
            return seconds >= REQUEST_SECONDS
        return seconds >= MAX_TURN_SECONDS or (seconds >= settings.LANE_SLICE and _others_wait())

    def wait(self) -> None:
        """Wait a moment where all that is left is in the hands of others."""
        if self.host is None:
            time.sleep(IDLE_SECONDS)
        else:
            self.attend_host(IDLE_SECONDS)

    def renew(self, lease: timedelta | None = None) -> None:
        """Renew the lane's lease, for its usual length where none is given."""
        self.renewed = time.monotonic()
        Lane.objects.all().renew(self.lane.pk, self.token, lease)

    def leave(self) -> None:
        """Mark the lane as one that claims no more, so that others are counted without it."""
        Lane.objects.filter(pk=self.lane.pk, token=self.token).update(leaving=True)

    @contextmanager
    def released_when_broken(self) -> Iterator[None]:
        """Release the lane where the turn breaks off, as when its connection does: the process is
        alive, and the sweep would not know before the lease runs out."""
        try:
            yield
        except Exception as error:
            deadline = time.monotonic() + OUTAGE_SECONDS
            while time.monotonic() < deadline:
                if isinstance(error, (OperationalError, InterfaceError)):
                    connection.close()
                try:
                    Lane.objects.filter(pk=self.lane.pk, token=self.token).update(due_at=Now())
                    break
                except Error:
                    time.sleep(CHECK_SECONDS)
            raise


def _others_wait() -> bool:
    """Whether a lane or another message, such as an e-mail's, waits for a worker."""
    return queue.has_waiting_messages() or Lane.objects.filter(started_at=None).exists()
