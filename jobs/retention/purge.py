"""Drafts that nobody has touched for as long as RETENTION_DAYS says are erased, after a warning.

How long depends on how far a draft came: it never had a run (`unrun`), its last run made a ranking
(`ranked`), or its last run failed or was cancelled (`stopped`). One with a run under way is kept.
A draft is touched by whatever leaves a trace: a change, a file, a run, a decision, an export.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Greatest, Now

from candidates.intake import discard
from candidates.models import Candidate, Draft, Event
from jobs import queue
from jobs.models import Job, JobStatus
from jobs.models.retention import Purge, Warned
from jobs.notifications import email

log = logging.getLogger(__name__)

EVERY = timedelta(days=1)
LOST = timedelta(minutes=10)  # after which a round that is not done is asked for again


@dataclass(frozen=True, slots=True)
class ExpiringDraft:
    """A draft whose time has come or comes soon; `due_at` is when it may go."""

    pk: int
    public_id: str
    state: str
    idle_since: datetime
    due_at: datetime
    candidates: int
    is_due: bool


def drafts_to_purge(ahead: timedelta = timedelta()) -> list[ExpiringDraft]:
    """What may go within `ahead`, the longest idle first. One query."""
    rows = _due().filter(due_at__lte=Now() + ahead).order_by("idle_since", "pk")
    rows = rows.annotate(number=Count("candidates"), is_due=Q(due_at__lte=Now()))
    return [
        ExpiringDraft(
            row["pk"],
            str(row["public_id"]),
            row["state"],
            row["idle_since"],
            row["due_at"],
            row["number"],
            row["is_due"],
        )
        for row in rows.values(
            "pk", "public_id", "state", "idle_since", "due_at", "number", "is_due"
        )
    ]


def _due() -> Any:
    jobs = Job.objects.filter(analysis__draft=OuterRef("pk"))
    last = jobs.order_by("-created_at", "-pk")[:1]
    newest = Candidate.objects.filter(draft=OuterRef("pk")).order_by("-created_at")[:1]
    event = Event.objects.filter(draft=OuterRef("pk")).order_by("-created_at")[:1]
    days: dict[str, int] = settings.RETENTION_DAYS
    long = [When(state=state, then=Value(timedelta(days=n))) for state, n in days.items()]
    return (
        Draft.objects.exclude(Exists(jobs.open()))
        .annotate(
            last=Subquery(last.values("status")),
            # PostgreSQL's GREATEST passes over what is NULL.
            idle_since=Greatest(
                "updated_at",
                Subquery(newest.values("created_at")),
                Subquery(event.values("created_at")),
                Subquery(last.values("completed_at")),
            ),
        )
        .annotate(
            state=Case(
                When(last=None, then=Value("unrun")),
                When(last=JobStatus.COMPLETED, then=Value("ranked")),
                default=Value("stopped"),
            )
        )
        .filter(state__in=list(days))
        .annotate(
            due_at=models.ExpressionWrapper(
                F("idle_since") + Case(*long, output_field=models.DurationField()),
                output_field=models.DateTimeField(),
            )
        )
    )


def run_purge(purge: Purge) -> Purge:
    """Warn, and erase what was warned of long enough ago; fills the report. Safe to run twice."""
    if not settings.RETENTION_DAYS:
        return purge
    grace = timedelta(days=settings.RETENTION_WARNING_DAYS)
    # Work went on: should it rest again, it is told of again.
    Warned.objects.filter(draft__in=_due().filter(idle_since__gt=F("warned__at"))).delete()
    warned = sum(_warn(one, grace) for one in drafts_to_purge(grace))
    went = sum(_erase(one, purge) for one in drafts_to_purge())
    Purge.objects.filter(pk=purge.pk).update(done_at=Now(), warned=F("warned") + warned)
    log.info("purge %s: %d drafts erased, %d owners warned", purge.pk, went, warned)
    return Purge.objects.get(pk=purge.pk)


def _warn(one: ExpiringDraft, grace: timedelta) -> bool:
    """Tell the owner, once; never later than `grace` before it goes."""
    with transaction.atomic():
        found = Draft.objects.select_for_update(of=("self",)).select_related("owner")
        draft = found.filter(pk=one.pk, warned=None).first()
        if draft is None:
            return False
        due = Greatest(Value(one.due_at, models.DateTimeField()), Now() + grace)
        Warned.objects.create(draft=draft, due_at=due)
        email.expiring(draft)
    return True


def _erase(one: ExpiringDraft, purge: Purge) -> bool:
    """Erase the draft with all that is in it, and say so in the report, together; False where
    somebody has come back to it, or where its owner was warned too late."""
    with transaction.atomic():
        Draft.objects.select_for_update().filter(pk=one.pk).first()
        due = _due().filter(pk=one.pk, due_at__lte=Now(), warned__due_at__lte=Now())
        draft = due.first()
        if draft is None:
            return False
        names = list(draft.candidates.values_list("file", flat=True))
        told = {
            "draft": one.public_id,
            "state": one.state,
            "idle_since": one.idle_since.isoformat(),
            "candidates": len(names),
            "analyses": draft.analyses.count(),
        }
        names += draft.archives.values_list("file", flat=True)
        Draft.objects.filter(pk=draft.pk).delete()
        discard(names)
        report = Purge.objects.select_for_update().filter(pk=purge.pk)
        report.update(
            drafts=F("drafts") + 1,
            candidates=F("candidates") + told["candidates"],
            went=[*report.get().went, told],
        )
    return True


def nudge_purges() -> int:
    """Ask for the round of the day, and again when its message was lost; for the sweep."""
    if not settings.RETENTION_DAYS:
        return 0
    last = Purge.objects.first()
    if last is None or not Purge.objects.filter(at__gt=Now() - EVERY).exists():
        queue.send("purge", Purge.objects.create().pk, later=True)
        return 1
    lost = Purge.objects.filter(pk=last.pk, done_at=None, at__lt=Now() - LOST)
    if lost.exists() and queue.is_empty():
        queue.send("purge", last.pk, later=True)
        return 1
    return 0
