"""/healthz: this process answers. /readyz: so do the database, the queue and some workers."""

import time
from threading import Lock

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from . import doctor

KEPT = 1.0  # seconds; however many look, the database is asked once

_lock = Lock()
_known: list[tuple[float, str]] = []  # when, and what was wrong


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    if ailing := _ailing():
        return HttpResponse(ailing, "text/plain", 503)
    return HttpResponse("ok\n", content_type="text/plain")


def _ailing() -> str:
    """What is wrong, a line for each with what to do; "" when nothing is."""
    with _lock:
        if not _known or time.monotonic() - _known[0][0] >= KEPT:
            lines = [f"{one.msg} {one.hint}\n" for one in doctor.ailments()]
            _known[:] = [(time.monotonic(), "".join(lines))]
        return _known[0][1]
