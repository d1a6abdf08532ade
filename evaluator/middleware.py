"""Each page in its reader's language and zone, and an early answer where nothing is new."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from candidates.models import Preference
from candidates.models.preference import zones
from jobs import pulse

ZONE_COOKIE = "zone"  # static/js/live.js writes where the browser is


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
        headers = {
            "ETag": request.headers["If-None-Match"],
            "Cache-Control": "no-store",
            "Vary": "HX-Request, Cookie",
        }
        return HttpResponse(status=304, headers=headers)

    return middleware
