"""Two hosts: each worker in a network of its own, and one of them cut off from everything."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection

from candidates.models import Draft, Evaluation
from jobs.execution import submit
from jobs.models import Heartbeat, Job, Lane
from tests.makers import rows
from tests.servers.model import Reply, Request, rated, serve_model
from tests.workers import running, until

from .test_faults import TEXT, check_ledger, check_whole, engine, over

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300),
]


@dataclass(frozen=True)
class Network:
    """A network of one host, which reaches the test's process, and nothing else, over one line."""

    name: str
    address: str  # ours on that line

    def line(self, state: str) -> None:
        ip("link", "set", self.name, state)

    @property
    def within(self) -> list[str]:
        return ["ip", "netns", "exec", self.name]


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def network(number: int) -> Iterator[Network]:
    pid = os.getpid()
    made = Network(f"ev{pid}n{number}", f"10.{200 + pid % 50}.{pid // 50 % 250}.{4 * number + 1}")
    theirs = made.address[: made.address.rindex(".") + 1] + str(4 * number + 2)
    ip("netns", "add", made.name)
    try:
        ip("link", "add", made.name, "type", "veth", "peer", "name", "line", "netns", made.name)
        ip("addr", "add", f"{made.address}/30", "dev", made.name)
        made.line("up")
        for arguments in (
            ("addr", "add", f"{theirs}/30", "dev", "line"),
            ("link", "set", "line", "up"),
            ("link", "set", "lo", "up"),
        ):
            ip("-n", made.name, *arguments)
        yield made
    finally:
        ip("netns", "del", made.name)  # and the line with it


@contextmanager
def relay(address: str, to: Callable[[], socket.socket]) -> Iterator[int]:
    """Hand on what comes to this address; yields the port."""
    listening = socket.create_server((address, 0))
    opened = [listening]

    def accept() -> None:
        with suppress(OSError):
            while True:
                ends = (listening.accept()[0], to())
                opened.extend(ends)
                for source, sink in (ends, ends[::-1]):
                    threading.Thread(target=copy, args=(source, sink), daemon=True).start()

    def copy(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for each in opened:
            each.close()


def database() -> socket.socket:
    place = connection.get_connection_params()
    client = socket.socket(socket.AF_UNIX)
    client.connect(f"{place['host']}/.s.PGSQL.{place.get('port') or 5432}")
    return client


@pytest.fixture
def networks() -> Iterator[list[Network]]:
    if os.geteuid() != 0 or sys.platform != "linux" or not shutil.which("ip"):
        pytest.skip("networks of one's own take root, Linux and iproute2")
    with ExitStack() as stack:
        try:
            yield [stack.enter_context(network(number)) for number in range(2)]
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no networks can be made here: {error.stderr.decode().strip()}")


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
        port = urlsplit(model.url).port or 0
        name = connection.settings_dict["NAME"]
        hosts = {}
        for number, each in enumerate(networks):
            at = stack.enter_context(relay(each.address, database))
            asked = stack.enter_context(
                relay(each.address, lambda: socket.create_connection(("127.0.0.1", port)))
            )
            elsewhere = {
                "DATABASE_URL": f"postgres://postgres@{each.address}:{at}/{name}",
                "OPENAI_BASE_URL": f"http://{each.address}:{asked}/v1",
            }
            host = stack.enter_context(
                running(
                    tmp_path / str(number),
                    1,
                    beat=8.0,
                    env=engine(model) | elsewhere,
                    within=each.within,
                )
            )
            hosts[host.heartbeat.pk] = each
        job = submit.submit(draft, alice, engine="openai", mode="none")
        until(lambda: model.in_flight == 4, "four calls in flight")
        at_work = Lane.objects.get().worker_id
        assert at_work is not None
        hosts[at_work].line("down")
        until(lambda: over(job), "the other host does its work")
        before = list(Evaluation.objects.order_by("pk").values())
        woken.set()
        until(lambda: model.in_flight == 0, "the late answers are sent")
        hosts[at_work].line("up")
        heard = last_canary(at_work)
        until(lambda: last_canary(at_work) != heard, "its own test message", patience=150)

    assert list(Evaluation.objects.order_by("pk").values()) == before
    assert {rating["rating"] for row in before for rating in row["ratings"]} == {3.0}
    check_whole(job, 4)
    check_ledger(job, model)
    assert job.analysis.calls.usage()["unknown"] == 4
    job = Job.objects.get(pk=job.pk)
    assert job.took is not None
    print(f"rescued, scored and finished {job.took.total_seconds():.1f} s after its start")
