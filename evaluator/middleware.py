"""What goes around each request: its id, its reader's language and time zone, early answers."""

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
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def trace_requests(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Give the request an id, the proxy's or a new one: in each line that is logged meanwhile, and
    in the response. How long it took is counted for /metrics."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        start = time.perf_counter()
        with tracing.about(request=request_id):
            response = get_response(request)
        metrics.record_request(request, response, time.perf_counter() - start)
        response.headers["X-Request-ID"] = request_id
        return response

    return middleware


def answer_probes(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer probes of this process, which call it by its container's address over plain HTTP,
    before the host is checked."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return PROBES.get(request.path, get_response)(request)

    return middleware


def apply_preferences(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Use the language and time zone that the user has chosen, else those of the browser.

    The user is loaded with them (auth.py)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        chosen = getattr(request.user, "preference", None) or Preference()
        zone = chosen.time_zone or request.COOKIES.get(ZONE_COOKIE, "")
        language = chosen.language or translation.get_language()
        time_zone = ZoneInfo(zone) if zone in zones() else None
        with translation.override(language), timezone.override(time_zone):
            response = get_response(request)
        response.headers["Content-Language"] = language
        return response

    return middleware


def answer_unchanged_polls(
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
