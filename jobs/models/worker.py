"""Hosts that work: their signs of life, and what died on them and was replaced."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from candidates.models.claims import listed_constraint

from .job import Lane

KEPT = timedelta(days=7)
BEAT = 5.0  # between test messages; three of them missed is too much
START_ALLOWED = 30.0  # for the first test message of new workers
MAIL_ALLOWED = 60.0  # while e-mails are being sent: a slow mail server holds workers up


class IncidentKind(models.TextChoices):
    PROCESS = "process", _("a process of the workers died")
    WORKERS = "workers", _("all workers were replaced")


class IncidentQuerySet(models.QuerySet["Incident"]):
    def delete_expired(self) -> None:
        self.filter(at__lt=Now() - KEPT).delete()


class Incident(models.Model):
    """One death. Rows are written by the host that saw it and go after a week."""

    host = models.CharField(max_length=255)
    heartbeat = models.PositiveBigIntegerField(help_text="id of the supervisor's sign of life")
    what = models.CharField(max_length=8, choices=IncidentKind)
    detail = models.CharField(max_length=200, blank=True, db_default="")
    at = models.DateTimeField(db_default=Now())

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["-at"])]
        constraints = [listed_constraint("incident_what_listed", IncidentKind, "what")]

    def __str__(self) -> str:
        return f"{self.host}: {self.get_what_display()}"


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    FRESH = timedelta(seconds=15)

    def alive(self) -> Self:
        """Supervisors seen lately whose cluster is known to take work."""
        at_work = Lane.objects.running().filter(worker=OuterRef("pk"))
        return self.filter(seen_at__gt=Now() - self.FRESH, stopping=False).filter(
            Q(canary_at__gt=Now() - self.FRESH) | Exists(at_work)
        )

    def workers(self) -> int:
        """How many worker processes are alive on all hosts together."""
        return int(self.alive().aggregate(n=Sum("workers", default=0))["n"])

    def sing(self) -> int:
        return self.update(canary_at=Now())


class Heartbeat(models.Model):
    """The sign of life of one supervisor and of the cluster it runs."""

    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    workers = models.PositiveSmallIntegerField(help_text="worker processes")
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    canary_at = models.DateTimeField(
        null=True, blank=True, help_text="when a test message last came through the whole path"
    )
    restarts = models.PositiveIntegerField(db_default=0, help_text="of the cluster")
    stopping = models.BooleanField(db_default=False, help_text="its lanes hand over")
    draining = models.BooleanField(db_default=False, help_text="staff told it to take no work")

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        ordering = ["-seen_at"]
        permissions = [("drain_heartbeat", "Can drain hosts")]
        indexes = [models.Index(fields=["seen_at"])]

    def __str__(self) -> str:
        return f"{self.host} ({self.pid})"
