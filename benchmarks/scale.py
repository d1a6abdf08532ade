"""Large jobs: 100,000 evaluations against 1,000, a small job behind a large one, and workers that
are killed all the time.

A model server of the tests answers at once, and résumés have been read: what is left is what the
queue, the lanes and the database cost.
"""

import itertools
import os
import random
import statistics
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import psutil
from psutil import Process

from . import stage
from .stage import say

JOB_SIZES = (1_000, 100_000)
LARGE, SMALL, TIMES = 10_000, 10, 5
KILLED, KILLS = 1_000, 60
WRITTEN_RESUMES = (
    1_000  # résumés of a draft; a larger one has them several times, each as one of its own
)
SPREAD, CLUSTERS, ROUNDS = 400, (1, 2, 4), 3
CONCURRENCY = 16
TABLES = ("candidates_evaluation", "candidates_call", "jobs_lane", "django_q_ormq")
SALTS = itertools.count()


@dataclass(frozen=True, slots=True)
class Spent:
    """What one run cost."""

    wall: float  # seconds from submit to finished
    workers: float  # CPU seconds
    database: float  # CPU seconds
    memory: float  # MB at the end, the largest process
    queued: int  # the most rows in the queue at any time
    dead: dict[str, int]  # dead tuples by table, at the end


def main() -> None:
    from tests.servers.model import serve_model

    sizes = [int(size) for size in os.environ.get("SIZES", "").split(",") if size] or JOB_SIZES
    parts = os.environ.get("PARTS", "sizes,spread,behind,killed").split(",")
    with serve_model() as model:
        model.keep_requests = False
        os.environ |= {
            "EVALUATOR_CONCURRENCY": str(CONCURRENCY),
            "OPENAI_API_KEY": "key",
            "OPENAI_BASE_URL": model.url,
        }
        with stage.django_of_our_own() as user:
            os.environ["OPENAI_API_KEY"] = "key"
            say("", "## Large jobs", "")
            if "sizes" in parts:
                with stage.worker() as worker:
                    _run(user, 100, worker)  # warms up
                    _sizes([(size, _run(user, size, worker)) for size in sizes])
            if "spread" in parts:
                model.behaviour = type(model.behaviour)(latency=1.0)
                _spread(user)
            model.behaviour = type(model.behaviour)(latency=0.2)
            if "behind" in parts:
                with stage.worker():
                    _behind(user)
            if "killed" in parts:
                with stage.worker() as worker:
                    _killed(user, worker, model)


def _spread(user: Any) -> None:
    """The same job with the model at 1.0 s, under more and more clusters of two workers."""
    took = {}
    with ExitStack() as running:
        there = 0
        for number in CLUSTERS:
            for _ in range(number - there):
                running.enter_context(stage.worker())
            there = number
            walls = []
            for _ in range(ROUNDS):
                draft = _draft(user, SPREAD)
                began = time.perf_counter()
                job = _submit(draft, user)
                stage.wait_until(lambda job=job: not _is_open(job), longest=300)  # type: ignore[misc]
                walls.append(time.perf_counter() - began)
                _check(job, SPREAD)
            took[number] = statistics.median(walls)
    say("", "| clusters | wall s | against one | at the best |", "|---|---|---|---|")
    for number, wall in took.items():
        best = SPREAD / (number * 2 * CONCURRENCY)  # two workers a cluster, calls of a second
        say(f"| {number} | {wall:.1f} | {took[1] / wall:.2f} × | {best:.1f} |")


def _sizes(runs: list[tuple[int, Spent]]) -> None:
    say("| from submit to finished | " + " | ".join(f"{size:,}" for size, _ in runs) + " |")
    say("|---|" + "---|" * len(runs))
    rows: list[tuple[str, Any]] = [
        ("wall s", lambda run, n: f"{run.wall:.1f}"),
        ("CPU ms an evaluation, workers", lambda run, n: f"{1000 * run.workers / n:.2f}"),
        ("CPU ms an evaluation, database", lambda run, n: f"{1000 * run.database / n:.2f}"),
        ("memory of the largest process, MB", lambda run, n: f"{run.memory:.0f}"),
        ("most rows in the queue", lambda run, n: f"{run.queued}"),
        *(
            (f"dead tuples, {table}", lambda run, n, table=table: f"{run.dead[table]:,}")
            for table in TABLES
        ),
    ]
    for label, shown in rows:
        say(f"| {label} | " + " | ".join(shown(run, size) for size, run in runs) + " |")
    (few, first), (many, last) = runs[0], runs[-1]
    both = (last.workers + last.database) / many / ((first.workers + first.database) / few)
    database = last.database / many / (first.database / few)
    say(
        "",
        f"CPU an evaluation at {many:,} against {few:,}: {both:.2f} ×, of the database alone "
        f"{database:.2f} ×.",
    )


def _run(user: Any, size: int, worker: Process) -> Spent:
    draft = _draft(user, size)
    database = stage.postgres()
    before = stage.cpu([worker]), stage.cpu([database])
    began = time.perf_counter()
    job = _submit(draft, user)
    queued = 0
    while _is_open(job):
        queued = max(queued, _queued())
        time.sleep(0.25)
    wall = time.perf_counter() - began
    _check(job, size)
    spent = Spent(
        wall=wall,
        workers=stage.cpu([worker]) - before[0],
        database=stage.cpu([database]) - before[1],
        memory=max(each.memory_info().rss for each in stage.tree([worker])) / 2**20,
        queued=queued,
        dead=_dead(),
    )
    draft.delete()
    return spent


def _behind(user: Any) -> None:
    """The small job alone, and while a large one is at work."""
    alone = _median(user)
    large = _submit(_draft(user, LARGE), user)
    stage.wait_until(lambda: _scored(large) > 200, longest=120)
    behind = _median(user)
    if not _is_open(large):
        raise SystemExit("The large job was over before the small ones.")
    say(
        "",
        f"A job of {SMALL} behind one of {LARGE:,}, model at 0.2 s, medians of {TIMES}: "
        f"{behind:.2f} s, alone {alone:.2f} s: {behind / alone:.2f} ×.",
    )
    from jobs.execution import submit

    submit.cancel(large, user)


def _median(user: Any) -> float:
    took = []
    for _ in range(TIMES):
        draft = _draft(user, SMALL)
        began = time.perf_counter()
        job = _submit(draft, user)
        stage.wait_until(lambda job=job: not _is_open(job), longest=120, every=0.02)  # type: ignore[misc]
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def _killed(user: Any, worker: Process, model: Any) -> None:
    """SIGKILL to busy workers all through a job."""
    from candidates.models import Call
    from jobs.execution import submit
    from jobs.models import Lane, Notification

    chance = random.Random(1)  # noqa: S311
    draft = _draft(user, KILLED)
    paid, notifications = len(model.log), Notification.objects.count()
    job = _submit(draft, user)
    kills = 0
    began = time.perf_counter()
    while _is_open(job):
        busy = list(Lane.objects.running().filter(job=job).values_list("pid", flat=True))
        if busy and kills < KILLS and _scored(job) >= KILLED * kills // (KILLS + 1):
            with suppress(psutil.NoSuchProcess):
                Process(chance.choice(busy)).kill()
                kills += 1
        time.sleep(0.05)
    wall = time.perf_counter() - began
    # Whoever was in the hands of three workers that died is taken for the cause.
    blamed = job.analysis.evaluations.filter(status="failed").count()
    if blamed:
        again = submit.retry(job, user)
        stage.wait_until(lambda: not _is_open(again), longest=300)
    _check(job, KILLED)
    wasted = len(model.log) - paid - KILLED
    unknown = Call.objects.filter(analysis=job.analysis, status="unknown").count()
    mails = Notification.objects.count() - notifications
    say(
        "",
        f"{kills} kills in {KILLED:,} evaluations: {_scored(job):,} scored, of these {blamed} by a "
        f"retry, {mails} e-mails for {2 if blamed else 1} jobs, "
        f"{wasted} calls asked again, {wasted / kills:.1f} a kill of a worker that had up to "
        f"{CONCURRENCY} on their way ({unknown} begun, in the ledger, with an end unknown), "
        f"{wall:.0f} s.",
    )


def _draft(user: Any, size: int) -> Any:
    draft = stage.draft(user, stage.texts(min(size, WRITTEN_RESUMES), f"scale {next(SALTS)}"))
    stage.multiply(draft, size // WRITTEN_RESUMES)
    return draft


def _submit(draft: Any, user: Any) -> Any:
    from jobs.execution import submit

    return submit.submit(draft, user, mode="none", engine="openai")


def _is_open(job: Any) -> bool:
    job.refresh_from_db()
    return bool(job.is_open)


def _scored(job: Any) -> int:
    return int(job.analysis.tally()["scored"])


def _check(job: Any, size: int) -> None:
    if _scored(job) != size:
        raise SystemExit(f"{job.status} {job.error}: {job.analysis.tally()}")


def _queued() -> int:
    from django_q.models import OrmQ

    return int(OrmQ.objects.count())


def _dead() -> dict[str, int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT relname, n_dead_tup FROM pg_stat_user_tables WHERE relname = ANY(%s)",
            [list(TABLES)],
        )
        return {str(name): int(dead) for name, dead in cursor.fetchall()}
