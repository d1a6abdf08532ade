"""Parts of pages that refresh by themselves: a poll is answered only where something changed.

The part carries a short digest of what it shows and sends it with its next poll, as If-None-Match
(static/js/site/live_parts.js) or in the address. Where nothing changed the answer is empty (304,
204) and the page stays untouched: nothing moves while it is read or has the keyboard focus.
"""

from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse


def digest(*shown: Any) -> str:
    return sha256(repr(shown).encode()).hexdigest()[:16]


def is_refresh(request: HttpRequest) -> bool:
    """Whether the request is for the part that refreshes, not for the page."""
    return bool(request.headers.get("HX-Request"))


def unchanged_response(request: HttpRequest, state: str) -> HttpResponse | None:
    """The empty answer, where the page shows `state` already; else None."""
    if not is_refresh(request):
        return None
    if request.headers.get("If-None-Match") == etag(state):
        return HttpResponse(status=304, headers={"ETag": etag(state)})
    if request.GET.get("seen") == state:
        return HttpResponse(status=204)
    return None


def wants_json(request: HttpRequest) -> bool:
    """Whether the request comes from a script of the page, not from a plain form."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def etag(state: str) -> str:
    # Weak, so that a proxy may compress the answer and keep the tag.
    return f'W/"{state}"'
