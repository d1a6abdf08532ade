"""When a schedule comes next: arithmetic on cron expressions and time zones, without queries.

An hour that a change of the clock leaves out is made up right after it, and one that comes twice
counts once, as with Debian's cron.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from django.utils.translation import gettext as _

from jobs.models.schedule import LAST_DAY, Frequency, Schedule

FIELDS = 5
OFTEN = timedelta(hours=1)
LOOKED_AT = 50  # runs, of which no two may lie closer together
ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)


class BadExpression(ValueError):
    """Nothing can be run by it; the message says why, and what to write instead."""


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
        raise BadExpression(_said(str(error))) from error
    raise BadExpression(_("This time never comes. Look at the day and the month."))


def check(expression: str) -> None:
    """Raise BadExpression for one that is none, never comes, or comes more than once an hour."""
    if len(expression.split()) != FIELDS:
        raise BadExpression(
            _(
                "A cron expression has five parts: minute, hour, day of the month, month and day "
                "of the week. “0 6 * * 1-5” is six o'clock from Monday to Friday."
            )
        )
    moment = following(expression, "UTC", ANY_DAY)
    for _n in range(LOOKED_AT):
        then = following(expression, "UTC", moment)
        if then - moment < OFTEN:
            raise BadExpression(
                _("That is more than once an hour. Give the first part one minute, such as 0.")
            )
        moment = then


def _said(error: str) -> str:
    """In words of the form what the parser says: "Bad day-of-month"."""
    wrong = {
        "Bad minute": _("The first part is the minute: 0 to 59."),
        "Bad hour": _("The second part is the hour: 0 to 23."),
        "Bad day-of-month": _(
            "The third part is the day of the month: 1 to 31, or L for the last; and there has to "
            "be such a day in the months of the fourth part."
        ),
        "Bad month": _("The fourth part is the month: 1 to 12, or JAN to DEC."),
        "Bad day-of-week": _("The fifth part is the day of the week: 0 to 7, or SUN to SAT."),
    }
    return wrong.get(error, error)
