"""The broker: order, locks, and the queue of one's own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.db.models.functions import Now
from django_q.conf import Conf
from django_q.models import OrmQ

from jobs.broker import Broker, give_back, own_key
from tests.workers import outage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "POLL", 0.0)
    monkeypatch.setattr("jobs.broker.PAUSE", 0.0)
    monkeypatch.delenv("EVALUATOR_SUPERVISOR", raising=False)


@pytest.fixture
def broker() -> Broker:
    return Broker(Conf.PREFIX)


def test_the_oldest_message_comes_first_and_only_once(broker: Broker) -> None:
    first, second = broker.enqueue("first"), broker.enqueue("second")

    assert broker.dequeue() == [(first, "first")]
    assert broker.dequeue() == [(second, "second")]
    assert broker.dequeue() is None


def test_a_message_that_was_never_acknowledged_comes_again_before_newer_ones(
    broker: Broker,
) -> None:
    old, new = broker.enqueue("old"), broker.enqueue("new")
    assert broker.dequeue() == [(old, "old")]
    OrmQ.objects.filter(pk=old).update(lock=Now() - timedelta(seconds=1))

    assert broker.dequeue() == [(old, "old")]
    assert broker.dequeue() == [(new, "new")]


def test_a_taken_message_stays_hidden_for_the_retry_time(broker: Broker) -> None:
    broker.enqueue("once")
    broker.dequeue()

    hidden = OrmQ.objects.filter(lock__gt=Now() + timedelta(seconds=Conf.RETRY - 5))
    assert hidden.filter(lock__lte=Now() + timedelta(seconds=Conf.RETRY)).count() == 1


def test_an_acknowledged_message_is_gone(broker: Broker) -> None:
    broker.enqueue("done")
    taken = broker.dequeue()
    assert taken is not None
    broker.acknowledge(taken[0][0])

    assert not OrmQ.objects.exists()


def test_a_supervisors_own_messages_reach_no_other(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Broker(own_key(7)).enqueue("canary")
    assert broker.dequeue() is None
    monkeypatch.setenv("EVALUATOR_SUPERVISOR", "8")
    assert broker.dequeue() is None
    monkeypatch.setenv("EVALUATOR_SUPERVISOR", "7")
    assert broker.dequeue() == [(mine, "canary")]


def test_a_supervisors_own_messages_pass_a_long_queue(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = broker.enqueue("work")
    mine = Broker(own_key(7)).enqueue("canary")
    monkeypatch.setenv("EVALUATOR_SUPERVISOR", "7")

    assert broker.dequeue() == [(mine, "canary")]
    assert broker.dequeue() == [(older, "work")]


def test_what_a_cluster_has_taken_is_free_again_once_it_is_gone(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [broker.enqueue("of seven"), broker.enqueue("of eight")]
    for supervisor in ("7", "8"):
        monkeypatch.setenv("EVALUATOR_SUPERVISOR", supervisor)
        assert broker.dequeue() is not None

    assert give_back(but=[7, 8]) == 0
    assert broker.dequeue() is None
    assert give_back(but=[8]) == 1
    assert broker.dequeue() == [(messages[0], "of seven")]


def test_what_a_cluster_keeps_for_too_long_it_gets_again_itself(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = broker.enqueue("slow")
    monkeypatch.setenv("EVALUATOR_SUPERVISOR", "7")
    broker.dequeue()
    OrmQ.objects.filter(pk=message).update(lock=Now() - timedelta(seconds=1))

    assert broker.dequeue() == [(message, "slow")]


def test_giving_back_deletes_test_messages_of_clusters_that_are_gone(broker: Broker) -> None:
    Broker(own_key(7)).enqueue("canary")
    Broker(own_key(8)).enqueue("canary")
    broker.enqueue("waits")

    assert give_back(but=[8]) == 0
    assert set(OrmQ.objects.values_list("key", flat=True)) == {own_key(8), Conf.PREFIX}


def test_a_message_in_anothers_hands_is_passed_over_without_waiting(broker: Broker) -> None:
    held, free = broker.enqueue("held"), broker.enqueue("free")

    def take() -> list[tuple[int, str]] | None:
        try:
            return Broker(Conf.PREFIX).dequeue()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        assert OrmQ.objects.select_for_update().get(pk=held)
        assert pool.submit(take).result(timeout=20) == [(free, "free")]


def test_brokers_at_the_same_time_never_take_the_same_message(broker: Broker) -> None:
    sent = {broker.enqueue(f"message {number}") for number in range(60)}

    def take() -> list[int]:
        mine, taken, misses = Broker(Conf.PREFIX), [], 0
        # A broker that sees only locked rows takes the queue for empty.
        while misses < 5:
            got = mine.dequeue()
            taken += [pk for pk, _ in got or ()]
            misses = 0 if got else misses + 1
        connections.close_all()
        return taken

    with ThreadPoolExecutor(4) as pool:
        shares = [pool.submit(take) for _ in range(4)]
    taken = [pk for share in shares for pk in share.result()]
    taken += take()  # what all four passed over at their last looks

    assert sorted(taken) == sorted(sent)


def test_a_message_of_a_transaction_that_is_rolled_back_never_existed(broker: Broker) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        broker.enqueue("never")
        1 / 0  # noqa: B018

    assert broker.dequeue() is None


def test_an_outage_does_not_end_the_broker(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    message = broker.enqueue("kept")
    with outage():
        assert [broker.dequeue(), broker.dequeue()] == [None, None]

    assert broker.dequeue() == [(message, "kept")]
    assert [record.getMessage() for record in caplog.records if record.name == "jobs.broker"] == [
        "the queue cannot be read: OperationalError"
    ]
