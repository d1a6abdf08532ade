"""/healthz: this process answers. /readyz: so do the database, the queue and some workers."""

import time
from threading import Lock

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from . import doctor

CACHE_SECONDS = 1.0  # however many ask, the database is asked once

_lock = Lock()
_cached: list[tuple[float, str]] = []  # when, and what was wrong


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    if problems := _problems():
        return HttpResponse(problems, "text/plain", 503)
    return HttpResponse("ok\n", content_type="text/plain")


def _problems() -> str:
    """What is wrong, a line for each with what to do; "" when nothing is."""
    with _lock:
        if not _cached or time.monotonic() - _cached[0][0] >= CACHE_SECONDS:
            lines = [f"{each.msg} {each.hint}\n" for each in doctor.readiness_problems()]
            _cached[:] = [(time.monotonic(), "".join(lines))]
        return _cached[0][1]
