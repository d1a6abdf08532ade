"""What is still stored as a sentence, in the language of who reads it."""

import pytest
from django.utils import translation

from candidates.scoring import insights, protected
from candidates.scoring.engines import reasons
from candidates.scoring.rubric import ROLE, Rubric, RubricCriterion
from candidates.scoring.scorecard import Quote, Rating, Scorecard
from candidates.told import told

PYTHON = RubricCriterion("c1", "Python", "läuft im Betrieb", 2, must_have=True)
WHOLE = RubricCriterion(ROLE, "The role as described", "", 1)


@pytest.mark.parametrize("kind", protected.SENTENCES)
def test_every_doubt_about_a_criterion_has_its_german(kind: str) -> None:
    with translation.override("de"):
        assert told(protected.SENTENCES[kind]) != protected.SENTENCES[kind]


@pytest.mark.parametrize("criterion", [PYTHON, WHOLE], ids=["criterion", "role"])
@pytest.mark.parametrize("quotes", [0, 1, 2, 3])
@pytest.mark.parametrize("named", [[], ["Go"], ["Go", "Rust"], ["Go", "C", "Rust"]])
@pytest.mark.parametrize("lists", [True, False])
def test_every_reason_of_the_built_in_engine_has_its_german(
    criterion: RubricCriterion,
    quotes: int,
    named: list[str],
    lists: bool,
) -> None:
    for fit in (0.9, 0.5, 0.1):
        english = reasons.reason(criterion, named, quotes=quotes, lists=lists, fit=fit)
        with translation.override("de"):
            german = told(english)

        assert not {"the", "of", "sentence", "sentences", "and"} & {*german.split()}
        assert not quotes or all(f"„{word}“" in german for word in named)


@pytest.mark.parametrize("value", [0.0, 1.5, 3.0, 4.0])
def test_every_insight_of_the_built_in_engine_has_its_german(value: float) -> None:
    quotes = (Quote("Python im Betrieb.", 0, 18),) if value else ()
    card = Scorecard((Rating(ROLE, 2.0, "", ()), Rating("c1", value, "", quotes)))
    made = insights.compose(Rubric("Titel", "Text", (WHOLE, PYTHON)), card)
    said = [point.text for point in (*made.strengths, *made.gaps)] + list(made.questions)

    with translation.override("de"):
        for english in said:
            german = told(english)
            assert german != english and "Python" in german
            assert "1.5" not in german


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("The model saw 61% of the text.", "Das Modell hat 61% des Textes gesehen."),
        ("kafka, 31 times", "kafka, 31 Mal"),
    ],
)
def test_what_is_filled_in_stays(english: str, german: str) -> None:
    with translation.override("de"):
        assert told(english) == german
    assert told(english) == english


@pytest.mark.parametrize(
    "said", ["", "Bring cake.", "One sentence speaks of Python.", "%(name)s", "Évidence de 4."]
)
def test_the_words_of_others_stay_as_they_came(said: str) -> None:
    with translation.override("de"):
        assert told(said) == said
