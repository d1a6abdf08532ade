"""What staff may do with a job: its place in the queue, a fresh lane, a résumé taken out."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django_q.models import OrmQ

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Draft, Evaluation, Event
from candidates.models.analysis import EvaluationStatus
from jobs.execution import control, pause, submit
from jobs.execution.turn import Turn
from jobs.models import Job, Lane
from jobs.models.job import Priority
from jobs.queue.broker import first_key, later_key
from tests.makers import rows
from tests.reasons import raises_saying
from tests.workers_here import work_off

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]


@pytest.fixture
def job(draft: Draft) -> Job:
    rows.candidate(draft)
    return submit.submit(draft, draft.owner, mode="none")


def _verbs(job: Job) -> list[tuple[str, str, dict[str, Any]]]:
    events = Event.objects.filter(about=job.public_id, actor__isnull=False)
    return list(events.values_list("verb", "actor__username", "params"))


def test_a_priority_moves_what_waits_for_the_job(job: Job, sam: User) -> None:
    before = Lane.objects.get()

    assert control.prioritise(job, sam, 1)

    assert Job.objects.get().priority == Priority.HIGH
    assert Lane.objects.get().pk != before.pk
    assert OrmQ.objects.filter(key=first_key()).count() == 1
    assert not control.prioritise(job, sam, 1)

    assert control.prioritise(job, sam, -1) and control.prioritise(job, sam, -1)
    assert not control.prioritise(job, sam, -1)
    assert OrmQ.objects.filter(key=later_key()).count() == 1
    assert [verb for verb in _verbs(job) if "priority" in verb[0]] == [
        ("priority_raised", "sam", {"priority": 1}),
        ("priority_lowered", "sam", {"priority": 0}),
        ("priority_lowered", "sam", {"priority": -1}),
    ]


def test_a_large_job_of_high_priority_makes_room_for_nobody(job: Job, sam: User) -> None:
    Job.objects.update(priority=Priority.HIGH)
    OrmQ.objects.all().delete()

    submit.add_lane(job.analysis.draft_id, Job.objects.get(), later=True)

    assert OrmQ.objects.get().key == first_key()


def test_of_jobs_that_wait_for_a_guest_the_one_of_high_priority_goes_first(
    job: Job, sam: User, alice: User
) -> None:
    other = Draft.objects.create(owner=alice, title="Another", description="Runs it all.")
    rows.candidate(other)
    second = submit.submit(other, alice, mode="none")
    Lane.objects.update(created_at="2020-01-01T00:00Z")
    turn = Turn(Lane.objects.get(job=job), uuid4())

    assert list(turn._guests()) == [Lane.objects.get(job=job).pk]
    Job.objects.filter(pk=second.pk).update(priority=Priority.HIGH)
    assert list(turn._guests()) == [Lane.objects.get(job=second).pk]
    Job.objects.update(priority=Priority.LOW)
    assert list(turn._guests()) == []


def test_a_job_that_is_over_has_no_place_in_the_queue(job: Job, sam: User) -> None:
    work_off()

    assert not control.prioritise(job, sam, 1)
    assert not control.requeue(job, sam)
    assert not Lane.objects.exists()


def test_a_job_whose_lane_is_lost_gets_another(job: Job, sam: User) -> None:
    Lane.objects.all().delete()
    OrmQ.objects.all().delete()

    assert control.requeue(job, sam)
    work_off()

    assert ("requeued", "sam", {}) in _verbs(job)
    assert Job.objects.get().status == "completed"


def test_a_job_that_is_worked_on_or_paused_is_not_sent_again(job: Job, sam: User) -> None:
    lane = Lane.objects.get()
    Lane.objects.all().claim(lane.pk, uuid4(), None, 1)
    assert not control.requeue(job, sam)

    assert pause.pause_job(job, sam)
    Lane.objects.all().delete()
    assert not control.requeue(job, sam)
    assert not Lane.objects.exists()


def test_a_resume_that_stops_workers_is_taken_out_whoever_has_it(job: Job, sam: User) -> None:
    rows.candidate(job.analysis.draft, 2)
    Evaluation.objects.enrol(job.analysis)
    bad, good = Evaluation.objects.order_by("pk")
    token = uuid4()
    Evaluation.objects.filter(pk=bad.pk).update(
        status=EvaluationStatus.SCORING, token=token, attempts=2
    )

    assert not control.skip_evaluation(good, sam)
    assert control.skip_evaluation(bad, sam)
    assert not control.skip_evaluation(bad, sam)

    bad.refresh_from_db()
    assert bad.status == EvaluationStatus.FAILED
    assert bad.error == Reason(FailureCode.REMOVED_BY_STAFF)
    assert ("resume_skipped", "sam", {"evaluation": str(bad.public_id)}) in _verbs(job)
    work_off()
    assert Job.objects.get().status == "completed"


def test_a_retry_by_staff_is_its_owners_job_and_their_act(job: Job, alice: User, sam: User) -> None:
    work_off()
    with raises_saying(submit.CannotRun, "No résumé of it has failed"):
        submit.retry(job, alice, only_failed=True, by=sam)
    Evaluation.objects.update(**rows.failure())

    again = submit.retry(job, alice, only_failed=True, by=sam)

    assert again.requested_by == alice
    assert _verbs(again) == [("retried", "sam", {"failed": 1})]
