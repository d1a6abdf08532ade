"""Pages of the site itself: the log-in, bad requests, and what is shown without a network."""

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
        if seconds := login_throttle.seconds_to_wait(request.POST.get("username", "")):
            context = {"minutes": -(-seconds // 60)}
            response = render(request, "429.html", context, status=429)
            response.headers["Retry-After"] = str(seconds)
            return response
        return super().post(request, *args, **kwargs)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", status=413)
    return render(request, "400.html", status=400)


@require_safe
@login_not_required
def offline(request: HttpRequest) -> HttpResponse:
    """What the service worker shows when there is no network: the page needs nothing else."""
    return render(request, "offline.html")


@require_safe
@login_not_required
def service_worker(request: HttpRequest) -> HttpResponse:
    # From the root, since a worker serves the folder it lies in.
    return render(request, "service-worker.js", content_type="text/javascript")
