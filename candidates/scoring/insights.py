"""Compose an insight from the evidence of a scorecard alone, without a model."""

from candidates.facts.reason import Reason

from .rank import MIN_MET_RATING, MIN_STRONG_RATING, Met, met
from .reason_codes import InsightCode
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
        strengths=tuple(_strength(c, r) for c, r in strong[:MAX_POINTS]),
        gaps=tuple(_gap(c, r) for c, r in weak[:MAX_POINTS]),
        questions=tuple(_question(c, r) for c, r in weak[:MAX_POINTS]),
    )


def _strength(criterion: RubricCriterion, rating: Rating) -> Point:
    is_strong = rating.rating >= MIN_STRONG_RATING
    code = InsightCode.STRONG_EVIDENCE if is_strong else InsightCode.EVIDENCE
    reason = Reason(code, {"criterion": criterion.key, "rating": rating.rating})
    return Point(reason=reason, quote=rating.quotes[0])


def _gap(criterion: RubricCriterion, rating: Rating) -> Point:
    if met(rating) is Met.NOT_FOUND:
        code = (
            InsightCode.MUST_HAVE_WITHOUT_EVIDENCE
            if criterion.must_have
            else InsightCode.CRITERION_WITHOUT_EVIDENCE
        )
        reason = Reason(code, {"criterion": criterion.key})
    else:
        code = (
            InsightCode.MUST_HAVE_WITH_THIN_EVIDENCE
            if criterion.must_have
            else InsightCode.CRITERION_WITH_THIN_EVIDENCE
        )
        reason = Reason(code, {"criterion": criterion.key, "rating": rating.rating})
    return Point(reason=reason, quote=rating.quotes[0] if rating.quotes else None)


def _question(criterion: RubricCriterion, rating: Rating) -> Point:
    is_missing = met(rating) is Met.NOT_FOUND
    code = InsightCode.ASK_ABOUT_EXPERIENCE if is_missing else InsightCode.ASK_ABOUT_OWN_PART
    return Point(reason=Reason(code, {"criterion": criterion.key}))
