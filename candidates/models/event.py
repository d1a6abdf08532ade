"""Who did what, when: each act of a person and each change of a job's state is one row."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from candidates.facts.reason import Reason

from .draft import Draft
from .reason import MAX_CODE_LENGTH, columns, reason_of

if TYPE_CHECKING:
    from uuid import UUID


SITTING = timedelta(minutes=10)


class EventQuerySet(models.QuerySet["Event"]):
    def record(
        self,
        draft_id: int,
        verb: str,
        *,
        actor: Any = None,
        about: "UUID | None" = None,
        detail: str = "",
        reason: Reason | None = None,
    ) -> "Event":
        """Write one row, in the caller's transaction. `about` is the public id of the object."""
        return self.create(
            draft_id=draft_id,
            verb=verb,
            actor=actor,
            about=about,
            detail=detail,
            **columns("reason", reason),
        )

    def record_sitting(self, draft_id: int, verb: str, actor: Any) -> None:
        """The same, with one row for all that one person does so within `SITTING` of the last: a
        form that saves itself would fill the log."""
        last = self.filter(draft=draft_id).order_by("-at", "-pk")[:1]
        same = self.filter(pk__in=last.values("pk"), verb=verb, actor=actor, at__gt=Now() - SITTING)
        if not same.update(at=Now()):
            self.record(draft_id, verb, actor=actor)


class Event(models.Model):
    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="events")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DB_SET_NULL,
        null=True,
        blank=True,
        related_name="events",
        help_text="empty: the system",
    )
    verb = models.CharField(max_length=40)
    about = models.UUIDField(null=True, blank=True, help_text="public id of the object")
    detail = models.TextField(blank=True, db_default="")
    reason_code = models.CharField(
        max_length=MAX_CODE_LENGTH, blank=True, default="", db_default="", editable=False
    )
    reason_params = models.JSONField(blank=True, default=dict, db_default={}, editable=False)
    at = models.DateTimeField(db_default=Now())

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["about", "at"]), models.Index(fields=["draft", "-at"])]

    def __str__(self) -> str:
        return f"{self.verb} at {self.at:%Y-%m-%d %H:%M:%S}"

    @property
    def reason(self) -> Reason | None:
        """Why it happened, where there was a reason."""
        return reason_of(self.reason_code, self.reason_params)
