"""Slow answers: a lane waits for them, sees to others meanwhile, and repeats no call."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connections

from candidates.models import Call, Candidate, Draft, Evaluation
from candidates.models.analysis import EvaluationStatus
from candidates.models.call import CallStatus
from candidates.models.candidate import CandidateStatus
from jobs.execution import submit, turn
from jobs.models import Heartbeat, Job, JobStatus, Lane
from jobs.models.job import Priority
from tests import workers_here
from tests.makers import rows
from tests.servers.model import ModelServer, error, rated
from tests.workers import until
from tests.workers_here import work_off

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("impatient"),
    pytest.mark.slow,
]

NEVER = 3_600.0  # seconds; a test that waited so long would be ended by its timeout


@pytest.fixture
def other(alice: User) -> Draft:
    return Draft.objects.create(owner=alice, title="Small role", description="Python")


@pytest.fixture
def short_turns(model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first turn waits for its answers as soon as a call has come, and lets others in."""
    usual = turn.Turn._is_long_enough
    first: list[turn.Turn] = []

    def is_long_enough(current: turn.Turn, now: float) -> bool:
        if not first:
            first.append(current)
        return bool(model.requests) if current is first[0] else usual(current, now)

    monkeypatch.setattr(turn.Turn, "_is_long_enough", is_long_enough)
    monkeypatch.setattr(turn, "ADMIT_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(turn, "GUEST_WAIT", turn.GUEST_WAIT * 0)


def several(draft: Draft, number: int) -> None:
    for each in range(number):
        rows.candidate(draft, each, text=f"{draft.title}, Python, the {each}th time over")


def is_about(draft: Draft, request: dict[str, Any]) -> bool:
    return draft.title in str(request["messages"])


def in_its_own_connection(act: Callable[[], object]) -> None:
    try:
        act()
    finally:
        connections.close_all()


def assert_none_repeated(model: ModelServer, calls: int) -> None:
    assert len(model.requests) == calls
    assert (
        Counter(str(request["messages"][-1]) for request in model.requests).most_common(1)[0][1]
        == 1
    )
    assert Call.objects.filter(status=CallStatus.ANSWERED).count() == calls


@pytest.mark.usefixtures("short_turns")
def test_the_end_of_a_turn_cuts_off_no_call(
    alice: User, draft: Draft, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "DRAIN_SECONDS", 0.1, raising=False)  # as it was cut off before
    several(draft, 3)
    job = submit.submit(draft, alice, mode="none")
    model.script = [lambda request: replace(rated(request), seconds=1.0)]

    work_off()

    assert Job.objects.get(pk=job.pk).status == JobStatus.COMPLETED
    assert_none_repeated(model, 3)


def test_a_guest_with_slow_calls_repeats_none_and_its_host_gets_its_own_meanwhile(
    alice: User,
    draft: Draft,
    other: Draft,
    model: ModelServer,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turn, "GUEST_WAIT", turn.GUEST_WAIT * 0)
    monkeypatch.setattr(turn, "GUEST_SECONDS", 0.0)
    monkeypatch.setattr(turn, "STOP_DRAIN_SECONDS", 0.2)  # after which a guest was cut off before
    settings.EVALUATOR_CONCURRENCY = 4
    several(draft, 12)
    several(other, 2)
    large = submit.submit(draft, alice, mode="none")
    scored = large.analysis.evaluations.filter(status=EvaluationStatus.SCORED)

    numbers = count(1)

    def script(request: dict[str, Any]) -> Any:
        number = next(numbers)  # several come at once
        if is_about(other, request):
            # The host has no other moment than this to have its answers written, and to go on.
            in_its_own_connection(lambda: until(lambda: scored.count() == 12, "all of the host's"))
            return rated(request)
        if number == 3:
            in_its_own_connection(lambda: submit.submit(other, alice, mode="none"))
        return replace(rated(request), seconds=0.1)

    model.script = [script]
    workers_here.score(Lane.objects.get().pk)
    work_off()

    assert set(Job.objects.values_list("status", flat=True)) == {JobStatus.COMPLETED}
    assert_none_repeated(model, 14)


@pytest.mark.usefixtures("short_turns")
def test_while_a_lane_waits_for_a_slow_answer_another_job_is_done(
    alice: User, draft: Draft, other: Draft, model: ModelServer
) -> None:
    several(draft, 1)
    several(other, 3)
    slow = submit.submit(draft, alice, mode="none")

    def is_done() -> bool:
        return Job.objects.filter(analysis__draft=other, status=JobStatus.COMPLETED).exists()

    def script(request: dict[str, Any]) -> Any:
        if is_about(draft, request):
            in_its_own_connection(lambda: submit.submit(other, alice, mode="none"))
            in_its_own_connection(lambda: until(is_done, "the other job"))
        return rated(request)

    model.script = [script]
    workers_here.score(Lane.objects.get().pk)

    assert Job.objects.get(pk=slow.pk).status == JobStatus.COMPLETED
    assert_none_repeated(model, 4)


@pytest.mark.usefixtures("short_turns")
def test_a_lane_that_waits_works_on_what_is_left_of_its_own_job(
    alice: User, draft: Draft, model: ModelServer, settings: LazySettings
) -> None:
    settings.EVALUATOR_CONCURRENCY = 2
    several(draft, 12)
    job = submit.submit(draft, alice, mode="none")
    scored = job.analysis.evaluations.filter(status=EvaluationStatus.SCORED)

    numbers = count(1)

    def script(request: dict[str, Any]) -> Any:
        if next(numbers) == 1:
            in_its_own_connection(lambda: until(lambda: scored.count() == 11, "all others"))
        return replace(rated(request), seconds=0.1)

    model.script = [script]
    workers_here.score(Lane.objects.get().pk)
    work_off()

    assert Job.objects.get(pk=job.pk).status == JobStatus.COMPLETED
    assert_none_repeated(model, 12)


@pytest.mark.processes
@pytest.mark.usefixtures("short_turns")
def test_a_lane_that_waits_reads_files_for_others(
    alice: User, draft: Draft, other: Draft, model: ModelServer
) -> None:
    several(draft, 1)
    job = submit.submit(draft, alice, mode="none")

    def is_read() -> bool:
        return Candidate.objects.filter(draft=other, status=CandidateStatus.READABLE).exists()

    def script(request: dict[str, Any]) -> Any:
        in_its_own_connection(
            lambda: workers_here.upload(other, {"cv.txt": b"Ada Example\nPython since 2010."})
        )
        in_its_own_connection(lambda: until(is_read, "the reading"))
        return rated(request)

    model.script = [script]
    workers_here.score(Lane.objects.get().pk)

    assert Job.objects.get(pk=job.pk).status == JobStatus.COMPLETED
    assert_none_repeated(model, 1)


@pytest.mark.usefixtures("short_turns")
def test_a_lane_leaves_at_its_last_answer_while_its_guest_waits_for_another(
    alice: User, draft: Draft, other: Draft, model: ModelServer
) -> None:
    several(draft, 1)
    several(other, 1)
    first = submit.submit(draft, alice, mode="none")
    first_is_done = Job.objects.filter(pk=first.pk, status=JobStatus.COMPLETED)

    def script(request: dict[str, Any]) -> Any:
        if is_about(other, request):  # the guest's: after the host's answer, and its end
            in_its_own_connection(lambda: until(first_is_done.exists, "the end of the first job"))
        else:
            in_its_own_connection(lambda: submit.submit(other, alice, mode="none"))
            in_its_own_connection(
                lambda: until(lambda: len(model.requests) == 2, "the call of the guest")
            )
        return rated(request)

    model.script = [script]
    workers_here.score(Lane.objects.get().pk)

    assert set(Job.objects.values_list("status", flat=True)) == {JobStatus.COMPLETED}
    assert not Lane.objects.exists()
    assert_none_repeated(model, 2)


@pytest.mark.usefixtures("short_turns")
def test_a_stop_shortens_the_wait_that_has_begun(
    alice: User, draft: Draft, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "STOP_DRAIN_SECONDS", 0.2)
    here = Heartbeat.objects.create(host="here", pid=1, workers=1)
    monkeypatch.setenv("EVALUATOR_SUPERVISOR", str(here.pk))
    several(draft, 2)
    submit.submit(draft, alice, mode="none")
    drains: list[bool] = []
    usual: Callable[[turn.Turn], float] = vars(turn.Turn)["drain_left"].fget

    def drain_left(current: turn.Turn) -> float:
        if not drains:  # the lane waits already
            drains.append(current.is_draining)
            Heartbeat.objects.update(stopping=True)
        return usual(current)

    monkeypatch.setattr(turn.Turn, "drain_left", property(drain_left))
    model.script = [lambda request: replace(rated(request), seconds=NEVER)]

    workers_here.score(Lane.objects.get().pk)

    assert drains == [True]
    assert not Evaluation.objects.filter(status=EvaluationStatus.SCORING).exists()
    assert Lane.objects.get().started_at is None


@pytest.mark.usefixtures("short_turns")
def test_late_in_the_wait_a_call_that_failed_is_left_to_the_next_turn(
    alice: User, draft: Draft, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "REPEAT_SECONDS", 0.0)
    several(draft, 1)
    submit.submit(draft, alice, mode="none")
    model.script = [replace(error(500), seconds=1.0)]

    workers_here.score(Lane.objects.get().pk)

    assert len(model.requests) == 1
    assert Evaluation.objects.get().status == EvaluationStatus.WAITING
    assert not Call.objects.all().open().exists()


def test_the_queue_s_time_out_is_longer_than_the_longest_lane(settings: LazySettings) -> None:
    wait = turn.REPEAT_SECONDS + settings.EVALUATOR_CALL_SECONDS
    longest = turn.MAX_TURN_SECONDS + wait + settings.LANE_SLICE + wait

    assert longest < settings.LANE_TIMEOUT - turn.SPARE_SECONDS
    assert settings.Q_CLUSTER["timeout"] == settings.LANE_TIMEOUT < settings.CELERY_TASK_TIME_LIMIT


@pytest.mark.parametrize(
    ("mode", "drained_for", "has_free_slots", "admitted"),
    [
        (turn.TurnMode.WORKER, None, False, {"new"}),
        (turn.TurnMode.GUEST, None, False, set()),
        (turn.TurnMode.REQUEST, None, False, set()),
        (turn.TurnMode.REQUEST, 10.0, True, set()),
        (turn.TurnMode.WORKER, 1.0, True, set()),
        (turn.TurnMode.WORKER, 10.0, False, {"new", "low", "reading"}),
        (turn.TurnMode.WORKER, 10.0, True, {"new", "low", "begun", "reading"}),
        (turn.TurnMode.GUEST, 10.0, True, {"new", "low", "begun", "reading"}),
    ],
)
def test_which_lanes_are_admitted(
    alice: User,
    draft: Draft,
    monkeypatch: pytest.MonkeyPatch,
    mode: turn.TurnMode,
    drained_for: float | None,
    has_free_slots: bool,
    admitted: set[str],
) -> None:
    monkeypatch.setattr(turn, "GUEST_WAIT", turn.GUEST_WAIT * 0)
    own = rows.job(rows.analysis(draft, alice))
    current = turn.Turn(Lane.objects.create(draft=draft, job=own), own.public_id, mode)
    Lane.objects.all().claim(current.lane.pk, current.token, None, 1)
    names: dict[int, str] = {}
    for name in ("new", "low", "begun", "paused", "reading"):
        theirs = Draft.objects.create(owner=alice, title=name, description="Python")
        job = None
        if name != "reading":
            is_begun = name in ("begun", "paused")
            status = JobStatus.PROCESSING if is_begun else JobStatus.PENDING
            job = rows.job(rows.analysis(theirs, alice), status)
            if name == "low":
                Job.objects.filter(pk=job.pk).update(priority=Priority.LOW)
            if name == "paused":
                Job.objects.filter(pk=job.pk).pause(rows.TIMED_OUT)
        names[Lane.objects.create(draft=theirs, job=job).pk] = name
    if drained_for is not None:
        current.draining_since = current.started - drained_for
    current.has_free_slots = has_free_slots

    guests = set()
    while ids := list(current._guests()):
        guests.add(names[ids[0]])
        Lane.objects.filter(pk=ids[0]).delete()

    assert guests == admitted
