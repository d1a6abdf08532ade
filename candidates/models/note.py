"""Notes about candidates."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.db.models.functions.uuid import UUID4

from .candidate import Candidate
from .event import Event, EventVerb

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class NoteQuerySet(models.QuerySet["Note"]):
    def add(self, candidate: Candidate, text: str, author: "User") -> "Note":
        with transaction.atomic():
            note = self.create(candidate=candidate, text=text, author=author)
            Event.objects.record(
                candidate.draft_id, EventVerb.NOTE_ADDED, actor=author, about=candidate.public_id
            )
        return note

    def remove(self, note: "Note", user: "User") -> bool:
        """Delete the note; False when it was gone already. Only its author may: ask before."""
        with transaction.atomic():
            if not self.filter(pk=note.pk).delete()[0]:
                return False
            candidate = note.candidate
            Event.objects.record(
                candidate.draft_id, EventVerb.NOTE_DELETED, actor=user, about=candidate.public_id
            )
        return True


class Note(models.Model):
    """A remark about a candidate, for everybody who sees the draft."""

    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    candidate = models.ForeignKey(Candidate, models.DB_CASCADE, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_SET_NULL, null=True, related_name="+"
    )
    text = models.TextField(max_length=5_000)
    created_at = models.DateTimeField(db_default=Now())

    objects = NoteQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [models.CheckConstraint(name="note_says_something", condition=~Q(text=""))]

    def __str__(self) -> str:
        return f"note {self.pk}"
