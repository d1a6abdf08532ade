"""When a schedule comes next: arithmetic on cron expressions and time zones, without queries.

An hour that a change of the clock leaves out is made up right after it, and one that comes twice
counts once, as with Debian's cron.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from candidates.facts.reason import FailureCode, Reason, ReasonedError
from jobs.models.schedule import LAST_DAY, Frequency, Schedule

FIELDS = 5
OFTEN = timedelta(hours=1)
LOOKED_AT = 50  # runs, of which no two may lie closer together
ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)


# What the parser says is wrong.
CODES = {
    "Bad minute": FailureCode.CRON_MINUTE,
    "Bad hour": FailureCode.CRON_HOUR,
    "Bad day-of-month": FailureCode.CRON_DAY,
    "Bad month": FailureCode.CRON_MONTH,
    "Bad day-of-week": FailureCode.CRON_WEEKDAY,
}


class BadExpression(ReasonedError, ValueError):
    """Nothing can be run by it."""

    def __init__(self, code: FailureCode) -> None:
        super().__init__(Reason(code))


def daily(at: time) -> str:
    return f"{at.minute} {at.hour} * * *"


def weekly(at: time, weekday: int) -> str:
    """`weekday` is 1 for Monday to 7 for Sunday."""
    return f"{at.minute} {at.hour} * * {weekday}"


def monthly(at: time, day: int) -> str:
    """`day` is 1 to 28, or LAST_DAY."""
    return f"{at.minute} {at.hour} {'L' if day == LAST_DAY else day} * *"


def expression_of(schedule: Schedule) -> str:
    """The schedule as a cron expression; "" for off."""
    if schedule.every == Frequency.DAILY:
        return daily(schedule.at)
    if schedule.every == Frequency.WEEKLY:
        return weekly(schedule.at, schedule.weekday)
    if schedule.every == Frequency.MONTHLY:
        return monthly(schedule.at, schedule.day)
    return schedule.cron if schedule.every == Frequency.CRON else ""


def next_run(schedule: Schedule, now: datetime) -> datetime | None:
    """When the schedule comes next after `now`, in its owner's time zone; None for off."""
    if schedule.every == Frequency.OFF:
        return None
    return following(expression_of(schedule), schedule.owners_zone(), now)


def following(expression: str, zone: str, now: datetime) -> datetime:
    """The first moment after `now` that `expression` names in `zone`, in UTC.

    Raises BadExpression where there is none.
    """
    try:
        # It goes by the clock on the wall, and may name the first of two equal hours in the second.
        for moment in CronSim(expression, now.astimezone(ZoneInfo(zone))):
            if (found := moment.astimezone(UTC)) > now:
                return found
    except CronSimError as error:
        raise BadExpression(CODES.get(str(error), FailureCode.CRON_INVALID)) from error
    raise BadExpression(FailureCode.CRON_NEVER)


def check(expression: str) -> None:
    """Raise BadExpression for one that is none, never comes, or comes more than once an hour."""
    if len(expression.split()) != FIELDS:
        raise BadExpression(FailureCode.CRON_PARTS)
    moment = following(expression, "UTC", ANY_DAY)
    for _n in range(LOOKED_AT):
        then = following(expression, "UTC", moment)
        if then - moment < OFTEN:
            raise BadExpression(FailureCode.CRON_TOO_OFTEN)
        moment = then
