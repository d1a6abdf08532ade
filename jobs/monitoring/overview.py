"""How the whole system is now, and how it was: figures for staff, in few statements."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from django.db import connection
from django.db.models import Prefetch
from django.utils.translation import gettext as _

from candidates.facts.reason import FailureCode, Reason
from candidates.reading.problems import Problem
from candidates.reasons import sentences
from jobs.models import Grain, Heartbeat, Lane

from .history import Figures, begin, kept, measure
from .problems import SILENT

SHOWN = timedelta(minutes=10)  # a host without a sign of life is shown for so long
FIVE_MINUTES = timedelta(minutes=5)


class Over(Enum):
    """The windows of the charts: their whole length and one step of it."""

    HOUR = (timedelta(hours=1), FIVE_MINUTES)
    DAY = (timedelta(days=1), timedelta(hours=1))
    MONTH = (timedelta(days=30), timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Host:
    """One supervisor: `canary` is how many seconds ago its last test message came through, None
    before the first; `lanes` what its workers do now, with their jobs and drafts."""

    heartbeat: Heartbeat
    is_there: bool
    canary: float | None
    lanes: Sequence[Lane]


@dataclass(frozen=True, slots=True)
class Vitals:
    """Counts of this moment. `waits` is in seconds, rates are of the last minute, sizes in bytes;
    `queued` lanes wait for a worker, `oldest` the longest, None where none does."""

    at: datetime
    queued: int
    oldest: float | None
    pending: int
    processing: int
    paused: int
    waiting: int
    resumes: int
    calls: int
    busy: int
    errors: int
    mails: int
    mails_failed: int
    database: int


@dataclass(frozen=True, slots=True)
class Past:
    """`steps` of the window, the oldest first, the last one still running; and what models took
    today and this month, in UTC."""

    steps: Sequence[Figures]
    today: tuple[int, Decimal]
    month: tuple[int, Decimal]

    def reasons(self) -> list[tuple[str, int]]:
        """Why résumés or jobs failed in this window, the most frequent first."""
        counted: Counter[tuple[str, Reason | Problem]] = Counter()
        for step in self.steps:
            for row in step.reasons:
                counted[row["source"], _reason(row)] += row["number"]
        ordered = counted.most_common()
        titles = sentences(reason for (_source, reason), _number in ordered)
        whole = _("The whole job: %(reason)s")
        return [
            (whole % {"reason": title} if source == "job" else title, number)
            for title, ((source, _failure), number) in zip(titles, ordered, strict=True)
        ]

    def total(self, name: str) -> int:
        return sum(getattr(step, name) for step in self.steps)


def hosts(at: datetime) -> list[Host]:
    """Those that are there or were a moment ago, by name. Two statements."""
    running = Lane.objects.filter(started_at__isnull=False, due_at__gt=at)
    lanes = running.select_related("job__analysis", "draft").order_by("started_at")
    rows = Heartbeat.objects.filter(seen_at__gt=at - SHOWN).order_by("host", "pk")
    return [
        Host(
            one,
            one.seen_at > at - SILENT,
            (at - one.canary_at).total_seconds() if one.canary_at else None,
            list(one.lanes.all()),
        )
        for one in rows.prefetch_related(Prefetch("lanes", lanes))
    ]


def now() -> Vitals:
    """One statement."""
    with connection.cursor() as cursor:
        cursor.execute(NOW)
        return Vitals(*cursor.fetchone())


def past(over: Over, at: datetime) -> Past:
    """The window up to `at`, the database's time. Two statements.

    What has been counted and kept is taken from there; the rest is counted from the rows.
    """
    length, step = over.value
    today, hour = begin(at, Grain.DAY), begin(at, Grain.HOUR)
    first = today.replace(day=1)
    days = {first + timedelta(days=n) for n in range((today - first).days)}
    hours = {today + timedelta(hours=n) for n in range((hour - today) // timedelta(hours=1))}
    if over is Over.HOUR:
        end = hour + (at - hour) // FIVE_MINUTES * FIVE_MINUTES
    else:
        end = hour if over is Over.DAY else today
    shown = [end - step * n for n in reversed(range(length // step))]
    if over is Over.DAY:
        hours |= set(shown[:-1])
    elif over is Over.MONTH:
        days |= set(shown[:-1])
    there = kept(
        {
            Grain.DAY: min(days, default=today),
            Grain.HOUR: min(hours, default=hour),
        }
    )
    wanted = [(Grain.DAY, start) for start in days] + [(Grain.HOUR, start) for start in hours]
    missing = [
        (start, start + grain.length) for grain, start in wanted if (grain, start) not in there
    ]
    spans = {*missing, (hour, at), (end, at)}
    if over is Over.HOUR:
        spans |= {(start, start + step) for start in shown[:-1]}
    found = {(one.start, one.end): one for one in measure(sorted(spans))}
    found |= {(one.start, one.end): one for one in there.values()}
    steps = [found[start, start + step] for start in shown[:-1]] + [found[end, at]]
    spent_today = [found[start, start + timedelta(hours=1)] for start in hours if start >= today]
    spent_today.append(found[hour, at])
    spent = [found[start, start + timedelta(days=1)] for start in days if start >= first]
    return Past(steps, _spent(spent_today), _spent(spent + spent_today))


def _spent(those: Sequence[Figures]) -> tuple[int, Decimal]:
    return sum(one.tokens for one in those), sum((one.cost for one in those), Decimal())


def _reason(row: dict[str, Any]) -> Reason | Problem:
    """Why, as it was counted. A file without a problem has been read since."""
    if row["source"] != "reading":
        return Reason(FailureCode(row["code"]), row["params"])
    return Problem(row["code"]) if row["code"] else Reason(FailureCode.FILE_READ_SINCE)


NOW = """
SELECT STATEMENT_TIMESTAMP(), lane.queued, lane.oldest, job.pending, job.processing, job.paused,
    (SELECT count(*) FROM candidates_evaluation WHERE status IN ('waiting', 'scoring')),
    (SELECT count(*) FROM candidates_evaluation
        WHERE scored_at > STATEMENT_TIMESTAMP() - INTERVAL '1 minute'),
    call.calls, call.busy, call.errors, mail.waiting,
    (SELECT count(*) FROM jobs_notification WHERE status = 'failed'),
    pg_database_size(current_database())
FROM (
    SELECT count(*) AS queued,
        EXTRACT(epoch FROM STATEMENT_TIMESTAMP() - min(due_at))::float8 AS oldest
    FROM jobs_lane WHERE started_at IS NULL
) AS lane, (
    SELECT count(*) FILTER (WHERE status = 'pending' AND paused_at IS NULL) AS pending,
        count(*) FILTER (WHERE status = 'processing' AND paused_at IS NULL) AS processing,
        count(*) FILTER (WHERE paused_at IS NOT NULL) AS paused
    FROM jobs_job WHERE status IN ('pending', 'processing')
) AS job, (
    SELECT count(*) AS calls,
        count(*) FILTER (WHERE status = 'refused' AND http_status = 429) AS busy,
        count(*) FILTER (WHERE status <> 'answered' AND http_status IS DISTINCT FROM 429) AS errors
    FROM candidates_call WHERE settled_at > STATEMENT_TIMESTAMP() - INTERVAL '1 minute'
) AS call, (
    SELECT count(*) AS waiting FROM jobs_notification WHERE status IN ('waiting', 'sending')
) AS mail"""
