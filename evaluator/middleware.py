"""What goes around each request: its id, its reader's language and zone, early answers."""

import re
import time
from collections.abc import Callable
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import resolve
from django.utils import timezone, translation

from candidates.models import Preference
from candidates.models.preference import zones
from jobs import tracing
from jobs.views import pulse

from . import health, metrics

ZONE_COOKIE = "zone"  # static/js/site/time_zone.js writes where the browser is
PROBES = {"/healthz": health.healthz, "/readyz": health.readyz, "/metrics": metrics.metrics}
SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")


def traced(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """The proxy's id of the request, else one of our own: in each line of the log that is written
    meanwhile, and in the answer. How long it took is counted for /metrics."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if SANE.fullmatch(given) else uuid4().hex
        began = time.perf_counter()
        with tracing.about(request=name):
            response = get_response(request)
        metrics.note(request, response, time.perf_counter() - began)
        response.headers["X-Request-ID"] = name
        return response

    return middleware


def probed(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Those who watch over this process call it by its container's address, over plain HTTP: they
    are answered before anybody looks at the host."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return PROBES.get(request.path, get_response)(request)

    return middleware


def as_they_prefer(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """What they have chosen, else what their browser says. The user comes with it (auth.py)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        chosen = getattr(request.user, "preference", None) or Preference()
        zone = chosen.time_zone or request.COOKIES.get(ZONE_COOKIE, "")
        language = chosen.language or translation.get_language()
        here = ZoneInfo(zone) if zone in zones() else None
        with translation.override(language), timezone.override(here):
            response = get_response(request)
        response.headers["Content-Language"] = language
        return response

    return middleware


def spare_the_idle(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a poll of a page that has not changed before the session and its user are loaded."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not pulse.is_unchanged(request):
            return get_response(request)
        request.resolver_match = resolve(request.path_info)  # under which it is counted
        headers = {
            "ETag": request.headers["If-None-Match"],
            "Cache-Control": "no-store",
            "Vary": "HX-Request, Cookie",
        }
        return HttpResponse(status=304, headers=headers)

    return middleware
