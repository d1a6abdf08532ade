"""The times of a schedule: arithmetic on cron expressions and time zones, without queries.

A time in the hour that a change of the clock leaves out is made up right after it, and one in the
hour that comes twice counts once, as with Debian's cron.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from candidates.facts.reason import FailureCode, Reason, ReasonedError
from jobs.models.schedule import LAST_DAY, Frequency, Schedule

CRON_FIELDS = 5
MIN_INTERVAL = timedelta(hours=1)
RUNS_CHECKED = 50  # of which no two may be closer together
ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)


# Of the errors of the parser.
CODES = {
    "Bad minute": FailureCode.CRON_MINUTE,
    "Bad hour": FailureCode.CRON_HOUR,
    "Bad day-of-month": FailureCode.CRON_DAY,
    "Bad month": FailureCode.CRON_MONTH,
    "Bad day-of-week": FailureCode.CRON_WEEKDAY,
}


class BadCronExpression(ReasonedError, ValueError):
    """An expression that cannot be used."""

    def __init__(self, code: FailureCode) -> None:
        super().__init__(Reason(code))


def daily(time_of_day: time) -> str:
    return f"{time_of_day.minute} {time_of_day.hour} * * *"


def weekly(time_of_day: time, weekday: int) -> str:
    """`weekday` is 1 for Monday to 7 for Sunday."""
    return f"{time_of_day.minute} {time_of_day.hour} * * {weekday}"


def monthly(time_of_day: time, day: int) -> str:
    """`day` is 1 to 28, or LAST_DAY."""
    cron_day = "L" if day == LAST_DAY else day
    return f"{time_of_day.minute} {time_of_day.hour} {cron_day} * *"


def expression_of(schedule: Schedule) -> str:
    """The schedule as a cron expression; "" where it is off."""
    if schedule.frequency == Frequency.DAILY:
        return daily(schedule.time_of_day)
    if schedule.frequency == Frequency.WEEKLY:
        return weekly(schedule.time_of_day, schedule.weekday)
    if schedule.frequency == Frequency.MONTHLY:
        return monthly(schedule.time_of_day, schedule.day)
    return schedule.cron if schedule.frequency == Frequency.CRON else ""


def next_run(schedule: Schedule, now: datetime) -> datetime | None:
    """The first run after `now`, by the owner's time zone; None where the schedule is off."""
    if schedule.frequency == Frequency.OFF:
        return None
    return following(expression_of(schedule), schedule.owner_time_zone(), now)


def following(expression: str, zone: str, now: datetime) -> datetime:
    """The first moment after `now` that `expression` names in `zone`, in UTC.

    Raises BadCronExpression where there is none.
    """
    try:
        # CronSim goes by the clock on the wall: in the second of two equal hours it may name the
        # first.
        for local in CronSim(expression, now.astimezone(ZoneInfo(zone))):
            if (moment := local.astimezone(UTC)) > now:
                return moment
    except CronSimError as error:
        raise BadCronExpression(CODES.get(str(error), FailureCode.CRON_INVALID)) from error
    raise BadCronExpression(FailureCode.CRON_NEVER)


def check(expression: str) -> None:
    """Raise BadCronExpression for a malformed expression, one that names no time, or one that names
    times less than an hour apart."""
    if len(expression.split()) != CRON_FIELDS:
        raise BadCronExpression(FailureCode.CRON_PARTS)
    moment = following(expression, "UTC", ANY_DAY)
    for _n in range(RUNS_CHECKED):
        following_moment = following(expression, "UTC", moment)
        if following_moment - moment < MIN_INTERVAL:
            raise BadCronExpression(FailureCode.CRON_TOO_OFTEN)
        moment = following_moment
