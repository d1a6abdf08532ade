"""Recent errors, grouped by their class and reason."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Exists, F, JSONField, OuterRef, Q, QuerySet, Value
from django.db.models.functions import JSONObject, Now
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Analysis, Call, Candidate, Evaluation, FollowUp
from candidates.models.analysis import EvaluationStatus
from candidates.models.call import FAILED_CALL_STATUSES
from candidates.models.candidate import CandidateStatus
from candidates.models.followup import FollowUpStatus
from candidates.reading.problems import Problem
from candidates.reasons import sentences
from jobs.models import FINISHED_JOB_STATUSES, Job, JobQuerySet, JobStatus

ERROR_WINDOWS = {
    "1h": (timedelta(hours=1), _("1 hour")),
    "3h": (timedelta(hours=3), _("3 hours")),
    "24h": (timedelta(hours=24), _("24 hours")),
    "3d": (timedelta(days=3), _("3 days")),
    "7d": (timedelta(days=7), _("7 days")),
}
MAX_REASONS = 100  # of each class, the most frequent


class ErrorClass(NamedTuple):
    """A class of errors: its rows, and their fields with the time, the reason and the analysis.

    A reason is the value of `code_field` with the parameters of `params_field`.
    """

    label: str | Promise
    rows: QuerySet[Any]
    time_field: str
    code_field: str
    params_field: str
    analysis_field: str
    can_retry: bool = False


ERROR_CLASSES = {
    "job": ErrorClass(
        _("Job failed"),
        Job.objects.filter(status=JobStatus.FAILED),
        "completed_at",
        "error_code",
        "error_params",
        "analysis",
        can_retry=True,
    ),
    "scoring": ErrorClass(
        _("Résumé not scored"),
        Evaluation.objects.filter(status=EvaluationStatus.FAILED),
        "scored_at",
        "error_code",
        "error_params",
        "analysis",
        can_retry=True,
    ),
    "after": ErrorClass(
        _("Insight or second scoring"),
        FollowUp.objects.filter(status=FollowUpStatus.FAILED),
        "done_at",
        "error_code",
        "error_params",
        "analysis",
        can_retry=True,
    ),
    "reading": ErrorClass(
        _("File not readable"),
        Candidate.objects.filter(status=CandidateStatus.UNREADABLE).annotate(
            nothing=Value({}, JSONField())
        ),
        "read_at",
        "problem",
        "nothing",
        "draft__analyses",
    ),
    "call": ErrorClass(
        _("Call to the model"),
        Call.objects.filter(status__in=FAILED_CALL_STATUSES).annotate(
            answer=JSONObject(http_status=F("http_status"))
        ),
        "created_at",
        "error_code",
        "answer",
        "analysis",
    ),
}


class ErrorKey(NamedTuple):
    """The class and the reason of errors: a code and its parameters."""

    error_class: str
    code: str
    params: dict[str, Any]

    @classmethod
    def parse(cls, text: str) -> "ErrorKey":
        """The key of which `str` gave the text. Raises ValueError for any other text."""
        error_class, _separator, rest = text.partition(":")
        try:
            code, params = json.loads(rest)
        except (TypeError, RecursionError) as error:
            raise ValueError("No code and parameters.") from error
        key = cls(error_class, code, params)
        if error_class not in ERROR_CLASSES or not isinstance(params, dict):
            raise ValueError("No code and parameters of a known class.")
        if error_class == "reading":
            is_known = code in Problem and not params
        elif error_class == "call":
            status = params.get("http_status")
            is_known = code in FailureCode and [*params] == ["http_status"]
            is_known = is_known and (status is None or type(status) is int)
        else:
            is_known = bool(key.reason())
        if not is_known:
            raise ValueError("No code and parameters of this class.")
        return key

    def __str__(self) -> str:
        return f"{self.error_class}:{json.dumps([self.code, self.params], ensure_ascii=False)}"

    @property
    def can_retry(self) -> bool:
        return ERROR_CLASSES[self.error_class].can_retry

    def reason(self) -> Reason:
        """Raises ValueError where code and parameters are none of a reason."""
        return Reason(FailureCode(self.code), self.params)


class ErrorGroup(NamedTuple):
    """Errors of one class with one reason; `counts` are those of each window."""

    key: ErrorKey
    sentence: str
    counts: list[int]

    @property
    def label(self) -> str | Promise:
        return ERROR_CLASSES[self.key.error_class].label

    @property
    def can_retry(self) -> bool:
        return self.key.can_retry

    @property
    def jobs_url(self) -> str:
        """The list of the jobs that have such errors."""
        return reverse("admin:jobs_job_changelist", query={"reason": str(self.key)})

    @property
    def cells(self) -> list[tuple[int, str]]:
        """Each count, and the URL that retries what it counts."""
        url = "admin:jobs_job_retry_errors"
        return [
            (count, reverse(url, query={"reason": str(self.key), "window": window}))
            for window, count in zip(ERROR_WINDOWS, self.counts, strict=True)
        ]


def error_groups(analysis: Analysis | None = None) -> list[ErrorGroup]:
    """All errors, or those of one analysis, by class, the most frequent first. One query."""
    first, *rest = (_counted(name, analysis) for name in ERROR_CLASSES)
    rows = list(first.union(*rest, all=True).order_by())
    keys = [ErrorKey(name, code, params) for name, code, params, *_counts in rows]
    groups = [
        ErrorGroup(key, sentence, counts)
        for key, sentence, (_s, _c, _p, *counts) in zip(keys, titles(keys), rows, strict=True)
    ]
    order = list(ERROR_CLASSES)
    return sorted(groups, key=lambda group: (order.index(group.key.error_class), -group.counts[-1]))


def titles(keys: Sequence[ErrorKey]) -> list[str]:
    """Each reason as a sentence for staff; a call as the server's status and the code."""
    return [
        " ".join(str(part) for part in (key.params.get("http_status"), key.code) if part)
        if key.error_class == "call"
        else sentence
        for key, sentence in zip(keys, sentences(map(_shown, keys)), strict=True)
    ]


def _shown(key: ErrorKey) -> Reason | Problem | None:
    if key.error_class == "call":
        return None
    return Problem(key.code) if key.error_class == "reading" else key.reason()


def _counted(name: str, analysis: Analysis | None) -> QuerySet[Any, Any]:
    error_class = ERROR_CLASSES[name]
    longest = max(length for length, _label in ERROR_WINDOWS.values())
    rows = error_class.rows.filter(**{f"{error_class.time_field}__gt": Now() - longest})
    if analysis is not None:
        rows = rows.filter(**{error_class.analysis_field: analysis.pk})
    counts = {
        f"in_{key}": Count("pk", filter=Q(**{f"{error_class.time_field}__gt": Now() - length}))
        for key, (length, _label) in ERROR_WINDOWS.items()
    }
    by_reason = rows.order_by().values(error_class.code_field, error_class.params_field)
    by_reason = by_reason.annotate(error_class=Value(name), **counts).order_by("-in_7d")[
        :MAX_REASONS
    ]
    counted: QuerySet[Any, Any] = by_reason.values_list(
        "error_class", error_class.code_field, error_class.params_field, *counts
    )
    return counted


def jobs_with(key: ErrorKey, window: str = "") -> JobQuerySet:
    """Jobs whose analysis has an error of that class with that reason, within the window or ever.

    Raises KeyError for a window that does not exist.
    """
    error_class = ERROR_CLASSES[key.error_class]
    rows = error_class.rows.filter(
        **{error_class.code_field: key.code, error_class.params_field: key.params}
    )
    if window:
        rows = rows.filter(**{f"{error_class.time_field}__gt": Now() - ERROR_WINDOWS[window][0]})
    if key.error_class == "job":
        return Job.objects.filter(pk__in=rows.order_by().values("pk"))
    analyses = rows.order_by().values(error_class.analysis_field).distinct()
    return Job.objects.filter(analysis__in=analyses)


def latest_jobs(jobs: JobQuerySet) -> JobQuerySet:
    """The newest job of each analysis, unless one is under way."""
    newer = Job.objects.filter(analysis=OuterRef("analysis"), pk__gt=OuterRef("pk"))
    return jobs.filter(status__in=FINISHED_JOB_STATUSES).exclude(Exists(newer)).order_by("pk")
