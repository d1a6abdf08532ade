"""Retention: the warnings that were sent, and the reports of what was erased."""

from django.db import models
from django.db.models.functions import Now

from candidates.models import Draft


class RetentionWarning(models.Model):
    """The owner of the draft was warned that it will be erased; deleted when work on it goes on."""

    draft = models.OneToOneField(Draft, models.DB_CASCADE, related_name="retention_warning")
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(help_text="the draft is not erased before")

    def __str__(self) -> str:
        return f"draft {self.draft_id} by {self.due_at:%Y-%m-%d}"


class Purge(models.Model):
    """One daily round of erasing drafts past their retention period, and its report."""

    created_at = models.DateTimeField(db_default=Now())
    completed_at = models.DateTimeField(null=True, blank=True)
    warnings = models.PositiveIntegerField(db_default=0, help_text="owners warned of a draft")
    drafts = models.PositiveIntegerField(db_default=0, help_text="drafts erased")
    candidates = models.PositiveIntegerField(db_default=0, help_text="candidates erased")
    erased_drafts = models.JSONField(
        default=list,
        db_default=[],
        help_text="of each draft: its id, state, last activity and how much it held",
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["-created_at"])]

    def __str__(self) -> str:
        return f"purge of {self.created_at:%Y-%m-%d}"
