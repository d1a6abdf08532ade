"""Compose an insight from the evidence of a scorecard alone, without a model."""

from .rank import MIN_MET_RATING, MIN_STRONG_RATING, Met, met
from .rubric import ROLE, Rubric, RubricCriterion
from .scorecard import Insight, Point, Rating, Scorecard

MAX_POINTS = 4  # of each kind


def compose(rubric: Rubric, scorecard: Scorecard) -> Insight:
    """Strengths are the best supported ratings; gaps are the heaviest criteria with weak ones."""
    by_key = {rating.criterion: rating for rating in scorecard.ratings}
    rated = [(c, by_key[c.key]) for c in rubric.criteria if c.key != ROLE] or [
        (c, by_key[c.key]) for c in rubric.criteria
    ]
    strong = [(c, r) for c, r in rated if r.rating >= MIN_STRONG_RATING and r.quotes]
    if not strong:
        strong = [(c, r) for c, r in rated if r.rating >= MIN_MET_RATING and r.quotes]
    strong.sort(key=lambda pair: (-pair[1].rating * pair[0].weight, pair[0].name))
    weak = [(c, r) for c, r in rated if met(r) is not Met.MET]
    weak.sort(key=lambda pair: (not pair[0].must_have, -pair[0].weight, pair[0].name))
    return Insight(
        strengths=tuple(Point(_strength(c, r), r.quotes[0]) for c, r in strong[:MAX_POINTS]),
        gaps=tuple(
            Point(_gap(c, r), r.quotes[0] if r.quotes else None) for c, r in weak[:MAX_POINTS]
        ),
        questions=tuple(_question(c, r) for c, r in weak[:MAX_POINTS]),
    )


def _strength(criterion: RubricCriterion, rating: Rating) -> str:
    word = "Strong evidence" if rating.rating >= MIN_STRONG_RATING else "Evidence"
    return f"{word} of {criterion.name} ({rating.rating:g} of 4)."


def _gap(criterion: RubricCriterion, rating: Rating) -> str:
    kind = "The must-have" if criterion.must_have else "The criterion"
    if met(rating) is Met.NOT_FOUND:
        return f"{kind} {criterion.name} has no evidence in the résumé."
    return f"{kind} {criterion.name} has thin evidence ({rating.rating:g} of 4)."


def _question(criterion: RubricCriterion, rating: Rating) -> str:
    if met(rating) is Met.NOT_FOUND:
        good = f" What good looks like: {criterion.looks_for}" if criterion.looks_for else ""
        return f"Have you worked with {criterion.name}? Where, and what was your own part?{good}"
    return f"The résumé touches {criterion.name}: what did you do yourself, and what came of it?"
