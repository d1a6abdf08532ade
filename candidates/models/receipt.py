"""Receipts of erasures: what was erased, when and by whom, without personal data."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.db.models.functions.uuid import UUID4
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from .draft import Draft

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

# The keys of `erased`, in the order in which they are shown.
ERASED_LABELS = {
    "files": _("original files"),
    "bytes": _("bytes in them"),
    "characters": _("characters of text that was read"),
    "evaluations": _("evaluations with scores, ratings and quotes"),
    "followups": _("insights and second scorings"),
    "notes": _("notes"),
    "decisions": _("decisions"),
    "possible_duplicates": _("comparisons with other files"),
    "events": _("texts in the log of events"),
    "errors": _("error messages of the queue"),
    "saved_filters": _("saved views that searched for them"),
    "archives": _("archives in which the file came"),
}


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Receipts of the user's drafts, and of what the user erased; they outlive the draft."""
        return self.filter(Q(owner=user.pk) | Q(by=user.pk)) if user.pk else self.none()


class Receipt(models.Model):
    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    candidate = models.UUIDField(help_text="public id of what is no longer there")
    draft = models.ForeignKey(Draft, models.DB_SET_NULL, null=True, related_name="receipts")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_SET_NULL, null=True, related_name="+"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(db_default=Now())
    erased = models.JSONField(help_text="how many of what")

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["owner", "-at"]), models.Index(fields=["by", "-at"])]

    def __str__(self) -> str:
        return f"receipt {self.public_id}"

    def get_absolute_url(self) -> str:
        return reverse("jobs:receipt", args=[self.public_id])

    def erased_counts(self) -> list[tuple[str, int]]:
        """Label and number of what was erased, without zeros."""
        counts = ((label, self.erased.get(key, 0)) for key, label in ERASED_LABELS.items())
        return [(str(label), number) for label, number in counts if number]
