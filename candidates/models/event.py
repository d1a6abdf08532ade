"""Who did what, when: each act of a person and each change of a job's state is one row."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from candidates.facts.reason import Reason

from .constraints import failure_code_constraint, listed_constraint
from .reason import MAX_CODE_LENGTH, columns, reason_of

if TYPE_CHECKING:
    from uuid import UUID


EDIT_SESSION = timedelta(minutes=10)


class EventVerb(models.TextChoices):
    """What happened. The values are stored: a member may be added, never renamed.

    The parameters that some have are made into words by `candidates.pages.activity`.
    """

    # A job
    QUEUED = "queued", _("Queued")
    STARTED = "started", _("Started")
    RETRIED = "retried", _("Retried")
    REPEATS_REQUESTED = "repeats_requested", _("Repeats asked for")
    PAUSED = "paused", _("Paused")
    RESUMED = "resumed", _("Resumed")
    CANCELLED = "cancelled", _("Cancelled")
    REQUEUED = "requeued", _("Sent to the queue again")
    PRIORITY_RAISED = "priority_raised", _("Priority raised")
    PRIORITY_LOWERED = "priority_lowered", _("Priority lowered")
    RESUME_SKIPPED = "resume_skipped", _("Résumé taken out")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")

    # A draft
    DRAFT_CREATED = "draft_created", _("Draft created")
    DRAFT_CHANGED = "draft_changed", _("Draft changed")
    SAMPLE_CREATED = "sample_created", _("Sample draft created")
    WEIGHTS_CHANGED = "weights_changed", _("Weights changed")
    CRITERIA_REQUESTED = "criteria_requested", _("Criteria suggestions requested")
    DESCRIPTION_UPLOADED = "description_uploaded", _("Job description uploaded")
    BLIND_MODE_ENABLED = "blind_mode_enabled", _("Blind mode turned on")
    BLIND_MODE_DISABLED = "blind_mode_disabled", _("Blind mode turned off")
    FILTER_SAVED = "filter_saved", _("View saved")
    FILTER_REMOVED = "filter_removed", _("View removed")
    RANKING_EXPORTED = "ranking_exported", _("Ranking exported")

    # Its files
    FILES_ADDED = "files_added", _("Files added")
    ARCHIVE_ADDED = "archive_added", _("Archive added")
    ARCHIVE_REMOVED = "archive_removed", _("Archive removed")
    FILES_READ_AGAIN = "files_read_again", _("Files sent to be read again")
    UNREADABLE_FILES_REMOVED = "unreadable_files_removed", _("Unreadable files removed")
    FILES_MERGED = "files_merged", _("Files merged as one person's")
    FILES_KEPT_APART = "files_kept_apart", _("Files kept apart")
    MERGE_UNDONE = "merge_undone", _("Merge of files undone")

    # Candidates
    DECIDED = "decided", _("Decided")
    DECISION_UNDONE = "decision_undone", _("Decision undone")
    NOTE_ADDED = "note_added", _("Note added")
    NOTE_DELETED = "note_deleted", _("Note deleted")
    CANDIDATE_REVEALED = "candidate_revealed", _("Candidate revealed")
    CANDIDATE_EXPORTED = "candidate_exported", _("Candidate's data exported")
    CANDIDATE_ERASED = "candidate_erased", _("Candidate erased")

    # Who has access
    SHARED = "shared", _("Draft shared")
    ROLE_CHANGED = "role_changed", _("Role changed")
    SHARING_ENDED = "sharing_ended", _("Access removed")
    LEFT = "left", _("Left the draft")

    # Schedules and e-mails
    SCHEDULE_CHANGED = "schedule_changed", _("Schedule changed")
    SCHEDULE_RUN = "schedule_run", _("Schedule run now")
    SCHEDULE_STOPPED = "schedule_stopped", _("Schedule stopped")
    EMAIL_RETRIED = "email_retried", _("E-mail sent again")


class EventQuerySet(models.QuerySet["Event"]):
    def record(
        self,
        draft_id: int,
        verb: EventVerb,
        *,
        actor: Any = None,
        about: "UUID | None" = None,
        params: Mapping[str, Any] | None = None,
        reason: Reason | None = None,
    ) -> "Event":
        """Write one row, in the caller's transaction.

        `about` is the public id of the object. `params` are ids, numbers and codes; never a name,
        an address or a sentence.
        """
        return self.create(
            draft_id=draft_id,
            verb=verb,
            actor=actor,
            about=about,
            params=dict(params or {}),
            **columns("reason", reason),
        )

    def record_edit(self, draft_id: int, verb: EventVerb, actor: Any) -> None:
        """As `record`, with one row for all that one user does so within EDIT_SESSION of the last:
        a form that saves itself would fill the log."""
        last = self.filter(draft=draft_id).order_by("-created_at", "-pk")[:1]
        same = self.filter(
            pk__in=last.values("pk"), verb=verb, actor=actor, created_at__gt=Now() - EDIT_SESSION
        )
        if not same.update(created_at=Now()):
            self.record(draft_id, verb, actor=actor)


class Event(models.Model):
    # By name: drafts write events, and so their module imports this one.
    draft = models.ForeignKey("candidates.Draft", models.DB_CASCADE, related_name="events")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DB_SET_NULL,
        null=True,
        blank=True,
        related_name="events",
        help_text="empty: the system",
    )
    verb = models.CharField(max_length=40, choices=EventVerb)
    about = models.UUIDField(null=True, blank=True, help_text="public id of the object")
    params = models.JSONField(
        default=dict, db_default={}, blank=True, help_text="ids, numbers and codes"
    )
    reason_code = models.CharField(
        max_length=MAX_CODE_LENGTH, blank=True, default="", db_default="", editable=False
    )
    reason_params = models.JSONField(blank=True, default=dict, db_default={}, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        indexes = [
            models.Index(fields=["about", "created_at"]),
            models.Index(fields=["draft", "-created_at"]),
        ]
        constraints = [
            listed_constraint("event_verb_listed", EventVerb, "verb"),
            failure_code_constraint("event_reason_code_listed", "reason_code"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} at {self.created_at:%Y-%m-%d %H:%M:%S}"

    @property
    def reason(self) -> Reason | None:
        """Why it happened, where there was a reason."""
        return reason_of(self.reason_code, self.reason_params)
