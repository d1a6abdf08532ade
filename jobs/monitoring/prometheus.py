"""What /metrics says of the work: counters and histograms from the history, and gauges of now.

Any web server gives the same answer: all of it comes from the database.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import Error
from django.db.models import Count
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from jobs.models import (
    Delivery,
    Heartbeat,
    Job,
    JobStatus,
    Notification,
    OutgoingMessage,
    OutgoingStatus,
)

from . import counts, history, overview, problems
from .counts import DOLLARS, Counts, Figures, Labels


@dataclass(frozen=True, slots=True)
class CounterMetric:
    """A metric made of the counts of one kind of rows, by some of their labels.

    `kind` names the rows in `counts.FOR_COUNTERS`, `figure` what is counted of them, and `only`
    the labels that they must have.
    """

    name: str
    help: str
    kind: str
    labels: tuple[str, ...]
    figure: str = "number"
    unit: float = 1  # how many of the counted figure are one of the metric's
    only: Mapping[str, str] = field(default_factory=dict)

    def samples(self, counted: Counts) -> dict[Labels, Figures]:
        """The figures by this metric's labels."""
        names = list(counts.FOR_COUNTERS[self.kind].labels)
        samples: dict[Labels, Figures] = {}
        for values, figures in counted.get(self.kind, {}).items():
            by_name = dict(zip(names, values, strict=True))
            if self.only.items() <= by_name.items():
                labels = tuple(by_name[name] for name in self.labels)
                samples[labels] = counts.add_figures(samples.get(labels, {}), figures)
        return samples


COUNTERS = (
    CounterMetric(
        "evaluator_resumes", "Evaluations that ended, by how.", "evaluations", ("outcome",)
    ),
    CounterMetric(
        "evaluator_model_calls", "Calls to a model.", "calls", ("status", "purpose", "model")
    ),
    CounterMetric(
        "evaluator_prompt_tokens", "Tokens sent to a model.", "calls", ("model",), "prompt_tokens"
    ),
    CounterMetric(
        "evaluator_cached_tokens", "Of those, from the cache.", "calls", ("model",), "cached_tokens"
    ),
    CounterMetric(
        "evaluator_completion_tokens",
        "Tokens that came back.",
        "calls",
        ("model",),
        "completion_tokens",
    ),
    CounterMetric(
        "evaluator_cost_dollars",
        "What the calls cost, by known prices.",
        "calls",
        ("model",),
        "cost",
        DOLLARS,
    ),
    CounterMetric("evaluator_emails_sent", "E-mails that a mail server took.", "emails", ("kind",)),
)
HISTOGRAMS = (
    CounterMetric("evaluator_job_seconds", "From Run to the end of the job.", "jobs", ("status",)),
    CounterMetric(
        "evaluator_evaluation_seconds",
        "From the start of the job to the score of one of its résumés.",
        "evaluation_times",
        ("outcome",),
    ),
    CounterMetric(
        "evaluator_model_call_seconds",
        "From a call's leaving to its answer.",
        "calls",
        ("purpose", "model"),
        only={"status": "answered"},
    ),
)


class WorkCollector(Collector):
    """What PostgreSQL knows, asked at each scrape: about thirty statements at the most."""

    def collect(self) -> Iterator[Metric]:
        try:
            counted, gauges = history.counters(), list(_gauges())
        except Error:
            yield _gauge("evaluator_database_up", "Whether the database answers.", 0)
            return
        yield _gauge("evaluator_database_up", "Whether the database answers.", 1)
        for metric in COUNTERS:
            counter = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, figures in metric.samples(counted).items():
                counter.add_metric(labels, figures[metric.figure] / metric.unit)
            yield counter
        for metric in HISTOGRAMS:
            histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
            bounds = counts.FOR_COUNTERS[metric.kind].buckets
            for labels, figures in metric.samples(counted).items():
                buckets = [
                    (f"{bound:g}", number)
                    for bound, number in zip(bounds, figures["buckets"], strict=True)
                ]
                buckets.append(("+Inf", figures["number"]))
                histogram.add_metric(labels, buckets, figures["seconds"])
            yield histogram
        yield from gauges


def _gauges() -> Iterator[Metric]:
    """How things stand now."""
    state = overview.system_state()
    yield from _host_gauges()
    trouble = GaugeMetricFamily(
        "evaluator_trouble", "What the overview says is wrong now.", labels=("name",)
    )
    current = problems.system_problems()
    for name in sorted({problem.name for problem in current}):
        trouble.add_metric((name,), 1)
    yield trouble
    missing = GaugeMetricFamily(
        "evaluator_lanes_missing",
        "Lanes that a job has too few, while living workers could take them.",
        labels=("job",),
    )
    short = {problem.job: problem.missing_lanes for problem in current if problem.job is not None}
    for pk, public_id in Job.objects.filter(pk__in=short).values_list("pk", "public_id"):
        missing.add_metric((str(public_id),), short[pk])
    yield missing
    jobs = GaugeMetricFamily("evaluator_jobs", "Jobs there are, by state.", labels=("state",))
    by_status = dict(Job.objects.order_by().values_list("status").annotate(Count("pk")))
    by_status |= {
        JobStatus.PENDING: state.jobs_pending,
        JobStatus.PROCESSING: state.jobs_processing,
    }
    for status in JobStatus:
        jobs.add_metric((status,), by_status.get(status, 0))
    jobs.add_metric(("paused",), state.jobs_paused)
    yield jobs
    yield _outbox_gauge("evaluator_emails", "E-mails in the outbox.", Notification)
    yield _outbox_gauge(
        "evaluator_webhook_messages", "Messages to webhooks in the outbox.", Delivery
    )
    for name, help_, value in (
        ("evaluator_queue_depth", "Lanes that wait for a worker.", state.lanes_waiting),
        (
            "evaluator_queue_oldest_seconds",
            "How long the oldest has waited.",
            state.oldest_wait or 0,
        ),
        ("evaluator_lanes_running", "Lanes that a worker is at.", state.lanes_running),
        ("evaluator_resumes_waiting", "Résumés of jobs without a score.", state.resumes_waiting),
        ("evaluator_files_waiting", "Files that are to be read.", state.files_waiting),
        ("evaluator_queue_halted", "Whether staff have halted the queue.", state.is_halted),
        ("evaluator_database_bytes", "Size of the database.", state.database_bytes),
    ):
        yield _gauge(name, help_, value)


def _outbox_gauge(name: str, help_: str, table: type[OutgoingMessage]) -> Metric:
    gauge = GaugeMetricFamily(name, help_, labels=("status",))
    rows: Any = table._default_manager.order_by().values_list("status")
    counts = dict(rows.annotate(Count("pk")))
    for status in OutgoingStatus:
        gauge.add_metric((status,), counts.get(status, 0))
    return gauge


def _host_gauges() -> Iterator[Metric]:
    """Of each host that shows a sign of life: workers that are known to take work, and the age of
    its last test message, or of its start before the first."""
    workers: Counter[str] = Counter()
    ages: dict[str, float] = {}
    rows: Any = Heartbeat.objects.visible().filter(stopping=False).with_state()
    for row in rows.with_canary_age():
        workers[row.host] += row.workers if row.is_alive else 0
        age = row.canary_age.total_seconds()
        ages[row.host] = min(age, ages.get(row.host, age))
    gauge = GaugeMetricFamily("evaluator_workers", "Worker processes.", labels=("host",))
    canary = GaugeMetricFamily(
        "evaluator_canary_age_seconds", "Age of the last test message.", labels=("host",)
    )
    for host, number in workers.items():
        gauge.add_metric((host,), number)
        canary.add_metric((host,), ages[host])
    yield from (gauge, canary)


def _gauge(name: str, help_: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_, value=float(value))
