"""What is still stored as a sentence, in the language of who reads it."""

import pytest
from django.utils import translation

from candidates.told import told


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
