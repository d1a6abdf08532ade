"""What the admin's pages cost with 100,000 jobs and 1,000,000 evaluations, on a database of their
own: time and queries of each list, filtered, searched and sorted, and of a row's own page.

In one process, by Django's test client: what the web server and the network take is not in it.
"""

import os
import statistics
import time
from collections.abc import Iterator
from typing import Any

from .stage import django_of_our_own, say

JOB_COUNT = int(os.environ.get("BENCH_JOBS", "100000"))
EVALUATIONS_PER_JOB = 10
JOBS_PER_DRAFT = 10  # its candidates are scored again by each
OWNER_COUNT = 200
REQUESTS_PER_PAGE = int(os.environ.get("BENCH_LOOKS", "15"))
MAX_P95_MS, MAX_QUERIES = 300.0, 15

# Of every hundred jobs three have failed, two are cancelled, and a few of the newest are under way;
# of every hundred résumés two failed and one cannot be read. A month of it, evenly.
FILL_SQL = """
SET LOCAL statement_timeout = 0;
SET LOCAL session_replication_role = replica; -- no foreign key is looked up
INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, is_staff,
    is_active, date_joined)
SELECT '', false, 'owner' || n, '', '', 'owner' || n || '@example.com', false, true, now()
FROM generate_series(1, {owners}) AS n;
INSERT INTO candidates_draft (owner_id, title, description)
SELECT (SELECT min(id) FROM auth_user WHERE username LIKE 'owner%') + n % {owners}, 'Role ' || n,
    'Builds and runs it.' FROM generate_series(1, {drafts}) AS n;
INSERT INTO candidates_candidate (draft_id, filename, file, size, sha256, status, problem, read_at,
    name, text, created_at{candidate_names})
SELECT d.id, n || '.pdf', 'bench/' || d.id || '/' || n, 1, md5(d.id || ' ' || n) || md5(n::text),
    CASE WHEN (d.id * 10 + n) % 100 = 7 THEN 'unreadable' ELSE 'readable' END,
    CASE WHEN (d.id * 10 + n) % 100 = 7 THEN 'encrypted' ELSE '' END,
    now() - random() * interval '30 days', 'Person ' || n, 'Built services.',
    now(){candidate_values}
FROM candidates_draft AS d, generate_series(1, {of_each}) AS n;
INSERT INTO candidates_analysis (draft_id, requested_by_id, title, criteria, engine, model, version,
    insights_mode, top_n, created_at)
SELECT id, owner_id, title, '[]', CASE WHEN id % 50 = 0 THEN 'openai' ELSE 'local' END, 'a-model',
    'v1', 'none', 10,
    now() - ({jobs} - row_number() OVER (ORDER BY n, id)) * interval '30 days' / {jobs}
FROM candidates_draft, generate_series(1, {of_a_draft}) AS n;
INSERT INTO candidates_evaluation (analysis_id, candidate_id, status, score, rank, error_code,
    error_params, scored_at)
SELECT a.id, c.id,
    CASE WHEN c.status = 'unreadable' THEN 'unreadable' WHEN c.id % 100 IN (3, 4) THEN 'failed'
        WHEN a.created_at > now() - interval '10 minutes' AND c.id % 2 = 0 THEN 'waiting'
        ELSE 'scored' END,
    CASE WHEN c.status = 'unreadable' OR c.id % 100 IN (3, 4) OR
        (a.created_at > now() - interval '10 minutes' AND c.id % 2 = 0) THEN NULL ELSE 50 END, NULL,
    CASE WHEN c.status <> 'unreadable' AND c.id % 100 IN (3, 4)
        THEN 'server_error' ELSE '' END,
    CASE WHEN c.status <> 'unreadable' AND c.id % 100 IN (3, 4)
        THEN jsonb_build_object('status', 500 + c.id % 40, 'tries', 4) ELSE '{{}}' END,
    CASE WHEN c.status <> 'unreadable' AND NOT c.id % 100 IN (3, 4)
        AND a.created_at > now() - interval '10 minutes' AND c.id % 2 = 0
        THEN NULL ELSE a.created_at + interval '1 minute' END
FROM candidates_analysis AS a JOIN candidates_candidate AS c ON c.draft_id = a.draft_id;
INSERT INTO jobs_job (analysis_id, requested_by_id, status, error_code, error_params, created_at,
    started_at, completed_at)
SELECT id, requested_by_id, status,
    CASE WHEN status = 'failed' THEN 'nothing_scored' ELSE '' END,
    CASE WHEN status = 'failed' THEN jsonb_build_object(
        'total', 10, 'unreadable', id % 7, 'failed', 10 - id % 7) ELSE '{{}}' END,
    created_at, created_at + interval '1 second',
    CASE WHEN status = 'processing' THEN NULL ELSE created_at + interval '1 minute' END
FROM (
    SELECT *, CASE WHEN created_at > now() - interval '10 minutes' THEN 'processing'
        WHEN id % 100 < 3 THEN 'failed' WHEN id % 100 < 5 THEN 'cancelled' ELSE 'completed' END
        AS status FROM candidates_analysis
) AS a;
INSERT INTO candidates_event (draft_id, actor_id, verb, about, params, created_at)
SELECT a.draft_id, j.requested_by_id, verb, j.public_id, '{}', j.created_at
FROM jobs_job AS j JOIN candidates_analysis AS a ON a.id = j.analysis_id,
    unnest(ARRAY['queued', 'started', 'completed']) AS verb;
INSERT INTO candidates_call (owner_id, draft_id, analysis_id, evaluation_id, purpose, token, model,
    status, created_at, settled_at, reserved_tokens, error_code, http_status)
SELECT a.requested_by_id, a.draft_id, a.id, e.id, 'score', gen_random_uuid(), 'a-model',
    CASE WHEN e.id % 50 = 0 THEN 'refused' ELSE 'answered' END, a.created_at, a.created_at, 1500,
    CASE WHEN e.id % 50 = 0 THEN 'server_error' ELSE '' END,
    CASE WHEN e.id % 50 = 0 THEN 429 ELSE 200 END
FROM candidates_analysis AS a JOIN candidates_evaluation AS e ON e.analysis_id = a.id
WHERE e.id % 5 = 0;
"""


def main() -> None:
    with django_of_our_own() as user:
        began = time.monotonic()
        _fill()
        took = time.monotonic() - began
        say(
            "",
            f"({JOB_COUNT:,} jobs, {JOB_COUNT * EVALUATIONS_PER_JOB:,} evaluations: "
            f"made in {took:.0f} s)",
        )
        user.is_staff = user.is_superuser = True
        user.save(update_fields=["is_staff", "is_superuser"])
        _measure(user)


def _fill() -> None:
    from django.db import connection, transaction

    from candidates.models import Candidate

    # Columns that Django fills and the database does not.
    blank = {
        field.column: "''" if field.get_internal_type() in ("CharField", "TextField") else "0"
        for field in Candidate._meta.concrete_fields
        if not (field.null or field.primary_key or field.has_db_default() or field.generated)
        and str(field.column) not in FILL_SQL
    }
    statements = FILL_SQL.format(
        owners=OWNER_COUNT,
        jobs=JOB_COUNT,
        drafts=JOB_COUNT // JOBS_PER_DRAFT,
        of_a_draft=JOBS_PER_DRAFT,
        of_each=EVALUATIONS_PER_JOB,
        candidate_names="".join(f", {name}" for name in blank),
        candidate_values="".join(f", {value}" for value in blank.values()),
    )
    with connection.cursor() as cursor:
        with transaction.atomic():
            cursor.execute(statements)
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")


def _pages() -> Iterator[tuple[str, str]]:
    from django.contrib import admin
    from django.contrib.auth.models import User
    from django.urls import reverse

    from jobs.models import Job

    jobs = reverse("admin:jobs_job_changelist")
    owner = User.objects.get(username="owner7")
    middle = Job.objects.all()[JOB_COUNT // 2]
    for title, query in {
        "all": {},
        "the last page that is counted": {"p": str(min(200, JOB_COUNT // 25))},
        "under way": {"state": "open"},
        "failed": {"state": "failed"},
        "of one owner": {"owner": str(owner.pk)},
        "of one engine": {"engine": "openai"},
        "of the last day": {"age": "day"},
        "older than a month": {"age": "older"},
        "failed for one reason": {
            "reason": 'job:["nothing_scored", {"total": 10, "unreadable": 2, "failed": 8}]'
        },
        "with one error of a résumé": {
            "reason": 'scoring:["server_error", {"status": 503, "tries": 4}]'
        },
        "of one owner, failed": {"owner": str(owner.pk), "state": "failed"},
        "words of a title": {"q": "Role 777"},
        "a word that is nowhere": {"q": "nowhere"},
        "a person": {"q": "owner7@"},
        "an id": {"q": str(middle.public_id)},
        "by owner": {"o": "2"},
    }.items():
        yield f"jobs, {title}", f"{jobs}?{_query(query)}"
    newest = Job.objects.all()[:25]
    watched = "&".join(f"job={job.pk}" for job in newest)
    yield "jobs, the bars of a page", f"{reverse('admin:jobs_job_progress')}?{watched}"
    yield "a job", reverse("admin:jobs_job_change", args=[middle.pk])
    yield "errors", reverse("admin:jobs_job_errors")
    for model in admin.site._registry:
        if model is Job or model._meta.app_label not in ("jobs", "candidates", "django_q"):
            continue
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield f"{model._meta.verbose_name_plural}", reverse(f"{name}_changelist")
        row = model._default_manager.order_by("pk").values_list("pk", flat=True).first()
        if row is not None:
            yield f"one of {model._meta.verbose_name_plural}", reverse(f"{name}_change", args=[row])


def _query(query: dict[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(query)


def _measure(user: Any) -> None:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"Host": "localhost"})
    client.force_login(user)
    say("", "| page | p50 | p95 | of it our processor, p50 | queries |", "|---|---|---|---|---|")
    worst, most_queries = 0.0, 0
    for name, url in _pages():
        with CaptureQueriesContext(connection) as captured:
            status = client.get(url).status_code
        queries = len(captured)
        if status != 200:
            raise SystemExit(f"{url} answers {status}.")
        looks = [_timed(client, url) for _ in range(REQUESTS_PER_PAGE)]
        times, own = (sorted(each) for each in zip(*looks, strict=True))
        p95 = times[min(REQUESTS_PER_PAGE * 95 // 100, REQUESTS_PER_PAGE - 1)]
        worst, most_queries = max(worst, p95), max(most_queries, queries)
        say(
            f"| {name} | {statistics.median(times):.0f} ms | {p95:.0f} ms "
            f"| {statistics.median(own):.0f} ms | {queries} |"
        )
    say("", f"The slowest: p95 {worst:.0f} ms (allowed {MAX_P95_MS:.0f}); the most queries: "
        f"{most_queries} (allowed {MAX_QUERIES}).")  # fmt: skip


def _timed(client: Any, url: str) -> tuple[float, float]:
    """The duration of a request, and its CPU time in the web server, in milliseconds."""
    began, busy = time.perf_counter(), time.process_time()
    client.get(url)
    return 1000 * (time.perf_counter() - began), 1000 * (time.process_time() - busy)


if __name__ == "__main__":
    main()
