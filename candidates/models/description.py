"""A file with a job description, until its text is in the form of its draft."""

from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.db.models.functions.uuid import UUID4
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from candidates.reading.problems import Problem

from .claims import Claimable, ClaimQuerySet, claim_constraint
from .constraints import listed_constraint
from .draft import Draft


class DescriptionFileStatus(models.TextChoices):
    WAITING = "waiting", _("waiting to be read")
    READING = "reading", _("being read")
    READY = "ready", _("read")
    UNREADABLE = "unreadable", _("cannot be read")


OPEN_DESCRIPTION_FILE_STATUSES = (DescriptionFileStatus.WAITING, DescriptionFileStatus.READING)


class DescriptionFileQuerySet(ClaimQuerySet["DescriptionFile"]):
    WAITING = DescriptionFileStatus.WAITING
    CLAIMED = DescriptionFileStatus.READING

    def ready(self, token: UUID, text: str) -> int:
        return self.held(token).update(
            status=DescriptionFileStatus.READY, token=None, text=text, content=b"", done_at=Now()
        )

    def refuse(self, token: UUID, problem: Problem) -> int:
        return self.held(token).update(
            status=DescriptionFileStatus.UNREADABLE,
            token=None,
            problem=problem,
            content=b"",
            done_at=Now(),
        )

    def fail_exhausted(self) -> int:
        """Close the rows that stopped their worker each time."""
        return self.exhausted().update(
            status=DescriptionFileStatus.UNREADABLE,
            token=None,
            problem=Problem.CRASHED,
            content=b"",
            done_at=Now(),
        )


class DescriptionFile(Claimable):
    """A file with a job description. The sweep deletes it after a day, and its bytes go once it is
    read."""

    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="description_files")
    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    filename = models.CharField(max_length=255)
    content = models.BinaryField(editable=False)
    status = models.CharField(
        max_length=12,
        choices=DescriptionFileStatus,
        default=DescriptionFileStatus.WAITING,
        db_default=DescriptionFileStatus.WAITING,
    )
    text = models.TextField(blank=True, db_default="", editable=False)
    problem = models.CharField(max_length=40, blank=True, db_default="", editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    done_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = DescriptionFileQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                name="description_file_to_read",
                fields=["due_at"],
                condition=Q(status__in=OPEN_DESCRIPTION_FILE_STATUSES),
            )
        ]
        constraints = [
            listed_constraint("description_file_status_listed", DescriptionFileStatus),
            listed_constraint("description_file_problem_listed", Problem, "problem", blank=True),
            claim_constraint("description_file_token_held", DescriptionFileStatus.READING),
            models.CheckConstraint(
                name="description_file_done_when_over",
                condition=Q(status__in=OPEN_DESCRIPTION_FILE_STATUSES, done_at=None)
                | (~Q(status__in=OPEN_DESCRIPTION_FILE_STATUSES) & Q(done_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="description_file_problem_when_unreadable",
                condition=(Q(status=DescriptionFileStatus.UNREADABLE) & ~Q(problem=""))
                | (~Q(status=DescriptionFileStatus.UNREADABLE) & Q(problem="")),
            ),
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_DESCRIPTION_FILE_STATUSES

    @property
    def reason(self) -> str:
        """Why it could not be read, and what to do."""
        return gettext(Problem(self.problem).sentence) if self.problem else ""
