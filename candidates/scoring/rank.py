"""From ratings to a score and a place: arithmetic only, the same for every engine."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from .rubric import Rubric
from .scorecard import STRONGEST, Rating

MET_FROM = 2.0
UNCLEAR_FROM = 1.0
STRONG_FROM = 3.0
CAP = 49.0  # for a must-have that is not found


class Met(StrEnum):
    """How a must-have stands."""

    MET = "met"
    UNCLEAR = "unclear"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True)
class Standing:
    """An overall score from 0 to 100 with one decimal, and what breaks a tie."""

    score: float
    must_haves_met: int
    strong: int


def met(rating: Rating) -> Met:
    """2 or more is met; from 1, or with nothing that supports it, unclear; below 1 not found."""
    if rating.rating >= MET_FROM and rating.supported:
        return Met.MET
    if rating.rating >= UNCLEAR_FROM:
        return Met.UNCLEAR
    return Met.NOT_FOUND


def stand(rubric: Rubric, ratings: Iterable[Rating]) -> Standing:
    """The weighted mean of the ratings scaled to 0-100; a must-have not found caps it at 49."""
    by_key = {rating.criterion: rating for rating in ratings}
    must = [met(by_key[c.key]) for c in rubric.criteria if c.must_have]
    weights = sum(c.weight for c in rubric.criteria)
    mean = sum(c.weight * by_key[c.key].rating for c in rubric.criteria) / weights
    score = 100 * mean / STRONGEST
    if Met.NOT_FOUND in must:
        score = min(score, CAP)
    return Standing(
        score=round(score, 1),
        must_haves_met=must.count(Met.MET),
        strong=sum(rating.rating >= STRONG_FROM for rating in by_key.values()),
    )


def bands(scores: Iterable[float], error: float | None) -> Iterator[int | None]:
    """For each of these scores, the best first, the rank of the first that it is tied with.

    Tied are scores that lie within one `error` of the best of their band: repeated, they might
    stand in another order. None for all where no error is known.
    """
    first, best = 0, 0.0
    for place, score in enumerate(scores, start=1):
        if error is None:
            yield None
            continue
        if not first or best - score > error:
            first, best = place, score
        yield first


def sort_key(score: float, must_haves_met: int, strong: int, name: str) -> tuple[object, ...]:
    """Best first: by score, then must-haves met, then strong ratings, then name."""
    return (-score, -must_haves_met, -strong, name.casefold(), name)
