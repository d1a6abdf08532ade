"""Two speeds: `make check` runs the tests that start no process and no browser, `make test` all.

A test is marked `browser` where it lies in tests/browser, and `processes` where it uses a fixture
that starts processes; the rest is marked in its module. The guard fails any other test that starts
a process, in either run, so that the markers stay true.
"""

import multiprocessing.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSER_TESTS = Path(__file__).parent / "browser"
PROCESS_FIXTURES = {"worker", "worker_env"}
AUDIT_EVENTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}
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


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in AUDIT_EVENTS:
        GUARD.check(f"{event}: {arguments[0] if arguments else ''}")


def _is_database_server() -> bool:
    frame = sys._getframe(2)
    while frame is not None and not frame.f_code.co_filename.endswith(DATABASE_SERVER):
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None


def pytest_configure() -> None:
    sys.addaudithook(_audit)
    # The one way to start a process that Python does not audit.
    start = multiprocessing.util.spawnv_passfds  # type: ignore[attr-defined]

    def guarded_start(path: bytes, arguments: list[Any], descriptors: list[int]) -> int:
        GUARD.check("multiprocessing")
        return int(start(path, arguments, descriptors))

    multiprocessing.util.spawnv_passfds = guarded_start  # type: ignore[attr-defined]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by place and fixture."""
    for item in items:
        if item.path.is_relative_to(BROWSER_TESTS):
            item.add_marker("browser")
        if PROCESS_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("processes")


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
