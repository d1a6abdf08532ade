"""A running job has one lane in each living worker, whatever happens to the hosts, and to the job.

Times are printed, and decide nothing: a test waits several times as long as is promised.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import transaction

from candidates.models import Draft
from jobs.execution import control, pause, submit
from jobs.models import Job, Lane
from tests.conftest import make_draft
from tests.jobs.queue.test_queue import choose
from tests.lanes import count_working, describe, has_lane_per_worker
from tests.makers import rows
from tests.networks import Network, servers_reachable_from
from tests.servers.model import ModelServer, error, serve_model
from tests.servers.redis import serve_redis
from tests.workers import Worker, start, until

from .test_faults import check_whole, engine, over, scored

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(900),  # where each change fails for all its patience
]

RESUMES = 400
LATENCY_SECONDS = 1.5  # of the model server, so that the job outlasts what happens to it
CONCURRENCY = 2  # calls of a worker at once
JOIN_SECONDS = 5.0  # promised after a host is alive, a drain, a resume, a requeue
DEATH_SECONDS = 20.0  # promised after a host dies without a word
PATIENCE_FACTOR = 4
WATCH_SECONDS = 2.5  # longer than the round that adds lanes


class Hosts:
    """The hosts of a test: each a `manage.py worker` with two workers, in a folder of its own."""

    def __init__(self, folder: Path, environment: Mapping[str, str], stack: ExitStack) -> None:
        self.folder = folder
        self.environment = environment
        self.stack = stack
        self.number = 0

    def start(self, count: int = 1) -> list[Worker]:
        """Start so many at once; each is alive, as its first test message has shown."""
        hosts = [self.launch() for _ in range(count)]
        for host in hosts:
            host.wait_until_alive()
        return hosts

    def launch(self, within: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Worker:
        """Start a host without waiting until it works."""
        self.number += 1
        host = start(
            self.folder / str(self.number),
            workers=2,
            beat=2.0,
            env={**self.environment, **(env or {})},
            within=within,
        )
        self.stack.callback(host.kill)
        return host


@contextmanager
def large_job(user: User, hosts: Sequence[Worker]) -> Iterator[Job]:
    """A job that has a lane in each worker of these hosts; it is cancelled afterwards."""
    draft = make_draft(user)
    rows.candidates(draft, RESUMES, distinct=True)
    job = submit.submit(draft, user, engine="openai", mode="none")
    try:
        until(lambda: has_lane_per_worker(job, hosts), "lane for each worker at the start")
        yield job
    finally:
        submit.cancel(job, user)
        until(lambda: not Lane.objects.filter(job=job).exists(), "the end of all lanes")


def wait_for_lanes(
    job: Job,
    hosts: Sequence[Worker],
    change: str,
    promised: float,
    since: float | None = None,
) -> None:
    """Until each worker of these hosts, and no other, has a lane; and then no lane comes besides.

    Prints how long it took, from now or `since` then; waits for PATIENCE_FACTOR times what is
    promised.
    """
    began = time.monotonic() if since is None else since
    try:
        until(
            lambda: has_lane_per_worker(job, hosts),
            f"lane for each worker after: {change}",
            PATIENCE_FACTOR * promised,
        )
        print(f"{change}: {time.monotonic() - began:.1f} s, promised {promised:.0f}")
        most = sum(host.heartbeat.workers for host in hosts)
        watched_until = time.monotonic() + WATCH_SECONDS
        while time.monotonic() < watched_until:
            assert count_working(job) <= most, f"too many lanes after: {change}"
            time.sleep(0.05)
    except AssertionError as failure:
        failure.add_note(describe(job))
        raise


def finish(job: Job, model: ModelServer) -> None:
    """Let the job come to its end, at which nothing was lost or doubled."""
    model.behaviour = replace(model.behaviour, latency=0.0)
    until(lambda: over(job), "the end of the job", patience=120)
    model.behaviour = replace(model.behaviour, latency=LATENCY_SECONDS)
    check_whole(job, RESUMES)


def wait_until_left(job: Job) -> None:
    """Until no worker has a lane of a job that no lane may go on with."""
    until(lambda: not Lane.objects.running().filter(job=job).exists(), "the end of all lanes")


def test_lanes_follow_hosts_that_join_die_return_and_are_drained(
    alice: User, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    with serve_model(latency=LATENCY_SECONDS) as model, ExitStack() as stack:
        hosts = Hosts(tmp_path, engine(model, CONCURRENCY), stack)
        (first,) = hosts.start()
        with subtests.test("a second host joins"), large_job(alice, [first]) as job:
            (second,) = hosts.start()
            wait_for_lanes(job, [first, second], "a second host joined", JOIN_SECONDS)

        with large_job(alice, [first, second]) as job:
            with subtests.test("a host is drained"):
                control.drain_host(second.heartbeat)
                wait_for_lanes(job, [first], "a host was drained", JOIN_SECONDS)
            with subtests.test("its drain is ended"):
                control.end_drain(second.heartbeat)
                second.wait_for_messages(1)
                wait_for_lanes(job, [first, second], "its drain was ended", JOIN_SECONDS)

        with subtests.test("one host killed"), large_job(alice, [first, second]) as job:
            killed_at = time.monotonic()
            second.kill()
            (second,) = hosts.start()
            wait_for_lanes(
                job,
                [first, second],
                "a host killed, another started",
                DEATH_SECONDS,
                since=killed_at,
            )

        with subtests.test("all hosts killed"), large_job(alice, [first, second]) as job:
            killed_at = time.monotonic()
            first.kill()
            second.kill()
            first, second = hosts.start(2)
            wait_for_lanes(
                job,
                [first, second],
                "both killed and started again",
                DEATH_SECONDS,
                since=killed_at,
            )
            finish(job, model)


def pause_by_user(job: Job, user: User, model: ModelServer) -> None:
    pause.pause_job(job, user)


def pause_by_refused_key(job: Job, user: User, model: ModelServer) -> None:
    model.script = [error(401, "invalid_api_key")]
    until(lambda: Job.objects.get(pk=job.pk).is_paused, "the pause")


def pause_by_spent_quota(job: Job, user: User, model: ModelServer) -> None:
    model.script = [error(429, "insufficient_quota")]
    until(lambda: Job.objects.get(pk=job.pk).is_paused, "the pause")


PAUSES: dict[str, Callable[[Job, User, ModelServer], None]] = {
    "a pause by its user": pause_by_user,
    "a refused key": pause_by_refused_key,
    "a spent quota": pause_by_spent_quota,
}


def test_lanes_come_back_after_a_pause_a_halt_and_a_requeue(
    alice: User, sam: User, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    with serve_model(latency=LATENCY_SECONDS) as model, ExitStack() as stack:
        hosts = Hosts(tmp_path, engine(model, CONCURRENCY), stack).start(2)
        for reason, pause_job in PAUSES.items():
            with subtests.test(reason), large_job(alice, hosts) as job:
                pause_job(job, alice, model)
                wait_until_left(job)
                model.script = []
                pause.resume_job(job, alice)
                wait_for_lanes(job, hosts, f"resumed after {reason}", JOIN_SECONDS)

        with subtests.test("halt"), large_job(alice, hosts) as job:
            pause.halt_queue(sam, "repairs")
            wait_until_left(job)
            pause.lift_halt(sam)
            wait_for_lanes(job, hosts, "halt lifted", JOIN_SECONDS)

        with subtests.test("requeue"), large_job(alice, hosts) as job:
            pause.pause_job(job, alice)
            wait_until_left(job)
            with transaction.atomic():  # no lane can come before the requeue
                Job.objects.filter(pk=job.pk).resume()
                assert control.requeue(job, sam)
            wait_for_lanes(job, hosts, "requeued", JOIN_SECONDS)


def test_lanes_of_a_host_that_is_cut_off_are_lost_and_come_back_with_it(
    alice: User, tmp_path: Path, networks: list[Network]
) -> None:
    with serve_model(latency=LATENCY_SECONDS) as model, ExitStack() as stack:
        hosts = Hosts(tmp_path, engine(model, CONCURRENCY), stack)
        first, second = (
            hosts.launch(
                network.within,
                stack.enter_context(servers_reachable_from(network, model.url)),
            )
            for network in networks
        )
        first.wait_until_alive()
        second.wait_until_alive()
        with large_job(alice, [first, second]) as job:
            networks[1].set_line("down")
            wait_for_lanes(job, [first], "a host was cut off", DEATH_SECONDS)
            networks[1].set_line("up")
            before = second.heartbeat.canary_at
            until(lambda: second.heartbeat.canary_at != before, "its test message", patience=150)
            wait_for_lanes(job, [first, second], "it was connected again", JOIN_SECONDS)


def test_jobs_that_share_a_host_take_turns_with_no_lane_too_many(
    alice: User, tmp_path: Path
) -> None:
    (tmp_path / "short_slices.py").write_text(
        "from evaluator.settings import *\n\nLANE_SLICE = 1\n", encoding="utf-8"
    )
    settings = {"DJANGO_SETTINGS_MODULE": "short_slices", "PYTHONPATH": str(tmp_path)}
    with serve_model(latency=0.3) as model, ExitStack() as stack:
        Hosts(tmp_path, engine(model, CONCURRENCY) | settings, stack).start()
        jobs = []
        for _ in range(3):
            draft = make_draft(alice)
            rows.candidates(draft, RESUMES, distinct=True)
            jobs.append(submit.submit(draft, alice, engine="openai", mode="none"))
        turns: dict[int, set[object]] = {job.pk: set() for job in jobs}

        def each_had_four_turns() -> bool:
            for job in jobs:
                assert count_working(job) <= 2, describe(job)
                turns[job.pk] |= set(
                    Lane.objects.running().filter(job=job).values_list("token", flat=True)
                )
            return all(len(tokens) >= 4 for tokens in turns.values())

        until(each_had_four_turns, "four turns of each job", patience=120)
        for job in jobs:
            assert scored(job) > 0
            submit.cancel(job, alice)
        until(lambda: not Lane.objects.exists(), "the end of all lanes")


def test_lanes_follow_the_hosts_under_celery(
    alice: User,
    draft: Draft,
    tmp_path: Path,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    subtests: pytest.Subtests,
) -> None:
    with serve_redis() as url, serve_model(latency=LATENCY_SECONDS) as model, ExitStack() as stack:
        choose("celery", url, settings, monkeypatch)
        hosts = Hosts(tmp_path, engine(model, CONCURRENCY), stack)
        (first,) = hosts.start()
        with subtests.test("a second host joins"), large_job(alice, [first]) as job:
            (second,) = hosts.start()
            wait_for_lanes(job, [first, second], "Celery: a second host joined", JOIN_SECONDS)

        with subtests.test("all hosts killed"), large_job(alice, [first, second]) as job:
            killed_at = time.monotonic()
            first.kill()
            second.kill()
            first, second = hosts.start(2)
            wait_for_lanes(
                job, [first, second], "Celery: both started again", DEATH_SECONDS, since=killed_at
            )
