"""What claims cost: the same however many rows are over, whatever PostgreSQL believes of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models.functions import Now

from candidates.models import Analysis, Archive, Candidate, Draft, Evaluation, FollowUp
from candidates.models.call import CallPurpose
from candidates.models.followup import FollowUpKind
from jobs.execution import ledger, progress
from jobs.execution.balance import balance
from jobs.execution.claims import Claims
from jobs.models import Heartbeat, Job
from jobs.views.pulse import read_pulse
from jobs.workers.sweep import sweep
from tests.blocks import Blocks, counted_blocks
from tests.makers import rows

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

OPEN = 64  # rows that are to be done
FEW, MANY = 1_000, 20_000  # that are over
# An index may have a level more, and entries of rows that are gone. MANY rows fill 300 at least.
MORE_BLOCKS = 150
LEASE = timedelta(minutes=1)
CANDIDATES = """
INSERT INTO candidates_candidate
    (draft_id, filename, file, size, sha256, status, read_at, text)
SELECT %s, 'cv-' || n, 'cv', 1, 'sum ' || n, %s, CASE WHEN %s = 'readable' THEN now() END,
    repeat('Built payment services in Python. ', 20)
FROM generate_series(%s, %s) AS n"""
EVALUATIONS = """
INSERT INTO candidates_evaluation
    (analysis_id, candidate_id, status, score, scored_at, ratings, fingerprint)
SELECT %s, id, 'scored', 50, now() - INTERVAL '90 days', '[{"rating": 3}]', 'of ' || sha256
FROM candidates_candidate WHERE draft_id = %s ORDER BY id DESC LIMIT %s"""
FOLLOWUPS = """
INSERT INTO candidates_followup (analysis_id, evaluation_id, kind, status, score, done_at)
SELECT analysis_id, id, 'insight', 'done', 50, now() FROM candidates_evaluation
WHERE status = 'scored'"""
CALLS = """
INSERT INTO candidates_call (owner_id, analysis_id, purpose, token, model, status, settled_at,
    reserved_tokens, prompt_tokens)
SELECT %s, %s, 'score', gen_random_uuid(), 'm', 'answered', now() - INTERVAL '90 days', 100, 90
FROM generate_series(1, %s)"""
TABLES = "candidates_evaluation, candidates_candidate, candidates_followup, candidates_call"


def execute(sql: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def job_with(draft: Draft, user: User, over: int, statistics: str) -> Job:
    """A running job with OPEN rows of each kind to do, and so many that are over.

    `statistics` of the planner: "none"; "another job", from when there was only that one; "all
    open", from when no row was over; or "now".
    """
    if statistics == "another job":
        job_with(draft, user, 1, "now")
        Job.objects.all().delete()
        Analysis.objects.all().delete()
        Candidate.objects.all().delete()
    analysis = rows.analysis(draft, user)
    job = Job.objects.create(analysis=analysis, requested_by=user)
    Job.objects.filter(pk=job.pk).start()
    execute(CANDIDATES, draft.pk, "readable", "readable", 1, OPEN)
    Evaluation.objects.enrol(analysis)
    waiting = analysis.evaluations.all().open().order_by("pk").values_list("pk", flat=True)
    FollowUp.objects.enrol(analysis, FollowUpKind.INSIGHT, list(waiting))
    execute(CANDIDATES, draft.pk, "waiting", "waiting", OPEN + 1, 2 * OPEN)
    if statistics == "all open":
        execute(f"ANALYZE {TABLES}")
    execute(CANDIDATES, draft.pk, "readable", "readable", 2 * OPEN + 1, 2 * OPEN + over)
    execute(EVALUATIONS, analysis.pk, draft.pk, over)
    execute(FOLLOWUPS)
    execute(CALLS, user.pk, analysis.pk, over)
    if statistics == "now":
        execute(f"ANALYZE {TABLES}")
    return Job.objects.select_related("analysis__draft").get(pk=job.pk)


def work(job: Job) -> dict[str, Callable[[], Any]]:
    """Everything that is done again and again while a job runs."""
    analysis: Analysis = job.analysis
    token = uuid4()
    evaluations, followups = analysis.evaluations.all(), analysis.followups.all()
    files = job.analysis.draft.candidates.all()
    rows_held = [Claims(of, token, LEASE).rows for of in (evaluations, followups, files)]
    ticket = ledger.Ticket(
        draft=analysis.draft,
        purpose=CallPurpose.SCORE,
        model="m",
        token=token,
        analysis=analysis,
        job=job,
    )
    return {
        "claim evaluations": lambda: evaluations.of_read_files().claim(16, token, LEASE),
        "find known scores": lambda: Evaluation.objects.known(
            analysis.draft.owner_id, {f"of sum {n}" for n in range(OPEN, 4 * OPEN, 12)}
        ),
        "claim follow-ups": lambda: followups.claim(16, token, LEASE),
        "claim files": lambda: files.claim(8, token, LEASE),
        "claim an archive": lambda: Archive.objects.filter(draft=analysis.draft).claim(
            1, token, LEASE
        ),
        "renew": lambda: [held.renew(token, LEASE) for held in rows_held],
        "release": lambda: [held.release(token) for held in rows_held],
        "fail exhausted": lambda: (evaluations.fail_exhausted(), files.fail_exhausted()),
        "is anything left": lambda: (analysis.has_work(), files.has_due()),
        "reserve a call": lambda: ledger.reserve([(ticket, 10)]),
        "progress": lambda: (progress.job_progress(job), analysis.draft.file_tally()),
        "poll": lambda: (read_pulse("session", job.public_id), analysis.followup_tally()),
        "balance": balance,
        "sweep": sweep,
    }


@pytest.fixture
def measured(
    draft: Draft, alice: User, settings: Any, statistics: str, monkeypatch: pytest.MonkeyPatch
) -> dict[int, dict[str, Blocks]]:
    """Blocks that each work touches with FEW rows over, and with MANY."""
    settings.EVALUATOR_MAX_TOKENS_PER_JOB = 10_000_000
    # Each hour and day that is over is counted once, in the first sweeps after it.
    monkeypatch.setattr("jobs.workers.sweep._settle_history", lambda: None)
    Session.objects.create(session_key="session", expire_date=Now() + timedelta(hours=1))
    Heartbeat.objects.create(host="a host", pid=1, workers=2, canary_at=Now())
    blocks: dict[int, dict[str, Blocks]] = {}
    for over in (FEW, MANY):
        blocks[over] = {}
        with transaction.atomic():
            job = job_with(draft, alice, over, statistics)
            for name, step in work(job).items():
                with counted_blocks() as blocks[over][name]:
                    step()
            transaction.set_rollback(True)
    return blocks


@pytest.mark.parametrize("statistics", ["none", "another job", "all open", "now"])
def test_work_reads_no_row_that_is_over(measured: dict[int, dict[str, Blocks]]) -> None:
    for name, before in measured[FEW].items():
        after = measured[MANY][name]
        assert after.total <= before.total + MORE_BLOCKS, f"{name}: {before} -> {after}"
