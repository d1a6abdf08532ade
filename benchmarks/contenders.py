"""This project and its peers, started, given a number of résumés, watched, and stopped.

A contender is a context manager: inside, its workers run and wait. Nothing of it is left outside.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psutil import NoSuchProcess, Process

from candidates.scoring.rubric import Rubric

from . import servers, stage
from .peers import Peer
from .peers.prompts import message

CALLS_PER_WORKER = 32  # in flight, in each of the two workers of this project
POLL_SECONDS = 0.02  # between checks whether all is done
MEMORY_POLL_SECONDS = 1.0  # between measurements of the memory
OURS = "this project, 2 workers of 32 calls"


@dataclass
class Contender:
    """A system that scores résumés, with the processes that do it."""

    database: str
    workers: list[Process]
    databases: list[Process]  # processes: PostgreSQL, and Redis where there is one

    def prepare(self, texts: Sequence[str]) -> None:
        """Store résumés that are read already in the database."""
        raise NotImplementedError

    def submit(self) -> tuple[str, list[Any]]:
        """Submit the prepared résumés; return a query that is true once all are done."""
        raise NotImplementedError

    def scored(self) -> int:
        """The number of submitted résumés that have a score."""
        raise NotImplementedError

    def end(self) -> None:
        """Kill the processes, so that their connections report all commits to PostgreSQL."""
        for process in stage.tree(self.workers):
            with suppress(NoSuchProcess):
                process.kill()

        def alone() -> bool:
            with servers.connected("postgres") as connection:
                row = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [self.database]
                )
                return not row.fetchall()[0][0]

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
        from jobs.execution import submit

        self.job = submit.submit(
            self.draft, self.user, mode="none", engine="openai", model=self.model
        )
        return "SELECT completed_at IS NOT NULL FROM jobs_job WHERE id = %s", [self.job.pk]

    def scored(self) -> int:
        return int(self.job.analysis.tally()["scored"])

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
        with servers.connected(self.database) as connection:
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
        with servers.connected(self.database) as connection:
            row = connection.execute(
                "SELECT count(DISTINCT resume_id) FROM score WHERE resume_id = ANY(%s)", [self.ids]
            )
            return int(row.fetchall()[0][0])


@contextmanager
def ours(user: Any, model: str, url: str) -> Iterator[Ours]:
    os.environ.update(
        OPENAI_BASE_URL=url,
        OPENAI_API_KEY="x",
        EVALUATOR_CONCURRENCY=str(CALLS_PER_WORKER),
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
        stack.enter_context(servers.database(database))
        databases = [stage.postgres()]
        redis = ""
        if peer.needs_redis:
            redis, server = stack.enter_context(servers.redis())
            databases.append(server)
        place = {
            "database": servers.place(database),
            "url": url,
            "redis": redis,
            "rubric": rubric.to_json(),
        }
        env = {**os.environ, "BENCH_PLACE": json.dumps(place)}
        submitter = stack.enter_context(servers.running(peer.submitter, env, talks=True))
        servers.hear(submitter, "ready")
        workers = [Process(submitter.pid)]
        if peer.worker:
            command = [sys.executable, *peer.worker]
            workers = [Process(stack.enter_context(servers.running(command, env)).pid)]
        yield Theirs(database, workers, databases, submitter, rubric)


def follow(contender: Contender, query: str, values: list[Any], longest: float) -> float:
    """Wait until the query is true; the most memory that the workers had meanwhile, in MB.

    In one transaction, so that looking does not count as commits.
    """
    most, weighed, until = 0.0, 0.0, time.monotonic() + longest
    with servers.connected(contender.database) as connection:
        while not connection.execute(query, values).fetchall()[0][0]:
            now = time.monotonic()
            if now > until:
                raise SystemExit(f"{contender.database} was not done within {longest:.0f} s.")
            if now - weighed > MEMORY_POLL_SECONDS:
                weighed = now
                most = max(most, sum(map(_weight, stage.tree(contender.workers))))
            time.sleep(POLL_SECONDS)
    return max(most, sum(map(_weight, stage.tree(contender.workers))))


def _weight(process: Process) -> float:
    """MB of memory, what is shared between processes counted once among them (PSS)."""
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:  # it has just ended
        pass
    return 0.0
