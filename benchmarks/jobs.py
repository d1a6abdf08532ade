"""A job from submit to finished, with the `local` engine and résumés that have been read.

Everything runs as in production: a real PostgreSQL of its own, `manage.py worker`, two workers.
"""

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from psutil import Process

SIZES = (300, 3_000)
WARM_UP = 100  # résumés, so that every worker has loaded the model once
POSTS = 15
STARTS = 15
SAMPLES = Path(__file__).resolve().parent.parent / "candidates" / "samples"


@dataclass(frozen=True, slots=True)
class Spent:
    """What one run cost."""

    wall: float  # seconds from submit to finished
    cpu: float  # seconds, workers and database together
    workers_cpu: float  # seconds
    memory: float  # MB, the peak of the largest process
    commits: int


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="evaluator-bench-") as folder:
        os.environ["EVALUATOR_VAR"] = folder
        os.environ["DEBUG"] = "1"
        os.environ["DJANGO_SETTINGS_MODULE"] = "evaluator.settings"
        for name in ("DATABASE_URL", "OPENAI_API_KEY", "EVALUATOR_ENGINE"):
            os.environ.pop(name, None)
        import django

        django.setup()
        _measure()


def _measure() -> None:
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.db import connections

    from jobs import terminal

    settings.ALLOWED_HOSTS.append("testserver")
    settings.DEBUG = False  # or every query would be kept
    settings.STATIC_ROOT = settings.BASE_DIR / "static"
    terminal.ensure_tables()
    user = User.objects.create_user("bench", "bench@example.com")
    _say("", "## Jobs", "")
    _posts(user)
    runs: dict[int, Spent] = {}
    with _worker() as worker:
        starts = [_start_seconds(user) for _ in range(STARTS)]
        _run(user, WARM_UP, worker)
        for size in SIZES:
            runs[size] = _run(user, size, worker)
    _say("", "| from submit to finished, local engine | " + " | ".join(map(str, SIZES)) + " |")
    _say("|---|" + "---|" * len(SIZES))
    rows: list[tuple[str, Any]] = [
        ("wall s", lambda run, n: f"{run.wall:.2f}"),
        ("CPU s, workers and database", lambda run, n: f"{run.cpu:.2f}"),
        ("CPU ms a résumé", lambda run, n: f"{1000 * run.cpu / n:.2f}"),
        ("of these in the workers", lambda run, n: f"{1000 * run.workers_cpu / n:.2f}"),
        ("peak memory of the largest process, MB", lambda run, n: f"{run.memory:.0f}"),
        ("commits", lambda run, n: f"{run.commits}"),
    ]
    for label, shown in rows:
        _say(f"| {label} | " + " | ".join(shown(runs[size], size) for size in SIZES) + " |")
    first, last = (runs[size].cpu / size for size in (SIZES[0], SIZES[-1]))
    _say("", f"CPU a résumé at {SIZES[-1]} against {SIZES[0]}: {last / first:.2f} ×.")
    _say(f"Idle to started, median of {STARTS}: {1000 * statistics.median(starts):.0f} ms.")
    connections.close_all()


def _posts(user: Any) -> None:
    """Time the page's own POST, inside the server, with no worker running."""
    from django.test import Client
    from django.urls import reverse

    from jobs.models import Job, Lane

    client = Client()
    client.force_login(user)
    took: dict[int, list[float]] = {30: [], 3_000: []}
    drafts = {size: _draft(user, size) for size in took}
    for turn in range(POSTS + 1):
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
    _say("| the POST that runs a draft, server side | 30 candidates | 3,000 candidates |")
    _say("|---|---|---|")
    shown = (f"{1000 * statistics.median(took[size]):.1f}" for size in took)
    _say("| ms, median of " + f"{POSTS} | " + " | ".join(shown) + " |")


def _start_seconds(user: Any) -> float:
    from jobs import submit

    job = _follow(submit.submit(_draft(user, 1), user, mode="none"))
    return float((job.started_at - job.created_at).total_seconds())


def _run(user: Any, size: int, worker: Process) -> Spent:
    from jobs import submit

    draft = _draft(user, size)
    before, workers_before, commits = _cpu(worker), _tree_cpu([worker]), _commits()
    began = time.perf_counter()
    job = _follow(submit.submit(draft, user, mode="top"))
    wall = time.perf_counter() - began
    if job.analysis.evaluations.tally()["scored"] != size:
        raise SystemExit(f"{job.status} {job.error}: {job.analysis.evaluations.tally()}")
    return Spent(
        wall=wall,
        cpu=_cpu(worker) - before,
        workers_cpu=_tree_cpu([worker]) - workers_before,
        memory=max(_peak(process) for process in [worker, *worker.children(recursive=True)]),
        commits=_commits() - commits,
    )


def _follow(job: Any) -> Any:
    until = time.monotonic() + 300
    while time.monotonic() < until:
        job.refresh_from_db()
        if not job.is_open:
            return job
        time.sleep(0.05)
    raise SystemExit("The job does not end.")


@contextmanager
def _worker() -> Iterator[Process]:
    from jobs import processes
    from jobs.models import Heartbeat

    started = processes.start_worker(2, quiet=True)
    try:
        until = time.monotonic() + 60
        while not Heartbeat.objects.alive().exists():
            if started.poll() is not None or time.monotonic() > until:
                raise SystemExit("The workers do not start.")
            time.sleep(0.1)
        yield Process(started.pid)
    finally:
        processes.stop_process(started, grace=10)


def _draft(user: Any, size: int) -> Any:
    """A draft whose candidates have been read: sample texts, each made a little different."""
    from django.db.models.functions import Now

    from candidates.models import Candidate, Draft
    from candidates.models.candidate import Status

    draft = Draft.objects.all().write(user, ROLE)
    rows = []
    for number in range(size):
        text = _text(number)
        digest = sha256(f"{draft.pk} {number}".encode()).hexdigest()
        rows.append(
            Candidate(
                draft=draft,
                filename=f"{number}.txt",
                file=f"bench/{digest}",
                size=len(text),
                sha256=digest,
                status=Status.READABLE,
                read_at=Now(),
                text=text,
                pages=1,
                media_type="text/plain",
                reader="text",
                name=f"Person {number}",
            )
        )
    Candidate.objects.bulk_create(rows, batch_size=500)
    draft.refresh_from_db()
    return draft


def _text(number: int) -> str:
    lines = TEXTS[number % len(TEXTS)].splitlines()
    chance = random.Random(f"{SALT} {number}")  # noqa: S311
    kept = [line for line in lines if chance.random() > 0.05]
    return "\n".join([*kept, f"Reference {SALT}-{number}"])


def _load() -> tuple[Any, list[str]]:
    from candidates import posting
    from candidates.reading import Unreadable, read

    folder = SAMPLES / "backend-engineer"
    texts = []
    for path in sorted(folder.iterdir()):
        if path.name == "JOB.md":
            continue
        try:
            texts.append(read(path.read_bytes(), path.name).text)
        except Unreadable:
            continue  # the samples hold a few on purpose
    return posting.parse((folder / "JOB.md").read_text(encoding="utf-8")), texts


ROLE, TEXTS = _load()
SALT = os.getpid()


def _cpu(worker: Process) -> float:
    return _tree_cpu([worker, *_postgres()])


def _tree_cpu(roots: list[Process]) -> float:
    """CPU seconds of the processes, their living descendants, and what they have reaped."""
    total = 0.0
    for root in roots:
        for process in [root, *root.children(recursive=True)]:
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _postgres() -> list[Process]:
    from django.conf import settings

    pid_file = Path(settings.DATABASES["default"]["EMBEDDED"]) / "data" / "postmaster.pid"
    return [Process(int(pid_file.read_text().splitlines()[0]))]


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


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
