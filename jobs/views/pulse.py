"""Whether a job's page would say something new: one statement, for polls that find nothing.

A page that is answered leaves its pulse in this process. While the pulse is the same and the
session lives, the next poll of the same page by the same session needs no user, job or template.
"""

import time
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from jobs.models import Heartbeat

KEPT = 60.0  # seconds; by then at the latest who asks is looked at again
MOST = 10_000  # pages in a process
# A pace and a time to the end go on by themselves: looked at anew that often, in seconds.
STEP = 30
PULSE = """
SELECT concat_ws(
    ' ', job.status, job.paused_at, job.pauses, job.completed_at,
    statement_timestamp() - coalesce(job.started_at, job.created_at) < interval '30 seconds',
    (SELECT reason FROM jobs_halt LIMIT 1),
    EXISTS ({alive}),
    -- What people did, which is all that changes a score but the scoring of it.
    (SELECT max(event.created_at) FROM candidates_event AS event
        JOIN candidates_analysis AS analysis ON analysis.draft_id = event.draft_id
        WHERE analysis.id = job.analysis_id),
    (SELECT max(scored_at) FROM candidates_evaluation WHERE analysis_id = job.analysis_id
        AND scored_at IS NOT NULL),
    (SELECT count(*) FROM candidates_evaluation WHERE analysis_id = job.analysis_id
        AND scored_at > statement_timestamp() - interval '30 seconds'),
    (SELECT string_agg(concat(status, number), ' ' ORDER BY status) FROM (
        SELECT status, count(*) AS number FROM candidates_followup
        WHERE analysis_id = job.analysis_id GROUP BY status
    ) AS following),
    CASE WHEN job.status = 'processing' AND job.paused_at IS NULL AND EXISTS (
        SELECT FROM candidates_evaluation
        WHERE analysis_id = job.analysis_id AND scored_at IS NOT NULL
    ) THEN floor(extract(epoch FROM statement_timestamp()) / %s) END
)
FROM jobs_job AS job, django_session AS session
WHERE job.public_id = %s
AND session.session_key = %s AND session.expire_date > statement_timestamp()
"""

_pages: dict[tuple[str, ...], tuple[float, UUID, str]] = {}


def feel(session: str, public_id: UUID) -> str:
    """What the job's page rests on, as one value; "" without such a job or session."""
    sql, params = _statement()
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, STEP, public_id, session])
        found = cursor.fetchone()
    return str(found[0]) if found else ""


def remember(request: HttpRequest, public_id: UUID, etag: str, pulse: str) -> None:
    """That this session has seen `etag` at this address. `pulse` was felt before that was made."""
    if not pulse:
        return
    if len(_pages) >= MOST:
        _pages.clear()
    _pages[_page(request, etag)] = (time.monotonic() + KEPT, public_id, pulse)


def is_unchanged(request: HttpRequest) -> bool:
    """Whether a poll would find what its page shows already; it does not say so of the unknown."""
    etag = request.headers.get("If-None-Match")
    if not etag or not request.headers.get("HX-Request"):
        return False
    page = _page(request, etag)
    until, public_id, pulse = _pages.get(page, (0.0, None, ""))
    if public_id is None:
        return False
    if time.monotonic() < until and feel(page[0], public_id) == pulse:
        return True
    _pages.pop(page, None)
    return False


def _page(request: HttpRequest, etag: str) -> tuple[str, ...]:
    session = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return session, request.get_full_path(), etag


@cache
def _statement() -> tuple[str, tuple[Any, ...]]:
    alive, params = Heartbeat.objects.alive().values("pk").query.sql_with_params()
    return PULSE.replace("{alive}", alive), params
