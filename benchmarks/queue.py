"""The queue alone: tasks that do nothing, on four queues side by side, with 1, 2 and 4 clusters.

Each queue has a database of its own (or a Redis) and a process that puts messages in. All of them
run all the time and are measured by turns. Messages are put in where no worker looks and then moved
to where they look at one stroke, so that putting in and working off are measured apart.
"""

import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from psutil import NoSuchProcess, Process, process_iter

NAMES = ("django-q2, its own broker", "this broker", "Celery with Redis", "procrastinate")
STOCK, OURS, CELERY, PROCRASTINATE = NAMES
SERVERS = {  # how their processes are titled
    STOCK: "postgres: postgres stock ",
    OURS: "postgres: postgres ours ",
    CELERY: "redis-server ",
    PROCRASTINATE: "postgres: postgres procrastinate ",
}
CLUSTER_COUNTS = (1, 2, 4)
WORKERS_PER_CLUSTER = (
    2  # processes of a cluster; procrastinate has one, with as many tasks as it likes
)
TASKS = 5_000
ROUNDS = 3
START_ROUNDS = 40
HELD_QUEUE = "held"
Figures = dict[tuple[str, int], list[float]]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="evaluator-bench-") as folder, ExitStack() as stack:
        environments = stack.enter_context(_servers(Path(folder)))
        drivers = {name: stack.enter_context(_driver(name, environments[name])) for name in NAMES}
        fills: Figures = {}
        drains: Figures = {}
        costs: Figures = {}
        starts: dict[str, list[float]] = {name: [] for name in NAMES}
        for clusters in CLUSTER_COUNTS:
            with ExitStack() as running:
                roots = {
                    name: [
                        running.enter_context(_cluster(name, number, environments[name]))
                        for number in range(clusters)
                    ]
                    for name in NAMES
                }
                for name in NAMES:
                    drivers[name].warm(clusters)
                if clusters == 1:
                    _measure_starts(drivers, starts)
                for _ in range(ROUNDS):
                    for name in NAMES:
                        before = _cpu(name, roots[name])
                        fill, drain = drivers[name].run()
                        cost = (_cpu(name, roots[name]) - before) / TASKS
                        costs.setdefault((name, clusters), []).append(cost)
                        fills.setdefault((name, clusters), []).append(fill)
                        drains.setdefault((name, clusters), []).append(drain)
        _show(fills, drains, costs, starts)


class Driver:
    """The benchmark's side of the process that enqueues messages and counts those left."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def ask(self, *words: Any) -> Any:
        if self.process.stdin is None or self.process.stdout is None:
            raise TypeError("The driver has no pipes.")
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("A process that puts messages in has ended.")
        return json.loads(answer)

    def run(self, tasks: int = TASKS) -> tuple[float, float]:
        """Tasks per second that were enqueued, and then run and acknowledged."""
        fill = self.ask("fill", tasks)
        began = time.monotonic()
        self.ask("open")
        while self.ask("left"):
            if time.monotonic() - began > 300:
                raise SystemExit("The queue does not get empty.")
            time.sleep(0.02)
        return tasks / fill, tasks / (time.monotonic() - began)

    def warm(self, clusters: int) -> None:
        self.run(200)
        time.sleep(2 + clusters)  # until the last of them is there too
        self.run(200 * clusters)


def _measure_starts(drivers: dict[str, Driver], starts: dict[str, list[float]]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        line.settimeout(30)
        for turn in range(START_ROUNDS + 3):
            for name in NAMES:
                time.sleep(random.uniform(0.1, 0.4))  # noqa: S311 -- no queue's rhythm is met
                sent = drivers[name].ask("stamp", line.getsockname()[1])
                started = float(line.recv(100))
                if turn >= 3:
                    starts[name].append(started - sent)


def _show(
    fills: Figures,
    drains: Figures,
    costs: Figures,
    starts: dict[str, list[float]],
) -> None:
    median = statistics.median
    _say("", "## The queue alone", "")
    heads = [f"acknowledged a second, {n} cluster{'s' * (n > 1)}" for n in CLUSTER_COUNTS]
    _say("| | idle to start, ms | put in a second | CPU ms a task | " + " | ".join(heads) + " |")
    _say("|---|" + "---|" * (3 + len(CLUSTER_COUNTS)))
    for name in NAMES:
        cells = [f"{1000 * median(starts[name]):.1f}", f"{median(fills[name, 1]):.0f}"]
        cells.append(f"{1000 * median(costs[name, 1]):.2f}")
        for clusters in CLUSTER_COUNTS:
            runs = drains[name, clusters]
            cells.append(f"{median(runs):.0f} ({min(runs):.0f}-{max(runs):.0f})")
        _say(f"| {name} | " + " | ".join(cells) + " |")
    _say("", "| this broker against | " + " | ".join(["idle to start", *heads]) + " |")
    _say("|---|" + "---|" * (1 + len(CLUSTER_COUNTS)))
    for name in (STOCK, CELERY, PROCRASTINATE):
        cells = [f"{median(starts[OURS]) / median(starts[name]):.2f} ×"]
        for clusters in CLUSTER_COUNTS:
            ratio = median(drains[OURS, clusters]) / median(drains[name, clusters])
            cells.append(f"{ratio:.2f} ×")
        _say(f"| {name} | " + " | ".join(cells) + " |")


def _cpu(name: str, roots: list[Process]) -> float:
    """CPU seconds so far of the clusters' processes and of those of the server behind them."""
    title = SERVERS[name]
    servers = [each for each in process_iter() if _title(each).startswith(title)]
    trees = [each for root in roots for each in (root, *root.children(recursive=True))]
    total = 0.0
    for each in (*servers, *trees):
        with suppress(NoSuchProcess):
            times = each.cpu_times()
            # Of a recycled worker; a server's child outlives the run.
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _title(process: Process) -> str:
    try:
        return " ".join(process.cmdline())
    except NoSuchProcess:
        return ""


# Servers, clusters, and the processes that put messages in


@contextmanager
def _servers(folder: Path) -> Iterator[dict[str, dict[str, str]]]:
    """A PostgreSQL and a Redis; yields what each queue's processes need in their environment."""
    inherited = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")
    }
    django = {
        **inherited,
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "evaluator.settings",
        "EVALUATOR_VAR": str(folder),
        "Q_WORKERS": str(WORKERS_PER_CLUSTER),
        "SECRET_KEY": "of-a-benchmark",
    }
    os.environ.update(django)
    for name in ("DATABASE_URL", "JOBS_ENGINE", "QUEUE_BROKER"):
        os.environ.pop(name, None)
    import django as framework

    framework.setup()
    from django.db import connection

    from tests.servers import redis

    params = connection.get_connection_params()
    with connection.cursor() as cursor:
        for name in ("stock", "ours", "procrastinate"):
            cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    base = f"postgres://{params['user']}@{quote(params['host'], safe='')}"
    with redis.serve_redis() as url:
        yield {
            STOCK: {**django, "DATABASE_URL": f"{base}/stock", "QUEUE_BROKER": "stock"},
            OURS: {**django, "DATABASE_URL": f"{base}/ours", "QUEUE_BROKER": "postgres"},
            CELERY: {**inherited, "PEERS_REDIS": url},
            PROCRASTINATE: {**inherited, "PEERS_POSTGRES": f"{base}/procrastinate"},
        }


@contextmanager
def _driver(name: str, environment: dict[str, str]) -> Iterator[Driver]:
    process = _start(
        [sys.executable, "-m", "benchmarks.queue", name],
        environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        driver = Driver(process)
        driver.ask("left")  # answered when its tables are there
        yield driver
    finally:
        _stop(process)


@contextmanager
def _cluster(name: str, number: int, environment: dict[str, str]) -> Iterator[Process]:
    python = [sys.executable, "-m"]
    commands = {
        STOCK: [*python, "jobs.workers"],
        OURS: [*python, "jobs.workers"],
        CELERY: [
            *(
                *python,
                "celery",
                "-q",
                "-A",
                "benchmarks.rivals",
                "worker",
                "-c",
                str(WORKERS_PER_CLUSTER),
            ),
            *("-n", f"peer{number}@%h", "-l", "ERROR"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        PROCRASTINATE: [
            *(*python, "procrastinate", "--app", "benchmarks.rivals.worker_app"),
            *("worker", "--concurrency", "16", "--queues", "open"),
        ],
    }
    process = _start(
        commands[name],
        {**environment, "EVALUATOR_SUPERVISOR": str(1_000_000 + number)},
        stderr=subprocess.DEVNULL if name == PROCRASTINATE else None,
    )
    try:
        yield Process(process.pid)
        if process.poll() is not None:
            raise SystemExit(f"{name}: a cluster has ended.")
    finally:
        _stop(process)


def _start(command: list[str], environment: dict[str, str], **pipes: Any) -> Any:
    from jobs.workers.processes import die_with_parent

    return subprocess.Popen(
        command,
        env=environment,
        cwd=Path(__file__).resolve().parent.parent,
        start_new_session=True,
        preexec_fn=partial(die_with_parent, os.getpid()),
        **pipes,
    )


def _stop(process: "subprocess.Popen[Any]") -> None:
    from jobs.workers.processes import kill_group

    kill_group(process)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


# What a process that puts messages in does


class Queue(Protocol):
    """The operations on a queue."""

    def put_held(self) -> None: ...
    def stamp(self, port: int) -> None: ...
    def open(self) -> None: ...
    def left(self) -> int: ...


def drive(name: str) -> None:
    kinds: dict[str, Callable[[], Queue]] = {
        STOCK: _DjangoQ,
        OURS: _DjangoQ,
        CELERY: _Celery,
        PROCRASTINATE: _Procrastinate,
    }
    queue = kinds[name]()
    for line in sys.stdin:
        word, *rest = json.loads(line)
        answer = None
        if word == "fill":
            began = time.monotonic()
            for _ in range(rest[0]):
                queue.put_held()
            answer = time.monotonic() - began
        elif word == "stamp":
            answer = time.monotonic()
            queue.stamp(rest[0])
        elif word == "open":
            queue.open()
        elif word == "left":
            answer = queue.left()
        print(json.dumps(answer), flush=True)  # noqa: T201


class _DjangoQ:
    def __init__(self) -> None:
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        self.connection = connection

    def put_held(self) -> None:
        from django_q.tasks import async_task

        async_task("benchmarks.rivals.nothing", cluster=HELD_QUEUE)

    def stamp(self, port: int) -> None:
        from django_q.tasks import async_task

        async_task("benchmarks.rivals.stamp", port)

    def open(self) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE django_q_ormq SET key = 'evaluator', lock = now() WHERE key = %s",
                [HELD_QUEUE],
            )
            cursor.execute("SELECT pg_notify('evaluator', 'evaluator')")

    def left(self) -> int:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM django_q_ormq")
            return int(cursor.fetchone()[0])


class _Celery:
    def __init__(self) -> None:
        import redis

        from . import rivals

        self.app = rivals.app
        self.client = redis.Redis.from_url(os.environ["PEERS_REDIS"])

    def put_held(self) -> None:
        self.app.send_task("nothing", queue=HELD_QUEUE)

    def stamp(self, port: int) -> None:
        self.app.send_task("stamp", [port])

    def open(self) -> None:
        self.client.rename(HELD_QUEUE, "celery")

    def left(self) -> int:
        return int(self.client.llen("celery")) + int(self.client.hlen("unacked"))


class _Procrastinate:
    def __init__(self) -> None:
        import psycopg
        from procrastinate import App, SyncPsycopgConnector

        place = os.environ["PEERS_POSTGRES"]
        self.app = App(connector=SyncPsycopgConnector(conninfo=place))
        self.app.open()
        self.app.schema_manager.apply_schema()
        self.held = self.app.configure_task("nothing", queue=HELD_QUEUE)
        self.connection = psycopg.connect(place, autocommit=True)

    def put_held(self) -> None:
        self.held.defer()

    def stamp(self, port: int) -> None:
        self.app.configure_task("stamp", queue="open").defer(port=port)

    def open(self) -> None:
        self.connection.execute(
            "UPDATE procrastinate_jobs SET queue_name = 'open' WHERE queue_name = %s", [HELD_QUEUE]
        )
        self.app.configure_task("nothing", queue="open").defer()  # which tells the workers

    def left(self) -> int:
        rows = self.connection.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
        )
        return int((rows.fetchone() or (0,))[0])


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    drive(sys.argv[1])
