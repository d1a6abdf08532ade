"""What becomes of a row whose call failed: another attempt, an end, or a pause of its job.

The decision is pure: it reads no clock, no row and no random number of its own.
"""

from dataclasses import dataclass, replace

from candidates.scoring.retry import (
    MODEL_CALL,
    MODEL_CALL_OF_BUSY_SERVER,
    MODEL_CALL_OF_ONE_RESUME,
    Failure,
    GiveUp,
    Retry,
    RetryPolicy,
    decide,
    doubling,
)
from candidates.scoring.scorecard import EngineBusy, ScoringFailed


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The engine has answered nothing for about an hour: a person should know."""


def decide_call(
    error: ScoringFailed, deferrals: int, *, others_answered: bool, randomness: float
) -> Retry | GiveUp | Unavailable:
    """What to do about a row that has been deferred `deferrals` times in a row before.

    `others_answered` says whether the engine has answered anything since the row was deferred last:
    then what fails alone has itself to blame, unless the engine is only busy.
    """
    policy = _policy(error, others_answered=others_answered)
    decision = decide(
        Failure(is_final=not error.again), deferrals + 1, policy, randomness=randomness
    )
    if isinstance(decision, GiveUp) and error.again and not others_answered:
        return Unavailable()
    return decision


def depends_on_others(error: ScoringFailed, deferrals: int) -> bool:
    """Whether `others_answered`, which takes a query, changes the decision."""
    with_others, alone = (
        decide_call(error, deferrals, others_answered=others_answered, randomness=0.0)
        for others_answered in (True, False)
    )
    return with_others != alone


def longest_delay(error: ScoringFailed, deferrals: int) -> float:
    """Seconds that the last of `deferrals` deferrals took at the most."""
    return _policy(error, others_answered=True).delay(deferrals, randomness=1.0)


def _policy(error: ScoringFailed, *, others_answered: bool) -> RetryPolicy:
    if not others_answered:
        policy = MODEL_CALL
    elif isinstance(error, EngineBusy):
        policy = MODEL_CALL_OF_BUSY_SERVER
    else:
        policy = MODEL_CALL_OF_ONE_RESUME
    if error.after:  # what the engine asks for is the first delay in place of the policy's own
        longest = policy.delays[-1]
        policy = replace(policy, delays=doubling(min(error.after, longest), longest))
    return policy
