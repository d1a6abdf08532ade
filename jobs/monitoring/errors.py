"""What went wrong of late, grouped by its class and its reason."""

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

WINDOWS = {
    "1h": (timedelta(hours=1), _("1 hour")),
    "3h": (timedelta(hours=3), _("3 hours")),
    "24h": (timedelta(hours=24), _("24 hours")),
    "3d": (timedelta(days=3), _("3 days")),
    "7d": (timedelta(days=7), _("7 days")),
}
REASONS = 100  # of each class, the most frequent


class Source(NamedTuple):
    """A class of errors: where they are, when each happened, why, and whose analysis it is.

    `code` is a column; `params` is a column with what stands beside the code.
    """

    label: str | Promise
    rows: QuerySet[Any]
    at: str
    code: str
    params: str
    analysis: str
    can_retry: bool = False


SOURCES = {
    "job": Source(
        _("Job failed"),
        Job.objects.filter(status=JobStatus.FAILED),
        "completed_at",
        "error_code",
        "error_params",
        "analysis",
        can_retry=True,
    ),
    "scoring": Source(
        _("Résumé not scored"),
        Evaluation.objects.filter(status=EvaluationStatus.FAILED),
        "scored_at",
        "error_code",
        "error_params",
        "analysis",
        can_retry=True,
    ),
    "after": Source(
        _("Insight or second scoring"),
        FollowUp.objects.filter(status=FollowUpStatus.FAILED),
        "done_at",
        "error_code",
        "error_params",
        "analysis",
        can_retry=True,
    ),
    "reading": Source(
        _("File not readable"),
        Candidate.objects.filter(status=CandidateStatus.UNREADABLE).annotate(
            nothing=Value({}, JSONField())
        ),
        "read_at",
        "problem",
        "nothing",
        "draft__analyses",
    ),
    "call": Source(
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


class Key(NamedTuple):
    """What errors of one class have in common: the code and what stands beside it."""

    source: str
    code: str
    params: dict[str, Any]

    @classmethod
    def parse(cls, text: str) -> "Key":
        """What `str` of a key gave. Raises ValueError for anything else, also from a stranger."""
        source, _separator, rest = text.partition(":")
        try:
            code, params = json.loads(rest)
        except (TypeError, RecursionError) as error:
            raise ValueError("No code and parameters.") from error
        key = cls(source, code, params)
        if source not in SOURCES or not isinstance(params, dict):
            raise ValueError("No code and parameters of a known class.")
        if source == "reading":
            is_known = code in Problem and not params
        elif source == "call":
            status = params.get("http_status")
            is_known = code in FailureCode and [*params] == ["http_status"]
            is_known = is_known and (status is None or type(status) is int)
        else:
            is_known = bool(key.reason())
        if not is_known:
            raise ValueError("No code and parameters of this class.")
        return key

    def __str__(self) -> str:
        return f"{self.source}:{json.dumps([self.code, self.params], ensure_ascii=False)}"

    def reason(self) -> Reason:
        """Raises ValueError where code and parameters are none of a reason."""
        return Reason(FailureCode(self.code), self.params)


class Group(NamedTuple):
    """Errors of one class with one reason; `counts` are those of each window."""

    key: Key
    sentence: str
    counts: list[int]

    @property
    def label(self) -> str | Promise:
        return SOURCES[self.key.source].label

    @property
    def can_retry(self) -> bool:
        return SOURCES[self.key.source].can_retry

    @property
    def jobs_url(self) -> str:
        """The list of the jobs that have it."""
        return reverse("admin:jobs_job_changelist", query={"reason": str(self.key)})

    @property
    def cells(self) -> list[tuple[int, str]]:
        """Each count, and where those that it counts are retried."""
        url = "admin:jobs_job_retry_errors"
        return [
            (count, reverse(url, query={"reason": str(self.key), "window": window}))
            for window, count in zip(WINDOWS, self.counts, strict=True)
        ]


def groups(analysis: Analysis | None = None) -> list[Group]:
    """Of everything, or of one analysis, class by class; the most frequent first. One query."""
    first, *rest = (_counted(name, analysis) for name in SOURCES)
    rows = list(first.union(*rest, all=True).order_by())
    keys = [Key(source, code, params) for source, code, params, *_counts in rows]
    made = [
        Group(key, sentence, counts)
        for key, sentence, (_s, _c, _p, *counts) in zip(keys, titles(keys), rows, strict=True)
    ]
    order = list(SOURCES)
    return sorted(made, key=lambda group: (order.index(group.key.source), -group.counts[-1]))


def titles(keys: Sequence[Key]) -> list[str]:
    """Each as a sentence for staff; a call as the server's status and the code."""
    return [
        " ".join(str(part) for part in (key.params.get("http_status"), key.code) if part)
        if key.source == "call"
        else sentence
        for key, sentence in zip(keys, sentences(map(_shown, keys)), strict=True)
    ]


def _shown(key: Key) -> Reason | Problem | None:
    if key.source == "call":
        return None
    return Problem(key.code) if key.source == "reading" else key.reason()


def _counted(name: str, analysis: Analysis | None) -> QuerySet[Any, Any]:
    source = SOURCES[name]
    longest = max(length for length, _label in WINDOWS.values())
    rows = source.rows.filter(**{f"{source.at}__gt": Now() - longest})
    if analysis is not None:
        rows = rows.filter(**{source.analysis: analysis.pk})
    counts = {
        f"in_{key}": Count("pk", filter=Q(**{f"{source.at}__gt": Now() - length}))
        for key, (length, _label) in WINDOWS.items()
    }
    by_reason = rows.order_by().values(source.code, source.params)
    by_reason = by_reason.annotate(source=Value(name), **counts).order_by("-in_7d")[:REASONS]
    counted: QuerySet[Any, Any] = by_reason.values_list(
        "source", source.code, source.params, *counts
    )
    return counted


def jobs_with(key: Key, window: str = "") -> JobQuerySet:
    """Jobs whose analysis has an error of that class with that reason: within the window, or ever.

    Raises KeyError for a window that does not exist.
    """
    source = SOURCES[key.source]
    rows = source.rows.filter(**{source.code: key.code, source.params: key.params})
    if window:
        rows = rows.filter(**{f"{source.at}__gt": Now() - WINDOWS[window][0]})
    if key.source == "job":
        return Job.objects.filter(pk__in=rows.order_by().values("pk"))
    analyses = rows.order_by().values(source.analysis).distinct()
    return Job.objects.filter(analysis__in=analyses)


def latest(jobs: JobQuerySet) -> JobQuerySet:
    """Of each analysis its newest job, unless one is under way."""
    newer = Job.objects.filter(analysis=OuterRef("analysis"), pk__gt=OuterRef("pk"))
    return jobs.filter(status__in=FINISHED_JOB_STATUSES).exclude(Exists(newer)).order_by("pk")
