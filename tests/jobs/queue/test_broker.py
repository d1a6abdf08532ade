"""The broker: order, locks, and the queue of one's own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django_q.conf import Conf
from django_q.models import OrmQ

from jobs.queue.broker import (
    FreeWorkers,
    PostgresBroker,
    first_key,
    later_key,
    own_key,
    requeue_held,
    taken_key,
)
from tests.workers import outage

pytestmark = pytest.mark.django_db(transaction=True)


Make = Callable[..., PostgresBroker]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes brokers: without a supervisor, or of the one with that number."""
    made: list[PostgresBroker] = []

    def make(
        supervisor: int | None = None, free_workers: FreeWorkers | None = None
    ) -> PostgresBroker:
        if supervisor is None:
            monkeypatch.delenv("EVALUATOR_SUPERVISOR", raising=False)
        else:
            monkeypatch.setenv("EVALUATOR_SUPERVISOR", str(supervisor))
        made.append(PostgresBroker(Conf.PREFIX, free_workers))
        return made[-1]

    monkeypatch.setattr("jobs.queue.broker.OUTAGE_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("jobs.queue.broker.STOP_CHECK_SECONDS", 0.0)
    yield make
    for each in made:
        each.close()


@pytest.fixture
def broker(make: Make) -> PostgresBroker:
    return make()


def test_the_oldest_message_comes_first_and_only_once(broker: PostgresBroker) -> None:
    first, second = broker.enqueue("first"), broker.enqueue("second")

    assert broker.dequeue() == [(first, "first")]
    assert broker.dequeue() == [(second, "second")]
    assert broker.dequeue() is None


def test_a_message_that_was_never_acknowledged_comes_again_before_newer_ones(
    broker: PostgresBroker,
) -> None:
    old, new = broker.enqueue("old"), broker.enqueue("new")
    assert broker.dequeue() == [(old, "old")]
    OrmQ.objects.filter(pk=old).update(lock=Now() - timedelta(seconds=1))

    assert broker.dequeue() == [(old, "old")]
    assert broker.dequeue() == [(new, "new")]


def test_a_taken_message_stays_hidden_for_the_retry_time(broker: PostgresBroker) -> None:
    broker.enqueue("once")
    broker.dequeue()

    hidden = OrmQ.objects.filter(lock__gt=Now() + timedelta(seconds=Conf.RETRY - 5))
    assert hidden.filter(lock__lte=Now() + timedelta(seconds=Conf.RETRY)).count() == 1


def test_an_acknowledged_message_is_gone(broker: PostgresBroker) -> None:
    broker.enqueue("done")
    taken = broker.dequeue()
    assert taken is not None
    broker.acknowledge(taken[0][0])

    assert not OrmQ.objects.exists()


def test_a_supervisors_own_messages_reach_no_other(broker: PostgresBroker, make: Make) -> None:
    own = PostgresBroker(own_key(7)).enqueue("canary")

    assert broker.dequeue() is None
    assert make(8).dequeue() is None
    assert make(7).dequeue() == [(own, "canary")]


def test_a_supervisors_own_messages_pass_a_long_queue(broker: PostgresBroker, make: Make) -> None:
    older = broker.enqueue("work")
    own = PostgresBroker(own_key(7)).enqueue("canary")
    seven = make(7)

    assert seven.dequeue() == [(own, "canary")]
    assert seven.dequeue() == [(older, "work")]


def test_what_is_to_be_first_goes_before_older_messages(broker: PostgresBroker) -> None:
    old, first = broker.enqueue("old"), PostgresBroker(first_key()).enqueue("first")

    assert broker.dequeue() == [(first, "first")]
    assert broker.dequeue() == [(old, "old")]


def test_what_is_for_later_makes_room_for_what_came_within_a_minute(broker: PostgresBroker) -> None:
    later = [PostgresBroker(later_key()).enqueue(f"later {number}") for number in range(2)]
    now = broker.enqueue("now")
    OrmQ.objects.filter(pk=now).update(lock=Now() - timedelta(seconds=5))
    OrmQ.objects.filter(pk=later[1]).update(lock=Now() - timedelta(seconds=60))

    assert broker.dequeue() == [(now, "now")]
    assert broker.dequeue() == [(later[1], "later 1")]
    assert broker.dequeue() == [(later[0], "later 0")]


def test_what_is_for_later_is_not_passed_for_ever(broker: PostgresBroker) -> None:
    now, later = broker.enqueue("now"), PostgresBroker(later_key()).enqueue("later")
    OrmQ.objects.filter(pk=later).update(lock=Now() - timedelta(seconds=70))
    OrmQ.objects.filter(pk=now).update(lock=Now() - timedelta(seconds=5))

    assert broker.dequeue() == [(later, "later")]
    assert broker.dequeue() == [(now, "now")]


def test_what_a_cluster_has_taken_is_free_again_once_it_is_gone(
    broker: PostgresBroker, make: Make
) -> None:
    messages = [broker.enqueue("of seven"), broker.enqueue("of eight")]
    newer = broker.enqueue("newer")
    for supervisor in (7, 8):
        assert make(supervisor).dequeue() is not None

    assert requeue_held([7, 8]) == 0
    assert requeue_held([8]) == 1
    assert broker.dequeue() == [(messages[0], "of seven")]
    assert broker.dequeue() == [(newer, "newer")]
    assert broker.dequeue() is None


def test_what_a_cluster_keeps_for_too_long_it_gets_again_itself(
    broker: PostgresBroker, make: Make
) -> None:
    message = broker.enqueue("slow")
    broker.enqueue("newer")
    make(7).dequeue()
    OrmQ.objects.filter(pk=message).update(lock=Now() - timedelta(seconds=1))

    assert make(7).dequeue() == [(message, "slow")]


def test_giving_back_deletes_test_messages_of_clusters_that_are_gone(
    broker: PostgresBroker,
) -> None:
    PostgresBroker(own_key(7)).enqueue("canary")
    PostgresBroker(own_key(8)).enqueue("canary")
    broker.enqueue("waits")

    assert requeue_held([8]) == 0
    assert set(OrmQ.objects.values_list("key", flat=True)) == {own_key(8), Conf.PREFIX}


def test_a_message_in_anothers_hands_is_passed_over_without_waiting(broker: PostgresBroker) -> None:
    held, free = broker.enqueue("held"), broker.enqueue("free")

    def take() -> list[tuple[int, str]] | None:
        other = PostgresBroker(Conf.PREFIX)
        try:
            return other.dequeue()
        finally:
            other.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        assert OrmQ.objects.select_for_update().get(pk=held)
        assert pool.submit(take).result(timeout=20) == [(free, "free")]


def test_brokers_at_the_same_time_never_take_the_same_message(broker: PostgresBroker) -> None:
    sent = {broker.enqueue(f"message {number}") for number in range(60)}

    def take() -> list[int]:
        other, taken, misses = PostgresBroker(Conf.PREFIX), [], 0
        # A broker that sees only locked rows takes the queue for empty.
        while misses < 5:
            messages = other.dequeue()
            taken += [pk for pk, _ in messages or ()]
            misses = 0 if messages else misses + 1
        other.close()
        return taken

    with ThreadPoolExecutor(4) as pool:
        shares = [pool.submit(take) for _ in range(4)]
    taken = [pk for share in shares for pk in share.result()]
    taken += take()  # what all four passed over at their last looks

    assert sorted(taken) == sorted(sent)


def test_a_message_of_a_transaction_that_is_rolled_back_never_existed(
    broker: PostgresBroker,
) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        broker.enqueue("never")
        1 / 0  # noqa: B018

    assert broker.dequeue() is None


def test_an_outage_does_not_end_the_broker(
    broker: PostgresBroker, caplog: pytest.LogCaptureFixture
) -> None:
    message = broker.enqueue("kept")
    with outage():
        assert [broker.dequeue(), broker.dequeue()] == [None, None]

    assert broker.dequeue() == [(message, "kept")]
    assert [
        record.getMessage() for record in caplog.records if record.name == "jobs.queue.broker"
    ] == ["the queue cannot be read: OperationalError"]


def test_a_wait_ends_with_the_commit_of_a_new_message(
    broker: PostgresBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.queue.broker.STOP_CHECK_SECONDS", 60.0)
    monkeypatch.setattr("jobs.queue.broker.POLL_SECONDS", 60.0)
    waiting, sent = PostgresBroker(Conf.PREFIX), Event()

    def wait() -> list[tuple[int, str]] | None:
        try:
            assert waiting.dequeue() is None  # and hears from here on
            sent.set()
            return waiting.dequeue()
        finally:
            waiting.close()

    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(wait)
        assert sent.wait(30)
        with transaction.atomic():
            message = broker.enqueue("new")
            assert not result.done()

        assert result.result(timeout=30) == [(message, "new")]


@pytest.mark.slow
def test_a_wait_ends_when_a_lock_runs_out(
    broker: PostgresBroker, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.queue.broker.POLL_SECONDS", 60.0)
    message = broker.enqueue("of a worker that died")
    OrmQ.objects.update(key=taken_key(7), lock=Now() + timedelta(seconds=1))
    seven = make(7)
    assert seven.dequeue() is None
    monkeypatch.setattr("jobs.queue.broker.STOP_CHECK_SECONDS", 60.0)

    messages = seven.dequeue() or seven.dequeue()
    assert messages == [(message, "of a worker that died")]


def test_a_wait_ends_when_the_connection_does(
    broker: PostgresBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.queue.broker.STOP_CHECK_SECONDS", 60.0)
    monkeypatch.setattr("jobs.queue.broker.POLL_SECONDS", 60.0)
    assert broker.dequeue() is None
    with outage():
        assert broker.dequeue() is None
    message = PostgresBroker(Conf.PREFIX).enqueue("after the outage")

    assert broker.dequeue() == [(message, "after the outage")]


def test_nothing_is_taken_while_all_workers_are_busy(make: Make) -> None:
    free_workers = FreeWorkers(2)
    broker = make(7, free_workers)
    messages = [broker.enqueue(f"message {number}") for number in range(3)]

    assert broker.dequeue() is None  # none has started yet
    free_workers.add()
    assert broker.dequeue() == [(messages[0], "message 0")]
    assert broker.dequeue() is None
    assert make(8).dequeue() == [(messages[1], "message 1")]
    free_workers.add()
    assert broker.dequeue() == [(messages[2], "message 2")]


def test_a_message_that_nobody_can_read_keeps_no_worker_busy(make: Make) -> None:
    free_workers = FreeWorkers(1)
    free_workers.add()
    broker = make(7, free_workers)
    broker.enqueue("signed with another key")
    readable = broker.enqueue("readable")

    [(foreign, _)] = broker.dequeue() or []
    broker.fail(foreign)

    assert broker.dequeue() == [(readable, "readable")]
    assert not OrmQ.objects.filter(pk=foreign).exists()


def test_a_worker_is_never_counted_twice(make: Make) -> None:
    free_workers = FreeWorkers(1)
    for _ in range(3):
        free_workers.add()
    broker = make(7, free_workers)
    broker.enqueue("first")
    broker.enqueue("second")

    assert broker.dequeue() is not None
    assert broker.dequeue() is None


def test_quick_work_is_taken_several_at_a_time_and_put_back_when_it_is_not(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.queue.broker.STALL_SECONDS", 600.0)
    free_workers = FreeWorkers(1)
    broker = make(7, free_workers)
    messages = [broker.enqueue(f"message {number}") for number in range(8)]
    for number in range(4):
        free_workers.add()
        assert broker.dequeue() == [(messages[number], f"message {number}")]
    assert OrmQ.objects.filter(key=taken_key(7)).count() == 1 + 2 + 4
    before = OrmQ.objects.get(pk=messages[7]).lock

    monkeypatch.setattr("jobs.queue.broker.STALL_SECONDS", 0.0)
    assert broker.dequeue() is None
    assert OrmQ.objects.filter(key=taken_key(7)).count() == 4
    assert OrmQ.objects.get(pk=messages[7]).lock == before
    assert make(8).dequeue() == [(messages[4], "message 4")]


def test_what_is_done_while_the_database_is_away_is_acknowledged_with_the_next(
    broker: PostgresBroker,
) -> None:
    first, second = broker.enqueue("first"), broker.enqueue("second")
    with outage():
        broker.acknowledge(first)
    broker.acknowledge(second)

    assert not OrmQ.objects.exists()


def test_what_is_announced_for_others_ends_no_wait(
    broker: PostgresBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.queue.broker.STOP_CHECK_SECONDS", 60.0)
    monkeypatch.setattr("jobs.queue.broker.POLL_SECONDS", 60.0)
    assert broker.dequeue() is None
    PostgresBroker(own_key(7)).enqueue("canary")

    assert not broker._wait_for_message()
    message = broker.enqueue("work")
    assert broker.dequeue() == [(message, "work")]
