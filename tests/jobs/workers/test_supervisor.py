"""The supervisor with real processes, really killed."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django_q.models import OrmQ

from candidates.models import Draft
from jobs import queue
from jobs.models import Heartbeat, Lane
from jobs.queue.broker import taken_key
from jobs.workers.processes import MANAGE
from tests.servers.redis import free_port
from tests.workers import Worker, environment, outage, running, start, until, until_dead

from .test_health_port import ask

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]


def test_the_site_is_ready_from_the_first_test_message_to_the_end(tmp_path: Path) -> None:
    anyone = Client()
    assert anyone.get("/readyz").status_code == 503

    with running(tmp_path, workers=1) as worker:
        assert anyone.get("/readyz").status_code == 200
        assert worker.heartbeat.workers == 1
        worker.process.terminate()
        assert worker.process.wait(10) == 0
        until_dead(worker.left(), patience=5)

    assert anyone.get("/readyz").status_code == 503
    assert not Heartbeat.objects.exists()


def test_whatever_dies_work_goes_on_and_nobody_is_left_over(worker: Worker) -> None:
    _, monitor, pusher = worker.parts()
    _kill(pusher, worker)
    assert worker.heartbeat.restarts == 0
    # These two die with the lock of their queue, which only a restart frees, if they wait for it.
    _kill(monitor, worker)
    assert worker.heartbeat.restarts <= 1
    (child, _), _, _ = worker.parts()
    _kill(child, worker)
    restarts = worker.heartbeat.restarts
    _kill(worker.sentinel, worker)
    _kill(worker.main, worker)

    assert worker.heartbeat.restarts == restarts + 2
    assert len(worker.left()) == 7  # supervisor, main, sentinel, two workers, monitor, pusher


def _kill(victim: psutil.Process, worker: Worker) -> None:
    family = [victim, *victim.children(recursive=True)]
    victim.kill()
    until_dead(family, patience=10)
    worker.wait_for_messages()


def test_a_cluster_that_looks_alive_and_is_not_is_replaced(worker: Worker) -> None:
    """Killing the idle workers leaves the lock of their queue taken for ever: nobody gets work."""
    worker.wait_for_messages(1)  # it looks for three of them from then on
    before = [worker.main, *worker.main.children(recursive=True)]
    # Stopped first, so that whoever holds the lock cannot pass it on between two kills.
    idle, _, _ = worker.parts()
    for each in idle:
        each.suspend()
    for each in idle:
        each.kill()

    until(lambda: worker.heartbeat.restarts == 1, "another cluster", patience=30)
    until_dead(before, patience=10)
    worker.wait_for_messages(1)
    assert "the cluster is replaced: canary_missing (seconds=" in worker.output


def test_the_lane_of_a_dead_worker_is_free_before_its_lease_ends(
    worker: Worker, draft: Draft
) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    rows = [Lane.objects.create(draft=draft) for _ in range(2)]
    for row, pid in zip(rows, (dead.pid, os.getpid()), strict=True):
        Lane.objects.all().claim(row.pk, uuid4(), worker.heartbeat.pk, pid)
    Lane.objects.all().update(due_at=Now() + timedelta(hours=1))

    until(lambda: not Lane.objects.filter(pk=rows[0].pk).exists(), "the sweep", patience=20)
    assert Lane.objects.filter(pk=rows[1].pk).running().exists()


@pytest.fixture
def message(worker: Worker) -> Heartbeat:
    """A message which the worker's cluster takes and never comes to; it makes this row sing."""
    for each in worker.parts()[0]:
        each.suspend()
    row = Heartbeat.objects.create(host="sings when asked", pid=1, workers=1)
    queue.send("canary", row.pk)
    until(lambda: OrmQ.objects.filter(key=taken_key(worker.heartbeat.pk)).exists(), "taken")
    return row


def test_what_a_dead_cluster_had_taken_the_next_one_does(
    worker: Worker, message: Heartbeat
) -> None:
    worker.main.kill()

    until(lambda: _has_come(message), "the message", patience=30)
    until(lambda: not OrmQ.objects.filter(key=taken_key(worker.heartbeat.pk)).exists())


def test_what_a_lost_supervisor_had_taken_another_does(
    worker: Worker, message: Heartbeat, tmp_path: Path
) -> None:
    worker.process.kill()
    worker.process.wait()
    Heartbeat.objects.update(seen_at=Now() - timedelta(minutes=1))

    with running(tmp_path, workers=1):
        until(lambda: _has_come(message), "the message", patience=30)


def _has_come(row: Heartbeat) -> bool:
    row.refresh_from_db()
    return row.canary_at is not None


def test_a_killed_supervisor_leaves_nobody_behind(worker: Worker) -> None:
    assert len(worker.left()) == 7
    worker.process.kill()
    worker.process.wait()

    until_dead(worker.left(), patience=5)


def test_a_host_is_drained_and_takes_work_again(worker: Worker) -> None:
    main = worker.main
    Heartbeat.objects.filter(pid=worker.pid).update(draining=True)

    until_dead([main, *main.children(recursive=True)], patience=20)
    until(lambda: worker.heartbeat.stopping, "the host to say so")
    assert not Heartbeat.objects.alive().exists()
    queue.send("canary", worker.heartbeat.pk)
    before = worker.heartbeat.seen_at
    until(lambda: worker.heartbeat.seen_at > before, "a sign of life")
    assert OrmQ.objects.count() == 1

    Heartbeat.objects.filter(pid=worker.pid).update(draining=False)
    until(Heartbeat.objects.alive().exists, "work to be taken again", patience=30)
    assert worker.heartbeat.restarts == 0


def test_it_stops_when_its_whole_group_is_asked(worker: Worker) -> None:
    os.killpg(worker.pid, signal.SIGTERM)

    assert worker.process.wait(10) == 0
    until_dead(worker.left(), patience=5)
    assert not Heartbeat.objects.exists()


def test_a_cluster_that_will_not_stop_and_does_nothing_is_not_waited_for(tmp_path: Path) -> None:
    with running(tmp_path, workers=1, grace=600.0) as worker:
        worker.sentinel.suspend()
        worker.process.terminate()

        assert worker.process.wait(30) == 0
        until_dead(worker.left(), patience=5)


@pytest.mark.parametrize("again", [False, True], ids=["at its deadline", "at a second signal"])
def test_a_stop_with_work_in_hand_cuts_it_off(tmp_path: Path, draft: Draft, *, again: bool) -> None:
    with running(tmp_path, workers=1, grace=600.0 if again else 1.0) as worker:
        worker.sentinel.suspend()
        lane = Lane.objects.create(draft=draft)
        Lane.objects.all().claim(lane.pk, uuid4(), worker.heartbeat.pk, pid=1)
        Lane.objects.all().update(due_at=Now() + timedelta(hours=1))
        worker.process.terminate()
        if again:
            until(lambda: worker.heartbeat.stopping, "lanes are told to hand over")
            worker.process.terminate()

        assert worker.process.wait(15) == 0
        until_dead(worker.left(), patience=5)
        assert "work in hand was cut off" in worker.output
    assert (
        Lane.objects.all().lost().exists() or not Lane.objects.exists()
    )  # free for the sweep at once


def test_an_outage_of_the_database_is_sat_out(worker: Worker) -> None:
    before = {each.pid for each in (worker.main, worker.sentinel)}
    with outage():
        until(lambda: "watchdog: the database does not answer" in worker.output)
        until(lambda: "broker: the queue cannot be read" in worker.output)
    worker.wait_for_messages()

    assert worker.heartbeat.restarts == 0
    assert {each.pid for each in (worker.main, worker.sentinel)} == before
    assert worker.output.count("watchdog: the database does not answer") == 1
    assert worker.output.count("the database answers again") == 1


def test_a_database_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    with ExitStack() as stack:
        with outage():
            worker = start(tmp_path, workers=1, beat=1.5)
            stack.callback(worker.close)
            until(lambda: "watchdog: the database does not answer yet" in worker.output)

        worker.wait_until_alive()


def test_a_database_that_does_not_come_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jobs.management.commands.worker.DATABASE_SECONDS", 0.3)
    connection.close()  # as a worker starts; another test may have left it open
    with outage(), pytest.raises(CommandError, match="DATABASE_URL is right"):
        call_command("worker")


def test_it_says_how_the_workers_are_on_a_port_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("WORKER_PORT", str(port))
    with running(tmp_path, workers=1, beat=1.5) as worker:
        until(lambda: ask(port) == (200, "ok\n"))
        with outage():
            until(lambda: ask(port)[0] == 503)
            assert ask(port)[1].startswith("The database does not answer. Start PostgreSQL")
        until(lambda: ask(port) == (200, "ok\n"))
        second = subprocess.run(
            [sys.executable, str(MANAGE), "worker"],
            env={**os.environ, **environment(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 1
        assert f"WORKER_PORT is {port}, which cannot be had: Address already" in second.stderr
        assert worker.process.poll() is None


def test_a_heartbeat_that_somebody_deleted_comes_back(worker: Worker) -> None:
    own = worker.heartbeat.pk
    Heartbeat.objects.all().delete()

    until(lambda: Heartbeat.objects.filter(pk=own).exists(), "the heartbeat")
    worker.wait_for_messages()
    assert worker.heartbeat.restarts == 0


def test_rows_of_supervisors_long_gone_are_removed(
    worker_env: dict[str, str], tmp_path: Path
) -> None:
    old = Heartbeat.objects.create(host="gone", pid=1, workers=4)
    recent = Heartbeat.objects.create(host="silent", pid=2, workers=4)
    Heartbeat.objects.filter(pk=old.pk).update(seen_at=Now() - timedelta(hours=25))
    with running(tmp_path, workers=1) as worker:
        hosts = set(Heartbeat.objects.values_list("pk", flat=True))
        assert hosts == {recent.pk, worker.heartbeat.pk}


GIVE_UP = """
import sys
import django
django.setup()
from jobs.workers import supervisor
supervisor.RESTART_DELAYS = (0.0,)
class NeverStarts(supervisor.Supervisor):
    COMMAND = ("/bin/false",)
sys.exit(NeverStarts(workers=1, grace=1.0).run())
"""


def test_it_gives_up_on_a_cluster_that_never_starts(worker_env: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GIVE_UP],
        env={**os.environ, **worker_env},
        cwd=MANAGE.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.count("gave up after 10 restarts") == 1
    assert not Heartbeat.objects.exists()


ADOPT = """
import ctypes, os, time
from jobs.workers.processes import reap_adopted
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: what is left behind comes to us
def fork(then):
    child = os.fork()
    if not child:
        then()
        os._exit(0)
    return child
r, w = os.pipe()
os.waitpid(fork(lambda: fork(lambda: os.write(w, str(os.getpid()).encode()))), 0)
orphan = int(os.read(r, 20))
while os.path.exists(f"/proc/{orphan}"):
    reap_adopted()
kept = fork(lambda: None)
os.waitid(os.P_PID, kept, os.WEXITED | os.WNOWAIT)
reap_adopted(kept)
os.waitpid(kept, 0)
reap_adopted()
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux hands orphans to another process")
def test_adopted_dead_are_cleared_away_and_no_others() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ADOPT],
        cwd=MANAGE.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("done\n", "")
