"""When a failed attempt is repeated: one decision for e-mails, webhooks and model calls.

The decision is pure. It reads no clock, no row and no random number of its own, so that a table of
cases tests all of it. The policies are data.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt, as far as repeating it is concerned."""

    is_final: bool = False
    """The same attempt fails again however often it is repeated."""
    retry_after: float = 0.0
    """Seconds the server asks to be left alone, 0 where it asks for nothing."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Repeat the attempt `after` this many seconds."""

    after: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not repeat the attempt."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often an attempt is repeated, and after which delays.

    `delays` are seconds: after the first attempt, after the second and so on; the last repeats.
    `max_attempts` counts the first attempt too; None sets no limit. A delay is multiplied by a
    random factor between the two numbers of `jitter`, so that not all rows return at once.
    """

    delays: tuple[float, ...]
    max_attempts: int | None
    jitter: tuple[float, float] = (1.0, 1.0)

    def delay(self, attempts: int, *, retry_after: float = 0.0, randomness: float = 0.0) -> float:
        """Seconds to wait after `attempts` attempts, at least `retry_after`.

        `randomness` is a number from 0 to 1 that picks the place within `jitter`.
        """
        seconds = self.delays[min(attempts, len(self.delays)) - 1] if attempts > 0 else 0.0
        least, most = self.jitter
        return max(seconds, retry_after) * (least + (most - least) * randomness)


def decide(
    failure: Failure, attempts: int, policy: RetryPolicy, *, randomness: float
) -> Retry | GiveUp:
    """Whether to repeat after `attempts` attempts, the failed one included."""
    is_used_up = policy.max_attempts is not None and attempts >= policy.max_attempts
    if failure.is_final or is_used_up:
        return GiveUp()
    return Retry(policy.delay(attempts, retry_after=failure.retry_after, randomness=randomness))


def doubling(first: float, most: float) -> tuple[float, ...]:
    """Delays in seconds that double from `first` up to `most`."""
    delays = [first]
    while delays[-1] < most:
        delays.append(min(delays[-1] * 2, most))
    return tuple(delays)


MINUTE = 60.0
# Eleven attempts within a day: a mail server, or the server of a webhook, that is down over night
# or is repaired the next morning misses nothing.
DELIVERY_DELAYS = tuple(minutes * MINUTE for minutes in (0.5, 2, 5, 15, 30, 60, 120, 240, 480, 480))
EMAIL = RetryPolicy(DELIVERY_DELAYS, max_attempts=len(DELIVERY_DELAYS) + 1)
WEBHOOK = RetryPolicy(DELIVERY_DELAYS, max_attempts=len(DELIVERY_DELAYS) + 1)

# Within one call, while its row stays claimed; then the row is deferred by the policies below.
MODEL_CALL_WHILE_CLAIMED = RetryPolicy(doubling(0.1, 8.0), max_attempts=4, jitter=(0.5, 1.5))
# While the model server answers nothing: the 17th attempt comes after about an hour.
MODEL_DELAYS = doubling(2.0, 5 * MINUTE)
MODEL_CALL = RetryPolicy(MODEL_DELAYS, max_attempts=17, jitter=(1.0, 1.25))
# While it answers other résumés, so that this one is to blame.
MODEL_CALL_OF_ONE_RESUME = RetryPolicy(MODEL_DELAYS, max_attempts=5, jitter=(1.0, 1.25))
# While it answers others but has no room for this call: there is no limit.
MODEL_CALL_OF_BUSY_SERVER = RetryPolicy(MODEL_DELAYS, max_attempts=None, jitter=(1.0, 1.25))
SUGGESTION = RetryPolicy((5.0,), max_attempts=5)
