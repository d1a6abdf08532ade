"""Why the local engine gave a rating, as a code with counts and terms of the rubric."""

from collections.abc import Sequence

from candidates.facts.reason import Param, Reason
from candidates.scoring.reason_codes import RatingCode
from candidates.scoring.rubric import ROLE, RubricCriterion

MAX_TERMS_NAMED = 3
MIN_CLOSE_FIT = 0.7
MIN_PARTLY_FIT = 0.35


def not_mentioned(criterion: RubricCriterion) -> Reason:
    """Return the reason for a résumé without a sentence about the criterion."""
    if criterion.key == ROLE:
        return Reason(RatingCode.ROLE_NOT_MENTIONED)
    return Reason(RatingCode.CRITERION_NOT_MENTIONED, {"criterion": criterion.key})


def reason(
    criterion: RubricCriterion, terms: Sequence[str], *, quotes: int, lists: bool, fit: float
) -> Reason:
    """Return the reason for a rating.

    `terms` are those of the criterion that its quotes hold, `quotes` counts them, `lists`: they are
    keywords only. `fit` is that with the role, 0 to 1.
    """
    evidence = _evidence(terms, quotes, lists=lists) if quotes else None
    if criterion.key != ROLE:
        return evidence or not_mentioned(criterion)
    if fit >= MIN_CLOSE_FIT:
        alone, with_evidence = RatingCode.ROLE_CLOSE, RatingCode.ROLE_CLOSE_WITH_EVIDENCE
    elif fit >= MIN_PARTLY_FIT:
        alone, with_evidence = RatingCode.ROLE_PARTLY, RatingCode.ROLE_PARTLY_WITH_EVIDENCE
    else:
        alone, with_evidence = RatingCode.ROLE_FAR, RatingCode.ROLE_FAR_WITH_EVIDENCE
    return Reason.because_of(with_evidence, evidence) if evidence else Reason(alone)


def _evidence(terms: Sequence[str], quotes: int, *, lists: bool) -> Reason:
    params: dict[str, Param] = {"lists" if lists else "sentences": quotes}
    if not terms:
        return Reason(RatingCode.LISTS_NEAR if lists else RatingCode.SENTENCES_NEAR, params)
    params["terms"] = " ".join(terms[:MAX_TERMS_NAMED])
    code = RatingCode.TERMS_IN_LISTS if lists else RatingCode.TERMS_IN_SENTENCES
    return Reason(code, params)
