"""How the whole system is now, and how it was: figures for staff and metrics, in few statements."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
from jobs.models import Grain, Heartbeat, HeartbeatQuerySet, Lane, RunningTask

from . import counts, history
from .counts import DOLLARS, FOR_CHARTS, Counts, Labels

FIVE_MINUTES = timedelta(minutes=5)


class ChartWindow(Enum):
    """The windows of the charts: their whole length and one step of it."""

    HOUR = (timedelta(hours=1), FIVE_MINUTES)
    DAY = (timedelta(days=1), timedelta(hours=1))
    MONTH = (timedelta(days=30), timedelta(days=1))


@dataclass(frozen=True, slots=True)
class HostState:
    """One supervisor: `canary_age` is how many seconds ago its last test message came through,
    None before the first; `lanes` and `tasks` what its workers do now, the lanes with their jobs
    and drafts."""

    heartbeat: Heartbeat
    is_visible: bool
    is_canary_late: bool
    canary_age: float | None
    lanes: Sequence[Lane]
    tasks: Sequence[RunningTask]

    @property
    def idle_workers(self) -> int:
        return max(0, self.heartbeat.workers - len(self.lanes) - len(self.tasks))


@dataclass(frozen=True, slots=True)
class SystemState:
    """Counts of this moment. `oldest_wait` is the seconds that the oldest lane without a worker
    has waited, None where none waits; the last four are of the last minute."""

    now: datetime
    lanes_waiting: int
    oldest_wait: float | None
    lanes_running: int
    jobs_pending: int
    jobs_processing: int
    jobs_paused: int
    emails_waiting: int
    emails_failed: int
    resumes_waiting: int
    files_waiting: int
    is_halted: bool
    database_bytes: int
    resumes_scored: int
    calls: int
    calls_busy: int
    calls_failed: int


@dataclass(frozen=True, slots=True)
class ChartStep:
    """What ended between `start` and `end`. `p50` and `p95` are in seconds, from the press of Run
    to the end of a job, None where none was completed; `cost` is in US dollars."""

    start: datetime
    end: datetime
    completed: int
    failed: int
    cancelled: int
    p50: float | None
    p95: float | None
    scored: int
    unscored: int
    calls: int
    busy: int
    errors: int
    tokens: int
    cost: Decimal
    reasons: Mapping[Labels, int]  # by source, code and parameters

    @classmethod
    def of(cls, start: datetime, end: datetime, counted: Counts) -> "ChartStep":
        jobs = {status: figures for (status,), figures in counted.get("jobs", {}).items()}
        outcomes = {
            outcome: figures["number"]
            for (outcome,), figures in counted.get("evaluations", {}).items()
        }
        scored = outcomes.get("scored", 0) + outcomes.get("reused", 0)
        calls: list[Mapping[str, Any]] = list(counted.get("calls", {}).values())
        times = jobs.get("completed", {}).get("percentiles", (None, None))
        return cls(
            start=start,
            end=end,
            completed=jobs.get("completed", {}).get("number", 0),
            failed=jobs.get("failed", {}).get("number", 0),
            cancelled=jobs.get("cancelled", {}).get("number", 0),
            p50=times[0],
            p95=times[1],
            scored=scored,
            unscored=sum(outcomes.values()) - scored,
            calls=_sum(calls, "number"),
            busy=_sum(calls, "busy"),
            errors=_sum(calls, "errors"),
            tokens=_sum(calls, "prompt_tokens") + _sum(calls, "completion_tokens"),
            cost=Decimal(_sum(calls, "cost")) / DOLLARS,
            reasons={
                labels: figures["number"] for labels, figures in counted.get("reasons", {}).items()
            },
        )


def _sum(rows: Iterable[Mapping[str, Any]], figure: str) -> int:
    return sum(int(row[figure]) for row in rows)


@dataclass(frozen=True, slots=True)
class Past:
    """`steps` of the window, the oldest first, the last one still running; and what models took
    today and this month, in UTC, as tokens and US dollars."""

    steps: Sequence[ChartStep]
    today: tuple[int, Decimal]
    month: tuple[int, Decimal]

    def reasons(self) -> list[tuple[str, int]]:
        """Why résumés or jobs failed in this window, the most frequent first."""
        counted: Counter[Labels] = Counter()
        for step in self.steps:
            counted.update(step.reasons)
        ordered = counted.most_common()
        titles = sentences(_reason(*labels) for labels, _number in ordered)
        whole_job = _("The whole job: %(reason)s")
        return [
            (whole_job % {"reason": title} if labels[0] == "job" else title, number)
            for title, (labels, number) in zip(titles, ordered, strict=True)
        ]

    def total(self, name: str) -> int:
        return sum(getattr(step, name) for step in self.steps)


def host_states(now: datetime) -> list[HostState]:
    """The hosts that are visible, or were minutes ago, by name. Three statements."""
    running = Lane.objects.filter(started_at__isnull=False, due_at__gt=now)
    lanes = running.select_related("job__analysis", "draft").order_by("started_at")
    rows: Any = Heartbeat.objects.seen_within(HeartbeatQuerySet.MISSED_FOR).with_state()
    return [
        HostState(
            row,
            row.is_visible,
            row.is_canary_late,
            (now - row.canary_at).total_seconds() if row.canary_at else None,
            list(row.lanes.all()),
            list(row.running_tasks.all()),
        )
        for row in rows.order_by("host", "pk").prefetch_related(
            Prefetch("lanes", lanes),
            Prefetch("running_tasks", RunningTask.objects.filter(due_at__gt=now)),
        )
    ]


def system_state() -> SystemState:
    """One statement."""
    with connection.cursor() as cursor:
        cursor.execute(SYSTEM_STATE_SQL)
        return SystemState(*cursor.fetchone())


def past(window: ChartWindow, now: datetime) -> Past:
    """The window up to `now`, the database's time. Two statements.

    Settled hours and days are taken from the history; the rest is counted from the rows.
    """
    length, step = window.value
    today, hour = history.start_of(now, Grain.DAY), history.start_of(now, Grain.HOUR)
    first_of_month = today.replace(day=1)
    days = {first_of_month + timedelta(days=n) for n in range((today - first_of_month).days)}
    hours = {today + timedelta(hours=n) for n in range((hour - today) // timedelta(hours=1))}
    if window is ChartWindow.HOUR:
        last = hour + (now - hour) // FIVE_MINUTES * FIVE_MINUTES
    else:
        last = hour if window is ChartWindow.DAY else today
    starts = [last - step * n for n in reversed(range(length // step))]
    if window is ChartWindow.DAY:
        hours |= set(starts[:-1])
    elif window is ChartWindow.MONTH:
        days |= set(starts[:-1])
    settled = history.settled(
        {
            Grain.DAY: min(days, default=today),
            Grain.HOUR: min(hours, default=hour),
        }
    )
    counted = {(start, start + grain.length): each for (grain, start), each in settled.items()}
    spans = {(start, start + Grain.DAY.length) for start in days}
    spans |= {(start, start + Grain.HOUR.length) for start in hours}
    spans |= {(start, start + step) for start in starts[:-1]} | {(hour, now), (last, now)}
    missing = sorted(spans - set(counted))
    counted |= dict(zip(missing, counts.measure(missing, FOR_CHARTS), strict=True))
    steps = {span: ChartStep.of(*span, counted[span]) for span in spans}

    def spent(chosen: Iterable[tuple[datetime, datetime]]) -> tuple[int, Decimal]:
        rows = [steps[span] for span in chosen]
        return sum(row.tokens for row in rows), sum((row.cost for row in rows), Decimal())

    of_today = {(start, start + Grain.HOUR.length) for start in hours if start >= today}
    of_today.add((hour, now))
    of_month = {(start, start + Grain.DAY.length) for start in days if start >= first_of_month}
    shown = [steps[start, start + step] for start in starts[:-1]] + [steps[last, now]]
    return Past(shown, spent(of_today), spent(of_month | of_today))


def _reason(source: str, code: str, params: str) -> Reason | Problem:
    """The reason as it was counted. A file without a problem has been read since."""
    if source != "reading":
        return Reason(FailureCode(code), json.loads(params))
    return Problem(code) if code else Reason(FailureCode.FILE_READ_SINCE)


SYSTEM_STATE_SQL = """
SELECT STATEMENT_TIMESTAMP(), lane.waiting, lane.oldest, lane.running,
    job.pending, job.processing, job.paused, email.waiting, email.failed,
    (SELECT coalesce(sum(total - scored - failed - unreadable), 0)
        FROM candidates_evaluationcount),
    (SELECT coalesce(sum(total - readable - unreadable), 0) FROM candidates_candidatecount),
    EXISTS (SELECT FROM jobs_halt), pg_database_size(current_database()),
    (SELECT count(*) FROM candidates_evaluation
        WHERE scored_at > STATEMENT_TIMESTAMP() - INTERVAL '1 minute'),
    call.total, call.busy, call.failed
FROM (
    SELECT count(*) FILTER (WHERE started_at IS NULL) AS waiting,
        EXTRACT(epoch FROM STATEMENT_TIMESTAMP()
            - min(created_at) FILTER (WHERE started_at IS NULL))::float8 AS oldest,
        count(*) FILTER (WHERE started_at IS NOT NULL AND due_at > STATEMENT_TIMESTAMP())
            AS running
    FROM jobs_lane
) AS lane, (
    SELECT count(*) FILTER (WHERE status = 'pending' AND paused_at IS NULL) AS pending,
        count(*) FILTER (WHERE status = 'processing' AND paused_at IS NULL) AS processing,
        count(*) FILTER (WHERE paused_at IS NOT NULL) AS paused
    FROM jobs_job WHERE status IN ('pending', 'processing')
) AS job, (
    SELECT count(*) FILTER (WHERE status <> 'failed') AS waiting,
        count(*) FILTER (WHERE status = 'failed') AS failed
    FROM jobs_notification WHERE status <> 'sent'
) AS email, (
    SELECT count(*) AS total,
        count(*) FILTER (WHERE status = 'refused' AND http_status = 429) AS busy,
        count(*) FILTER (WHERE status <> 'answered' AND http_status IS DISTINCT FROM 429) AS failed
    FROM candidates_call WHERE settled_at > STATEMENT_TIMESTAMP() - INTERVAL '1 minute'
) AS call"""
