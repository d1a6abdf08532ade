"""A job from submit to finished, with the `local` engine and résumés that have been read.

Everything runs as in production: a real PostgreSQL of its own, `manage.py worker`, two workers.
"""

import itertools
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psutil import Process

from . import stage
from .stage import say

JOB_SIZES = (300, 3_000)
WARM_UP_RESUMES = 100  # résumés, so that every worker has loaded the model once
POST_ROUNDS = 15
START_ROUNDS = 15
SALTS = itertools.count()  # no résumé is of two drafts: its score would be reused


@dataclass(frozen=True, slots=True)
class Spent:
    """What one run cost."""

    wall: float  # seconds from submit to finished
    cpu: float  # seconds, workers and database together
    workers_cpu: float  # seconds
    memory: float  # MB, the peak of the largest process
    commits: int


def main() -> None:
    with stage.django_of_our_own() as user:
        _measure(user)


def _measure(user: Any) -> None:
    from django.conf import settings

    settings.ALLOWED_HOSTS.append("testserver")
    settings.STATIC_ROOT = settings.BASE_DIR / "static"
    say("", "## Jobs", "")
    _posts(user)
    runs: dict[int, Spent] = {}
    with stage.worker() as worker:
        starts = [_start_seconds(user) for _ in range(START_ROUNDS)]
        _run(user, WARM_UP_RESUMES, worker)
        for size in JOB_SIZES:
            runs[size] = _run(user, size, worker)
    say("", "| from submit to finished, local engine | " + " | ".join(map(str, JOB_SIZES)) + " |")
    say("|---|" + "---|" * len(JOB_SIZES))
    rows: list[tuple[str, Any]] = [
        ("wall s", lambda run, n: f"{run.wall:.2f}"),
        ("CPU s, workers and database", lambda run, n: f"{run.cpu:.2f}"),
        ("CPU ms a résumé", lambda run, n: f"{1000 * run.cpu / n:.2f}"),
        ("of these in the workers", lambda run, n: f"{1000 * run.workers_cpu / n:.2f}"),
        ("peak memory of the largest process, MB", lambda run, n: f"{run.memory:.0f}"),
        ("commits", lambda run, n: f"{run.commits}"),
    ]
    for label, shown in rows:
        say(f"| {label} | " + " | ".join(shown(runs[size], size) for size in JOB_SIZES) + " |")
    first, last = (runs[size].cpu / size for size in (JOB_SIZES[0], JOB_SIZES[-1]))
    say("", f"CPU a résumé at {JOB_SIZES[-1]} against {JOB_SIZES[0]}: {last / first:.2f} ×.")
    say(f"Idle to started, median of {START_ROUNDS}: {1000 * statistics.median(starts):.0f} ms.")


def _posts(user: Any) -> None:
    """Time the page's own POST, inside the server, with no worker running."""
    from django.test import Client
    from django.urls import reverse

    from jobs.models import Job, Lane

    client = Client()
    client.force_login(user)
    took: dict[int, list[float]] = {30: [], 3_000: []}
    drafts = {size: _draft(user, size) for size in took}
    for turn in range(POST_ROUNDS + 1):
        for size, draft in drafts.items():
            began = time.perf_counter()
            answer = client.post(
                reverse("jobs:run", args=[draft.public_id]), {"insights_mode": "top", "top_n": 10}
            )
            seconds = time.perf_counter() - began
            if answer.status_code != 302 or not Job.objects.filter(analysis__draft=draft).exists():
                raise SystemExit(f"The POST was answered with {answer.status_code}.")
            if turn:  # the first warms up
                took[size].append(seconds)
            Job.objects.all().cancel()
            Lane.objects.all().delete()
    from django_q.models import OrmQ

    OrmQ.objects.all().delete()
    say("| the POST that runs a draft, server side | 30 candidates | 3,000 candidates |")
    say("|---|---|---|")
    shown = (f"{1000 * statistics.median(took[size]):.1f}" for size in took)
    say("| ms, median of " + f"{POST_ROUNDS} | " + " | ".join(shown) + " |")


def _start_seconds(user: Any) -> float:
    from jobs.execution import submit

    job = _follow(submit.submit(_draft(user, 1), user, mode="none"))
    return float((job.started_at - job.created_at).total_seconds())


def _run(user: Any, size: int, worker: Process) -> Spent:
    from jobs.execution import submit

    draft = _draft(user, size)
    both = [worker, stage.postgres()]
    before, workers_before, commits = stage.cpu(both), stage.cpu([worker]), _commits()
    began = time.perf_counter()
    job = _follow(submit.submit(draft, user, mode="top"))
    wall = time.perf_counter() - began
    if job.analysis.tally()["scored"] != size:
        raise SystemExit(f"{job.status} {job.error}: {job.analysis.tally()}")
    return Spent(
        wall=wall,
        cpu=stage.cpu(both) - before,
        workers_cpu=stage.cpu([worker]) - workers_before,
        memory=max(_peak(process) for process in stage.tree([worker])),
        commits=_commits() - commits,
    )


def _follow(job: Any) -> Any:
    def over() -> bool:
        job.refresh_from_db()
        return not job.is_open

    stage.wait_until(over, longest=300)
    return job


def _draft(user: Any, size: int) -> Any:
    return stage.draft(user, stage.texts(size, str(next(SALTS))))


def _peak(process: Process) -> float:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _commits() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(cursor.fetchone()[0])
