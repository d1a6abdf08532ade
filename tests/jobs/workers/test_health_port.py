"""The port on which a supervisor says how its workers are."""

from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from jobs.monitoring import problems
from jobs.monitoring.problems import SystemProblem
from jobs.workers.health_port import PortTaken, serve
from jobs.workers.watchdog import STUCK_SECONDS, Watchdog


def ask(port: int, path: str = "/healthz", method: str = "GET") -> tuple[int, str]:
    line = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request(method, path)
        answer = line.getresponse()
        return answer.status, answer.read().decode()
    finally:
        line.close()


@pytest.fixture
def current() -> list[SystemProblem]:
    return []


@pytest.fixture
def port(current: list[SystemProblem]) -> Iterator[int]:
    server = serve(0, lambda: current[0] if current else None)
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_it_says_that_all_is_well_or_what_is_not(port: int, current: list[SystemProblem]) -> None:
    assert ask(port) == (200, "ok\n")
    assert ask(port, method="HEAD") == (200, "")
    current.append(problems.queue_down())
    status, text = ask(port)
    assert status == 503
    assert text.startswith("The queue does not answer. Start its server")
    assert ask(port, "/") == (404, "There is only /healthz here.\n")


def test_a_port_in_use_is_refused_with_the_reason(port: int) -> None:
    with pytest.raises(PortTaken, match="in use"):
        serve(port, lambda: None)


def test_workers_are_well_from_the_first_test_message_to_long_after_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watchdog = Watchdog(workers=1)
    now = watchdog.checked_at
    monkeypatch.setattr("jobs.workers.watchdog.time.monotonic", lambda: now)

    def name() -> str:
        problem = watchdog.problem()
        return problem.name if problem else ""

    assert name() == "starting"
    watchdog._note_health()
    assert name() == ""
    now += 10
    watchdog.checked_at = now
    assert name() == ""
    now += 2
    watchdog.checked_at = now
    assert name() == "wedged"

    watchdog.unreachable = "queue"
    assert name() == "queue-down"
    watchdog.unreachable = "database"
    assert name() == "database-down"
    now += STUCK_SECONDS + 1
    assert name() == "supervisor-stuck"
    watchdog.stopping = True
    assert name() == "stopping"
    watchdog.draining = True
    assert name() == "drained"
