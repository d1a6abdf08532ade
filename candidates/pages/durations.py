"""How long something takes, in words: the one way for pages, e-mails, admin and terminal."""

from datetime import timedelta

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

FEW_SECONDS = 10
MINUTE_SECONDS = 60
HOUR_SECONDS = 3600
LARGER_UNIT_FROM = 1.5  # of a minute or an hour, from which it is written in that unit


def short(duration: timedelta | float | None, *, decimals: int = 0) -> str:
    """A time that is measured or estimated, such as "40 s", "12 min" or "1.5 h"; "" for None.

    `decimals` are those of seconds, of which there is at least one unless decimals are shown.
    """
    if duration is None:
        return ""
    seconds = _seconds(duration)
    if seconds < LARGER_UNIT_FROM * MINUTE_SECONDS:
        shown = max(0 if decimals else 1, round(seconds, decimals))
        return _("%(number)s s") % {"number": number_format(shown, decimals)}
    if seconds < LARGER_UNIT_FROM * HOUR_SECONDS:
        return _("%(number)s min") % {"number": round(seconds / MINUTE_SECONDS)}
    hours = number_format(round(seconds / HOUR_SECONDS, 1), 1)
    return _("%(number)s h") % {"number": hours}


def rough(duration: timedelta | float | None) -> str:
    """A time that is not known to the second, in words that seldom change: "3 minutes".

    For what a page shows again and again: the time left, the age of a sign of life. "" for None.
    """
    if duration is None:
        return ""
    seconds = _seconds(duration)
    if seconds < FEW_SECONDS:
        return _("a few seconds")
    if seconds < MINUTE_SECONDS:
        return _("less than a minute")
    if seconds < LARGER_UNIT_FROM * HOUR_SECONDS:
        minutes = round(seconds / MINUTE_SECONDS)
        return ngettext("%(number)s minute", "%(number)s minutes", minutes) % {"number": minutes}
    hours = round(seconds / HOUR_SECONDS)
    return ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": hours}


def _seconds(duration: timedelta | float) -> float:
    return duration.total_seconds() if isinstance(duration, timedelta) else duration
