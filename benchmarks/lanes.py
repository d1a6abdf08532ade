"""How fast a running job goes before and after its hosts, or its own state, change.

Two hosts in network namespaces, with two workers each, and a model server that takes 3 s a call.
Each change meets a new job that has a lane in every worker. Requires root, for the namespaces.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import stage
from .stage import say

if TYPE_CHECKING:
    from tests.networks import Network
    from tests.servers.model import ModelServer
    from tests.workers import Worker

WORKERS = 2  # of each host
CONCURRENCY = 16
LATENCY_SECONDS, JITTER_SECONDS = 3.0, 1.0  # without jitter, answers would come in bursts
RESUMES = 2_000  # more than are scored while one change is measured
WINDOW_SECONDS = 8.0  # in which answers are counted
MAX_WAIT_SECONDS = 40.0  # for lanes to come back


@dataclass(frozen=True, slots=True)
class Measurement:
    """A job before a change, and after it; a rate is in calls answered a second."""

    change: str
    rates: tuple[float, float]
    lanes: tuple[int, int]
    seconds: float | None  # until there was a lane in each worker; None when that did not happen


class Hosts:
    """Two hosts, `first` and `second`, each in a network of its own; `alive` are those at work."""

    def __init__(self, networks: "list[Network]", model: "ModelServer", stack: ExitStack) -> None:
        from tests.networks import servers_reachable_from

        self.stack = stack
        self.model = model
        self.networks = networks
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-hosts-")))
        self.servers = [
            stack.enter_context(servers_reachable_from(network, model.url)) for network in networks
        ]
        self.workers: dict[int, Worker] = {}
        self.alive: set[int] = set()

    def start(self, *numbers: int) -> None:
        """Start these hosts at once; returns when each is known to take work."""
        from tests.workers import start

        for number in numbers:
            worker = start(
                self.folder / str(number),
                WORKERS,
                env=self.servers[number] | {"LOG_LEVEL": "ERROR"},
                within=self.networks[number].within,
            )
            self.stack.callback(worker.close)
            self.workers[number] = worker
        for number in numbers:
            self.workers[number].wait_until_alive()
            self.alive.add(number)

    def kill(self, *numbers: int) -> None:
        for number in numbers:
            self.workers[number].kill()
            self.alive.discard(number)

    def at_work(self) -> "list[Worker]":
        return [self.workers[number] for number in sorted(self.alive)]


def main() -> None:
    from tests.servers.model import serve_model

    with serve_model(latency=LATENCY_SECONDS, jitter=JITTER_SECONDS) as model:
        model.keep_requests = False
        with stage.django_of_our_own() as user, ExitStack() as stack:
            os.environ |= {
                "EVALUATOR_CONCURRENCY": str(CONCURRENCY),
                "OPENAI_API_KEY": "key",
                "OPENAI_BASE_URL": model.url,
            }
            from tests.networks import NetworksUnavailable, isolated_networks

            try:
                networks = stack.enter_context(isolated_networks(2))
            except NetworksUnavailable as error:
                say("", f"Lanes are not measured: {error}.")
                return
            _measure(user, Hosts(networks, model, stack))


def _measure(user: Any, hosts: Hosts) -> None:
    say("", "## Lanes", "")
    say(
        "| change | calls a second before | after | lanes before | after "
        "| seconds until all lanes were there |",
        "|---|---|---|---|---|---|",
    )
    hosts.start(0)
    with _job(user, hosts) as job:
        _show(_around("a second host joins", lambda: hosts.start(1), job, hosts))
    for name, change in JOB_CHANGES.items():
        with _job(user, hosts) as job:
            _show(_around(name, lambda: change(job, user, hosts), job, hosts))  # noqa: B023
    with _job(user, hosts) as job:
        _show(_around("one of two hosts is drained", lambda: _drain(hosts), job, hosts))
        _show(_around("its drain is ended", lambda: _end_drain(hosts), job, hosts))
    with _job(user, hosts) as job:
        _show(_around("both are killed and started again", lambda: _restart(hosts), job, hosts))
    with _job(user, hosts) as job:
        _show(_around("one of two falls silent", lambda: _cut_off(hosts), job, hosts))


def _around(change: str, act: Callable[[], None], job: Any, hosts: Hosts) -> Measurement:
    """Measure the job before and after `act`, which returns when the seconds begin to count."""
    from tests.lanes import count_working, has_lane_per_worker

    before = _rate(hosts.model), count_working(job)
    act()
    began = time.monotonic()
    seconds = None
    while seconds is None and time.monotonic() < began + MAX_WAIT_SECONDS:
        if has_lane_per_worker(job, hosts.at_work()):
            seconds = time.monotonic() - began
        time.sleep(0.05)
    _settle(job, hosts.model)
    after = _rate(hosts.model), count_working(job)
    job.refresh_from_db()
    if not job.is_open:
        raise SystemExit(f"The job was over before all was measured: {change}.")
    return Measurement(change, (before[0], after[0]), (before[1], after[1]), seconds)


def _settle(job: Any, model: "ModelServer") -> None:
    """Wait until as many calls are answered as all lanes have on their way at once."""
    from tests.lanes import count_working

    answered = len(model.log)
    stage.wait_until(
        lambda: len(model.log) - answered >= CONCURRENCY * count_working(job), longest=60
    )


def _rate(model: "ModelServer") -> float:
    """Calls answered a second, from now on."""
    answered, began = len(model.log), time.monotonic()
    time.sleep(WINDOW_SECONDS)
    return (len(model.log) - answered) / (time.monotonic() - began)


def _show(measurement: Measurement) -> None:
    rates = " | ".join(f"{rate:.1f}" for rate in measurement.rates)
    lanes = " | ".join(str(number) for number in measurement.lanes)
    seconds = measurement.seconds
    shown = f"not within {MAX_WAIT_SECONDS:.0f}" if seconds is None else f"{seconds:.1f}"
    say(f"| {measurement.change} | {rates} | {lanes} | {shown} |")


@contextmanager
def _job(user: Any, hosts: Hosts) -> Iterator[Any]:
    """A job with a lane in each worker; it is cancelled afterwards."""
    from jobs.execution import submit
    from jobs.models import Lane
    from tests.lanes import has_lane_per_worker
    from tests.makers import rows

    draft = stage.draft(user, [])
    rows.candidates(draft, RESUMES, distinct=True)
    job = submit.submit(draft, user, engine="openai", mode="none")
    stage.wait_until(lambda: has_lane_per_worker(job, hosts.at_work()), longest=60)
    _settle(job, hosts.model)
    yield job
    submit.cancel(job, user)
    stage.wait_until(lambda: not Lane.objects.filter(job=job).exists(), longest=60)


def _leave(job: Any) -> None:
    """Wait until no worker has a lane of a job that is paused."""
    from jobs.models import Lane

    stage.wait_until(lambda: not Lane.objects.filter(job=job).running().exists(), longest=60)


def _pause_and_resume(job: Any, user: Any, hosts: Hosts) -> None:
    from jobs.execution import pause

    pause.pause_job(job, user)
    _leave(job)
    pause.resume_job(job, user)


def _refuse_and_resume(job: Any, user: Any, hosts: Hosts) -> None:
    from jobs.execution import pause
    from jobs.models import Job
    from tests.servers.model import error

    hosts.model.script = [error(401, "invalid_api_key")]
    stage.wait_until(lambda: Job.objects.get(pk=job.pk).is_paused, longest=60)
    _leave(job)
    hosts.model.script = []
    pause.resume_job(job, user)


def _requeue(job: Any, user: Any, hosts: Hosts) -> None:
    from django.db import transaction

    from jobs.execution import control, pause
    from jobs.models import Job

    pause.pause_job(job, user)
    _leave(job)
    with transaction.atomic():  # no lane can come before the requeue
        Job.objects.filter(pk=job.pk).resume()
        control.requeue(job, user)


JOB_CHANGES = {
    "it is paused and resumed": _pause_and_resume,
    "its key is refused; it is resumed": _refuse_and_resume,
    "it is requeued": _requeue,
}


def _drain(hosts: Hosts) -> None:
    from jobs.execution import control

    control.drain_host(hosts.workers[1].heartbeat)
    hosts.alive.discard(1)


def _end_drain(hosts: Hosts) -> None:
    from jobs.execution import control

    control.end_drain(hosts.workers[1].heartbeat)
    hosts.workers[1].wait_for_messages(1)
    hosts.alive.add(1)


def _restart(hosts: Hosts) -> None:
    hosts.kill(0, 1)
    hosts.start(0, 1)


def _cut_off(hosts: Hosts) -> None:
    hosts.networks[1].set_line("down")
    hosts.alive.discard(1)
