"""One answer to which hosts are alive, at each place that asks."""

import os
import subprocess
import sys
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from candidates.models import Draft
from evaluator import doctor
from jobs.models import Heartbeat, Incident, IncidentKind, Lane, RunningTask
from jobs.monitoring import overview, problems
from jobs.workers.watchdog import Watchdog


@pytest.fixture
def host(db: None) -> Heartbeat:
    """An old host in good health."""
    host = Heartbeat.objects.create(host="one", pid=1, workers=2, canary_at=timezone.now())
    change(host, started_at=600)
    return host


def change(host: Heartbeat, **ages: float) -> None:
    """Let these times lie so many seconds back."""
    times = {name: Now() - timedelta(seconds=age) for name, age in ages.items()}
    Heartbeat.objects.filter(pk=host.pk).update(**times)


def state() -> str:
    """What all that ask say together; they must agree."""
    hosts = Heartbeat.objects.all()
    is_alive, is_silent, is_wedged = (
        chosen.exists() for chosen in (hosts.alive(), hosts.silent(), hosts.wedged())
    )
    names = {problem.name for problem in problems.system_problems()}
    (row,) = overview.host_states(overview.system_state().now)
    assert row.is_visible != is_silent
    assert bool(list(doctor.workers())) != is_alive
    assert Heartbeat.objects.workers() == (2 if is_alive else 0)
    assert ("wedged" in names) == is_wedged
    assert ("no-worker" in names) == is_silent
    assert is_alive + is_silent + is_wedged <= 1
    if is_alive:
        return "alive"
    return "silent" if is_silent else "wedged" if is_wedged else "starting"


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        ({}, "alive"),
        ({"seen_at": 3}, "alive"),
        ({"seen_at": 9}, "silent"),
        ({"canary_at": 6}, "alive"),
        ({"canary_at": 12}, "wedged"),
        ({"canary_at": 12, "seen_at": 9}, "silent"),
        ({"canary_at": 300, "busy_at": 1}, "alive"),
        ({"canary_at": 300, "busy_at": 12}, "wedged"),
        ({"canary_at": 300, "busy_at": 1, "seen_at": 9}, "silent"),
    ],
)
def test_all_give_the_same_answer(host: Heartbeat, ages: dict[str, float], expected: str) -> None:
    change(host, **ages)

    assert state() == expected


def test_a_host_is_starting_until_its_first_test_message(host: Heartbeat) -> None:
    Heartbeat.objects.update(canary_at=None)
    change(host, started_at=15)
    assert state() == "starting"

    change(host, started_at=31)
    assert state() == "wedged"


def test_workers_that_were_replaced_are_starting(host: Heartbeat) -> None:
    change(host, canary_at=20)
    Incident.objects.create(
        host="one",
        heartbeat=host.pk,
        kind=IncidentKind.WORKERS,
        reason_code="canary_missing",
        reason_params={"seconds": 15},
    )

    assert state() == "starting"


def test_a_lane_keeps_a_test_message_waiting(host: Heartbeat, draft: Draft) -> None:
    change(host, canary_at=300)
    lane = {"token": uuid4(), "started_at": Now(), "due_at": Now() + timedelta(seconds=15)}
    Lane.objects.create(draft=draft, worker=host, **lane)

    assert state() == "alive"


@pytest.mark.parametrize(
    ("seconds_left", "expected"), [(60, "alive"), (-1, "wedged")], ids=["in time", "past its time"]
)
def test_a_running_task_keeps_one_waiting_until_its_time_is_up(
    host: Heartbeat, seconds_left: int, expected: str
) -> None:
    change(host, canary_at=300)
    due_at = Now() + timedelta(seconds=seconds_left)
    RunningTask.objects.create(worker=host, pid=1, name="suggest", due_at=due_at)

    assert state() == expected
    assert host.is_busy == (expected == "alive")


def test_a_sign_of_life_tells_whether_work_is_in_hand(host: Heartbeat) -> None:
    hosts = Heartbeat.objects.filter(pk=host.pk)
    assert hosts.note_life()
    assert hosts.get().busy_at is None

    due_at = Now() + timedelta(seconds=60)
    RunningTask.objects.create(worker=host, pid=1, name="suggest", due_at=due_at)
    assert hosts.note_life()
    busy_at = hosts.get().busy_at
    assert busy_at is not None

    RunningTask.objects.all().delete()
    assert hosts.note_life()
    assert hosts.get().busy_at == busy_at


def test_a_task_of_one_host_says_nothing_about_another(host: Heartbeat) -> None:
    other = Heartbeat.objects.create(host="two", pid=2, workers=1)
    change(host, canary_at=300)
    due_at = Now() + timedelta(seconds=60)
    RunningTask.objects.create(worker=other, pid=1, name="deliver", due_at=due_at)

    assert list(Heartbeat.objects.wedged()) == [host]
    assert not host.is_busy and other.is_busy


def test_a_task_has_its_row_while_it_runs_and_not_longer(
    host: Heartbeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALUATOR_SUPERVISOR", str(host.pk))

    with (
        pytest.raises(ZeroDivisionError),
        RunningTask.objects.record("deliver", timedelta(minutes=2)),
    ):
        row = host.running_tasks.running().get()
        assert (row.pid, row.name) == (os.getpid(), "deliver")
        1 / 0  # noqa: B018

    assert not RunningTask.objects.exists()


@pytest.mark.parametrize("supervisor", ["", "987654"], ids=["none", "one whose row is gone"])
def test_a_task_without_a_known_supervisor_has_no_row(
    db: None, monkeypatch: pytest.MonkeyPatch, supervisor: str
) -> None:
    monkeypatch.setenv("EVALUATOR_SUPERVISOR", supervisor or "0")

    with RunningTask.objects.record("deliver", timedelta(minutes=2)):
        assert not RunningTask.objects.exists()


@pytest.mark.processes
def test_tasks_of_dead_processes_are_ended(host: Heartbeat) -> None:
    watchdog = Watchdog(workers=2)
    watchdog.heartbeat = host
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for pid in (dead.pid, os.getpid()):
        due_at = Now() + timedelta(minutes=2)
        RunningTask.objects.create(worker=host, pid=pid, name="describe", due_at=due_at)

    watchdog._free_work_of_dead_processes()
    assert list(RunningTask.objects.values_list("pid", flat=True)) == [os.getpid()]
    assert watchdog.are_busy()

    watchdog._requeue()  # as when the whole cluster is dead
    assert not RunningTask.objects.exists() and not watchdog.are_busy()


def test_a_host_that_stops_is_not_alive(host: Heartbeat, client: Client) -> None:
    Heartbeat.objects.update(stopping=True)

    assert not Heartbeat.objects.alive().exists()
    assert not Heartbeat.objects.wedged().exists()
    assert client.get("/readyz").status_code == 503
