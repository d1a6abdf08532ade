"""A ZIP of résumés between its upload and the candidates that come out of it."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.db.models.functions.uuid import UUID4
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from candidates.reading.problems import Problem

from .claims import Claimable, ClaimQuerySet, claim_constraint, claim_indexes
from .constraints import listed_constraint
from .draft import Draft
from .event import Event, EventVerb

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class ArchiveStatus(models.TextChoices):
    WAITING = "waiting", _("waiting to be unpacked")
    UNPACKING = "unpacking", _("being unpacked")
    UNREADABLE = "unreadable", _("cannot be unpacked")


OPEN_ARCHIVE_STATUSES = (ArchiveStatus.WAITING, ArchiveStatus.UNPACKING)


class ArchiveQuerySet(ClaimQuerySet["Archive"]):
    WAITING = ArchiveStatus.WAITING
    CLAIMED = ArchiveStatus.UNPACKING

    def advance(self, token: UUID, pk: int, members: int, lease: timedelta) -> bool:
        """Count so many more members as done; False when `token` no longer holds the archive."""
        return bool(
            self.held(token).filter(pk=pk).update(done=F("done") + members, due_at=Now() + lease)
        )

    def refuse(self, token: UUID, pk: int, problem: Problem) -> bool:
        """Close the archive with a reason; members that are out of it stay."""
        return bool(
            self.held(token)
            .filter(pk=pk)
            .update(status=ArchiveStatus.UNREADABLE, token=None, problem=problem)
        )

    def fail_exhausted(self) -> int:
        """Close the rows that stopped their worker each time."""
        return self.exhausted().update(
            status=ArchiveStatus.UNREADABLE,
            token=None,
            problem=Problem.CRASHED,
        )


def archive_path(archive: "Archive", _: str) -> str:
    return f"archives/{archive.draft_id}/{uuid4()}"


class Archive(Claimable):
    """A ZIP of résumés. It is deleted once all its members are candidates; one that cannot be
    opened stays, to be shown."""

    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="archives", editable=False)
    filename = models.CharField(max_length=255)
    file = models.FileField(upload_to=archive_path, max_length=255, editable=False)
    size = models.PositiveIntegerField(help_text="bytes", editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    status = models.CharField(
        max_length=12,
        choices=ArchiveStatus,
        default=ArchiveStatus.WAITING,
        db_default=ArchiveStatus.WAITING,
    )
    done = models.PositiveIntegerField(db_default=0, editable=False, help_text="members so far")
    problem = models.CharField(max_length=40, blank=True, db_default="", editable=False)

    objects = ArchiveQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = claim_indexes("archive", "draft", OPEN_ARCHIVE_STATUSES)
        constraints = [
            models.UniqueConstraint(name="archive_same_bytes_once", fields=["draft", "sha256"]),
            listed_constraint("archive_status_listed", ArchiveStatus),
            listed_constraint("archive_problem_listed", Problem, "problem", blank=True),
            claim_constraint("archive_token_while_unpacking", ArchiveStatus.UNPACKING),
            models.CheckConstraint(
                name="archive_problem_when_unreadable",
                condition=(Q(status=ArchiveStatus.UNREADABLE) & ~Q(problem=""))
                | (~Q(status=ArchiveStatus.UNREADABLE) & Q(problem="")),
            ),
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def reason(self) -> str:
        """Why it could not be unpacked, and what to do."""
        return gettext(Problem(self.problem).sentence) if self.problem else ""

    def remove(self, user: "User") -> None:
        """Delete the archive with its file, as the act of the user."""
        with transaction.atomic():
            Event.objects.record(
                self.draft_id, EventVerb.ARCHIVE_REMOVED, actor=user, about=self.public_id
            )
            self.delete()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        deleted = super().delete(*args, **kwargs)
        default_storage.delete(str(self.file.name))
        return deleted
