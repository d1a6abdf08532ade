"""Arithmetic from ratings to ranks, and the insights composed from them."""

import json
import random

import pytest

from candidates.facts.flags import Flag, FlagKind
from candidates.facts.reason import Reason
from candidates.scoring.insights import compose
from candidates.scoring.rank import Met, met, overall_score, sort_key
from candidates.scoring.reason_codes import InsightCode, RatingCode
from candidates.scoring.rubric import InvalidRubric, Rubric, RubricCriterion
from candidates.scoring.scorecard import (
    Insight,
    Point,
    Quote,
    Rating,
    Scorecard,
)
from tests.reasons import raises_saying

RUBRIC = Rubric.build(
    title="T",
    description="D",
    criteria=[
        RubricCriterion("a", "Python", "services", 3, must_have=True),
        RubricCriterion("b", "Kindness", "", 2),
    ],
)


def ratings(role: float, a: float, b: float, *, supported: bool = True) -> list[Rating]:
    quote = (Quote("words", 0, 5),)
    return [
        Rating("role", role, "", quote),
        Rating("a", a, "", quote if supported else (), supported=supported),
        Rating("b", b, "", quote),
    ]


@pytest.mark.parametrize(
    ("values", "score"),
    [
        ((4, 4, 4), 100.0),
        ((0, 0, 0), 0.0),
        ((2, 2, 2), 50.0),
        ((4, 2, 0), 65.0),  # (5*4 + 3*2 + 2*0) / 10 / 4
        ((3.3, 2.1, 1.7), 65.5),
    ],
)
def test_the_score_is_the_weighted_mean_in_a_hundred(
    values: tuple[float, float, float], score: float
) -> None:
    assert overall_score(RUBRIC, ratings(*values)).score == score


@pytest.mark.parametrize(
    ("rating", "status"),
    [
        (0.0, Met.NOT_FOUND),
        (0.9, Met.NOT_FOUND),
        (1.0, Met.UNCLEAR),
        (1.9, Met.UNCLEAR),
        (2.0, Met.MET),
    ],
)
def test_a_must_have_is_met_unclear_or_not_found(rating: float, status: Met) -> None:
    assert met(Rating("a", rating, "")) is status


def test_only_a_must_have_that_is_not_found_caps() -> None:
    assert overall_score(RUBRIC, ratings(4, 0, 4)).score == 49.0
    assert overall_score(RUBRIC, ratings(4, 1, 4)).score > 49.0
    assert overall_score(RUBRIC, ratings(4, 4, 0)).score > 49.0
    assert overall_score(RUBRIC, ratings(1, 0, 1)).score < 49.0


def test_what_is_unsupported_is_unclear_and_not_missing() -> None:
    assert met(Rating("a", 1.0, "", supported=False)) is Met.UNCLEAR


def test_ties_go_to_must_haves_then_strong_ratings_then_the_name() -> None:
    keys = [
        sort_key(70, 2, 1, "Zoe"),
        sort_key(70, 1, 3, "Adam"),
        sort_key(70, 1, 2, "Ada"),
        sort_key(70, 1, 2, "bob"),
        sort_key(69.9, 9, 9, "Aaa"),
    ]
    shuffled = keys[:]
    random.Random(1).shuffle(shuffled)

    assert sorted(shuffled) == keys


def test_a_rubric_survives_its_json_and_keeps_its_fingerprint() -> None:
    again = Rubric.from_json(RUBRIC.to_json())

    assert again == RUBRIC
    assert again.fingerprint() == RUBRIC.fingerprint()
    other = Rubric.build(title="T", description="D.", criteria=RUBRIC.criteria[1:])
    assert other.fingerprint() != RUBRIC.fingerprint()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": " "}, "no title"),
        ({"role_weight": 0}, "All weights are 0"),
        ({"role_weight": 11}, "weight of criterion 0 is 11"),
        ({"criteria": [RubricCriterion("a", "A"), RubricCriterion("a", "B")]}, "same key"),
        ({"criteria": [RubricCriterion("a", " ")]}, "no name"),
        ({"description": ""}, "nothing to rate by"),
    ],
)
def test_an_unusable_rubric_is_refused_with_a_sentence(
    changes: dict[str, object], words: str
) -> None:
    whole: dict[str, object] = {"title": "T", "description": "D", "criteria": []}

    with raises_saying(InvalidRubric, words):
        Rubric.build(**{**whole, **changes})  # type: ignore[arg-type]


def test_a_scorecard_survives_its_json() -> None:
    reason = Reason(RatingCode.TERMS_IN_SENTENCES, {"sentences": 2, "terms": "Python C++"})
    rated = (*ratings(4, 3, 0), Rating("c", 2.0, "", (), reason=reason))
    card = Scorecard(rated, flags=(Flag(FlagKind.COPIES_DESCRIPTION),))

    assert Scorecard.from_json(json.loads(json.dumps(card.to_json()))) == card


def test_insights_point_to_quotes_and_ask_about_gaps() -> None:
    insight = compose(RUBRIC, Scorecard(tuple(ratings(4, 3.5, 0))))

    evidence = Reason(InsightCode.STRONG_EVIDENCE, {"criterion": "a", "rating": 3.5})
    missing = Reason(InsightCode.CRITERION_WITHOUT_EVIDENCE, {"criterion": "b"})
    question = Reason(InsightCode.ASK_ABOUT_EXPERIENCE, {"criterion": "b"})
    assert insight.strengths == (Point(reason=evidence, quote=Quote("words", 0, 5)),)
    assert [gap.reason for gap in insight.gaps] == [missing]
    assert insight.questions == (Point(reason=question),)
    assert Insight.from_json(json.loads(json.dumps(insight.to_json()))) == insight


def test_a_missing_must_have_is_the_first_gap() -> None:
    insight = compose(RUBRIC, Scorecard(tuple(ratings(1, 0, 0))))

    assert insight.gaps[0].reason == Reason(
        InsightCode.MUST_HAVE_WITHOUT_EVIDENCE, {"criterion": "a"}
    )
    assert insight.strengths == ()
