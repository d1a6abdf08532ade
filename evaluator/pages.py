"""Pages that belong to no room: the log-in, what is wrong with a request, and without a network."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from . import login_throttle


class LogIn(LoginView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if seconds := login_throttle.wait(request.POST.get("username", "")):
            context = {"minutes": -(-seconds // 60)}
            refusal = render(request, "429.html", context, status=429)
            refusal.headers["Retry-After"] = str(seconds)
            return refusal
        return super().post(request, *args, **kwargs)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", status=413)
    return render(request, "400.html", status=400)


@require_safe
@login_not_required
def offline(request: HttpRequest) -> HttpResponse:
    """What the service worker shows when there is no network: needs nothing but itself."""
    return render(request, "offline.html")


@require_safe
@login_not_required
def service_worker(request: HttpRequest) -> HttpResponse:
    # From the root, since a worker serves the folder it lies in.
    return render(request, "service-worker.js", content_type="text/javascript")
