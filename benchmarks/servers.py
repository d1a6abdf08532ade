"""What benchmarks start beside the program: the model server, Redis, databases of their own.

Nothing is left of any of them outside its `with` block, by whatever way that ends.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psutil import Process

from . import stage

ROOT = Path(__file__).resolve().parent.parent
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
def model_server(latency: float) -> Iterator[str]:
    """The scripted server as a process of its own; yields its URL."""
    command = [sys.executable, "-m", "tests.servers.model", "--retry-after", "1"]
    with running([*command, "--latency", str(latency)], dict(os.environ), talks=True) as server:
        yield hear(server, "http")


def log_of(url: str) -> dict[str, Any]:
    return _ask(url, "GET", "/log")


def behave(url: str, **changed: float) -> None:
    """Change the behaviour of the model server."""
    _ask(url, "POST", "/behave", json.dumps(changed))


def commits(name: str) -> int:
    with connected("postgres") as connection:
        row = connection.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = %s", [name]
        )
        return int(row.fetchall()[0][0])


def hear(process: "subprocess.Popen[str]", begin: str) -> str:
    """The first line of what the process says."""
    line = process.stdout.readline().strip() if process.stdout else ""
    if not line.startswith(begin):
        raise SystemExit(f"{process.args!r} did not start; it said {line!r}.")
    return line


def place(name: str) -> dict[str, Any]:
    from django.conf import settings

    from evaluator.database import server

    folder = settings.DATABASES["default"]["EMBEDDED"]
    return {"host": str(server.socket_folder(folder)), "user": "postgres", "dbname": name}


def connected(name: str) -> "psycopg.Connection[Any]":
    return psycopg.connect(**place(name), connect_timeout=10)


@contextmanager
def database(name: str) -> Iterator[None]:
    with closing(connected("postgres")) as connection:
        connection.autocommit = True
        drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
        connection.execute(drop)
        connection.execute(f"CREATE DATABASE {name}")
        with connected(name) as inside:
            inside.execute(TABLES)
        try:
            yield
        finally:
            connection.execute(drop)


@contextmanager
def redis() -> Iterator[tuple[str, Process]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with running([*command, "--appendonly", "no"], dict(os.environ), quiet=True) as server:

        def answers() -> bool:
            with socket.socket() as knock:
                return knock.connect_ex(("127.0.0.1", port)) == 0

        stage.wait_until(answers, longest=20)
        yield f"redis://127.0.0.1:{port}/0", Process(server.pid)


@contextmanager
def running(
    command: list[str], env: dict[str, str], *, talks: bool = False, quiet: bool = False
) -> Iterator["subprocess.Popen[str]"]:
    """A process that is ended with this block, and its children too."""
    from jobs.workers.processes import die_with_parent

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
    at = urlsplit(url)
    with closing(HTTPConnection(at.hostname or "", at.port, timeout=10)) as connection:
        connection.request(method, path, body)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        return answer
