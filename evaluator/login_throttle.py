"""How often a log-in may be tried, on the site and in the admin, so that passwords are not guessed.

Counted by user name and not by address: behind a proxy all have the same address.
"""

import math
from datetime import timedelta
from hashlib import sha256

from django.db.models import Count, Max
from django.db.models.functions import Now
from django.utils import timezone

from .models import FailedLogIn

MAX_FAILURES = 10
THROTTLE_WINDOW = timedelta(minutes=10)


def seconds_to_wait(username: str) -> int:
    """Seconds until this name may be tried again; 0 is now. One query."""
    failures = FailedLogIn.objects.filter(name=_key(username), tried_at__gt=Now() - THROTTLE_WINDOW)
    counted = failures.aggregate(number=Count("pk"), last=Max("tried_at"))
    if counted["number"] < MAX_FAILURES:
        return 0
    left: timedelta = counted["last"] + THROTTLE_WINDOW - timezone.now()
    return max(1, math.ceil(left.total_seconds()))


def record_failure(username: str) -> None:
    FailedLogIn.objects.filter(tried_at__lt=Now() - THROTTLE_WINDOW).delete()
    FailedLogIn.objects.create(name=_key(username))


def clear_failures(username: str) -> None:
    FailedLogIn.objects.filter(name=_key(username)).delete()


def _key(username: str) -> str:
    # A password that was typed into the wrong field must not be stored readably.
    return sha256(username.strip().casefold().encode()).hexdigest()
