"""The retry decision, case by case, and the policies as their numbers."""

from dataclasses import replace

import pytest

from candidates.scoring.retry import (
    EMAIL,
    MODEL_CALL,
    MODEL_CALL_OF_BUSY_SERVER,
    MODEL_CALL_OF_ONE_RESUME,
    MODEL_CALL_WHILE_CLAIMED,
    SUGGESTION,
    WEBHOOK,
    Failure,
    GiveUp,
    Retry,
    RetryPolicy,
    decide,
    doubling,
)

PASSING = Failure()
FINAL = Failure(is_final=True)
TWICE = RetryPolicy(delays=(1.0, 10.0), max_attempts=3)
ENDLESS = RetryPolicy(delays=(1.0, 10.0), max_attempts=None)
SPREAD = RetryPolicy(delays=(8.0,), max_attempts=2, jitter=(1.0, 1.25))


@pytest.mark.parametrize(
    ("failure", "attempts", "policy", "randomness", "decision"),
    [
        (PASSING, 1, TWICE, 0.0, Retry(1.0)),
        (PASSING, 2, TWICE, 0.0, Retry(10.0)),
        (PASSING, 3, TWICE, 0.0, GiveUp()),
        (PASSING, 4, TWICE, 0.0, GiveUp()),
        (FINAL, 1, TWICE, 0.0, GiveUp()),
        (FINAL, 1, ENDLESS, 0.0, GiveUp()),
        # The last delay repeats.
        (PASSING, 3, ENDLESS, 0.0, Retry(10.0)),
        (PASSING, 1000, ENDLESS, 0.0, Retry(10.0)),
        # The delay the server asks for is a minimum.
        (Failure(retry_after=4.0), 1, TWICE, 0.0, Retry(4.0)),
        (Failure(retry_after=4.0), 2, TWICE, 0.0, Retry(10.0)),
        (Failure(retry_after=4.0), 3, TWICE, 0.0, GiveUp()),
        (Failure(is_final=True, retry_after=4.0), 1, TWICE, 0.0, GiveUp()),
        # Randomness only lengthens, also what the server asks for.
        (PASSING, 1, SPREAD, 0.0, Retry(8.0)),
        (PASSING, 1, SPREAD, 0.5, Retry(9.0)),
        (PASSING, 1, SPREAD, 1.0, Retry(10.0)),
        (Failure(retry_after=16.0), 1, SPREAD, 0.5, Retry(18.0)),
        (PASSING, 1, TWICE, 1.0, Retry(1.0)),
    ],
)
def test_decision(
    failure: Failure,
    attempts: int,
    policy: RetryPolicy,
    randomness: float,
    decision: Retry | GiveUp,
) -> None:
    assert decide(failure, attempts, policy, randomness=randomness) == decision


def test_nothing_is_waited_for_before_the_first_attempt() -> None:
    assert TWICE.delay(0) == 0.0


@pytest.mark.parametrize(
    ("first", "most", "delays"),
    [(2.0, 2.0, (2.0,)), (2.0, 16.0, (2.0, 4.0, 8.0, 16.0)), (2.0, 10.0, (2.0, 4.0, 8.0, 10.0))],
)
def test_doubling(first: float, most: float, delays: tuple[float, ...]) -> None:
    assert doubling(first, most) == delays


@pytest.mark.parametrize("policy", [EMAIL, WEBHOOK])
def test_messages_are_retried_for_a_day_in_growing_delays(policy: RetryPolicy) -> None:
    delays = _delays(policy)

    assert delays == [30, 120, 300, 900, 1800, 3600, 7200, 14400, 28800, 28800]
    assert 23 * 3600 < sum(delays) < 25 * 3600


@pytest.mark.parametrize(
    ("policy", "delays"),
    [
        (MODEL_CALL_WHILE_CLAIMED, [0.1, 0.2, 0.4]),
        (MODEL_CALL, [2, 4, 8, 16, 32, 64, 128, 256, *[300] * 8]),
        (MODEL_CALL_OF_ONE_RESUME, [2, 4, 8, 16]),
        (SUGGESTION, [5, 5, 5, 5]),
    ],
)
def test_model_calls_are_retried(policy: RetryPolicy, delays: list[float]) -> None:
    policy = replace(policy, jitter=(1.0, 1.0))

    assert _delays(policy) == delays


@pytest.mark.parametrize(
    ("policy", "jitter"),
    [
        (MODEL_CALL_WHILE_CLAIMED, (0.5, 1.5)),
        (MODEL_CALL, (1.0, 1.25)),
        (MODEL_CALL_OF_ONE_RESUME, (1.0, 1.25)),
        (MODEL_CALL_OF_BUSY_SERVER, (1.0, 1.25)),
        (SUGGESTION, (1.0, 1.0)),
    ],
)
def test_model_calls_are_spread(policy: RetryPolicy, jitter: tuple[float, float]) -> None:
    assert policy.jitter == jitter


def test_a_call_that_its_row_waits_for_is_spread_on_both_sides_of_its_delay() -> None:
    delays = MODEL_CALL_WHILE_CLAIMED.delays
    assert delays == (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 8.0)
    assert decide(PASSING, 2, MODEL_CALL_WHILE_CLAIMED, randomness=0.5) == Retry(delays[1])


def test_model_calls_give_up_after_about_an_hour() -> None:
    least, most = (sum(_delays(MODEL_CALL, randomness)) for randomness in (0.0, 1.0))

    assert 45 * 60 < least < most < 75 * 60


def test_a_busy_server_is_asked_without_end() -> None:
    decision = decide(PASSING, 1000, MODEL_CALL_OF_BUSY_SERVER, randomness=0.0)

    assert decision == Retry(300.0)


def _delays(policy: RetryPolicy, randomness: float = 0.0) -> list[float]:
    """Seconds between the attempts that `policy` allows."""
    delays = []
    attempts = 1
    while isinstance(decision := decide(PASSING, attempts, policy, randomness=randomness), Retry):
        delays.append(decision.after)
        attempts += 1
    return delays
