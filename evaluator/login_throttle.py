"""How often a log-in may be tried, here and at the admin: guessing a password takes for ever.

Counted by user name and not by address: behind a proxy all have the same one.
"""

import math
from datetime import timedelta
from hashlib import sha256

from django.db.models import Count, Max
from django.db.models.functions import Now
from django.utils import timezone

from .models import FailedLogIn

MOST = 10
WITHIN = timedelta(minutes=10)


def _key(username: str) -> str:
    # A password typed into the wrong field is not to be found here.
    return sha256(username.strip().casefold().encode()).hexdigest()


def wait(username: str) -> int:
    """Seconds until this name may be tried again; 0 is now. One query."""
    lately = FailedLogIn.objects.filter(name=_key(username), at__gt=Now() - WITHIN)
    found = lately.aggregate(n=Count("pk"), last=Max("at"))
    if found["n"] < MOST:
        return 0
    left: timedelta = found["last"] + WITHIN - timezone.now()
    return max(1, math.ceil(left.total_seconds()))


def note(username: str) -> None:
    FailedLogIn.objects.filter(at__lt=Now() - WITHIN).delete()
    FailedLogIn.objects.create(name=_key(username))


def forget(username: str) -> None:
    FailedLogIn.objects.filter(name=_key(username)).delete()
