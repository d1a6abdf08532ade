"""What ended in spans of time, counted from the rows: for the history, its charts and Prometheus.

Counts of a span are `{kind of rows: {labels: figures}}`. Figures are "number", the sums of each
kind ("prompt_tokens", …), and for rows that take time "seconds", their sum, "buckets", how many
took at most so long, and "percentiles" where they are asked for.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

type Labels = tuple[str, ...]
type Figures = dict[str, Any]
type Counts = dict[str, dict[Labels, Figures]]
type Span = tuple[datetime, datetime]

DOLLARS = 1_000_000  # costs are counted in millionths, which add up exactly
MAX_REASONS = 8  # of failures, the most frequent of each span


@dataclass(frozen=True, slots=True)
class CountedRows:
    """Rows of one kind that end, and what is counted of them; names and buckets apart, in SQL.

    Those whose `ended_at` lies in a span are grouped by `labels`. `seconds` is how long one took,
    `buckets` the upper bounds of its histogram in seconds, the last one open.
    """

    table: str
    ended_at: str
    labels: Mapping[str, str]
    sums: Mapping[str, str] = field(default_factory=dict)
    seconds: str = ""
    buckets: Sequence[float] = ()
    percentiles: Sequence[float] = ()
    max_groups: int = 0  # the most frequent of them; 0 for all

    def sql(self, name: str) -> str:
        """A SELECT of (name, labels, figures) within a row `span` of the outer query."""
        figures = {"number": "count(*)", **{key: f"sum({sum_})" for key, sum_ in self.sums.items()}}
        if self.seconds:
            seconds = f"greatest(0, extract(epoch FROM {self.seconds}))::float8"
            within = (f"count(*) FILTER (WHERE {seconds} <= {bound})" for bound in self.buckets)
            figures["seconds"] = f"sum({seconds})"
            figures["buckets"] = f"jsonb_build_array({', '.join(within)})"
            if self.percentiles:
                figures["percentiles"] = (
                    f"percentile_cont(ARRAY{[*self.percentiles]}) WITHIN GROUP (ORDER BY {seconds})"
                )
        built = ", ".join(f"'{key}', {figure}" for key, figure in figures.items())
        most = f" ORDER BY count(*) DESC, 2 LIMIT {self.max_groups}" if self.max_groups else ""
        return (
            f"(SELECT '{name}', ARRAY[{', '.join(self.labels.values())}]::text[],"  # noqa: S608 -- of constants
            f" jsonb_build_object({built}) FROM {self.table}"
            f" WHERE {self.ended_at} >= span.start AND {self.ended_at} < span.until"
            f" GROUP BY 2{most})"
        )


EVALUATIONS = CountedRows(
    table="candidates_evaluation",
    ended_at="scored_at",
    labels={"outcome": "CASE WHEN reused THEN 'reused' ELSE status END"},
)
EVALUATION_TIMES = CountedRows(
    table="candidates_evaluation AS e JOIN jobs_job AS j ON j.analysis_id = e.analysis_id"
    " AND j.started_at <= e.scored_at"
    " AND (j.completed_at IS NULL OR j.completed_at >= e.scored_at)",
    ended_at="e.scored_at",
    labels={"outcome": "e.status"},
    seconds="e.scored_at - j.started_at",
    buckets=(1, 5, 15, 30, 60, 120, 300, 900, 1800, 3600),
)
CALLS = CountedRows(
    table="candidates_call",
    ended_at="settled_at",
    labels={"status": "status", "purpose": "purpose", "model": "model"},
    sums={
        "busy": "(status = 'refused' AND http_status IS NOT DISTINCT FROM 429)::int",
        "errors": "(status <> 'answered' AND http_status IS DISTINCT FROM 429)::int",
        "prompt_tokens": "prompt_tokens",
        "cached_tokens": "cached_tokens",
        "completion_tokens": "completion_tokens",
        "cost": f"(coalesce(cost, 0) * {DOLLARS})::bigint",
    },
    seconds="settled_at - created_at",
    buckets=(0.5, 1, 2, 4, 8, 15, 30, 60, 120),
)
JOBS = CountedRows(
    table="jobs_job",
    ended_at="completed_at",
    labels={"status": "status"},
    seconds="completed_at - created_at",
    buckets=(5, 15, 30, 60, 120, 300, 900, 1800, 3600, 14400),
    percentiles=(0.5, 0.95),
)
EMAILS = CountedRows(table="jobs_notification", ended_at="sent_at", labels={"kind": "kind"})
REASONS = CountedRows(
    table="""(
        SELECT scored_at AS ended_at, 'scoring' AS source, error_code AS code,
            error_params AS params
        FROM candidates_evaluation WHERE status = 'failed'
        UNION ALL SELECT e.scored_at, 'reading', k.problem, '{}'
        FROM candidates_evaluation AS e JOIN candidates_candidate AS k ON k.id = e.candidate_id
        WHERE e.status = 'unreadable'
        UNION ALL SELECT completed_at, 'job', error_code, error_params
        FROM jobs_job WHERE status = 'failed'
    ) AS failure""",
    ended_at="ended_at",
    labels={"source": "source", "code": "code", "params": "params::text"},
    max_groups=MAX_REASONS,
)
FOR_COUNTERS = {
    "evaluations": EVALUATIONS,
    "evaluation_times": EVALUATION_TIMES,
    "calls": CALLS,
    "jobs": JOBS,
    "emails": EMAILS,
}
FOR_CHARTS = {"evaluations": EVALUATIONS, "calls": CALLS, "jobs": JOBS, "reasons": REASONS}
COUNT_SQL = """
SELECT span.number, counted.* FROM
    UNNEST(%(starts)s::timestamptz[], %(ends)s::timestamptz[])
        WITH ORDINALITY AS span(start, until, number)
CROSS JOIN LATERAL ({selects}) AS counted(name, labels, figures)"""


def measure(spans: Sequence[Span], kinds: Mapping[str, CountedRows]) -> list[Counts]:
    """Count what ended in each of these spans, in their order. One statement, none for no span."""
    counts: list[Counts] = [{} for _ in spans]
    if not spans:
        return counts
    selects = " UNION ALL ".join(rows.sql(name) for name, rows in kinds.items())
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT_SQL.format(selects=selects),
            {"starts": [start for start, _ in spans], "ends": [end for _, end in spans]},
        )
        for number, name, labels, figures in cursor.fetchall():
            counts[number - 1].setdefault(name, {})[tuple(labels)] = json.loads(figures)
    return counts


def add(several: Iterable[Counts]) -> Counts:
    """The sums of all; percentiles do not add up and are left out."""
    total: Counts = {}
    for counts in several:
        for name, groups in counts.items():
            known = total.setdefault(name, {})
            for labels, figures in groups.items():
                known[labels] = add_figures(known.get(labels, {}), figures)
    return total


def add_figures(figures: Figures, others: Figures) -> Figures:
    added = dict(figures)
    for key, value in others.items():
        if isinstance(value, list):
            known = added.get(key, [0] * len(value))
            added[key] = [a + b for a, b in zip(known, value, strict=True)]
        else:
            added[key] = added.get(key, 0) + value
    added.pop("percentiles", None)
    return added


def at_least(counts: Counts, least: Counts) -> Counts:
    """The counts, each figure raised to that of `least`; for counters that may never fall."""
    raised = {name: dict(groups) for name, groups in counts.items()}
    for name, groups in least.items():
        for labels, figures in groups.items():
            known = raised.setdefault(name, {}).get(labels, {})
            more = {key: _greater(known.get(key), value) for key, value in figures.items()}
            raised[name][labels] = known | more
    return raised


def _greater(value: Any, least: Any) -> Any:
    if value is None:
        return least
    if isinstance(value, list):
        return [max(pair) for pair in zip(value, least, strict=True)]
    return max(value, least)


def to_json(counts: Counts) -> dict[str, Any]:
    return {
        name: [[list(labels), figures] for labels, figures in groups.items()]
        for name, groups in counts.items()
    }


def from_json(stored: dict[str, Any]) -> Counts:
    return {
        name: {tuple(labels): figures for labels, figures in groups}
        for name, groups in stored.items()
    }
