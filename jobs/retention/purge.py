"""Erase drafts that were not used for as many days as RETENTION_DAYS says, after a warning.

The number of days depends on how far a draft came: it never had a run (`unrun`), its last run made
a ranking (`ranked`), or its last run failed or was cancelled (`stopped`). A draft with a run under
way is not erased. Whatever leaves a trace counts as use: a change, a file, a run, a decision, an
export.
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
from jobs.models.retention import Purge, RetentionWarning
from jobs.notifications import recipients

log = logging.getLogger(__name__)

PURGE_INTERVAL = timedelta(days=1)
REQUEUE_AFTER = timedelta(minutes=10)  # a round that is not completed: its message may be lost


@dataclass(frozen=True, slots=True)
class ExpiringDraft:
    """A draft that may be erased from `due_at` on."""

    pk: int
    public_id: str
    state: str
    idle_since: datetime
    due_at: datetime
    candidates: int
    is_due: bool


def drafts_to_purge(ahead: timedelta = timedelta()) -> list[ExpiringDraft]:
    """The drafts that are due within `ahead`, the longest idle first. One query."""
    rows = _idle_drafts().filter(due_at__lte=Now() + ahead).order_by("idle_since", "pk")
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


def _idle_drafts() -> Any:
    """Drafts that have a retention period, with `state`, `idle_since` and `due_at`."""
    jobs = Job.objects.filter(analysis__draft=OuterRef("pk"))
    last = jobs.order_by("-created_at", "-pk")[:1]
    newest = Candidate.objects.filter(draft=OuterRef("pk")).order_by("-created_at")[:1]
    event = Event.objects.filter(draft=OuterRef("pk")).order_by("-created_at")[:1]
    days: dict[str, int] = settings.RETENTION_DAYS
    periods = [When(state=state, then=Value(timedelta(days=n))) for state, n in days.items()]
    return (
        Draft.objects.exclude(Exists(jobs.open()))
        .annotate(
            last=Subquery(last.values("status")),
            # PostgreSQL's GREATEST ignores NULL.
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
                F("idle_since") + Case(*periods, output_field=models.DurationField()),
                output_field=models.DateTimeField(),
            )
        )
    )


def run_purge(purge: Purge) -> Purge:
    """Warn owners, and erase the drafts whose owners were warned long enough ago.

    Fills in the report and returns it. Safe to run twice.
    """
    if not settings.RETENTION_DAYS:
        return purge
    grace = timedelta(days=settings.RETENTION_WARNING_DAYS)
    # Work went on: its owner is warned again before it is erased.
    used_again = _idle_drafts().filter(idle_since__gt=F("retention_warning__created_at"))
    RetentionWarning.objects.filter(draft__in=used_again).delete()
    warnings = sum(_warn(draft, grace) for draft in drafts_to_purge(grace))
    erased = sum(_erase(draft, purge) for draft in drafts_to_purge())
    Purge.objects.filter(pk=purge.pk).update(completed_at=Now(), warnings=F("warnings") + warnings)
    log.info("purge %s: %d drafts erased, %d owners warned", purge.pk, erased, warnings)
    return Purge.objects.get(pk=purge.pk)


def _warn(expiring: ExpiringDraft, grace: timedelta) -> bool:
    """Warn the owner, once and at least `grace` before the draft is erased."""
    with transaction.atomic():
        drafts = Draft.objects.select_for_update(of=("self",)).select_related("owner")
        draft = drafts.filter(pk=expiring.pk, retention_warning=None).first()
        if draft is None:
            return False
        due_at = Greatest(Value(expiring.due_at, models.DateTimeField()), Now() + grace)
        RetentionWarning.objects.create(draft=draft, due_at=due_at)
        recipients.queue_retention_warning(draft)
    return True


def _erase(expiring: ExpiringDraft, purge: Purge) -> bool:
    """Erase the draft with everything in it, and add it to the report in the same transaction.

    False where the draft was used since, or where its owner was warned too late.
    """
    with transaction.atomic():
        Draft.objects.select_for_update().filter(pk=expiring.pk).first()
        due = _idle_drafts().filter(
            pk=expiring.pk, due_at__lte=Now(), retention_warning__due_at__lte=Now()
        )
        draft = due.first()
        if draft is None:
            return False
        files = list(draft.candidates.values_list("file", flat=True))
        entry = {
            "draft": expiring.public_id,
            "state": expiring.state,
            "idle_since": expiring.idle_since.isoformat(),
            "candidates": len(files),
            "analyses": draft.analyses.count(),
        }
        files += draft.archives.values_list("file", flat=True)
        Draft.objects.filter(pk=draft.pk).delete()
        discard(files)
        report = Purge.objects.select_for_update().filter(pk=purge.pk)
        report.update(
            drafts=F("drafts") + 1,
            candidates=F("candidates") + entry["candidates"],
            erased_drafts=[*report.get().erased_drafts, entry],
        )
    return True


def requeue_due() -> int:
    """Queue the round of the day, and again when its message was lost; for the sweep."""
    if not settings.RETENTION_DAYS:
        return 0
    last = Purge.objects.first()
    if last is None or not Purge.objects.filter(created_at__gt=Now() - PURGE_INTERVAL).exists():
        queue.send("purge", Purge.objects.create().pk, later=True)
        return 1
    overdue = Purge.objects.filter(
        pk=last.pk, completed_at=None, created_at__lt=Now() - REQUEUE_AFTER
    )
    if overdue.exists() and queue.is_empty():
        queue.send("purge", last.pk, later=True)
        return 1
    return 0
