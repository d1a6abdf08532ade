"""Arithmetic from ratings to places, and the insights that are read off them."""

import random

import pytest

from candidates.scoring.insights import compose
from candidates.scoring.rank import Met, met, sort_key, stand
from candidates.scoring.rubric import InvalidRubric, Rubric, RubricCriterion
from candidates.scoring.scorecard import Quote, Rating, Scorecard, ScoringFlag
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
    ("given", "score"),
    [
        ((4, 4, 4), 100.0),
        ((0, 0, 0), 0.0),
        ((2, 2, 2), 50.0),
        ((4, 2, 0), 65.0),  # (5*4 + 3*2 + 2*0) / 10 / 4
        ((3.3, 2.1, 1.7), 65.5),
    ],
)
def test_the_score_is_the_weighted_mean_in_a_hundred(
    given: tuple[float, float, float], score: float
) -> None:
    assert stand(RUBRIC, ratings(*given)).score == score


@pytest.mark.parametrize(
    ("rating", "how"),
    [
        (0.0, Met.NOT_FOUND),
        (0.9, Met.NOT_FOUND),
        (1.0, Met.UNCLEAR),
        (1.9, Met.UNCLEAR),
        (2.0, Met.MET),
    ],
)
def test_a_must_have_is_met_unclear_or_not_found(rating: float, how: Met) -> None:
    assert met(Rating("a", rating, "")) is how


def test_only_a_must_have_that_is_not_found_caps() -> None:
    assert stand(RUBRIC, ratings(4, 0, 4)).score == 49.0
    assert stand(RUBRIC, ratings(4, 1, 4)).score > 49.0
    assert stand(RUBRIC, ratings(4, 4, 0)).score > 49.0
    assert stand(RUBRIC, ratings(1, 0, 1)).score < 49.0


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
    card = Scorecard(tuple(ratings(4, 3, 0)), flags=(ScoringFlag("copies-description"),))

    assert Scorecard.from_json(card.to_json()) == card


def test_insights_point_to_quotes_and_ask_about_gaps() -> None:
    insight = compose(RUBRIC, Scorecard(tuple(ratings(4, 3.5, 0))))

    assert [point.text for point in insight.strengths] == ["Strong evidence of Python (3.5 of 4)."]
    assert insight.strengths[0].quote == "words"
    assert "Kindness" in insight.gaps[0].text
    assert len(insight.questions) == len(insight.gaps) == 1


def test_a_missing_must_have_is_the_first_gap() -> None:
    insight = compose(RUBRIC, Scorecard(tuple(ratings(1, 0, 0))))

    assert insight.gaps[0].text.startswith("The must-have Python")
    assert insight.strengths == ()
