"""/metrics, for Prometheus: the work from the database, the requests from this process.

A scrape of any web server tells the same of the work. What it tells of requests, and of memory and
CPU, is of the process that answers: gunicorn.conf.py runs one for a host, so that each web host is
a target of its own. With several processes to a host a scrape would find one of them by chance.
"""

from collections.abc import Iterator

from django.conf import settings
from django.db import Error
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
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from jobs.models import JobStatus, OutgoingStatus
from jobs.monitoring import problems, prometheus

METHODS = ("GET", "HEAD", "POST")
REQUESTS = Histogram(
    "evaluator_request_seconds",
    "How long requests took, by the name of their page.",
    ("page", "method", "status"),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, float("inf")),
)
COUNTERS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("resumes", "evaluator_resumes", "Evaluations that ended, by how.", ("outcome",)),
    ("calls", "evaluator_model_calls", "Calls to a model.", ("status", "purpose", "model")),
    ("prompt tokens", "evaluator_prompt_tokens", "Tokens sent to a model.", ("model",)),
    ("cached tokens", "evaluator_cached_tokens", "Of those, from the cache.", ("model",)),
    ("completion tokens", "evaluator_completion_tokens", "Tokens that came back.", ("model",)),
    ("dollars", "evaluator_cost_dollars", "What the calls cost, by known prices.", ("model",)),
    ("e-mails", "evaluator_emails_sent", "E-mails that a mail server took.", ("kind",)),
)
HISTOGRAMS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("job seconds", "evaluator_job_seconds", "From Run to the end of the job.", ("status",)),
    (
        "evaluation seconds",
        "evaluator_evaluation_seconds",
        "From the start of the job to the score of one of its résumés.",
        ("outcome",),
    ),
    (
        "call seconds",
        "evaluator_model_call_seconds",
        "From a call's leaving to its answer.",
        ("purpose", "model"),
    ),
)


class Work(Collector):
    """What PostgreSQL knows, asked at each scrape."""

    def collect(self) -> Iterator[Metric]:
        try:
            prometheus.count_up()
            counts, times, now = prometheus.counts(), prometheus.times(), prometheus.standing()
        except Error:
            yield _gauge("evaluator_database_up", "Whether the database answers.", 0)
            return
        yield _gauge("evaluator_database_up", "Whether the database answers.", 1)
        for name, metric, what, labels in COUNTERS:
            counter = CounterMetricFamily(metric, what, labels=labels)
            for values, value in counts.get(name, {}).items():
                counter.add_metric(values, value)
            yield counter
        for name, metric, what, labels in HISTOGRAMS:
            histogram = HistogramMetricFamily(metric, what, labels=labels)
            for values, timed in times[name].items():
                histogram.add_metric(values, timed.cumulative(), timed.sum)
            yield histogram
        yield from _standing(now)


def _standing(now: prometheus.Standing) -> Iterator[Metric]:
    troubles = GaugeMetricFamily(
        "evaluator_trouble", "What the overview says is wrong now.", labels=("name",)
    )
    for name in {one.name for one in problems.troubles()}:
        troubles.add_metric((name,), 1)
    yield troubles
    jobs = GaugeMetricFamily("evaluator_jobs", "Jobs there are, by state.", labels=("state",))
    for state in (*JobStatus, "paused"):
        jobs.add_metric((state,), now.jobs.get(state, 0))
    mails = GaugeMetricFamily("evaluator_emails", "E-mails in the outbox.", labels=("status",))
    for status in OutgoingStatus:
        mails.add_metric((status,), now.mails.get(status, 0))
    workers = GaugeMetricFamily("evaluator_workers", "Worker processes.", labels=("host",))
    canary = GaugeMetricFamily(
        "evaluator_canary_age_seconds", "Age of the last test message.", labels=("host",)
    )
    for host in now.hosts:
        workers.add_metric((host.name,), host.workers)
        canary.add_metric((host.name,), host.canary)
    yield from (jobs, mails, workers, canary)
    for name, what, value in (
        ("evaluator_queue_depth", "Lanes that wait for a worker.", now.lanes_waiting),
        ("evaluator_queue_oldest_seconds", "How long the oldest has waited.", now.oldest_wait),
        ("evaluator_lanes_running", "Lanes that a worker is at.", now.lanes_running),
        ("evaluator_resumes_waiting", "Résumés of jobs without a score.", now.resumes_waiting),
        ("evaluator_files_waiting", "Files that are to be read.", now.files_waiting),
        ("evaluator_queue_halted", "Whether staff have halted the queue.", float(now.halted)),
        ("evaluator_database_bytes", "Size of the database.", now.database_bytes),
    ):
        yield _gauge(name, what, value)


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=value)


WORK = CollectorRegistry(auto_describe=False)
WORK.register(Work())


def note(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Count a request that was answered."""
    match = request.resolver_match
    page = (match.view_name if match else "") or "none"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(page, method, str(response.status_code)).observe(seconds)


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    if not settings.METRICS_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "")
    if not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        answer = HttpResponse("Give METRICS_TOKEN as a bearer token.\n", "text/plain", 401)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    told = generate_latest(WORK) + generate_latest(REGISTRY)
    return HttpResponse(told, content_type=CONTENT_TYPE_LATEST)
