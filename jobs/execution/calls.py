"""Calls to an engine that are in flight: sending, settling and cancelling them.

They run in an event loop. The database is used between its steps, never inside them.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from candidates.scoring.attacks import Inspection

from .ledger import Ticket
from .runtime import Runtime

SETTLE_SECONDS = 0.25  # between writes at the most; half of what the design allows
GATHER_SECONDS = 0.004  # in which more answers may come before a write


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One claimed row, ready for the engine."""

    pk: int
    evaluation_id: int
    deferrals: int
    text: str  # as it was read
    document: str  # the same without what no score may rest on; offsets agree
    fingerprint: str
    inspection: Inspection | None = None  # of the document


@dataclass(frozen=True, slots=True, eq=False)
class PendingCall[Answer]:
    """A call in flight. `items` are the rows that share its answer; it is about the first."""

    task: "asyncio.Task[Answer]"
    ticket: Ticket
    items: list[WorkItem]

    @property
    def is_reserved(self) -> bool:
        """Whether it has its row in the ledger, and has not left yet."""
        return self.ticket.reserved is not None

    @property
    def is_in_flight(self) -> bool:
        """Whether it has left and no answer has come; between two tries it is not."""
        return self.ticket.call is not None


class Calls[Answer]:
    """Calls of one turn, of which up to `concurrency` leave at the same time."""

    def __init__(self, runtime: Runtime, concurrency: int) -> None:
        self.runtime = runtime
        self.slots = asyncio.Semaphore(concurrency)
        self.pending: list[PendingCall[Answer]] = []
        # Whether a free slot, for which no call waits, ends `settle`: more may be claimed for it.
        self.wakes_for_free_slot = True

    def send(
        self,
        make: Callable[[], Coroutine[Any, Any, Answer]],
        ticket: Ticket,
        items: list[WorkItem],
    ) -> None:
        """Put a call in flight; it leaves when a slot is free."""
        task = self.runtime.runner.get_loop().create_task(self._run(make, ticket))
        self.pending.append(PendingCall(task, ticket, items))

    async def _run(self, make: Callable[[], Coroutine[Any, Any, Answer]], ticket: Ticket) -> Answer:
        self.runtime.ledger.ticket.set(ticket)
        async with self.slots:
            answer = await make()
        if self.wakes_for_free_slot and not self.slots.locked():
            self.runtime.wake.set()
        return answer

    def settle(self, limit: float = math.inf) -> list[PendingCall[Answer]]:
        """Let the calls run for `SETTLE_SECONDS`, or `limit`; returns those that are done, which
        are no longer pending.

        Ends early when all are done, or when one needs the database.
        """
        self.runtime.ledger.grant()
        tasks = [call.task for call in self.pending]
        self.runtime.runner.run(_wait(tasks, self.runtime.wake, min(limit, SETTLE_SECONDS)))
        return self.take_done()

    def take_done(self) -> list[PendingCall[Answer]]:
        """The calls that are done, which are no longer pending."""
        done = [call for call in self.pending if call.task.done()]
        self.pending = [call for call in self.pending if not call.task.done()]
        return done

    def cancel(
        self, is_cancelled: Callable[[PendingCall[Answer]], bool]
    ) -> list[PendingCall[Answer]]:
        """Cancel those calls that `is_cancelled` picks and that are not done; returns them."""
        calls, self.pending, cancelled = self.pending, [], []
        for call in calls:
            if not call.task.done() and is_cancelled(call):
                call.task.cancel()
                cancelled.append(call)
            else:
                self.pending.append(call)
        return cancelled

    def cancel_all(self) -> list[PendingCall[Answer]]:
        """Cancel all calls and wait until each has ended; returns them."""
        cancelled, self.pending = self.pending, []
        if cancelled:
            self.runtime.runner.run(_cancel([call.task for call in cancelled]))
        return cancelled


async def _wait(tasks: "Sequence[asyncio.Task[Any]]", wake: asyncio.Event, seconds: float) -> None:
    """Wait until all tasks are done, `wake` is set, or the time is up."""
    all_done = asyncio.ensure_future(asyncio.wait(tasks))
    woken = asyncio.ensure_future(wake.wait())
    await asyncio.wait({all_done, woken}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if woken.done():
        await asyncio.sleep(GATHER_SECONDS)
    all_done.cancel()
    woken.cancel()
    wake.clear()


async def _cancel(tasks: "Sequence[asyncio.Task[Any]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
