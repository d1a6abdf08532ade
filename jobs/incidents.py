"""What died on a host and was replaced: the supervisor mends it, the monitor tells of it."""

import logging
import os
from datetime import timedelta

from django.db import Error, connection, models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from candidates.models.claims import listed_constraint

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)


class What(models.TextChoices):
    PROCESS = "process", _("a process of the workers died")
    WORKERS = "workers", _("all workers were replaced")


class Incident(models.Model):
    """One death. Rows are written by the host that saw it and go after a week."""

    host = models.CharField(max_length=255)
    heartbeat = models.PositiveBigIntegerField(help_text="id of the supervisor's sign of life")
    what = models.CharField(max_length=8, choices=What)
    detail = models.CharField(max_length=200, blank=True, db_default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["-at"])]
        constraints = [listed_constraint("incident_what_listed", What, "what")]

    def __str__(self) -> str:
        return f"{self.host}: {self.get_what_display()}"


def throw_away() -> None:
    Incident.objects.filter(at__lt=Now() - KEPT).delete()


class Listener(logging.Handler):
    """Writes down each death of a process that django-q2 tells its log of.

    It says so as critical, and as nothing else; a worker that is recycled is no death. Runs in the
    process that looks after the others, which has no open connection at that moment.
    """

    def __init__(self, host: str) -> None:
        super().__init__(logging.CRITICAL)
        self.host = host

    def emit(self, record: logging.LogRecord) -> None:
        supervisor = int(os.environ.get("EVALUATOR_SUPERVISOR", "0"))
        try:
            Incident.objects.create(
                host=self.host,
                heartbeat=supervisor,
                what=What.PROCESS,
                detail=record.getMessage()[:200],
            )
        except Error:
            log.warning("a death could not be noted: the database does not answer")
        finally:
            connection.close()
