"""What this program says of a rating or in an insight, in the language of the reader."""

import pytest
from django.utils import translation
from django.utils.translation import gettext

from candidates.facts.reason import Reason
from candidates.reasons import STATEMENTS, statement
from candidates.scoring import insights, protected
from candidates.scoring.engines import local, reasons
from candidates.scoring.reason_codes import InsightCode, RatingCode
from candidates.scoring.rubric import ROLE, Rubric, RubricCriterion
from candidates.scoring.scorecard import Point, Quote, Rating, Scorecard

PYTHON = RubricCriterion("c1", "Python", "läuft im Betrieb", 2, must_have=True)
WHOLE = RubricCriterion(ROLE, "The role as described", "", 1)
RUBRIC = Rubric("Titel", "Text", (WHOLE, PYTHON))


def sentence_of(item: Rating | Point) -> str:
    return statement(item, RUBRIC.by_key())


def test_every_code_has_its_sentence() -> None:
    assert set(STATEMENTS) == {*RatingCode, *InsightCode}


@pytest.mark.parametrize("kind", protected.SENTENCES)
def test_every_doubt_about_a_criterion_has_its_german(kind: str) -> None:
    with translation.override("de"):
        assert gettext(protected.SENTENCES[kind]) != protected.SENTENCES[kind]


@pytest.mark.parametrize("criterion", [PYTHON, WHOLE], ids=["criterion", "role"])
@pytest.mark.parametrize("quotes", range(local.MAX_QUOTES + 1))
@pytest.mark.parametrize("terms", [[], ["Go"], ["Go", "Rust"], ["Go", "C", "Rust"]])
@pytest.mark.parametrize("lists", [True, False])
def test_every_reason_of_the_built_in_engine_has_its_german(
    criterion: RubricCriterion,
    quotes: int,
    terms: list[str],
    lists: bool,
) -> None:
    for fit in (0.9, 0.5, 0.1):
        reason = reasons.reason(criterion, terms, quotes=quotes, lists=lists, fit=fit)
        rating = Rating(criterion.key, 2.0, reason=reason)
        assert sentence_of(rating).endswith(".")
        with translation.override("de"):
            german = sentence_of(rating)

        assert not {"the", "of", "sentence", "sentences", "and"} & {*german.split()}
        assert not quotes or all(f"„{word}“" in german for word in terms)


@pytest.mark.parametrize("value", [0.0, 1.5, 3.0, 4.0])
def test_every_insight_of_the_built_in_engine_has_its_german(value: float) -> None:
    quotes = (Quote("Python im Betrieb.", 0, 18),) if value else ()
    card = Scorecard((Rating(ROLE, 2.0, "", ()), Rating("c1", value, "", quotes)))
    insight = insights.compose(RUBRIC, card)

    for point in (*insight.strengths, *insight.gaps, *insight.questions):
        english = sentence_of(point)
        with translation.override("de"):
            german = sentence_of(point)
        assert german != english and "Python" in german
        assert "1.5" not in german


@pytest.mark.parametrize(
    ("reason", "english"),
    [
        (
            reasons.reason(WHOLE, ["Go", "C++"], quotes=2, lists=False, fit=0.9),
            "As a whole the résumé is close to the role; two sentences speak of “Go” and “C++”.",
        ),
        (
            reasons.reason(WHOLE, [], quotes=0, lists=True, fit=0.1),
            "As a whole the résumé is far from the role.",
        ),
        (
            reasons.reason(PYTHON, ["Go", "C", "Rust", "D"], quotes=3, lists=True, fit=0.9),
            "Only lists of keywords hold “Go”, “C” and “Rust”.",
        ),
        (
            reasons.reason(PYTHON, [], quotes=1, lists=False, fit=0.9),
            "One sentence comes near, in other words.",
        ),
        (
            reasons.reason(PYTHON, [], quotes=0, lists=False, fit=0.9),
            "No sentence of the résumé speaks of “Python”.",
        ),
    ],
)
def test_a_reason_is_a_plain_sentence(reason: Reason, english: str) -> None:
    assert sentence_of(Rating("c1", 2.0, reason=reason)) == english


@pytest.mark.parametrize("value", ["", "Bring cake.", "One sentence speaks of “Go”.", "%(name)s"])
def test_what_a_model_wrote_is_shown_as_it_came(value: str) -> None:
    with translation.override("de"):
        assert sentence_of(Rating("c1", 2.0, value)) == sentence_of(Point(value)) == value
