"""Lanes: the turns of workers at jobs, and how many of them a job should have."""

from datetime import timedelta
from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from candidates.models import Draft

from .job import Job

LANE_LEASE = timedelta(seconds=15)


class LaneQuerySet(models.QuerySet["Lane"]):
    def running(self) -> Self:
        """Lanes in a worker's hands, with a lease that holds."""
        return self.filter(due_at__gt=Now(), started_at__isnull=False)

    def working(self) -> Self:
        """Lanes that claim rows, or will once a worker has them."""
        return (self.filter(started_at=None) | self.running()).filter(leaving=False)

    def lost(self) -> Self:
        """Lanes whose worker let the lease run out."""
        return self.filter(due_at__lte=Now(), started_at__isnull=False)

    def claim(self, pk: int, token: UUID, worker: int | None, pid: int) -> int:
        """Claim the lane for a worker; 0 when another has it, or when it is gone."""
        free = Q(started_at=None) | Q(due_at__lte=Now())
        return self.filter(free, pk=pk).update(
            token=token,
            worker=worker,
            pid=pid,
            started_at=Now(),
            due_at=Now() + LANE_LEASE,
            leaving=False,
        )

    def renew(self, pk: int, token: UUID, lease: timedelta | None = None) -> int:
        """Renew the lane's lease; 0 when `token` no longer holds it."""
        return self.filter(pk=pk, token=token).update(due_at=Now() + (lease or LANE_LEASE))


class Lane(models.Model):
    """One worker's turn at one job, or at reading one draft's new files.

    The row is written with the queue's message and deleted when the turn is over: at any time the
    rows show whether a worker is at it, and whether another will come.
    """

    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="lanes")
    job = models.ForeignKey(
        Job,
        models.DB_CASCADE,
        null=True,
        blank=True,
        related_name="lanes",
        help_text="empty: reads files",
    )
    token = models.UUIDField(null=True, blank=True)
    worker = models.ForeignKey(
        "Heartbeat", models.DB_SET_NULL, null=True, blank=True, related_name="lanes"
    )
    pid = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(
        db_default=Now(), help_text="queued: since when; running: the end of the lease"
    )
    leaving = models.BooleanField(
        db_default=False,
        help_text="claims no more, only waits for answers on their way",
    )

    objects = LaneQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["job"]), models.Index(fields=["draft"])]
        constraints = [
            models.CheckConstraint(
                name="lane_token_while_running",
                condition=Q(token=None, started_at=None)
                | Q(token__isnull=False, started_at__isnull=False),
            ),
            models.CheckConstraint(
                name="lane_leaving_while_running",
                condition=Q(leaving=False) | Q(started_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"lane {self.pk}"
