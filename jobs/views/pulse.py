"""Whether a job's page changed since the last poll: one statement for polls without news.

Each answer to a poll stores the state of the job, its pulse, in this process. While the pulse is
the same and the session is valid, the next poll of the same page by the same session loads no user,
job or template.
"""

import time
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from jobs.models import Heartbeat

CACHE_SECONDS = 60.0  # after which the access of the user is checked again
MAX_CACHED_PAGES = 10_000  # in a process
PACE_REFRESH_SECONDS = 30  # the pace and the time left change without any event
PULSE_SQL = """
SELECT concat_ws(
    ' ', job.status, job.paused_at, job.pauses, job.completed_at,
    statement_timestamp() - coalesce(job.started_at, job.created_at) < interval '30 seconds',
    (SELECT reason FROM jobs_halt LIMIT 1),
    EXISTS ({alive}),
    -- Acts of people: together with scoring, all that changes a score.
    (SELECT max(event.created_at) FROM candidates_event AS event
        JOIN candidates_analysis AS analysis ON analysis.draft_id = event.draft_id
        WHERE analysis.id = job.analysis_id),
    (SELECT concat(total, ' ', scored, ' ', failed, ' ', unreadable)
        FROM candidates_evaluationcount WHERE analysis_id = job.analysis_id),
    (SELECT concat(total, ' ', done, ' ', failed) FROM candidates_followupcount
        WHERE analysis_id = job.analysis_id),
    CASE WHEN job.status = 'processing' AND job.paused_at IS NULL AND EXISTS (
        SELECT FROM candidates_evaluationcount
        WHERE analysis_id = job.analysis_id AND scored + failed + unreadable > 0
    ) THEN floor(extract(epoch FROM statement_timestamp()) / %s) END
)
FROM jobs_job AS job, django_session AS session
WHERE job.public_id = %s
AND session.session_key = %s AND session.expire_date > statement_timestamp()
"""

_pages: dict[tuple[str, ...], tuple[float, UUID, str]] = {}


def read_pulse(session: str, public_id: UUID) -> str:
    """The state that the job's page shows, as a text; "" without such a job or session."""
    sql, params = _statement()
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, PACE_REFRESH_SECONDS, public_id, session])
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def remember(request: HttpRequest, public_id: UUID, etag: str, pulse: str) -> None:
    """Store that this session got `etag` at this address. `pulse` was read before the answer."""
    if not pulse:
        return
    if len(_pages) >= MAX_CACHED_PAGES:
        _pages.clear()
    _pages[_page(request, etag)] = (time.monotonic() + CACHE_SECONDS, public_id, pulse)


def is_unchanged(request: HttpRequest) -> bool:
    """Whether the page of a poll shows the current state; False for a page that is not stored."""
    etag = request.headers.get("If-None-Match")
    if not etag or not request.headers.get("HX-Request"):
        return False
    page = _page(request, etag)
    expires_at, public_id, pulse = _pages.get(page, (0.0, None, ""))
    if public_id is None:
        return False
    if time.monotonic() < expires_at and read_pulse(page[0], public_id) == pulse:
        return True
    _pages.pop(page, None)
    return False


def _page(request: HttpRequest, etag: str) -> tuple[str, ...]:
    session = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return session, request.get_full_path(), etag


@cache
def _statement() -> tuple[str, tuple[Any, ...]]:
    alive, params = Heartbeat.objects.alive().values("pk").query.sql_with_params()
    return PULSE_SQL.replace("{alive}", alive), params
