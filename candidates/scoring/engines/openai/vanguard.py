"""A few calls ahead of the many: to warm a prompt's beginning, or to learn that nothing works.

A wrong key or an empty account is told within milliseconds, so the first calls after a silence give
the others a moment to stay behind: from when they have left, since a process that has just begun
takes longer to make its client than a server to refuse a key. A prompt's beginning is cached once a
call with it was answered, so, where that pays, the first of an analysis goes alone.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from candidates.scoring.scorecard import EngineUnavailable

FRESH = (
    240.0  # seconds for which one answer speaks for the next call; caches keep about five minutes
)
SEVERAL = 3.0  # times what connecting took: a server that is far, or busy, says no later, too


class Vanguard:
    """Lets `first` calls go; the others follow when one was answered, or `patience` seconds after
    one `left`.

    When one of the first finds that the engine cannot work, those that wait fail in the same way
    without a call. Belongs to one event loop.
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
        """Around one call. Raises EngineUnavailable where another found that nothing works."""
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
        """Whether an answer is so fresh that calls need nobody ahead of them."""
        return self._answered_at is not None and time.monotonic() - self._answered_at < FRESH

    def left(self, connecting: float = 0.0) -> None:
        """A call is on its way, over a connection that took so many seconds: now the patience of
        the others counts."""
        now = time.monotonic()
        if self.patience is None or (self._left_at is not None and now - self._left_at < FRESH):
            return
        self._left_at = now
        self._others_at = now + max(self.patience, SEVERAL * connecting)
        self._tell()

    def start_over(self) -> None:
        """What was answered says nothing of the calls to come."""
        self._answered_at = self._left_at = None

    @asynccontextmanager
    async def _leading(self) -> AsyncIterator[None]:
        if self._left_at is not None and time.monotonic() - self._left_at >= FRESH:
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
                self.left()  # one that never got that far shall not hold up the others
            self._tell(unavailable)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Note how a call ends: after one that found that nothing works, few go ahead again."""
        try:
            yield
        except EngineUnavailable:
            self.start_over()
            raise
        self._answered_at = time.monotonic()

    def _tell(self, unavailable: EngineUnavailable | None = None) -> None:
        changed, self._changed = self._changed, _Event()
        changed.unavailable = unavailable
        changed.set()


class _Event(asyncio.Event):
    """Something changed; `unavailable` says that it was for the worse."""

    unavailable: EngineUnavailable | None = None
