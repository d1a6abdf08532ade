"""One person in one draft, and the life of their file: waiting, reading, readable, unreadable."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.db.models.functions.uuid import UUID4
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from candidates.reading.problems import Problem

from .claims import Claimable, ClaimQuerySet, claim_constraint, claim_indexes
from .constraints import flags_constraint, listed_constraint
from .draft import Draft
from .event import Event, EventVerb

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from django.contrib.auth.models import User

PIECES_KEPT = timedelta(days=1)


class CandidateStatus(models.TextChoices):
    WAITING = "waiting", _("waiting to be read")
    READING = "reading", _("being read")
    READABLE = "readable", _("readable")
    UNREADABLE = "unreadable", _("unreadable")


OPEN_CANDIDATE_STATUSES = (CandidateStatus.WAITING, CandidateStatus.READING)


class Verdict(models.TextChoices):
    """What was decided about a candidate; what pages say and show is in `pages.verdicts`."""

    OPEN = "open", _("not decided")
    SHORTLIST = "shortlist", pgettext_lazy("decision", "shortlist")
    MAYBE = "maybe", pgettext_lazy("decision", "maybe")
    REJECT = "reject", pgettext_lazy("decision", "reject")


class CandidateQuerySet(ClaimQuerySet["Candidate"]):
    WAITING = CandidateStatus.WAITING
    CLAIMED = CandidateStatus.READING

    def record_reading(self, token: UUID, results: Mapping[int, "DataclassInstance"]) -> int:
        """Write a `candidates.reading_result.ReadingResult` to each row, by its id, where `token`
        still holds the row; returns how many rows. One statement, however many."""
        rows = [{"id": pk, **asdict(result)} for pk, result in results.items()]
        columns = tuple(rows[0]) if rows else ("id",)
        with connection.cursor() as cursor:
            cursor.execute(_record_reading_sql(columns[1:]), [json.dumps(rows), token])
            return int(cursor.rowcount)

    def read_again(self, draft: Draft, user: "User") -> int:
        """Requeue the unreadable ones of the draft, except those that were never unpacked from
        their archive and so have no file; returns how many."""
        unreadable = self.filter(draft=draft, status=CandidateStatus.UNREADABLE).exclude(file="")
        with transaction.atomic():
            count = unreadable.update(
                status=CandidateStatus.WAITING,
                problem="",
                read_at=None,
                attempts=0,
                due_at=Now(),
            )
            if count:
                Event.objects.record(
                    draft.pk, EventVerb.FILES_READ_AGAIN, actor=user, params={"count": count}
                )
        return count

    def fail_exhausted(self) -> int:
        """Close the rows that stopped their worker at each attempt."""
        return self.exhausted().update(
            status=CandidateStatus.UNREADABLE,
            token=None,
            problem=Problem.CRASHED,
            read_at=Now(),
        )


def resume_path(candidate: "Candidate", _: str) -> str:
    """A path without the uploaded name, and without an extension, by which caches decide."""
    return f"resumes/{candidate.draft_id}/{uuid4()}"


class Candidate(Claimable):
    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    draft = models.ForeignKey(
        Draft,
        models.DB_CASCADE,
        related_name="candidates",
        editable=False,
        db_index=False,  # others begin with it
    )
    filename = models.CharField(max_length=255)
    file = models.FileField(upload_to=resume_path, max_length=255, editable=False)
    source = models.CharField(
        max_length=600, blank=True, db_default="", editable=False, help_text="archive and folder"
    )
    size = models.PositiveIntegerField(help_text="bytes", editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    status = models.CharField(
        max_length=12,
        choices=CandidateStatus,
        default=CandidateStatus.WAITING,
        db_default=CandidateStatus.WAITING,
    )
    read_at = models.DateTimeField(null=True, blank=True, editable=False)
    problem = models.CharField(max_length=40, blank=True, db_default="", editable=False)
    media_type = models.CharField(max_length=100, blank=True, db_default="", editable=False)
    reader = models.CharField(max_length=40, blank=True, db_default="", editable=False)
    pages = models.PositiveIntegerField(db_default=0, editable=False)
    text = models.TextField(blank=True, db_default="", editable=False)
    flags = models.JSONField(default=list, db_default=[], blank=True, editable=False)
    hidden = models.JSONField(default=list, db_default=[], blank=True, editable=False)
    language = models.CharField(max_length=8, blank=True, db_default="", editable=False)
    sections = models.JSONField(default=list, db_default=[], blank=True, editable=False)
    name = models.CharField(max_length=200, blank=True, db_default="", editable=False)
    email = models.CharField(max_length=254, blank=True, db_default="", editable=False)
    phone = models.CharField(max_length=60, blank=True, db_default="", editable=False)

    links = models.JSONField(default=list, db_default=[], blank=True, editable=False)
    confidence = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        editable=False,
        help_text="of name, email and phone, each 0 to 1",
    )

    # For finding files of the same person: see candidates.facts, similarity and phone.
    text_key = models.CharField(max_length=64, blank=True, db_default="", editable=False)
    prepared = models.JSONField(
        default=dict, db_default={}, blank=True, editable=False, help_text="for engines, as spans"
    )
    redacted_key = models.CharField(
        max_length=64, blank=True, db_default="", editable=False, help_text="of what engines see"
    )
    phone_key = models.CharField(
        max_length=16, blank=True, db_default="", editable=False, help_text="in E.164"
    )
    signature = ArrayField(models.IntegerField(), default=list, db_default=[], editable=False)
    bands = ArrayField(models.IntegerField(), default=list, db_default=[], editable=False)
    same_as = models.ForeignKey(
        "self",
        models.DB_SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="older_files",
        help_text="the newest file of the same person, where somebody said so",
    )

    # The last decision; its history is in Decision.
    verdict = models.CharField(
        max_length=9,
        choices=Verdict,
        default=Verdict.OPEN,
        db_default=Verdict.OPEN,
        editable=False,
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DB_SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    revealed_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="when somebody lifted blind mode for this one, before a decision",
    )

    objects = CandidateQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            *claim_indexes("candidate", "draft", OPEN_CANDIDATE_STATUSES),
            models.Index(fields=["draft", "status"]),
            models.Index(fields=["draft", "text_key"]),
            models.Index(fields=["draft", "phone_key"]),
            models.Index("draft", Lower("email"), name="candidate_by_email"),
            # Without a list of changes to come, which every look-up would have to go through.
            GinIndex(name="candidate_by_bands", fields=["bands"], fastupdate=False),
            models.Index(fields=["draft", "-created_at"]),
            models.Index(
                name="candidate_unreadable",
                fields=["read_at"],
                condition=Q(status=CandidateStatus.UNREADABLE),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="candidate_same_bytes_once",
                fields=["draft", "sha256"],
                violation_error_message="The same file is already in this draft.",
            ),
            listed_constraint("candidate_status_listed", CandidateStatus),
            listed_constraint("candidate_verdict_listed", Verdict, "verdict"),
            listed_constraint("candidate_problem_listed", Problem, "problem", blank=True),
            flags_constraint("candidate_flags_listed"),
            models.CheckConstraint(
                name="candidate_decided_at_when_decided",
                condition=Q(verdict=Verdict.OPEN, decided_at=None)
                | (~Q(verdict=Verdict.OPEN) & Q(decided_at__isnull=False)),
            ),
            claim_constraint("candidate_token_while_reading", CandidateStatus.READING),
            models.CheckConstraint(
                name="candidate_read_when_over",
                condition=Q(status__in=OPEN_CANDIDATE_STATUSES, read_at=None)
                | Q(
                    status__in=[CandidateStatus.READABLE, CandidateStatus.UNREADABLE],
                    read_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="candidate_problem_when_unreadable",
                condition=(Q(status=CandidateStatus.UNREADABLE) & ~Q(problem=""))
                | (~Q(status=CandidateStatus.UNREADABLE) & Q(problem="")),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.filename

    def get_absolute_url(self) -> str:
        return reverse("candidates:candidate", args=[self.public_id])

    @property
    def reason(self) -> str:
        """Why it could not be read, and what to do, for the person who sent the file."""
        return gettext(Problem(self.problem).sentence) if self.problem else ""


class Words(models.Model):
    """The column that PostgreSQL generates from a candidate's text for searching.

    A model of its own on the same table: so no query for candidates loads it, and, unlike with a
    GeneratedField, no system check asks the database for its version.
    """

    candidate = models.OneToOneField(
        Candidate, models.DO_NOTHING, primary_key=True, db_column="id", related_name="words"
    )
    search = SearchVectorField()

    class Meta:
        managed = False
        db_table = "candidates_candidate"

    def __str__(self) -> str:
        return f"words of {self.candidate_id}"


class Piece(models.Model):
    """A part of a file that is too large for one request, until its last part has come."""

    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="pieces")
    upload = models.UUIDField(help_text="chosen by the browser, one for each file")
    number = models.PositiveSmallIntegerField()
    content = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="piece_once", fields=["draft", "upload", "number"])
        ]

    def __str__(self) -> str:
        return f"{self.upload} {self.number}"


# One statement for a whole batch: the rows travel as one JSON parameter.
RECORD_READING_SQL = """
    UPDATE candidates_candidate AS candidate
    SET {assignments}, token = NULL, read_at = now()
    FROM jsonb_to_recordset(%s::jsonb) AS result(id bigint, {types})
    WHERE candidate.id = result.id AND candidate.status = 'reading' AND candidate.token = %s
"""


@cache
def _record_reading_sql(names: tuple[str, ...]) -> str:
    """The statement for these columns, of the types that the model gives them. Text that is too
    long for its column is cut."""
    fields = {field.name: field for field in Candidate._meta.concrete_fields}
    assignments, types = [], []
    for name in names:
        column, limit = fields[name].column, fields[name].max_length
        value = f"left(result.{column}, {limit})" if limit else f"result.{column}"
        assignments.append(f"{column} = {value}")
        types.append(f"{column} {'text' if limit else fields[name].db_type(connection)}")
    return RECORD_READING_SQL.format(assignments=", ".join(assignments), types=", ".join(types))
