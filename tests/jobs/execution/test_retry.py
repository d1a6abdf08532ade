"""What becomes of a row whose call failed, case by case."""

import pytest

from candidates.facts.reason import FailureCode, Reason
from candidates.scoring.retry import GiveUp, Retry
from candidates.scoring.scorecard import EngineBusy, ScoringFailed
from jobs.execution.retry import Unavailable, decide_call, depends_on_others, longest_delay

FAILED = Reason(FailureCode.UNREACHABLE, {"tries": 4})
FINAL = ScoringFailed(Reason(FailureCode.MODEL_REFUSED))
PASSING = ScoringFailed(FAILED, again=True)
SLOW_DOWN = ScoringFailed(FAILED, again=True, after=30.0)
BUSY = EngineBusy(FAILED, retry_after=0.5)


@pytest.mark.parametrize(
    ("error", "deferrals", "others_answered", "decision"),
    [
        (FINAL, 0, False, GiveUp()),
        (FINAL, 0, True, GiveUp()),
        (FINAL, 16, False, GiveUp()),
        # The delay doubles with each deferral, up to five minutes.
        (PASSING, 0, False, Retry(2.0)),
        (PASSING, 1, False, Retry(4.0)),
        (PASSING, 3, True, Retry(16.0)),
        (PASSING, 15, False, Retry(300.0)),
        # What fails four times while others are answered has itself to blame.
        (PASSING, 4, True, GiveUp()),
        (PASSING, 4, False, Retry(32.0)),
        # What fails for an hour while nothing is answered is the engine's fault.
        (PASSING, 16, False, Unavailable()),
        (PASSING, 16, True, GiveUp()),
        (BUSY, 16, False, Unavailable()),
        # A busy engine that answers others blames no row, however often it is deferred.
        (BUSY, 4, True, Retry(8.0)),
        (BUSY, 16, True, Retry(300.0)),
        (BUSY, 1000, True, Retry(300.0)),
        # The delay that the engine asks for comes first, and doubles like any other.
        (SLOW_DOWN, 0, False, Retry(30.0)),
        (SLOW_DOWN, 2, False, Retry(120.0)),
        (SLOW_DOWN, 4, False, Retry(300.0)),
        (ScoringFailed(FAILED, again=True, after=900.0), 0, False, Retry(300.0)),
    ],
)
def test_decision(
    error: ScoringFailed,
    deferrals: int,
    others_answered: bool,
    decision: Retry | GiveUp | Unavailable,
) -> None:
    made = decide_call(error, deferrals, others_answered=others_answered, randomness=0.0)
    assert made == decision


def test_a_delay_is_lengthened_by_a_quarter_at_most() -> None:
    longest = decide_call(PASSING, 0, others_answered=False, randomness=1.0)
    assert longest == Retry(2.5)
    assert longest_delay(PASSING, 1) == 2.5


@pytest.mark.parametrize(
    ("error", "deferrals", "depends"),
    [
        (FINAL, 16, False),
        (PASSING, 0, False),
        (PASSING, 3, False),
        (PASSING, 4, True),
        (PASSING, 16, True),
        (BUSY, 15, False),
        (BUSY, 16, True),
    ],
)
def test_others_are_looked_at_where_they_decide(
    error: ScoringFailed,
    deferrals: int,
    depends: bool,
) -> None:
    assert depends_on_others(error, deferrals) == depends
