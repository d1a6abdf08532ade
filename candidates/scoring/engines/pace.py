"""How many calls may be in flight now: halved when a server says no, grown back when it says yes.

Additive increase, multiplicative decrease (Jacobson 1988), with one thing learnt from measuring: a
server that refuses one call in twenty by chance is not full, and halving for it would leave a
twentieth of the speed. So single refusals cost one place each, and put off their own call alone;
when a fifth of all calls are refused, or a server asks for a long pause, everybody pauses and half
of the places go.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

LONGEST = 120.0  # seconds that a server can make us wait, whatever it asks for
LONG = 5.0  # seconds asked for, from which it concerns everybody
STORM = 0.2  # share of calls refused, from which it does
GROWTH = 4.0  # places won by a round of calls that all succeed
DURATION = re.compile(
    r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?"
)


class Paused(Exception):
    """Calls may not begin for longer than anybody should wait here."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"for {seconds:.0f} s")
        self.seconds = seconds


class Pace:
    """Places for calls in flight, `most` at the best of times. Belongs to one event loop.

    `hold` is how many seconds of a pause a call waits for its place; beyond, Paused is raised.
    """

    def __init__(self, most: int, *, hold: float = LONGEST) -> None:
        if most < 1:
            raise ValueError(f"{most} calls in flight make no sense. Use a whole number from 1.")
        self.most = most
        self.hold = hold
        self.places = float(most)
        self.in_flight = 0
        self.paused_until = 0.0  # by time.monotonic
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._cut_at = 0.0  # calls that began before it say nothing new
        self._answered = 0
        self._refused = 0

    @asynccontextmanager
    async def place(self, *, again: bool = False) -> AsyncIterator[float]:
        """A place for one call, in the order of asking; what comes back is when it began.

        One that is tried `again` goes before the others, or all of those would come last.

        Raises Paused, also for those that wait already.
        """
        await self._enter(again=again)
        began = time.monotonic()
        try:
            yield began
        finally:
            self.in_flight -= 1
            self._let_in()

    def pause_left(self) -> float:
        """Seconds until calls may begin."""
        return max(0.0, self.paused_until - time.monotonic())

    def well(self, began: float, headers: Mapping[str, str]) -> None:
        """A call that began then was answered."""
        self.places = min(float(self.most), self.places + GROWTH / max(1.0, self.places))
        self._count(began, refused=False)
        self.pause(exhausted(headers))
        self._let_in()

    def refused(self, began: float, wait: float) -> None:
        """A call that began then was refused, by a server that asks for so many seconds (or 0)."""
        if began < self._cut_at:
            return
        self._count(began, refused=True)
        self.places = max(1.0, self.places - 1.0)
        of = self._answered + self._refused + self.in_flight
        if wait >= LONG or (self._refused >= 2 and self._refused >= STORM * of):
            # Half of what was in use, or half of what was left to use: whichever is less.
            self.places = max(1.0, min(self.places, float(max(self.in_flight, 2))) / 2.0)
            self._cut_at = time.monotonic()
            self._answered = self._refused = 0
            self.pause(wait)

    def pause(self, seconds: float) -> None:
        """Let no call begin for so long; never shortens a pause."""
        until = time.monotonic() + min(max(seconds, 0.0), LONGEST)
        self.paused_until = max(self.paused_until, until)
        if self.pause_left() > self.hold:
            while self._waiting:
                turn = self._waiting.popleft()
                if not turn.done():
                    turn.set_exception(Paused(self.pause_left()))

    def _count(self, began: float, *, refused: bool) -> None:
        if began < self._cut_at:
            return
        if self._answered + self._refused >= 2 * self.most:  # the recent past counts
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
            if turn.done() and not turn.cancelled():  # let in, and gone at the same moment
                self.in_flight -= turn.exception() is None
            elif turn in self._waiting:
                self._waiting.remove(turn)
            self._let_in()
            raise

    def _open(self) -> bool:
        return self.in_flight < int(self.places) and not self.pause_left()

    def _let_in(self) -> None:
        """Wake those who may begin; come back at the end of a pause."""
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
    """Seconds until a limit that these headers call used up is free again; 0 when none is."""
    waits = [0.0]
    for kind in ("requests", "tokens"):
        left = headers.get(f"x-ratelimit-remaining-{kind}", "")
        if left.strip() == "0":
            waits.append(duration(headers.get(f"x-ratelimit-reset-{kind}", "")))
    return max(waits)


def duration(text: str) -> float:
    """Seconds of "1s", "20ms" or "6m0.5s", or a plain number of them; 0 for anything else."""
    match = DURATION.fullmatch(text.strip())
    if match and match[0]:
        hours, minutes, seconds, thousandths = (float(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds + thousandths / 1000
    try:
        return min(max(0.0, float(text)), LONGEST) if text.strip()[:1].isdigit() else 0.0
    except ValueError:
        return 0.0
