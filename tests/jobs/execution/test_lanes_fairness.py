"""Who gets a worker when there are too few: nobody waits for a large job to end."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from candidates.models import Draft, Evaluation
from candidates.models.analysis import EvaluationQuerySet, EvaluationStatus
from jobs.execution import pause, submit, turn
from jobs.models import Halt, Heartbeat, Job, JobStatus, Lane
from jobs.workers.sweep import sweep
from tests import workers_here
from tests.makers import rows
from tests.reasons import raises_saying
from tests.servers.model import ModelServer, rated
from tests.workers import until
from tests.workers_here import work_off

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]

NEVER = 3_600.0  # seconds; a test that waited so long would be ended by its timeout


@pytest.fixture
def other(alice: User) -> Draft:
    return Draft.objects.create(owner=alice, title="Small role", description="Python")


def several(draft: Draft, number: int) -> None:
    for each in range(number):
        rows.candidate(draft, each, text=f"{draft.title}, Python, the {each}th time over")


def in_the_middle(model: ModelServer, at: int, do: Callable[[], object]) -> None:
    """Have `do` happen when the server gets its `at`th request."""

    done: list[bool] = []

    def script(request: dict[str, Any]) -> Any:
        if len(model.requests) >= at and not done:
            done.append(True)
            do()
            connections.close_all()
        return replace(rated(request), seconds=0.02)

    model.script = [script]


@pytest.mark.slow
def test_a_job_that_comes_while_all_are_busy_is_let_in_as_a_guest(
    alice: User,
    draft: Draft,
    other: Draft,
    model: ModelServer,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turn, "GUEST_WAIT", turn.GUEST_WAIT * 0)
    settings.EVALUATOR_CONCURRENCY = 2
    several(draft, 40)
    several(other, 3)
    large = submit.submit(draft, alice, mode="none")
    in_the_middle(model, 6, lambda: submit.submit(other, alice, mode="none"))

    workers_here.score(Lane.objects.get().pk)  # one worker, one lane of the large job

    small = Job.objects.exclude(pk=large.pk).get()
    large.refresh_from_db()
    assert (small.status, large.status) == (JobStatus.COMPLETED, JobStatus.COMPLETED)
    assert small.completed_at is not None and large.completed_at is not None
    assert small.completed_at < large.completed_at
    last_of_small = max(
        number
        for number, request in enumerate(model.requests)
        if "Small role" in str(request["messages"])
    )
    assert last_of_small < 20  # of 43
    assert large.analysis.tally()[EvaluationStatus.SCORED] == 40


@pytest.mark.slow
def test_a_guest_makes_room_after_a_moment_and_goes_on_later(
    alice: User,
    draft: Draft,
    other: Draft,
    model: ModelServer,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turn, "GUEST_WAIT", turn.GUEST_WAIT * 0)
    monkeypatch.setattr(turn, "GUEST_SECONDS", 0.0)
    settings.EVALUATOR_CONCURRENCY = 2
    several(draft, 12)
    several(other, 9)
    submit.submit(draft, alice, mode="none")
    in_the_middle(model, 4, lambda: submit.submit(other, alice, mode="none"))

    workers_here.score(Lane.objects.order_by("pk")[0].pk)
    small = Job.objects.get(analysis__draft=other)
    assert small.is_open
    work_off()

    assert set(Job.objects.values_list("status", flat=True)) == {JobStatus.COMPLETED}
    assert len(model.requests) == 21


def test_a_cancel_takes_effect_within_a_second_in_the_middle_of_a_slice(
    alice: User, draft: Draft, model: ModelServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "CHECK_SECONDS", 0.4)  # as it is outside of tests
    settings.EVALUATOR_CONCURRENCY = 4
    several(draft, 12)
    job = submit.submit(draft, alice, mode="none")
    cancelled: list[bool] = []  # by each request that comes before the cancel is done

    def script(request: dict[str, Any]) -> Any:
        if len(model.requests) >= 5 and not cancelled:
            cancelled.append(submit.cancel(job, alice))
            connections.close_all()
        return replace(rated(request), seconds=0.0 if len(model.requests) < 5 else NEVER)

    model.script = [script]
    work_off()

    # Nobody waited for the answers still in flight.
    assert any(cancelled)
    tally = job.analysis.tally()
    assert 0 < tally[EvaluationStatus.SCORED] <= 4
    assert not job.analysis.evaluations.unranked().exists()
    assert len(model.requests) <= 8


@pytest.mark.slow
def test_a_cancel_does_not_wait_until_a_guest_has_left(
    alice: User,
    draft: Draft,
    other: Draft,
    model: ModelServer,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turn, "GUEST_WAIT", turn.GUEST_WAIT * 0)
    settings.EVALUATOR_CONCURRENCY = 2
    several(draft, 40)
    several(other, 5)
    large = submit.submit(draft, alice, mode="none")
    held: list[int] = []
    answered: list[int] = []  # of the guest's calls
    held_rows = large.analysis.evaluations.filter(status=EvaluationStatus.SCORING)
    numbers, guests = count(1), count(1)

    def script(request: dict[str, Any]) -> Any:
        number = next(numbers)  # several come at once
        try:
            if number == 6:
                submit.submit(other, alice, mode="none")
            if "Small role" not in str(request["messages"]):
                if number == 7:  # else all its rows might be answered before the guest calls
                    until(lambda: held, "the guest's first call")
                return replace(rated(request), seconds=0.02)
            guest = next(guests)
            held.append(held_rows.count())
            if guest == 1:  # after the count, so that nothing is released before
                submit.cancel(large, alice)
            until(lambda: not held_rows.exists(), "release of the host's rows")
            answered.append(guest)
            return replace(rated(request), seconds=0.02)
        finally:
            connections.close_all()

    model.script = [script]
    workers_here.score(Lane.objects.get().pk)

    # No call of the guest was answered before the rows of the cancelled job were released.
    assert held[0] and not held[-1]
    assert sorted(answered) == [1, 2, 3, 4, 5]
    assert Job.objects.get(analysis__draft=other).status == JobStatus.COMPLETED
    asked = [request for request in model.requests if "Small role" not in str(request["messages"])]
    tally = large.analysis.tally()
    assert tally[EvaluationStatus.SCORED] >= len(asked) - 2
    assert not large.analysis.evaluations.filter(status=EvaluationStatus.SCORING).exists()
    assert not large.analysis.evaluations.unranked().exists()


@pytest.mark.slow
def test_a_stop_waits_once_for_the_answers_of_a_guest_and_its_host(
    alice: User,
    draft: Draft,
    other: Draft,
    model: ModelServer,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turn, "GUEST_WAIT", turn.GUEST_WAIT * 0)
    monkeypatch.setattr(turn, "STOP_DRAIN_SECONDS", 1.0)
    here = Heartbeat.objects.create(host="here", pid=1, workers=1)
    monkeypatch.setenv("EVALUATOR_SUPERVISOR", str(here.pk))
    settings.EVALUATOR_CONCURRENCY = 4
    several(draft, 40)
    several(other, 1)
    submit.submit(draft, alice, mode="none")
    numbers = count(1)

    def script(request: dict[str, Any]) -> Any:
        number = next(numbers)  # several come at once
        try:
            if number == 6:
                submit.submit(other, alice, mode="none")
            if "Small role" in str(request["messages"]):
                Heartbeat.objects.update(stopping=True)
                return replace(rated(request), seconds=NEVER)
            return replace(rated(request), seconds=NEVER if number == 7 else 0.02)
        finally:
            connections.close_all()

    model.script = [script]
    workers_here.score(Lane.objects.get().pk)

    assert not Evaluation.objects.filter(status=EvaluationStatus.SCORING).exists()
    assert Lane.objects.filter(job__analysis__draft=draft).count() == 1
    assert Lane.objects.filter(job__analysis__draft=other).count() == 1


def test_once_one_is_scored_anew_no_turn_looks_for_known_scores_in_all_that_wait(
    alice: User,
    draft: Draft,
    model: ModelServer,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.EVALUATOR_CONCURRENCY = 1
    several(draft, 6)
    looks: list[str] = []
    reusable = EvaluationQuerySet.reusable

    def look(rows: EvaluationQuerySet, *values: Any) -> EvaluationQuerySet:
        looks.append("look")
        return reusable(rows, *values)

    monkeypatch.setattr(EvaluationQuerySet, "reusable", look)
    job = submit.submit(draft, alice, mode="none")
    in_the_middle(model, 3, lambda: pause.pause_job(job, alice))
    work_off()
    assert looks == ["look"]
    assert job.analysis.evaluations.filter(status=EvaluationStatus.SCORED).exists()

    assert pause.resume_job(job, alice)
    work_off()

    assert looks == ["look"]
    assert Job.objects.get().status == JobStatus.COMPLETED


@pytest.mark.slow
def test_while_the_queue_is_halted_no_lane_goes_on_and_then_all_do(
    alice: User, draft: Draft, other: Draft, model: ModelServer, settings: Any
) -> None:
    settings.EVALUATOR_CONCURRENCY = 2
    several(draft, 8)
    several(other, 2)
    submit.submit(draft, alice, mode="none")
    submit.submit(other, alice, mode="none")
    in_the_middle(model, 3, lambda: pause.halt_queue(alice, "The model server moves."))

    for _ in range(3):
        for lane in list(Lane.objects.filter(started_at=None)):
            workers_here.score(lane.pk)
        sweep()
    asked = len(model.requests)
    assert 3 <= asked < 10
    assert Halt.objects.get().by == alice
    assert not pause.halt_queue(alice, "Again.")

    assert pause.lift_halt(alice)
    assert not pause.lift_halt(alice)
    work_off()
    assert len(model.requests) == 10
    assert set(Job.objects.values_list("status", flat=True)) == {JobStatus.COMPLETED}


def test_one_press_is_one_job_however_often_the_form_arrives(
    alice: User, draft: Draft, other: Draft
) -> None:
    several(draft, 1)
    several(other, 1)
    key = draft.public_id
    first = submit.submit(draft, alice, key=key)
    assert submit.submit(draft, alice, key=key) == first
    work_off()
    assert submit.submit(draft, alice, key=key) == first  # posted again when it was over

    assert submit.submit(draft, alice) != first
    with raises_saying(submit.CannotRun, "another draft"):
        submit.submit(other, alice, key=key)
