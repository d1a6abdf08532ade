"""This project and its peers, started, given a number of résumés, watched, and stopped.

A contender is a context manager: inside, its workers run and wait. Nothing of it is left outside.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psutil import NoSuchProcess, Process

from candidates.scoring.rubric import Rubric

from . import stage
from .peers import Peer
from .peers.prompts import message

ROOT = Path(__file__).resolve().parent.parent
PER_WORKER = 32  # calls in flight of each of our two workers
LOOK = 0.02  # seconds between looks at whether all is done
WEIGH = 1.0  # seconds between looks at the memory
OURS = "this project, 2 workers of 32 calls"


@dataclass
class Contender:
    """Something that can be told to score résumés, and the processes that do it."""

    database: str
    workers: list[Process]
    databases: list[Process]  # processes: PostgreSQL, and Redis where there is one

    def prepare(self, texts: Sequence[str]) -> None:
        """Bring résumés, which have been read, into the database."""
        raise NotImplementedError

    def submit(self) -> tuple[str, list[Any]]:
        """Ask for what was prepared; a query that is true once all of it is over."""
        raise NotImplementedError

    def scored(self) -> int:
        """How many of those submitted have their score."""
        raise NotImplementedError

    def end(self) -> None:
        """Kill the processes, whose connections then tell PostgreSQL all that they committed."""
        for process in stage.tree(self.workers):
            with suppress(NoSuchProcess):
                process.kill()

        def alone() -> bool:
            with _connected("postgres") as connection:
                found = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [self.database]
                )
                return not found.fetchall()[0][0]

        stage.wait_until(alone, longest=20)


@dataclass
class Ours(Contender):
    user: Any
    model: str
    draft: Any = None
    job: Any = None

    def prepare(self, texts: Sequence[str]) -> None:
        self.draft = stage.draft(self.user, texts)

    def submit(self) -> tuple[str, list[Any]]:
        from jobs import submit

        self.job = submit.submit(
            self.draft, self.user, mode="none", engine="openai", model=self.model
        )
        return "SELECT completed_at IS NOT NULL FROM jobs_job WHERE id = %s", [self.job.pk]

    def scored(self) -> int:
        return int(self.job.analysis.evaluations.tally()["scored"])

    def end(self) -> None:
        from django.db import connections

        connections.close_all()
        super().end()


@dataclass
class Theirs(Contender):
    submitter: "subprocess.Popen[str]"
    rubric: Rubric
    ids: list[int] = field(default_factory=list)

    def end(self) -> None:
        self.submitter.kill()
        super().end()

    def prepare(self, texts: Sequence[str]) -> None:
        first = max(self.ids, default=0) + 1
        self.ids = list(range(first, first + len(texts)))
        names = map(stage.name, range(len(texts)))
        with _connected(self.database) as connection:
            connection.cursor().executemany(
                "INSERT INTO resume (id, text, name, message) VALUES (%s, %s, %s, %s)",
                [
                    (number, text, name, message(self.rubric, text, name))
                    for number, text, name in zip(self.ids, texts, names, strict=True)
                ],
            )
            connection.execute("ANALYZE resume")

    def submit(self) -> tuple[str, list[Any]]:
        if self.submitter.stdin is None:
            raise SystemExit("The submitter cannot be told anything.")
        self.submitter.stdin.write(f"{json.dumps(self.ids)}\n")
        self.submitter.stdin.flush()
        return "SELECT count(*) >= %s FROM score", [self.ids[-1]]

    def scored(self) -> int:
        with _connected(self.database) as connection:
            found = connection.execute(
                "SELECT count(DISTINCT resume_id) FROM score WHERE resume_id = ANY(%s)", [self.ids]
            )
            return int(found.fetchall()[0][0])


TABLES = """
CREATE TABLE resume (
    id bigint PRIMARY KEY, text text NOT NULL, name text NOT NULL, message text NOT NULL);
CREATE TABLE score (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    resume_id bigint NOT NULL REFERENCES resume, answer jsonb NOT NULL,
    prompt_tokens int NOT NULL, completion_tokens int NOT NULL);
CREATE INDEX ON score (resume_id)
"""


@contextmanager
def ours(user: Any, model: str, url: str) -> Iterator[Ours]:
    os.environ.update(
        OPENAI_BASE_URL=url,
        OPENAI_API_KEY="x",
        EVALUATOR_CONCURRENCY=str(PER_WORKER),
        Q_WORKERS="2",
    )
    from jobs.models import Heartbeat

    Heartbeat.objects.all().delete()  # of workers that were killed
    with stage.worker() as worker:
        yield Ours("evaluator", [worker], [stage.postgres()], user, model)


@contextmanager
def theirs(peer: Peer, rubric: Rubric, url: str) -> Iterator[Theirs]:
    database = f"bench_{peer.module}"
    with ExitStack() as stack:
        stack.enter_context(_database(database))
        databases = [stage.postgres()]
        redis = ""
        if peer.needs_redis:
            redis, server = stack.enter_context(_redis())
            databases.append(server)
        place = {
            "database": _place(database),
            "url": url,
            "redis": redis,
            "rubric": rubric.to_json(),
        }
        env = {**os.environ, "BENCH_PLACE": json.dumps(place)}
        submitter = stack.enter_context(_running(peer.submitter, env, talks=True))
        hear(submitter, "ready")
        workers = [Process(submitter.pid)]
        if peer.worker:
            command = [sys.executable, *peer.worker]
            workers = [Process(stack.enter_context(_running(command, env)).pid)]
        yield Theirs(database, workers, databases, submitter, rubric)


@contextmanager
def model_server(latency: float) -> Iterator[str]:
    """The scripted server as a process of its own; yields its URL."""
    command = [sys.executable, "-m", "tests.servers.model", "--retry-after", "1"]
    with _running([*command, "--latency", str(latency)], dict(os.environ), talks=True) as server:
        yield hear(server, "http")


def log_of(url: str) -> dict[str, Any]:
    return _ask(url, "GET", "/log")


def behave(url: str, **changed: float) -> None:
    """Change how the model server behaves from now on."""
    _ask(url, "POST", "/behave", json.dumps(changed))


def follow(contender: Contender, query: str, values: list[Any], longest: float) -> float:
    """Wait until the query is true; the most memory that the workers had meanwhile, in MB.

    In one transaction, so that looking does not count as commits.
    """
    most, weighed, until = 0.0, 0.0, time.monotonic() + longest
    with _connected(contender.database) as connection:
        while not connection.execute(query, values).fetchall()[0][0]:
            now = time.monotonic()
            if now > until:
                raise SystemExit(f"{contender.database} was not done within {longest:.0f} s.")
            if now - weighed > WEIGH:
                weighed = now
                most = max(most, sum(map(_weight, stage.tree(contender.workers))))
            time.sleep(LOOK)
    return max(most, sum(map(_weight, stage.tree(contender.workers))))


def commits(database: str) -> int:
    with _connected("postgres") as connection:
        found = connection.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = %s", [database]
        )
        return int(found.fetchall()[0][0])


def hear(process: "subprocess.Popen[str]", begin: str) -> str:
    """The first line of what the process says."""
    line = process.stdout.readline().strip() if process.stdout else ""
    if not line.startswith(begin):
        raise SystemExit(f"{process.args!r} did not start; it said {line!r}.")
    return line


def _weight(process: Process) -> float:
    """MB of memory, what is shared between processes counted once among them (PSS)."""
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:  # it has just ended
        pass
    return 0.0


def _place(database: str) -> dict[str, Any]:
    from django.conf import settings

    from evaluator.database import server

    folder = settings.DATABASES["default"]["EMBEDDED"]
    return {"host": str(server.socket_folder(folder)), "user": "postgres", "dbname": database}


def _connected(database: str) -> "psycopg.Connection[Any]":
    return psycopg.connect(**_place(database), connect_timeout=10)


@contextmanager
def _database(name: str) -> Iterator[None]:
    with closing(_connected("postgres")) as connection:
        connection.autocommit = True
        drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
        connection.execute(drop)
        connection.execute(f"CREATE DATABASE {name}")
        with _connected(name) as inside:
            inside.execute(TABLES)
        try:
            yield
        finally:
            connection.execute(drop)


@contextmanager
def _redis() -> Iterator[tuple[str, Process]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with _running([*command, "--appendonly", "no"], dict(os.environ), quiet=True) as server:

        def answers() -> bool:
            with socket.socket() as knock:
                return knock.connect_ex(("127.0.0.1", port)) == 0

        stage.wait_until(answers, longest=20)
        yield f"redis://127.0.0.1:{port}/0", Process(server.pid)


@contextmanager
def _running(
    command: list[str], env: dict[str, str], *, talks: bool = False, quiet: bool = False
) -> Iterator["subprocess.Popen[str]"]:
    """A process that ends with this block, and all that it started with it."""
    from jobs.processes import die_with_parent

    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
        stdout=subprocess.PIPE if talks else subprocess.DEVNULL if quiet else None,
        text=True,
        env=env,
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=partial(die_with_parent, os.getpid()),
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _end_group(process)


def _end_group(process: "subprocess.Popen[str]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _ask(url: str, method: str, path: str, body: str = "") -> dict[str, Any]:
    place = urlsplit(url)
    with closing(HTTPConnection(place.hostname or "", place.port, timeout=10)) as connection:
        connection.request(method, path, body)
        told: dict[str, Any] = json.loads(connection.getresponse().read())
        return told
