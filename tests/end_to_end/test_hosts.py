"""Two hosts: each worker in a network of its own, and one of them cut off from everything."""

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from threading import Event

import pytest
from django.contrib.auth.models import User

from candidates.models import Draft, Evaluation
from jobs.execution import submit
from jobs.models import Heartbeat, Job, Lane
from tests.makers import rows
from tests.networks import Network, servers_reachable_from
from tests.servers.model import Reply, Request, rated, serve_model
from tests.workers import running, until

from .test_faults import TEXT, check_ledger, check_whole, engine, over

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300),
]


def last_canary(supervisor: int) -> datetime | None:
    return Heartbeat.objects.get(pk=supervisor).canary_at


def test_a_host_that_is_cut_off_loses_its_work_to_another_and_writes_nothing_later(
    alice: User, draft: Draft, tmp_path: Path, networks: list[Network]
) -> None:
    woken = Event()

    def late_at_first(request: Request) -> Reply:
        if request["_nonce"] <= 4:
            woken.wait(120)
            return rated(request, rating=0)
        return rated(request, rating=3)

    for number in range(4):
        rows.candidate(draft, number, text=TEXT.format(number))
    with serve_model(late_at_first) as model, ExitStack() as stack:
        hosts = {}
        for number, network in enumerate(networks):
            servers = stack.enter_context(servers_reachable_from(network, model.url))
            host = stack.enter_context(
                running(
                    tmp_path / str(number),
                    1,
                    beat=8.0,
                    env=engine(model) | servers,
                    within=network.within,
                )
            )
            hosts[host.heartbeat.pk] = network
        job = submit.submit(draft, alice, engine="openai", mode="none")
        until(lambda: model.in_flight == 4, "four calls in flight")
        busy = Lane.objects.get().worker_id
        assert busy is not None
        hosts[busy].set_line("down")
        until(lambda: over(job), "the other host does its work")
        before = list(Evaluation.objects.order_by("pk").values())
        woken.set()
        until(lambda: model.in_flight == 0, "the late answers are sent")
        hosts[busy].set_line("up")
        last = last_canary(busy)
        until(lambda: last_canary(busy) != last, "its own test message", patience=150)

    assert list(Evaluation.objects.order_by("pk").values()) == before
    assert {rating["rating"] for row in before for rating in row["ratings"]} == {3.0}
    check_whole(job, 4)
    check_ledger(job, model)
    assert job.analysis.calls.usage()["unknown"] == 4
    job = Job.objects.get(pk=job.pk)
    assert job.took is not None
    print(f"rescued, scored and finished {job.took.total_seconds():.1f} s after its start")
