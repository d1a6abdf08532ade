"""What happened in past hours and days, counted once from the rows and kept: with a million
evaluations the monitor cannot count a month each time it is looked at.

The sweep counts periods that are over and missing; whatever is not there yet is counted on the
spot. So a figure is right whether or not the sweep has run, and the table may be emptied.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, models

from jobs.models.history import Grain, Period

SETTLED = timedelta(minutes=1)  # after its end, in which a transaction may still commit
AT_ONCE = 6  # periods that one sweep counts
REASONS = 8  # of failures, the most frequent of each period


@dataclass(slots=True)
class Figures:
    """What ended between `start` and `end`. Times of jobs are in seconds, from the press of Run to
    the end, None where none was completed; `cost` is in US dollars. Each of `reasons` has the
    `source` ("job", "scoring" or "reading"), the `code` and `params` of a failure, and its
    `number`."""

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
    reasons: list[dict[str, Any]]


def begin(now: datetime, grain: Grain) -> datetime:
    """The start of the period that `now` is in, in UTC."""
    now = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return now if grain == Grain.HOUR else now.replace(hour=0)


def measure(spans: Sequence[tuple[datetime, datetime]]) -> list[Figures]:
    """Count what ended in each of these spans, in their order. One statement."""
    if not spans:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            MEASURE,
            {"starts": [a for a, _ in spans], "ends": [b for _, b in spans], "top": REASONS},
        )
        return [_figures(start, end, json.loads(told)) for start, end, told in cursor.fetchall()]


def kept(since: dict[Grain, datetime]) -> dict[tuple[Grain, datetime], Figures]:
    """The periods of each grain that have been counted and kept, from a time on. One statement."""
    wanted = models.Q()
    for grain, first in since.items():
        wanted |= models.Q(grain=grain, start__gte=first)
    return {
        (Grain(one.grain), one.start): _figures(
            one.start, one.start + Grain(one.grain).length, one.figures
        )
        for one in Period.objects.filter(wanted)
    }


def count(now: datetime) -> int:
    """Count some of the periods that are over and not kept yet, the oldest first, and forget what
    is too old; returns how many were counted. `now` is the database's."""
    missing: list[tuple[Grain, datetime]] = []
    for grain in Grain:
        last = begin(now - SETTLED, grain)
        first = last - grain.kept * grain.length
        Period.objects.filter(grain=grain, start__lt=first).delete()
        there = set(Period.objects.filter(grain=grain).values_list("start", flat=True))
        starts = (first + number * grain.length for number in range(grain.kept))
        missing += [(grain, start) for start in starts if start not in there]
    some = missing[:AT_ONCE]
    found = measure([(start, start + grain.length) for grain, start in some])
    Period.objects.bulk_create(
        [
            Period(grain=grain, start=start, figures=_json(figures))
            for (grain, start), figures in zip(some, found, strict=True)
        ],
        ignore_conflicts=True,
    )
    return len(some)


def _figures(start: datetime, end: datetime, told: dict[str, Any]) -> Figures:
    return Figures(start, end, **{**told, "cost": Decimal(told["cost"])})


def _json(figures: Figures) -> dict[str, Any]:
    told = asdict(figures) | {"cost": str(figures.cost)}
    return {name: value for name, value in told.items() if name not in ("start", "end")}


MEASURE = """
SELECT p.start, p.until, jsonb_build_object(
    'completed', j.completed, 'failed', j.failed, 'cancelled', j.cancelled,
    'p50', j.took[1], 'p95', j.took[2], 'scored', e.scored, 'unscored', e.unscored,
    'calls', c.calls, 'busy', c.busy, 'errors', c.errors, 'tokens', c.tokens,
    'cost', c.cost::text, 'reasons', COALESCE(r.reasons, '[]'))
FROM UNNEST(%(starts)s::timestamptz[], %(ends)s::timestamptz[])
    WITH ORDINALITY AS p(start, until, number)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE status = 'completed') AS completed,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
            ORDER BY EXTRACT(epoch FROM completed_at - created_at)::float8
        ) FILTER (WHERE status = 'completed') AS took
    FROM jobs_job WHERE completed_at >= p.start AND completed_at < p.until
) AS j
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE status = 'scored') AS scored,
        count(*) FILTER (WHERE status <> 'scored') AS unscored
    FROM candidates_evaluation WHERE scored_at >= p.start AND scored_at < p.until
) AS e
CROSS JOIN LATERAL (
    SELECT count(*) AS calls,
        count(*) FILTER (WHERE status = 'refused' AND http_status = 429) AS busy,
        count(*) FILTER (WHERE status <> 'answered' AND http_status IS DISTINCT FROM 429) AS errors,
        COALESCE(sum(prompt_tokens + completion_tokens), 0) AS tokens,
        COALESCE(sum(cost), 0) AS cost
    FROM candidates_call WHERE settled_at >= p.start AND settled_at < p.until
) AS c
CROSS JOIN LATERAL (
    SELECT jsonb_agg(most) AS reasons FROM (
        SELECT source, code, params, count(*) AS number FROM (
            SELECT 'scoring' AS source, error_code AS code, error_params AS params
            FROM candidates_evaluation
            WHERE status = 'failed' AND scored_at >= p.start AND scored_at < p.until
            UNION ALL
            SELECT 'reading', k.problem, '{}'
            FROM candidates_evaluation AS e JOIN candidates_candidate AS k ON k.id = e.candidate_id
            WHERE e.status = 'unreadable' AND e.scored_at >= p.start AND e.scored_at < p.until
            UNION ALL
            SELECT 'job', error_code, error_params FROM jobs_job
            WHERE status = 'failed' AND completed_at >= p.start AND completed_at < p.until
        ) AS each GROUP BY source, code, params ORDER BY number DESC, source, code LIMIT %(top)s
    ) AS most
) AS r
ORDER BY p.number"""
