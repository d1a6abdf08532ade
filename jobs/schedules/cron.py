"""The times of a schedule: arithmetic on cron expressions and time zones, without queries.

A time in the hour that a change of the clock leaves out is made up right after it, and one in the
hour that comes twice counts once, as with Debian's cron.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from django.utils.translation import gettext as _

from jobs.models.schedule import LAST_DAY, Frequency, Schedule

CRON_FIELDS = 5
MIN_INTERVAL = timedelta(hours=1)
RUNS_CHECKED = 50  # of which no two may be closer together
ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)


class BadCronExpression(ValueError):
    """An expression that cannot be used. The message says why, and what to write instead."""


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
        raise BadCronExpression(_explanation(str(error))) from error
    raise BadCronExpression(_("This time never comes. Look at the day and the month."))


def check(expression: str) -> None:
    """Raise BadCronExpression for a malformed expression, one that names no time, or one that names
    times less than an hour apart."""
    if len(expression.split()) != CRON_FIELDS:
        raise BadCronExpression(
            _(
                "A cron expression has five parts: minute, hour, day of the month, month and day "
                "of the week. “0 6 * * 1-5” is six o'clock from Monday to Friday."
            )
        )
    moment = following(expression, "UTC", ANY_DAY)
    for _n in range(RUNS_CHECKED):
        following_moment = following(expression, "UTC", moment)
        if following_moment - moment < MIN_INTERVAL:
            raise BadCronExpression(
                _("That is more than once an hour. Give the first part one minute, such as 0.")
            )
        moment = following_moment


def _explanation(error: str) -> str:
    """The parser's error, such as "Bad day-of-month", as a sentence for the form."""
    explanations = {
        "Bad minute": _("The first part is the minute: 0 to 59."),
        "Bad hour": _("The second part is the hour: 0 to 23."),
        "Bad day-of-month": _(
            "The third part is the day of the month: 1 to 31, or L for the last; and there has to "
            "be such a day in the months of the fourth part."
        ),
        "Bad month": _("The fourth part is the month: 1 to 12, or JAN to DEC."),
        "Bad day-of-week": _("The fifth part is the day of the week: 0 to 7, or SUN to SAT."),
    }
    return explanations.get(error, error)
