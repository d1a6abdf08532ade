"""The same work by other means: what this project's way to run a job is measured against.

Each peer reads a résumé from PostgreSQL, makes the same prompt, asks the same model and writes its
row. A peer is a module that is run as a process of its own and submits what it is told to on its
standard input; all but the bare script leave the work to workers, whose command stands here. None
of them knows how this project scores; what they share is in `work`.
"""

import sys
from dataclasses import dataclass

CONCURRENCY = 64  # calls in flight
PROCESS_COUNT = 8  # processes of a queue that has one task a process


@dataclass(frozen=True, slots=True)
class Peer:
    label: str
    module: str
    worker: tuple[str, ...] = ()  # arguments of Python; none where the submitter does the work
    needs_redis: bool = False
    options: tuple[str, ...] = ()  # of the submitter

    @property
    def submitter(self) -> list[str]:
        return [sys.executable, "-m", f"benchmarks.peers.{self.module}", *self.options]


SCRIPT = Peer(f"a bare asyncio script, {CONCURRENCY} calls in flight", "script")
READY = Peer("the same, its prompts made beforehand", "script", options=("ready",))
PEERS = (
    SCRIPT,
    READY,
    Peer(
        f"django-q2 as it comes, {PROCESS_COUNT} workers",
        "django_q_tasks",
        ("-m", "benchmarks.peers.django_q_tasks", "work"),
    ),
    Peer(
        f"Celery with Redis, gevent {CONCURRENCY}",
        "celery_tasks",
        (
            *("-m", "celery", "--quiet", "-A", "benchmarks.peers.celery_tasks", "worker"),
            *("--pool", "gevent", "--concurrency", str(CONCURRENCY), "--loglevel", "ERROR"),
        ),
        needs_redis=True,
    ),
    Peer(
        f"procrastinate, concurrency {CONCURRENCY}",
        "procrastinate_tasks",
        ("-m", "benchmarks.peers.procrastinate_tasks", "work"),
    ),
)
