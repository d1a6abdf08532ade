"""Two speeds: `make check` runs the tests that start no process and no browser and take no half
second, `make test` all.

A test is marked `browser` where it lies in tests/browser, and `processes` where it uses a fixture
that starts processes; the rest is marked in its module. The guard fails any other test that starts
a process, in either run, so that the markers stay true.
"""

import _posixsubprocess
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

BROWSER_TESTS = Path(__file__).parent / "browser"
PROCESS_FIXTURES = {"sandbox", "worker", "worker_env"}
# They wait more than they compute, so that they run beside the others from the start, the longest
# first: at the end of a run they would leave the processor idle.
SLOW_TESTS = (
    "tests/end_to_end/test_lanes_of_hosts.py",
    "tests/jobs/workers/test_supervisor_kill.py",
    "tests/end_to_end/test_hosts.py",
    "tests/jobs/queue/test_queue.py",
    "tests/end_to_end/test_faults.py",
    "tests/end_to_end/test_platforms.py",
    "tests/jobs/workers/test_supervisor_drain.py",
    "tests/jobs/workers/test_supervisor.py",
    "tests/jobs/execution/test_lanes_life.py",
)
# Every way to start a process, where it is called. (An audit hook would slow down each test.)
WAYS_TO_START = (
    (subprocess, "_fork_exec"),
    (_posixsubprocess, "fork_exec"),
    (os, "fork"),
    (os, "forkpty"),
    (os, "posix_spawn"),
    (os, "posix_spawnp"),
    (os, "system"),
)
# Starts the embedded PostgreSQL, at the first connection of whatever test needs it.
DATABASE_SERVER = "evaluator/database/server.py"


class Guard:
    """Makes the start of a process an error while a test runs that is not marked for it."""

    def __init__(self) -> None:
        self.test: str | None = None  # the id of the guarded test
        self.started: list[str] = []

    def check(self, program: str) -> None:
        """Raise RuntimeError when a guarded test starts `program`."""
        if self.test is not None and not _is_database_server():
            self.started.append(program)  # the code under test may swallow the error
            raise RuntimeError(f"{self.test} starts a process: mark it with `processes`.")


GUARD = Guard()


def _guarded(start: Callable[..., Any]) -> Callable[..., Any]:
    def guarded_start(*arguments: Any, **options: Any) -> Any:
        GUARD.check(f"{start.__name__}: {arguments[0] if arguments else ''}")
        return start(*arguments, **options)

    return guarded_start


def _is_database_server() -> bool:
    frame = sys._getframe(2)
    while frame is not None and not frame.f_code.co_filename.endswith(DATABASE_SERVER):
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None


def pytest_configure() -> None:
    platform.processor()  # asks `uname` once, and would else do so in the first test of a model
    for module, name in WAYS_TO_START:
        setattr(module, name, _guarded(getattr(module, name)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark by place and fixture; put the slow first in what half of the processes begin with."""
    for item in items:
        if item.path.is_relative_to(BROWSER_TESTS):
            item.add_marker("browser")
        if PROCESS_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("processes")
    result = yield
    items[:] = slow_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    return result


def slow_first(items: list[pytest.Item], processes: int) -> list[pytest.Item]:
    """The items in an order of which `--dist worksteal` hands each process an equal part.

    Half of the parts begin with the slow tests, so that the others compute meanwhile.
    """
    slow = [item for prefix in SLOW_TESTS for item in items if item.nodeid.startswith(prefix)]
    others = iter([item for item in items if not item.nodeid.startswith(SLOW_TESTS)])
    beginning = max(1, processes // 2)
    ordered: list[pytest.Item] = []
    for part in range(processes):
        ordered += slow[part::beginning] if part < beginning else []
        ordered += islice(others, max(0, len(items) * (part + 1) // processes - len(ordered)))
    return [*ordered, *others]


def may_start_processes(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("browser", "processes"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    GUARD.test = None if may_start_processes(item) else item.nodeid
    try:
        return (yield)
    finally:
        GUARD.test = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fail a test whose start of a process was refused, whatever became of that error."""
    result = yield
    started, GUARD.started = GUARD.started, []
    assert not started, f"{item.nodeid} starts a process: mark it with `processes`. ({started})"
    return result
