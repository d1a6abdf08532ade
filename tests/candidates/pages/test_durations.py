"""One way to write how long something takes: its units, its bounds, its language."""

from datetime import timedelta

import pytest
from django.utils import translation

from candidates.pages import durations


@pytest.mark.parametrize(
    ("duration", "decimals", "words"),
    [
        (None, 0, ""),
        (0, 0, "1 s"),
        (0.04, 1, "0.0 s"),
        (12.34, 1, "12.3 s"),
        (timedelta(seconds=89), 0, "89 s"),
        (90, 0, "2 min"),
        (timedelta(minutes=89), 0, "89 min"),
        (timedelta(minutes=90), 0, "1.5 h"),
        (timedelta(hours=30), 0, "30.0 h"),
    ],
)
def test_a_measured_time_has_the_unit_that_fits(
    duration: timedelta | float | None, decimals: int, words: str
) -> None:
    assert durations.short(duration, decimals=decimals) == words


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (None, ""),
        (9, "a few seconds"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (timedelta(minutes=89), "89 minutes"),
        (timedelta(minutes=91), "2 hours"),
        (timedelta(hours=5), "5 hours"),
    ],
)
def test_a_rough_time_is_in_whole_words(duration: timedelta | float | None, words: str) -> None:
    assert durations.rough(duration) == words


def test_a_time_is_written_in_the_language_of_the_reader() -> None:
    with translation.override("de"):
        assert durations.short(timedelta(minutes=90)) == "1,5 h"
        assert durations.rough(60) == "1 Minute"
