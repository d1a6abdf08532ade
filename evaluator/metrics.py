"""/metrics, for Prometheus: the work from the database, the requests from this process.

A scrape of any web server gives the same figures of the work. Requests, memory and CPU are those of
the process that answers: gunicorn.conf.py runs one for a host, so that each web host is a target of
its own. With several processes to a host a scrape would reach one of them by chance.
"""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Histogram,
    generate_latest,
)

from jobs.monitoring.prometheus import WorkCollector

METHODS = ("GET", "HEAD", "POST")
REQUEST_SECONDS = Histogram(
    "evaluator_request_seconds",
    "How long requests took, by the name of their page.",
    ("page", "method", "status"),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, float("inf")),
)
WORK_REGISTRY = CollectorRegistry(auto_describe=False)
WORK_REGISTRY.register(WorkCollector())


def record_request(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Count a request that was answered."""
    match = request.resolver_match
    page = (match.view_name if match else "") or "none"
    method = request.method if request.method in METHODS else "other"
    REQUEST_SECONDS.labels(page, method, str(response.status_code)).observe(seconds)


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    if not settings.METRICS_TOKEN:
        raise Http404
    authorization = request.headers.get("Authorization", "")
    if not constant_time_compare(authorization, f"Bearer {settings.METRICS_TOKEN}"):
        response = HttpResponse("Give METRICS_TOKEN as a bearer token.\n", "text/plain", 401)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    body = generate_latest(WORK_REGISTRY) + generate_latest(REGISTRY)
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)
