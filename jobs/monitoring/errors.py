"""What went wrong of late, grouped by its class and its reason."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from candidates.models import Analysis, Call, Candidate, Evaluation, FollowUp
from candidates.models.analysis import EvaluationStatus
from candidates.models.call import FAILED_CALL_STATUSES
from candidates.models.candidate import CandidateStatus
from candidates.models.followup import FollowUpStatus
from candidates.reading.problems import Problem
from jobs.models import FINISHED_JOB_STATUSES, Job, JobQuerySet, JobStatus

WINDOWS = {
    "1h": (timedelta(hours=1), _("1 hour")),
    "3h": (timedelta(hours=3), _("3 hours")),
    "24h": (timedelta(hours=24), _("24 hours")),
    "3d": (timedelta(days=3), _("3 days")),
    "7d": (timedelta(days=7), _("7 days")),
}
REASONS = 100  # of each class, the most frequent


class Source(NamedTuple):
    """A class of errors: where they are, when each happened, why, and whose analysis it is."""

    label: str | Promise
    rows: QuerySet[Any]
    at: str
    reason: str
    analysis: str
    can_retry: bool = False


SOURCES = {
    "job": Source(
        _("Job failed"),
        Job.objects.filter(status=JobStatus.FAILED),
        "completed_at",
        "error",
        "analysis",
        can_retry=True,
    ),
    "scoring": Source(
        _("Résumé not scored"),
        Evaluation.objects.filter(status=EvaluationStatus.FAILED),
        "scored_at",
        "error",
        "analysis",
        can_retry=True,
    ),
    "after": Source(
        _("Insight or second scoring"),
        FollowUp.objects.filter(status=FollowUpStatus.FAILED),
        "done_at",
        "error",
        "analysis",
        can_retry=True,
    ),
    "reading": Source(
        _("File not readable"),
        Candidate.objects.filter(status=CandidateStatus.UNREADABLE),
        "read_at",
        "problem",
        "draft__analyses",
    ),
    "call": Source(
        _("Call to the model"),
        Call.objects.filter(status__in=FAILED_CALL_STATUSES),
        "created_at",
        "detail",
        "analysis",
    ),
}


class Group(NamedTuple):
    """Errors of one class with one reason; `counts` are those of each window."""

    source: str
    label: str | Promise
    reason: str
    sentence: str
    counts: list[int]
    can_retry: bool

    @property
    def jobs_url(self) -> str:
        """The list of the jobs that have it."""
        return reverse(
            "admin:jobs_job_changelist", query={"reason": f"{self.source}:{self.reason}"}
        )

    @property
    def cells(self) -> list[tuple[int, str]]:
        """Each count, and where those that it counts are retried."""
        matching = {"class": self.source, "reason": self.reason}
        url = "admin:jobs_job_retry_errors"
        return [
            (count, reverse(url, query={**matching, "window": window}))
            for window, count in zip(WINDOWS, self.counts, strict=True)
        ]


def groups(analysis: Analysis | None = None) -> list[Group]:
    """Of everything, or of one analysis, class by class; the most frequent first. One query."""
    first, *rest = (_counted(name, analysis) for name in SOURCES)
    found: list[Group] = []
    for name, reason, *counts in first.union(*rest, all=True).order_by():
        source = SOURCES[name]
        sentence = Problem(reason).sentence if name == "reading" and reason else reason or "?"
        found.append(Group(name, source.label, reason, sentence, counts, source.can_retry))
    order = list(SOURCES)
    return sorted(found, key=lambda group: (order.index(group.source), -group.counts[-1]))


def _counted(name: str, analysis: Analysis | None) -> QuerySet[Any, Any]:
    source = SOURCES[name]
    longest = max(length for length, _ in WINDOWS.values())
    rows = source.rows.filter(**{f"{source.at}__gt": Now() - longest})
    if analysis is not None:
        rows = rows.filter(**{source.analysis: analysis.pk})
    counts = {
        f"in_{key}": Count("pk", filter=Q(**{f"{source.at}__gt": Now() - length}))
        for key, (length, _) in WINDOWS.items()
    }
    by_reason = rows.order_by().values(source.reason).annotate(source=Value(name), **counts)
    by_reason = by_reason.order_by("-in_7d")[:REASONS]
    counted: QuerySet[Any, Any] = by_reason.values_list("source", source.reason, *counts)
    return counted


def jobs_with(name: str, reason: str, window: str = "") -> JobQuerySet:
    """Jobs whose analysis has an error of that class with that reason: within the window, or ever.

    Raises KeyError for a class or window that does not exist.
    """
    source = SOURCES[name]
    rows = source.rows.filter(**{source.reason: reason})
    if window:
        rows = rows.filter(**{f"{source.at}__gt": Now() - WINDOWS[window][0]})
    if name == "job":
        return Job.objects.filter(pk__in=rows.order_by().values("pk"))
    found = rows.order_by().values(source.analysis).distinct()
    return Job.objects.filter(analysis__in=found)


def latest(jobs: JobQuerySet) -> JobQuerySet:
    """Of each analysis its newest job, unless one is under way."""
    newer = Job.objects.filter(analysis=OuterRef("analysis"), pk__gt=OuterRef("pk"))
    return jobs.filter(status__in=FINISHED_JOB_STATUSES).exclude(Exists(newer)).order_by("pk")
