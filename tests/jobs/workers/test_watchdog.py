"""When workers that let a test message wait are taken for wedged."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.models.functions import Now

from jobs import queue
from jobs.models import Heartbeat, RunningTask
from jobs.workers.watchdog import MISSED_CANARIES, Watchdog


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The watchdog's clock, which stands still until `now` is changed."""
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr("jobs.workers.watchdog.time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def watchdog(db: None, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Watchdog:
    """In good health, with a test message on its way that no worker has taken."""
    monkeypatch.setattr(queue, "put_canary", lambda supervisor: None)
    monkeypatch.setattr(queue, "is_canary_done", lambda supervisor: False)
    watchdog = Watchdog(workers=1)
    watchdog.heartbeat = Heartbeat.objects.create(host="here", pid=1, workers=1)
    watchdog.was_healthy = True
    watchdog.canary_allowed = MISSED_CANARIES * watchdog.canary_seconds
    assert not watchdog._is_wedged()
    return watchdog


@pytest.fixture
def is_wedged(clock: SimpleNamespace, watchdog: Watchdog) -> Callable[[float], bool]:
    def after(seconds: float) -> bool:
        clock.now += seconds
        return watchdog._is_wedged()

    return after


def test_free_workers_that_miss_their_test_messages_are_wedged(
    is_wedged: Callable[[float], bool],
) -> None:
    assert not is_wedged(14)
    assert is_wedged(2)


def test_workers_with_work_in_hand_are_not_and_have_time_to_come_to_the_message_then(
    watchdog: Watchdog, is_wedged: Callable[[float], bool]
) -> None:
    due_at = Now() + timedelta(hours=1)
    task = RunningTask.objects.create(worker=watchdog.heartbeat, pid=1, name="call", due_at=due_at)
    assert not any(is_wedged(1) for _ in range(300))

    task.delete()  # at this moment no worker has had the chance to take the message

    assert not is_wedged(1)
    assert not is_wedged(13)
    assert is_wedged(2)
