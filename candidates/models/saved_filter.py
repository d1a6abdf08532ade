"""Filters of a draft's rankings that a user has saved under a name."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.db.models.functions.uuid import UUID4

from .draft import Draft
from .event import Event, EventVerb

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_NAME_CHARACTERS = 60


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def store(self, draft: Draft, user: "User", name: str, query: str) -> "SavedFilter":
        """Save the query under the name, in place of the one that had it."""
        with transaction.atomic():
            saved, _is_new = self.update_or_create(
                draft=draft, user=user, name=name, defaults={"query": query}
            )
            saved.refresh_from_db(fields=["public_id"])
            Event.objects.record(
                draft.pk, EventVerb.FILTER_SAVED, actor=user, about=saved.public_id
            )
        return saved

    def remove(self, public_id: UUID, user: "User") -> "SavedFilter | None":
        """Delete the user's filter; returns it, or None when it was gone already."""
        with transaction.atomic():
            saved = self.filter(public_id=public_id, user=user).select_for_update().first()
            if saved is None:
                return None
            saved.delete()
            Event.objects.record(
                saved.draft_id, EventVerb.FILTER_REMOVED, actor=user, about=saved.public_id
            )
        return saved


class SavedFilter(models.Model):
    """A name for a filter of a draft's rankings, for one user."""

    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="saved_filters")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="saved_filters"
    )
    name = models.CharField(max_length=MAX_NAME_CHARACTERS)
    query = models.CharField(max_length=1_000, blank=True, help_text="of the address")
    created_at = models.DateTimeField(db_default=Now())

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="saved_filter_once",
                fields=["draft", "user", "name"],
                violation_error_message="You have a view of this name already.",
            ),
            models.CheckConstraint(name="saved_filter_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name
