"""How many lanes jobs and drafts have, and how many they are worth."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from candidates.models.claims import ordered_by_index

from .worker import HeartbeatQuerySet

ROWS_PER_LANE = 16  # fewer are not worth another lane


@dataclass(frozen=True, slots=True)
class LaneCount:
    """The lanes of one job, or of the files of one draft.

    `lanes` are those at work and those that wait for a worker; not those that only wait for the
    last answers, nor those whose worker is silent or stopping. `wanted` is how many living workers
    and remaining work are worth, never fewer than there are: a lane without work ends by itself.
    """

    pk: int
    lanes: int
    waiting: int
    wanted: int

    @property
    def missing(self) -> int:
        return self.wanted - self.lanes

    def surplus(self, workers: int) -> int:
        """How many lanes wait though each of so many workers has one already; the last one stays,
        and all stay while no worker is known."""
        return min(self.waiting, self.lanes - workers) if workers else 0


def lanes_of_jobs(
    workers: int, jobs: Collection[int] | None = None, *, due_for: timedelta = timedelta()
) -> list[LaneCount]:
    """The lanes of the active jobs, or of those among `jobs`, where so many workers are alive. One
    statement, which reads no more rows of a job than `workers` lanes take.

    A job is worth a lane for each `ROWS_PER_LANE` rows that are left, and no more new ones than for
    each so many that can be claimed, and have been claimable `due_for` so long; at least one lane.
    """
    return _counted(
        JOBS_SQL, workers, {"jobs": None if jobs is None else list(jobs), "due_for": due_for}
    )


def lanes_of_reading(workers: int) -> list[LaneCount]:
    """The reading lanes of drafts with files to read or archives to unpack. One statement, as cheap
    as for jobs.

    A draft is worth as many as a job; those of its jobs count too, as they read where nothing is
    left to score. But one lane that does nothing else stays beside them.
    """
    return _counted(READING_SQL, workers, {})


def _counted(sql: str, workers: int, params: dict[str, Any]) -> list[LaneCount]:
    params |= {
        "workers": workers,
        "per_lane": ROWS_PER_LANE,
        "limit": max(1, workers) * ROWS_PER_LANE,
        "silent_after": HeartbeatQuerySet.SILENT_AFTER,
    }
    with ordered_by_index(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [LaneCount(*row) for row in cursor.fetchall()]


# `total` counts each lane that is not lost: one that waits for its last answers adds another
# where it is needed. Each order of rows is that of a partial index, which holds no finished row.
LANES_SQL = """
    SELECT count(*) FILTER (
            WHERE NOT lane.leaving AND (lane.started_at IS NULL OR (
                lane.due_at > STATEMENT_TIMESTAMP()
                AND (worker.id IS NULL OR (NOT worker.stopping
                    AND worker.seen_at > STATEMENT_TIMESTAMP() - %(silent_after)s))
            ))
        ) AS working,
        count(*) FILTER (WHERE lane.started_at IS NULL) AS waiting,
        count(*) FILTER (
            WHERE lane.started_at IS NULL OR lane.due_at > STATEMENT_TIMESTAMP()
        ) AS total
    FROM jobs_lane AS lane LEFT JOIN jobs_heartbeat AS worker ON worker.id = lane.worker_id"""
FILES_SQL = """
    (SELECT 1 FROM candidates_candidate
        WHERE draft_id = {draft} AND status IN ('waiting', 'reading')
            AND due_at <= STATEMENT_TIMESTAMP(){since}
        ORDER BY due_at, id LIMIT %(limit)s)"""
JOBS_SQL = f"""
SELECT job.id, lane.working, lane.waiting, GREATEST(
    lane.working, 1 - LEAST(lane.total, 1),
    LEAST(%(workers)s, ceil(unfinished.rows / %(per_lane)s::float8),
        lane.working + ceil(due.rows / %(per_lane)s::float8))
)::int
FROM jobs_job AS job
JOIN candidates_analysis AS analysis ON analysis.id = job.analysis_id
CROSS JOIN LATERAL ({LANES_SQL} WHERE lane.job_id = job.id) AS lane
CROSS JOIN LATERAL (
    SELECT count(*) AS rows FROM (
        (SELECT 1 FROM candidates_evaluation
            WHERE analysis_id = job.analysis_id AND status IN ('waiting', 'scoring')
            ORDER BY due_at, id LIMIT %(limit)s)
        UNION ALL
        (SELECT 1 FROM candidates_followup
            WHERE analysis_id = job.analysis_id AND status IN ('waiting', 'working')
            ORDER BY due_at, id LIMIT %(limit)s)
    ) AS counted WHERE job.status = 'processing' AND lane.working < %(workers)s
) AS unfinished
CROSS JOIN LATERAL (
    SELECT count(*) AS rows FROM (
        {FILES_SQL.format(draft="analysis.draft_id", since=" - %(due_for)s")}
        UNION ALL
        (SELECT 1 FROM candidates_evaluation AS evaluation
            WHERE analysis_id = job.analysis_id AND status IN ('waiting', 'scoring')
                AND due_at <= STATEMENT_TIMESTAMP() - %(due_for)s
                AND (SELECT status FROM candidates_candidate
                    WHERE id = evaluation.candidate_id) NOT IN ('waiting', 'reading')
            ORDER BY due_at, id LIMIT %(limit)s)
        UNION ALL
        (SELECT 1 FROM candidates_followup
            WHERE analysis_id = job.analysis_id AND status IN ('waiting', 'working')
                AND due_at <= STATEMENT_TIMESTAMP() - %(due_for)s
            ORDER BY due_at, id LIMIT %(limit)s)
        LIMIT %(limit)s
    ) AS counted WHERE job.status = 'processing' AND lane.working < %(workers)s
) AS due
WHERE job.status IN ('pending', 'processing') AND job.paused_at IS NULL
    AND (%(jobs)s::bigint[] IS NULL OR job.id = ANY(%(jobs)s::bigint[]))"""  # noqa: S608
# The drafts with open rows are found by skipping from one to the next in the index.
READING_SQL = f"""
WITH RECURSIVE unread (draft_id) AS (
    (SELECT draft_id FROM candidates_candidate WHERE status IN ('waiting', 'reading')
        ORDER BY draft_id, due_at, id LIMIT 1)
    UNION ALL
    SELECT (SELECT draft_id FROM candidates_candidate
        WHERE status IN ('waiting', 'reading') AND draft_id > unread.draft_id
        ORDER BY draft_id, due_at, id LIMIT 1)
    FROM unread WHERE draft_id IS NOT NULL
), draft (id) AS (
    SELECT draft_id FROM unread WHERE draft_id IS NOT NULL
    UNION
    SELECT draft_id FROM candidates_archive WHERE status IN ('waiting', 'unpacking')
)
SELECT draft.id, lane.working, lane.waiting, GREATEST(
    lane.working, (due.rows > 0 AND lane.total = 0)::int,
    LEAST(%(workers)s, ceil(due.rows / %(per_lane)s::float8)) - of_jobs.working
)::int
FROM draft
CROSS JOIN LATERAL ({LANES_SQL} WHERE lane.draft_id = draft.id AND lane.job_id IS NULL) AS lane
CROSS JOIN LATERAL (
    {LANES_SQL} WHERE lane.draft_id = draft.id AND lane.job_id IS NOT NULL
) AS of_jobs
CROSS JOIN LATERAL (
    SELECT count(*) AS rows FROM (
        {FILES_SQL.format(draft="draft.id", since="")}
        UNION ALL
        (SELECT 1 FROM candidates_archive WHERE draft_id = draft.id
            AND status IN ('waiting', 'unpacking') AND due_at <= STATEMENT_TIMESTAMP())
        LIMIT %(limit)s
    ) AS counted
) AS due"""  # noqa: S608
