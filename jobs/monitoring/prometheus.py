"""What /metrics tells of the work: counts that only grow, and how things stand now.

What ended is added to tallies when somebody asks: each end is counted once, whichever web server is
asked, and what retention or a person erases later stays counted. What is erased before anybody asks
was never seen. All times are the database's.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from jobs.models import HeartbeatQuerySet
from jobs.models.history import Tallied, Tally

# What a transaction stamped before it was committed is not missed.
LAG = timedelta(seconds=15)
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
ENDLESS = float("inf")
# Of each count: its labels, what is added, and the rows with the time of their end.
COUNTS = {
    "resumes": (
        "ARRAY[CASE WHEN reused THEN 'reused' ELSE status END]",
        "count(*)",
        "candidates_evaluation WHERE scored_at",
    ),
    "calls": ("ARRAY[status, purpose, model]", "count(*)", "candidates_call WHERE settled_at"),
    "prompt tokens": ("ARRAY[model]", "sum(prompt_tokens)", "candidates_call WHERE settled_at"),
    "cached tokens": ("ARRAY[model]", "sum(cached_tokens)", "candidates_call WHERE settled_at"),
    "completion tokens": (
        "ARRAY[model]",
        "sum(completion_tokens)",
        "candidates_call WHERE settled_at",
    ),
    "dollars": ("ARRAY[model]", "coalesce(sum(cost), 0)", "candidates_call WHERE settled_at"),
    "e-mails": ("ARRAY[kind]", "count(*)", "jobs_notification WHERE sent_at"),
}
# Of each histogram besides: its buckets, and the seconds that one row adds.
SECONDS: dict[str, tuple[str, Sequence[float], str, str]] = {
    "job seconds": (
        "ARRAY[status]",
        (5, 15, 30, 60, 120, 300, 900, 1800, 3600, 14400, ENDLESS),
        "completed_at - created_at",
        "jobs_job WHERE completed_at",
    ),
    "evaluation seconds": (
        "ARRAY[e.status]",
        (1, 5, 15, 30, 60, 120, 300, 900, 1800, 3600, ENDLESS),
        "e.scored_at - j.started_at",
        "candidates_evaluation e JOIN jobs_job j ON j.analysis_id = e.analysis_id"
        " AND j.started_at <= e.scored_at"
        " AND (j.completed_at IS NULL OR j.completed_at >= e.scored_at) WHERE e.scored_at",
    ),
    "call seconds": (
        "ARRAY[purpose, model]",
        (0.5, 1, 2, 4, 8, 15, 30, 60, 120, ENDLESS),
        "settled_at - created_at",
        "candidates_call WHERE status = 'answered' AND settled_at",
    ),
}
ADD = """
INSERT INTO jobs_tally (name, labels, below, value) {rows}
ON CONFLICT (name, labels, below) DO UPDATE SET value = jobs_tally.value + EXCLUDED.value
"""
COUNTED = """
SELECT %(name)s, {labels}, NULL::float8, {added}
FROM {rows} > %(since)s AND {ended} <= %(until)s GROUP BY 2
"""
TIMED = """
SELECT %(name)s, labels, below, CASE WHEN below IS NULL THEN sum(seconds) ELSE count(*) END
FROM (
    SELECT labels, seconds,
           (%(buckets)s::float8[])[1 + width_bucket(seconds, %(buckets)s::float8[])] AS bucket
    FROM (
        SELECT {labels}::varchar[] AS labels,
               greatest(0, extract(epoch FROM {added}))::float8 AS seconds
        FROM {rows} > %(since)s AND {ended} <= %(until)s
    ) AS timed
) AS placed CROSS JOIN LATERAL (VALUES (bucket), (NULL)) AS two(below)
GROUP BY labels, below
"""
NOW = """
SELECT
    (SELECT json_object_agg(state, n) FROM (
        SELECT CASE WHEN paused_at IS NULL THEN status ELSE 'paused' END AS state, count(*) AS n
        FROM jobs_job GROUP BY 1) AS jobs),
    (SELECT json_object_agg(status, n) FROM (
        SELECT status, count(*) AS n FROM jobs_notification GROUP BY 1) AS mails),
    (SELECT count(*) FROM jobs_lane WHERE started_at IS NULL),
    (SELECT count(*) FROM jobs_lane WHERE started_at IS NOT NULL AND due_at > now()),
    (SELECT extract(epoch FROM now() - min(created_at)) FROM jobs_lane WHERE started_at IS NULL),
    (SELECT count(*) FROM candidates_evaluation WHERE status IN ('waiting', 'scoring')),
    (SELECT count(*) FROM candidates_candidate WHERE status IN ('waiting', 'reading')),
    (SELECT count(*) FROM jobs_halt),
    pg_database_size(current_database())
"""
HOSTS = """
SELECT host, sum(workers), min(extract(epoch FROM now() - coalesce(canary_at, started_at))),
       sum(restarts)
FROM jobs_heartbeat WHERE seen_at > now() - make_interval(secs => %s) AND NOT stopping GROUP BY host
"""


@dataclass(frozen=True, slots=True)
class Host:
    """The workers of one host; `canary` is how many seconds old their last test message is."""

    name: str
    workers: int
    canary: float
    restarts: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand; the oldest wait is in seconds, 0 when nothing waits."""

    jobs: Mapping[str, int]
    mails: Mapping[str, int]
    lanes_waiting: int
    lanes_running: int
    oldest_wait: float
    resumes_waiting: int
    files_waiting: int
    halted: bool
    database_bytes: int
    hosts: list[Host]


@dataclass(slots=True)
class Timed:
    """A histogram: how many took at most so long, and their sum."""

    sum: float = 0.0
    buckets: dict[float, float] = field(default_factory=dict)

    def cumulative(self) -> list[tuple[str, float]]:
        so_far, told = 0.0, []
        for below in sorted(self.buckets):
            so_far += self.buckets[below]
            told.append(("+Inf" if below == ENDLESS else f"{below:g}", so_far))
        return told


def count_up() -> None:
    """Add what has ended since the last time. Fifteen statements, on what is new alone."""
    Tallied.objects.get_or_create()
    with transaction.atomic():
        tallied = Tallied.objects.select_for_update().annotate(now=Now()).get()
        until = tallied.now - LAG
        since = tallied.until or BEGINNING
        if until <= since:
            return
        between = {"since": since, "until": until}
        with connection.cursor() as cursor:
            # The first time, of a large database, is everything that ever ended.
            cursor.execute("SET LOCAL statement_timeout = '300s'")
            for name, (labels, added, rows) in COUNTS.items():
                told = COUNTED.format(labels=labels, added=added, rows=rows, ended=rows.split()[-1])
                cursor.execute(ADD.format(rows=told), {"name": name, **between})
            for name, (labels, buckets, added, rows) in SECONDS.items():
                told = TIMED.format(labels=labels, added=added, rows=rows, ended=rows.split()[-1])
                given: dict[str, Any] = {
                    "name": name,
                    "buckets": [float(one) for one in buckets],
                    **between,
                }
                cursor.execute(ADD.format(rows=told), given)
        tallied.until = until
        tallied.save(update_fields=["until"])


def counts() -> dict[str, dict[tuple[str, ...], float]]:
    """All that was counted so far, by name and labels. One query."""
    found: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    rows = Tally.objects.filter(name__in=COUNTS).values_list("name", "labels", "value")
    for name, labels, value in rows:
        found[name][tuple(labels)] = value
    return found


def times() -> dict[str, dict[tuple[str, ...], Timed]]:
    """All histograms so far, by name and labels; each bucket is there from the first row on."""
    found: dict[str, dict[tuple[str, ...], Timed]] = {name: {} for name in SECONDS}
    rows = Tally.objects.filter(name__in=SECONDS).values_list("name", "labels", "below", "value")
    for name, labels, below, value in rows:
        empty = Timed(buckets={float(one): 0.0 for one in SECONDS[name][1]})
        timed = found[name].setdefault(tuple(labels), empty)
        if below is None:
            timed.sum = value
        else:
            timed.buckets[below] = value
    return found


def standing() -> Standing:
    """How things stand now. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(NOW)
        jobs, mails, waiting, running, oldest, resumes, files, halts, size = cursor.fetchone()
        cursor.execute(HOSTS, [HeartbeatQuerySet.FRESH.total_seconds()])
        hosts = [
            Host(name, int(workers), float(canary), int(restarts))
            for name, workers, canary, restarts in cursor.fetchall()
        ]
    return Standing(
        jobs=jobs or {},
        mails=mails or {},
        lanes_waiting=waiting,
        lanes_running=running,
        oldest_wait=float(oldest or 0),
        resumes_waiting=resumes,
        files_waiting=files,
        halted=bool(halts),
        database_bytes=size,
        hosts=hosts,
    )
