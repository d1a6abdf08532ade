"""From ratings to an overall score and a rank: arithmetic only, the same for every engine."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from .rubric import Rubric
from .scorecard import MAX_RATING, Rating

MIN_MET_RATING = 2.0
MIN_UNCLEAR_RATING = 1.0
MIN_STRONG_RATING = 3.0
MAX_SCORE_WITHOUT_MUST_HAVE = 49.0  # while a must-have is not found


class Met(StrEnum):
    """Whether a criterion is met; the values are shown and exported for must-haves."""

    MET = "met"
    UNCLEAR = "unclear"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True)
class OverallScore:
    """The overall score, 0 to 100 with one decimal, and the counts that break a tie."""

    score: float
    must_haves_met: int
    strong: int


def met(rating: Rating) -> Met:
    """Return MET from 2 where supported, UNCLEAR from 1 or unsupported, NOT_FOUND below 1."""
    if rating.rating >= MIN_MET_RATING and rating.supported:
        return Met.MET
    if rating.rating >= MIN_UNCLEAR_RATING:
        return Met.UNCLEAR
    return Met.NOT_FOUND


def overall_score(rubric: Rubric, ratings: Iterable[Rating]) -> OverallScore:
    """Return the weighted mean, 0 to 100; at most 49 while a must-have is not found."""
    by_key = {rating.criterion: rating for rating in ratings}
    must_haves = [met(by_key[c.key]) for c in rubric.criteria if c.must_have]
    weights = sum(c.weight for c in rubric.criteria)
    mean = sum(c.weight * by_key[c.key].rating for c in rubric.criteria) / weights
    score = 100 * mean / MAX_RATING
    if Met.NOT_FOUND in must_haves:
        score = min(score, MAX_SCORE_WITHOUT_MUST_HAVE)
    return OverallScore(
        score=round(score, 1),
        must_haves_met=must_haves.count(Met.MET),
        strong=sum(rating.rating >= MIN_STRONG_RATING for rating in by_key.values()),
    )


def bands(scores: Iterable[float], error: float | None) -> Iterator[int | None]:
    """Yield for each score, in descending order, the rank at which its band of ties begins.

    Scores within one `error` of the best of their band are tied: scored again, they might be in
    another order. Yields None for all where no error is known.
    """
    first_rank, best = 0, 0.0
    for rank, score in enumerate(scores, start=1):
        if error is None:
            yield None
            continue
        if not first_rank or best - score > error:
            first_rank, best = rank, score
        yield first_rank


def sort_key(score: float, must_haves_met: int, strong: int, name: str) -> tuple[object, ...]:
    """Return a key that sorts the best first: score, must-haves met, strong ratings, name."""
    return (-score, -must_haves_met, -strong, name.casefold(), name)
