"""Let a few calls go first: to warm a prompt's cache, or to learn that the engine cannot work.

A server refuses a wrong key or an empty account within milliseconds, so after a silence the other
calls wait a moment behind the first ones. That moment begins when these have left: a new process
takes longer to make its client than a server to refuse a key. The beginning of a prompt is cached
once a call with it was answered, so, where that pays, the first call of an analysis goes alone.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from candidates.scoring.scorecard import EngineUnavailable

FRESH_SECONDS = 240.0  # for which an answer shows that all works; caches keep five minutes or so
CONNECTING_FACTOR = 3.0  # of the time to connect: a distant or busy server refuses later, too


class Vanguard:
    """Lets `first` calls go; the others follow once one is answered, or `patience` seconds after
    one has `left`.

    When one of the first raises EngineUnavailable, the waiting ones raise it too, without a call.
    Belongs to one event loop.
    """

    def __init__(self, first: int, patience: float | None = None) -> None:
        self.first = first
        self.patience = patience
        self._ahead = 0
        self._answered_at: float | None = None
        self._left_at: float | None = None
        self._others_at = 0.0
        self._changed = _Event()

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Enclose one call. Raises EngineUnavailable where one of the first calls did."""
        while not self.is_open():
            if self._ahead < self.first:
                async with self._leading():
                    yield
                return
            if self._left_at is not None and time.monotonic() >= self._others_at:
                break
            changed = self._changed
            with suppress(TimeoutError):
                async with asyncio.timeout(
                    None if self._left_at is None else self._others_at - time.monotonic()
                ):
                    await changed.wait()
            if changed.unavailable is not None:
                raise EngineUnavailable(changed.unavailable.reason) from changed.unavailable
        with self._noting():
            yield

    def is_open(self) -> bool:
        """Whether an answer is fresh enough for calls to go without waiting."""
        return _is_fresh(self._answered_at)

    def left(self, connecting: float = 0.0) -> None:
        """Note that a call has left, over a connection that took so many seconds.

        From now on the patience of the others counts.
        """
        now = time.monotonic()
        if self.patience is None or _is_fresh(self._left_at):
            return
        self._left_at = now
        self._others_at = now + max(self.patience, CONNECTING_FACTOR * connecting)
        self._notify()

    def start_over(self) -> None:
        """Forget the answers so far: the next calls go first again."""
        self._answered_at = self._left_at = None

    @asynccontextmanager
    async def _leading(self) -> AsyncIterator[None]:
        if not _is_fresh(self._left_at):
            self._left_at = None
        self._ahead += 1
        unavailable = None
        try:
            with self._noting():
                yield
        except EngineUnavailable as error:
            unavailable = error
            raise
        finally:
            self._ahead -= 1
            if unavailable is None:
                self.left()  # a call that ended before it left must not hold up the others
            self._notify(unavailable)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Note how a call ends: after EngineUnavailable, the next calls go first again."""
        try:
            yield
        except EngineUnavailable:
            self.start_over()
            raise
        self._answered_at = time.monotonic()

    def _notify(self, unavailable: EngineUnavailable | None = None) -> None:
        changed, self._changed = self._changed, _Event()
        changed.unavailable = unavailable
        changed.set()


def _is_fresh(moment: float | None) -> bool:
    return moment is not None and time.monotonic() - moment < FRESH_SECONDS


class _Event(asyncio.Event):
    """A change of the vanguard's state; `unavailable` is the error of a first call."""

    unavailable: EngineUnavailable | None = None
