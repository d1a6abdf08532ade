"""Congestion control: how many calls may be in flight, by what the server answers.

Additive increase, multiplicative decrease (Jacobson 1988), with one change that measuring showed to
be needed: a server that refuses one call in twenty by chance is not full, and halving for it would
leave a twentieth of the speed. So a single refusal costs one place and delays its own call alone;
when a fifth of all calls are refused, or a server asks for a long pause, all calls pause and half
of the places go. A call that times out has waited in the server's queue for nothing, and is paid
for where the server goes on with it: from that number of places on the growth is slow.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

MAX_SERVER_PAUSE_SECONDS = 120.0  # whatever a server asks for
LONG_PAUSE_SECONDS = 5.0  # asked for by a server, from which all calls pause
STORM_SHARE = 0.2  # of calls refused, from which all calls pause
PLACES_PER_ROUND = 4.0  # gained by a round of calls that all succeed
SLOW_PLACES_PER_ROUND = 0.25  # the same from where calls have timed out
DURATION = re.compile(
    r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?"
)


class Paused(Exception):
    """Calls may not begin for longer than a call may wait for its place."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"for {seconds:.0f} s")
        self.seconds = seconds


class Pace:
    """Places for calls in flight, at most `max_places`. Belongs to one event loop.

    A call waits for its place through a pause of up to `hold` seconds; a longer one raises Paused.
    """

    def __init__(self, max_places: int, *, hold: float = MAX_SERVER_PAUSE_SECONDS) -> None:
        if max_places < 1:
            raise ValueError(
                f"{max_places} calls in flight make no sense. Use a whole number from 1."
            )
        self.max_places = max_places
        self.hold = hold
        self.places = float(max_places)
        self.in_flight = 0
        self.paused_until = 0.0  # by time.monotonic
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._cut_at = 0.0  # when places were halved: calls that began before are not counted
        self._slow_from = float(max_places)  # places from which the growth is slow
        self._answered = 0
        self._refused = 0

    @asynccontextmanager
    async def place(self, *, again: bool = False) -> AsyncIterator[float]:
        """Hold a place for one call, first come, first served; yields when the call began.

        A retried call (`again`) goes first, or it would wait behind all others.

        Raises Paused, also in calls that wait already.
        """
        await self._enter(again=again)
        started_at = time.monotonic()
        try:
            yield started_at
        finally:
            self.in_flight -= 1
            self._let_in()

    def pause_left(self) -> float:
        """Seconds until calls may begin."""
        return max(0.0, self.paused_until - time.monotonic())

    def record_success(self, started_at: float, headers: Mapping[str, str]) -> None:
        """Note that a call that began then was answered."""
        gain = PLACES_PER_ROUND if self.places < self._slow_from else SLOW_PLACES_PER_ROUND
        self.places = min(float(self.max_places), self.places + gain / max(1.0, self.places))
        self._count(started_at, refused=False)
        self.pause(exhausted(headers))
        self._let_in()

    def record_refusal(self, started_at: float, wait: float) -> None:
        """Note that a call that began then was refused, and for how long the server asks."""
        if started_at < self._cut_at:
            return
        self._count(started_at, refused=True)
        self.places = max(1.0, self.places - 1.0)
        recent_calls = self._answered + self._refused + self.in_flight
        if wait >= LONG_PAUSE_SECONDS or (
            self._refused >= 2 and self._refused >= STORM_SHARE * recent_calls
        ):
            # Half of the places in use, or half of those left to use: whichever is less.
            self.places = max(1.0, min(self.places, float(max(self.in_flight, 2))) / 2.0)
            self._cut_at = time.monotonic()
            self._answered = self._refused = 0
            self.pause(wait)

    def record_timeout(self, started_at: float) -> None:
        """Note that a call that began then was not answered in time: too many were in flight."""
        self.record_refusal(started_at, 0.0)
        self._slow_from = self.places

    def pause(self, seconds: float) -> None:
        """Let no call begin for so many seconds; never shortens a pause."""
        until = time.monotonic() + min(max(seconds, 0.0), MAX_SERVER_PAUSE_SECONDS)
        self.paused_until = max(self.paused_until, until)
        if self.pause_left() > self.hold:
            while self._waiting:
                turn = self._waiting.popleft()
                if not turn.done():
                    turn.set_exception(Paused(self.pause_left()))

    def _count(self, started_at: float, *, refused: bool) -> None:
        if started_at < self._cut_at:
            return
        if self._answered + self._refused >= 2 * self.max_places:  # old calls count less and less
            self._answered //= 2
            self._refused //= 2
        self._refused += refused
        self._answered += not refused

    async def _enter(self, *, again: bool) -> None:
        if self.pause_left() > self.hold:
            raise Paused(self.pause_left())
        if (again or not self._waiting) and self._open():
            self.in_flight += 1
            return
        turn = asyncio.get_running_loop().create_future()
        if again:
            self._waiting.appendleft(turn)
        else:
            self._waiting.append(turn)
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # let in and cancelled at the same moment
                self.in_flight -= turn.exception() is None
            elif turn in self._waiting:
                self._waiting.remove(turn)
            self._let_in()
            raise

    def _open(self) -> bool:
        return self.in_flight < int(self.places) and not self.pause_left()

    def _let_in(self) -> None:
        """Let waiting calls begin, as far as there are places; again at the end of a pause."""
        while self._waiting and self._open():
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)
        left = self.pause_left()
        if self._waiting and left and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(left + 0.001, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._let_in()


def exhausted(headers: Mapping[str, str]) -> float:
    """Return the seconds until a limit that is used up, by the headers, is free; else 0."""
    waits = [0.0]
    for kind in ("requests", "tokens"):
        left = headers.get(f"x-ratelimit-remaining-{kind}", "")
        if left.strip() == "0":
            waits.append(duration(headers.get(f"x-ratelimit-reset-{kind}", "")))
    return max(waits)


def duration(text: str) -> float:
    """Parse "1s", "20ms", "6m0.5s" or a number of seconds; returns 0 for anything else."""
    match = DURATION.fullmatch(text.strip())
    if match and match[0]:
        hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
    if not text.strip()[:1].isdigit():
        return 0.0
    try:
        return min(max(0.0, float(text)), MAX_SERVER_PAUSE_SECONDS)
    except ValueError:
        return 0.0
