"""The times of a schedule, through changes of the clock and the ends of months."""

from datetime import UTC, datetime, time

import pytest

from candidates.reasons import sentence
from jobs.models.schedule import LAST_DAY
from jobs.schedules import cron

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "now", "then"),
    [
        # An ordinary day, from the other side of midnight too.
        ("0 6 * * *", BERLIN, "2026-01-10T05:59:59+01:00", "2026-01-10T06:00:00+01:00"),
        ("0 6 * * *", BERLIN, "2026-01-10T06:00:00+01:00", "2026-01-11T06:00:00+01:00"),
        ("0 6 * * *", NEW_YORK, "2026-01-10T03:00:00+00:00", "2026-01-10T06:00:00-05:00"),
        # The same hour on the wall, on both sides of a change.
        ("0 6 * * *", BERLIN, "2026-03-28T06:00:00+01:00", "2026-03-29T06:00:00+02:00"),
        ("0 6 * * *", NEW_YORK, "2026-10-31T06:00:00-04:00", "2026-11-01T06:00:00-05:00"),
        # An hour that is left out is made up right after it.
        ("30 2 * * *", BERLIN, "2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00"),
        ("30 2 * * *", BERLIN, "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"),
        ("30 2 * * *", NEW_YORK, "2026-03-07T02:30:00-05:00", "2026-03-08T03:00:00-04:00"),
        # An hour that comes twice counts once.
        ("30 2 * * *", BERLIN, "2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00"),
        ("30 2 * * *", BERLIN, "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"),
        ("30 2 * * *", BERLIN, "2026-10-25T02:10:00+01:00", "2026-10-26T02:30:00+01:00"),
        ("30 1 * * *", NEW_YORK, "2026-11-01T01:10:00-05:00", "2026-11-02T01:30:00-05:00"),
        # Every hour is every hour, of 23 and of 25.
        ("0 * * * *", BERLIN, "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"),
        ("0 * * * *", BERLIN, "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"),
        # Months and their ends.
        ("0 6 L * *", BERLIN, "2026-02-01T00:00:00+01:00", "2026-02-28T06:00:00+01:00"),
        ("0 6 L * *", BERLIN, "2028-02-01T00:00:00+01:00", "2028-02-29T06:00:00+01:00"),
        ("0 6 L * *", BERLIN, "2026-12-31T06:00:00+01:00", "2027-01-31T06:00:00+01:00"),
        ("0 6 1 * *", BERLIN, "2026-12-31T12:00:00+01:00", "2027-01-01T06:00:00+01:00"),
        ("0 6 29 2 *", BERLIN, "2026-01-01T00:00:00+01:00", "2028-02-29T06:00:00+01:00"),
    ],
)
def test_it_comes_next(expression: str, zone: str, now: str, then: str) -> None:
    assert cron.following(expression, zone, moment_of(now)) == moment_of(then)


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, "Australia/Lord_Howe", "Asia/Kathmandu"])
@pytest.mark.parametrize("expression", ["30 2 * * *", "15 * * * *", "0 1,2,3 * * SUN"])
def test_it_always_goes_forward(expression: str, zone: str) -> None:
    moment = moment_of("2026-01-01T00:00:00+00:00")
    for _ in range(400):
        moment, before = cron.following(expression, zone, moment), moment
        assert before < moment


def test_choices_are_expressions() -> None:
    six = time(6, 5)
    expressions = [cron.daily(six), cron.weekly(six, 7), cron.monthly(six, 28)]

    assert expressions == ["5 6 * * *", "5 6 * * 7", "5 6 28 * *"]
    assert cron.monthly(six, LAST_DAY) == "5 6 L * *"
    for expression in expressions:
        cron.check(expression)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "five parts"),
        ("@daily", "five parts"),
        ("0 0 6 * * *", "five parts"),
        ("60 6 * * *", "first part is the minute"),
        ("0 24 * * *", "second part is the hour"),
        ("0 6 32 * *", "third part is the day"),
        ("0 6 30 2 *", "there has to be such a day"),
        ("0 6 * 13 *", "fourth part is the month"),
        ("0 6 * * 8", "fifth part is the day of the week"),
        ("0 6 * * MON-SON", "fifth part is the day of the week"),
        ("a-b /, * * *", "first part is the minute"),
        ("- - - - -", "first part is the minute"),
        ("*/5 * * * *", "more than once an hour"),
        ("0,30 6 * * *", "more than once an hour"),
    ],
)
def test_a_bad_expression_says_what_is_wrong(expression: str, words: str) -> None:
    with pytest.raises(cron.BadCronExpression) as error:
        cron.check(expression)

    assert words in sentence(error.value.reason)


def test_an_hour_apart_is_often_enough() -> None:
    cron.check("0 * * * *")
    cron.check("30 6 * * MON-FRI")
