"""Recent errors, grouped by their class and reason."""

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
MAX_REASONS = 100  # of each class, the most frequent


class ErrorClass(NamedTuple):
    """A class of errors: its rows, and their fields with the time, the reason and the analysis."""

    label: str | Promise
    rows: QuerySet[Any]
    time_field: str
    reason_field: str
    analysis_field: str
    can_retry: bool = False


ERROR_CLASSES = {
    "job": ErrorClass(
        _("Job failed"),
        Job.objects.filter(status=JobStatus.FAILED),
        "completed_at",
        "error",
        "analysis",
        can_retry=True,
    ),
    "scoring": ErrorClass(
        _("Résumé not scored"),
        Evaluation.objects.filter(status=EvaluationStatus.FAILED),
        "scored_at",
        "error",
        "analysis",
        can_retry=True,
    ),
    "after": ErrorClass(
        _("Insight or second scoring"),
        FollowUp.objects.filter(status=FollowUpStatus.FAILED),
        "done_at",
        "error",
        "analysis",
        can_retry=True,
    ),
    "reading": ErrorClass(
        _("File not readable"),
        Candidate.objects.filter(status=CandidateStatus.UNREADABLE),
        "read_at",
        "problem",
        "draft__analyses",
    ),
    "call": ErrorClass(
        _("Call to the model"),
        Call.objects.filter(status__in=FAILED_CALL_STATUSES),
        "created_at",
        "detail",
        "analysis",
    ),
}


class ErrorGroup(NamedTuple):
    """Errors of one class with one reason; `counts` are those of each window."""

    error_class: str
    label: str | Promise
    reason: str
    sentence: str
    counts: list[int]
    can_retry: bool

    @property
    def jobs_url(self) -> str:
        """The list of the jobs that have such errors."""
        return reverse(
            "admin:jobs_job_changelist", query={"reason": f"{self.error_class}:{self.reason}"}
        )

    @property
    def cells(self) -> list[tuple[int, str]]:
        """Each count, and the URL that retries what it counts."""
        matching = {"class": self.error_class, "reason": self.reason}
        url = "admin:jobs_job_retry_errors"
        return [
            (count, reverse(url, query={**matching, "window": window}))
            for window, count in zip(WINDOWS, self.counts, strict=True)
        ]


def error_groups(analysis: Analysis | None = None) -> list[ErrorGroup]:
    """All errors, or those of one analysis, by class, the most frequent first. One query."""
    first, *rest = (_counted(name, analysis) for name in ERROR_CLASSES)
    groups: list[ErrorGroup] = []
    for name, reason, *counts in first.union(*rest, all=True).order_by():
        error_class = ERROR_CLASSES[name]
        sentence = Problem(reason).sentence if name == "reading" and reason else reason or "?"
        groups.append(
            ErrorGroup(name, error_class.label, reason, sentence, counts, error_class.can_retry)
        )
    order = list(ERROR_CLASSES)
    return sorted(groups, key=lambda group: (order.index(group.error_class), -group.counts[-1]))


def _counted(name: str, analysis: Analysis | None) -> QuerySet[Any, Any]:
    error_class = ERROR_CLASSES[name]
    longest = max(length for length, _ in WINDOWS.values())
    rows = error_class.rows.filter(**{f"{error_class.time_field}__gt": Now() - longest})
    if analysis is not None:
        rows = rows.filter(**{error_class.analysis_field: analysis.pk})
    counts = {
        f"in_{key}": Count("pk", filter=Q(**{f"{error_class.time_field}__gt": Now() - length}))
        for key, (length, _) in WINDOWS.items()
    }
    by_reason = (
        rows.order_by().values(error_class.reason_field).annotate(source=Value(name), **counts)
    )
    by_reason = by_reason.order_by("-in_7d")[:MAX_REASONS]
    counted: QuerySet[Any, Any] = by_reason.values_list("source", error_class.reason_field, *counts)
    return counted


def jobs_with(name: str, reason: str, window: str = "") -> JobQuerySet:
    """Jobs whose analysis has an error of that class with that reason, within the window or ever.

    Raises KeyError for a class or window that does not exist.
    """
    error_class = ERROR_CLASSES[name]
    rows = error_class.rows.filter(**{error_class.reason_field: reason})
    if window:
        rows = rows.filter(**{f"{error_class.time_field}__gt": Now() - WINDOWS[window][0]})
    if name == "job":
        return Job.objects.filter(pk__in=rows.order_by().values("pk"))
    analyses = rows.order_by().values(error_class.analysis_field).distinct()
    return Job.objects.filter(analysis__in=analyses)


def latest_jobs(jobs: JobQuerySet) -> JobQuerySet:
    """The newest job of each analysis, unless one is under way."""
    newer = Job.objects.filter(analysis=OuterRef("analysis"), pk__gt=OuterRef("pk"))
    return jobs.filter(status__in=FINISHED_JOB_STATUSES).exclude(Exists(newer)).order_by("pk")
