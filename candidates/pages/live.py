"""The part of a page that refreshes by itself: answers only when there is something new.

The part carries a short digest of what it shows and sends it along with its next question, as
If-None-Match (static/js/site/live_parts.js) or in the address. Where nothing has changed the answer
is empty (304, 204) and the page stays untouched: nothing moves under a reader's eyes or a keyboard
user's focus.
"""

from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse


def digest(*shown: Any) -> str:
    return sha256(repr(shown).encode()).hexdigest()[:16]


def is_refresh(request: HttpRequest) -> bool:
    """Whether only the part that lives is asked for."""
    return bool(request.headers.get("HX-Request"))


def nothing_new(request: HttpRequest, state: str) -> HttpResponse | None:
    """The empty answer, when the page has said that it shows `state` already."""
    if not is_refresh(request):
        return None
    if request.headers.get("If-None-Match") == etag(state):
        return HttpResponse(status=304, headers={"ETag": etag(state)})
    if request.GET.get("seen") == state:
        return HttpResponse(status=204)
    return None


def wants_json(request: HttpRequest) -> bool:
    """Whether a script of ours asks, and not a form by itself."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def etag(state: str) -> str:
    # Weak: whoever compresses the answer on its way may keep it.
    return f'W/"{state}"'
