"""Calls in flight, without rows and without an engine."""

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest

from candidates.models import Draft
from candidates.models.call import CallPurpose
from jobs.execution.calls import Calls, WorkItem
from jobs.execution.ledger import Ticket
from jobs.execution.runtime import Runtime, close_task_runtime, task_runtime


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime() as runtime:
        yield runtime


@pytest.fixture
def calls(runtime: Runtime) -> Calls[str]:
    return Calls(runtime, 2)


def item(pk: int) -> WorkItem:
    return WorkItem(pk, pk, 0, "", "", "")


def ticket(reserved: int | None = None) -> Ticket:
    draft = Draft(title="Role")
    return Ticket(draft, CallPurpose.SCORE, "m", draft.public_id, reserved=reserved)


async def at_once() -> str:
    return "answer"


async def never() -> str:
    await asyncio.Event().wait()
    return ""


def wait_for(calls: Calls[str], pk: int) -> None:
    """Run the loop until the call for this row is done."""
    [call] = [call for call in calls.pending if call.items[0].pk == pk]
    calls.runtime.runner.run(asyncio.wait([call.task]))


def test_what_is_done_is_returned_once_with_the_rows_that_share_it(calls: Calls[str]) -> None:
    calls.send(at_once, ticket(), [item(1), item(2)])
    calls.send(never, ticket(), [item(3)])

    [done] = calls.settle()

    assert done.task.result() == "answer" and [row.pk for row in done.items] == [1, 2]
    assert [row.pk for call in calls.pending for row in call.items] == [3]
    assert calls.settle(0.0) == []
    calls.cancel_all()


def test_calls_beyond_the_slots_wait_for_one(calls: Calls[str]) -> None:
    begun: list[int] = []

    async def begins(number: int) -> str:
        begun.append(number)
        return await never()

    for number in range(3):
        calls.send(partial(begins, number), ticket(), [item(number)])
    calls.settle(0.0)

    assert begun == [0, 1]
    assert len(calls.cancel_all()) == 3 and not calls.pending


def test_a_free_slot_ends_the_wait_unless_nothing_more_may_be_claimed(calls: Calls[str]) -> None:
    calls.send(at_once, ticket(), [item(1)])
    calls.settle()
    assert not calls.runtime.wake.is_set()

    calls.wakes_for_free_slot = False
    calls.send(at_once, ticket(), [item(2)])
    wait_for(calls, 2)
    assert not calls.runtime.wake.is_set()
    calls.wakes_for_free_slot = True
    calls.send(at_once, ticket(), [item(3)])
    wait_for(calls, 3)
    assert calls.runtime.wake.is_set()


def test_those_that_are_picked_are_cancelled_and_those_that_are_done_are_not(
    calls: Calls[str],
) -> None:
    calls.send(at_once, ticket(reserved=1), [item(1)])
    calls.send(never, ticket(reserved=2), [item(2)])
    calls.send(never, ticket(), [item(3)])
    wait_for(calls, 1)

    cancelled = calls.cancel(lambda call: call.is_reserved)

    assert [call.items[0].pk for call in cancelled] == [2]
    assert [call.items[0].pk for call in calls.pending] == [1, 3]
    calls.cancel_all()


def test_a_thread_keeps_its_runtime_between_tasks_until_it_is_closed() -> None:
    close_task_runtime()
    first = task_runtime()
    assert task_runtime() is first

    close_task_runtime()

    assert task_runtime() is not first
    close_task_runtime()
    close_task_runtime()  # closed already
