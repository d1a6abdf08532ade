"""How long drafts are kept: the warnings that were sent, and the reports of what went."""

from django.db import models
from django.db.models.functions import Now

from candidates.models import Draft


class Warned(models.Model):
    """The owner of the draft has been told that it will be erased; it goes when work goes on."""

    draft = models.OneToOneField(Draft, models.DB_CASCADE, related_name="warned")
    at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(help_text="it is not erased before")

    class Meta:
        verbose_name_plural = "warned"

    def __str__(self) -> str:
        return f"draft {self.draft_id} by {self.due_at:%Y-%m-%d}"


class Purge(models.Model):
    """One round of erasing what has been kept for long enough, and what went with it."""

    at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True, blank=True)
    warned = models.PositiveIntegerField(db_default=0, help_text="owners told of a draft")
    drafts = models.PositiveIntegerField(db_default=0)
    candidates = models.PositiveIntegerField(db_default=0)
    went = models.JSONField(
        default=list, db_default=[], help_text="of each draft: id, state, days, how much of what"
    )

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["-at"])]

    def __str__(self) -> str:
        return f"purge of {self.at:%Y-%m-%d}"
