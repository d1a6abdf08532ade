"""What the benchmarks of jobs stand on: a database of their own, workers, drafts that have been
read, and what processes cost.

Everything runs as in production: a real PostgreSQL, `manage.py worker`, two workers.
"""

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil
from psutil import Process

UNIQUE_COLUMNS = ("sha256", "redacted_key")  # of a copy
LETTERS, MARK_LENGTH = "abcdefghijklmnop", 12  # of the mark before each text
SAMPLE_ROLE = Path(__file__).resolve().parent.parent / "candidates" / "samples" / "backend-engineer"


@contextmanager
def django_of_our_own() -> Iterator[Any]:
    """Django set up on an embedded database in a folder that is gone afterwards; yields a user."""
    with tempfile.TemporaryDirectory(prefix="evaluator-bench-") as folder:
        os.environ["EVALUATOR_VAR"] = folder
        os.environ["DEBUG"] = "1"
        os.environ["DJANGO_SETTINGS_MODULE"] = "evaluator.settings"
        for name in ("DATABASE_URL", "OPENAI_API_KEY", "EVALUATOR_ENGINE"):
            os.environ.pop(name, None)
        import django

        django.setup()
        from django.conf import settings
        from django.contrib.auth.models import User
        from django.db import connections

        from jobs.management import terminal

        settings.DEBUG = False  # or every query would be kept
        try:
            terminal.ensure_tables()
            yield User.objects.create_user("bench", "bench@example.com")
        finally:
            connections.close_all()
            _stop(postgres())


def _stop(server: Process) -> None:
    """End PostgreSQL before its folder goes: its guardian would wait for our own end."""
    server.send_signal(signal.SIGINT)
    with suppress(psutil.TimeoutExpired):
        server.wait(20)


def postgres() -> Process:
    from django.conf import settings

    pid_file = Path(settings.DATABASES["default"]["EMBEDDED"]) / "data" / "postmaster.pid"
    return Process(int(pid_file.read_text().splitlines()[0]))


@contextmanager
def worker() -> Iterator[Process]:
    """`manage.py worker` with two workers, alive and idle, beside those that are there."""
    from jobs.models import Heartbeat
    from jobs.workers import processes

    there = Heartbeat.objects.alive().count()
    started = processes.start_worker(2, quiet=True)
    try:
        until = time.monotonic() + 60
        while Heartbeat.objects.alive().count() <= there:
            if started.poll() is not None or time.monotonic() > until:
                raise SystemExit("The workers do not start.")
            time.sleep(0.1)
        yield Process(started.pid)
    finally:
        processes.stop_process(started, grace=10)


def draft(user: Any, texts: Sequence[str]) -> Any:
    """A draft whose candidates have been read."""
    from django.db.models.functions import Now

    from candidates.models import Candidate, Draft
    from candidates.models.candidate import CandidateStatus
    from candidates.scoring.fingerprint import document_key
    from candidates.scoring.prepare import prepare_for_storage

    draft = Draft.objects.all().write(user, role())
    rows = []
    for number, text in enumerate(texts):
        digest = sha256(f"{draft.pk} {number}".encode()).hexdigest()
        prepared, stored = prepare_for_storage(text, name(number))  # as reading leaves it
        rows.append(
            Candidate(
                draft=draft,
                filename=f"{number}.txt",
                file=f"bench/{digest}",
                size=len(text),
                sha256=digest,
                status=CandidateStatus.READABLE,
                read_at=Now(),
                text=text,
                pages=1,
                media_type="text/plain",
                reader="text",
                name=name(number),
                prepared=stored,
                redacted_key=document_key(prepared.document),
            )
        )
    Candidate.objects.bulk_create(rows, batch_size=500)
    draft.refresh_from_db()
    return draft


def multiply(draft: Any, times: int) -> None:
    """Have each candidate so many times, each with a mark of its own before its text: to a run it
    is another résumé."""
    from django.db import connection, transaction

    from candidates.models import Candidate

    columns = [field.attname for field in Candidate._meta.concrete_fields]
    unique_values = {
        name: f"encode(sha256(({name} || copy)::bytea), 'hex')" for name in UNIQUE_COLUMNS
    }
    mark = f"left(translate(md5(sha256 || copy), '0123456789abcdef', '{LETTERS}'), {MARK_LENGTH})"
    unique_values["text"] = f"overlay(text placing {mark} from 1)"
    names = [name for name in columns if name not in ("id", "public_id")]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(
            f"INSERT INTO candidates_candidate ({', '.join(names)}) "  # noqa: S608
            f"SELECT {', '.join(unique_values.get(name, name) for name in names)} "
            "FROM candidates_candidate, generate_series(2, %s) AS copy WHERE draft_id = %s",
            [times, draft.pk],
        )
    with connection.cursor() as cursor:
        # Else PostgreSQL does it by itself, in the middle of what is measured.
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE candidates_candidate")


def name(number: int) -> str:
    return f"Person {number}"


def texts(count: int, salt: str) -> list[str]:
    """Sample résumés, each made a little different from its first line on."""
    samples = sample_texts()
    texts = []
    for number in range(count):
        lines = samples[number % len(samples)].splitlines()
        chance = random.Random(f"{salt} {number}")  # noqa: S311
        shown_lines = [line for line in lines if chance.random() > 0.05]
        # In letters: a long number is taken for a telephone's, and blanked.
        mark = "".join(chance.choices(LETTERS, k=MARK_LENGTH))
        texts.append("\n".join([f"{mark} is the reference", *shown_lines]))
    return texts


@cache
def role() -> Any:
    """The posting of the sample role."""
    from candidates import posting

    return posting.parse((SAMPLE_ROLE / "JOB.md").read_text(encoding="utf-8"))


@cache
def sample_texts() -> list[str]:
    """The texts of its sample résumés."""
    from candidates.reading import Unreadable, read

    texts = []
    for path in sorted(SAMPLE_ROLE.iterdir()):
        if path.name == "JOB.md":
            continue
        try:
            texts.append(read(path.read_bytes(), path.name).text)
        except Unreadable:
            continue  # the samples hold a few on purpose
    return texts


def wait_until(over: Callable[[], bool], *, longest: float, every: float = 0.05) -> None:
    until = time.monotonic() + longest
    while not over():
        if time.monotonic() > until:
            raise SystemExit(f"It was not over within {longest:.0f} s.")
        time.sleep(every)


def cpu(roots: Iterable[Process]) -> float:
    """CPU seconds of the processes, their living descendants, and what they have reaped."""
    total = 0.0
    for process in tree(roots):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def tree(roots: Iterable[Process]) -> list[Process]:
    return [each for root in roots for each in (root, *root.children(recursive=True))]


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
