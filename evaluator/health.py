"""/healthz: this process answers. /readyz: so do the database and a cluster of workers."""

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from jobs.models import Heartbeat


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    try:
        alive = Heartbeat.objects.alive().exists()
    except Error:
        return HttpResponse("The database does not answer.\n", "text/plain", 503)
    if not alive:
        return HttpResponse("No worker is alive. Start `manage.py worker`.\n", "text/plain", 503)
    return HttpResponse("ok\n", content_type="text/plain")
