"""The port on which a supervisor says how its workers are."""

from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from jobs.workers.health_port import PortTaken, serve
from jobs.workers.watchdog import STUCK, Watch


def ask(port: int, path: str = "/healthz", method: str = "GET") -> tuple[int, str]:
    line = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request(method, path)
        answer = line.getresponse()
        return answer.status, answer.read().decode()
    finally:
        line.close()


@pytest.fixture
def troubles() -> list[str]:
    return []


@pytest.fixture
def port(troubles: list[str]) -> Iterator[int]:
    server = serve(0, lambda: " ".join(troubles))
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_it_says_that_all_is_well_or_what_is_not(port: int, troubles: list[str]) -> None:
    assert ask(port) == (200, "ok\n")
    assert ask(port, method="HEAD") == (200, "")
    troubles.append("The queue does not answer.")
    assert ask(port) == (503, "The queue does not answer.\n")
    assert ask(port, "/") == (404, "There is only /healthz here.\n")


def test_a_port_in_use_is_refused_with_the_reason(port: int) -> None:
    with pytest.raises(PortTaken, match="in use"):
        serve(port, str)


def test_workers_are_well_from_the_first_test_message_to_long_after_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = Watch(workers=1)
    now = watch.looked_at
    monkeypatch.setattr("jobs.workers.watchdog.time.monotonic", lambda: now)
    assert watch.ailment == "No test message has come through yet."

    watch._is_well()
    assert watch.ailment == ""
    now += 20
    watch.looked_at = now
    assert watch.ailment == "No test message has come through for 20 seconds."

    watch.silent = "database"
    assert watch.ailment == "The database does not answer."
    now += STUCK + 1
    assert watch.ailment == "The supervisor is stuck."
    watch.stopping = True
    assert watch.ailment == "It is stopping."
