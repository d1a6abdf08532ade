"""A few calls ahead of the many: to warm a prompt's beginning, or to learn that nothing works.

A wrong key or an empty account is told within milliseconds, so the first calls after a silence give
the others a moment to stay behind. A prompt's beginning is cached once a call with it was answered,
so, where that pays, the first of an analysis goes alone.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from candidates.scoring.scorecard import EngineUnavailable

FRESH = (
    240.0  # seconds for which one answer speaks for the next call; caches keep about five minutes
)


class Vanguard:
    """Lets `first` calls go; the others follow when one was answered, or after `patience` seconds.

    When one of the first finds that the engine cannot work, those that wait fail in the same way
    without a call. Belongs to one event loop.
    """

    def __init__(self, first: int, patience: float | None = None) -> None:
        self.first = first
        self.patience = patience
        self._ahead = 0
        self._answered_at: float | None = None
        self._changed = _Event()

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Around one call. Raises EngineUnavailable where another found that nothing works."""
        until = None if self.patience is None else time.monotonic() + self.patience
        while not self._is_open():
            if self._ahead < self.first:
                self._ahead += 1
                async with self._leading():
                    yield
                return
            if until is not None and time.monotonic() >= until:
                break
            changed = self._changed
            try:
                async with asyncio.timeout(until and max(0.0, until - time.monotonic())):
                    await changed.wait()
            except TimeoutError:
                break
            if changed.unavailable is not None:
                raise EngineUnavailable(str(changed.unavailable)) from changed.unavailable
        yield
        self._answered_at = time.monotonic()

    def _is_open(self) -> bool:
        return self._answered_at is not None and time.monotonic() - self._answered_at < FRESH

    @asynccontextmanager
    async def _leading(self) -> AsyncIterator[None]:
        unavailable = None
        try:
            yield
            self._answered_at = time.monotonic()
        except EngineUnavailable as error:
            unavailable = error
            raise
        finally:
            self._ahead -= 1
            changed, self._changed = self._changed, _Event()
            changed.unavailable = unavailable
            changed.set()


class _Event(asyncio.Event):
    """Something changed; `unavailable` says that it was for the worse."""

    unavailable: EngineUnavailable | None = None
