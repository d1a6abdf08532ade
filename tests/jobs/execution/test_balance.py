"""A job has as many lanes as its remaining work and the living workers are worth."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connections
from django.db.models.functions import Now
from django_q.models import OrmQ

from candidates.models import Candidate, Draft, Evaluation, FollowUp
from candidates.models.analysis import EvaluationStatus
from candidates.models.candidate import CandidateStatus
from candidates.models.followup import FollowUpKind
from jobs.execution import control, lanes, pause, submit
from jobs.execution.balance import balance, balance_jobs
from jobs.execution.turn import Turn
from jobs.models import Heartbeat, Job, Lane
from jobs.workers.sweep import sweep_lanes
from tests.makers import rows

pytestmark = pytest.mark.django_db

MANY = 200  # résumés, more than four workers take at once


def host(workers: int = 2) -> Heartbeat:
    return Heartbeat.objects.create(host="a host", pid=1, workers=workers, canary_at=Now())


def start(draft: Draft, user: User, resumes: int = MANY) -> Job:
    """A running job whose first lane is in the hands of no known host."""
    rows.candidates(draft, resumes)
    job = submit.submit(draft, user)
    turn = Turn.enter(Lane.objects.get(job=job).pk)
    assert turn is not None
    lanes.enrol(turn.job)
    return Job.objects.get(pk=job.pk)


def work(job: Job, worker: Heartbeat, lanes_taken: int = 1) -> None:
    """Have workers of the host take so many of the lanes that wait."""
    waiting = Lane.objects.filter(job=job, started_at=None).order_by("pk")
    for lane in waiting[:lanes_taken]:
        assert Lane.objects.all().claim(lane.pk, uuid4(), worker.pk, lane.pk)


def working(job: Job) -> int:
    return Lane.objects.filter(job=job).working().count()


def claim(job: Job, number: int) -> None:
    claimed = job.analysis.evaluations.all().claim(number, uuid4(), timedelta(minutes=5))
    assert len(claimed) == number


def end(job: Job, left: int) -> None:
    """Have all but so many of the job's evaluations scored."""
    ids = list(job.analysis.evaluations.order_by("-pk").values_list("pk", flat=True)[left:])
    scored = {"status": EvaluationStatus.SCORED, "score": 50, "scored_at": Now(), "token": None}
    Evaluation.objects.filter(pk__in=ids).update(**scored)


def test_a_job_starts_with_a_lane_for_each_worker(draft: Draft, alice: User) -> None:
    host(3)

    job = start(draft, alice)

    assert working(job) == OrmQ.objects.count() == 3
    assert balance() == 0


@pytest.mark.parametrize(("left", "worth"), [(1, 1), (16, 1), (17, 2), (64, 4), (65, 4)])
def test_a_lane_is_added_for_sixteen_resumes_and_no_fewer(
    draft: Draft, alice: User, left: int, worth: int
) -> None:
    job = start(draft, alice)
    end(job, left)
    host(4)

    balance()

    assert working(job) == worth


def test_a_host_that_joins_gets_lanes(draft: Draft, alice: User) -> None:
    host(2)
    job = start(draft, alice)
    assert working(job) == 2

    host(2)

    assert sweep_lanes() == 2
    assert working(job) == 4
    assert sweep_lanes() == 0


def test_a_silent_host_has_no_lanes_even_before_its_leases_end(draft: Draft, alice: User) -> None:
    gone, other = host(2), host(2)
    job = start(draft, alice)
    work(job, gone, 2)
    work(job, other)

    Heartbeat.objects.filter(pk=gone.pk).update(seen_at=Now() - timedelta(seconds=9))
    assert sweep_lanes() == 0  # one of the other host, and one of no known host
    host(2)

    assert sweep_lanes() == 2
    assert Lane.objects.filter(job=job, worker=gone).count() == 2


def test_a_worker_that_dies_is_replaced_by_another_lane(draft: Draft, alice: User) -> None:
    there = host(3)
    job = start(draft, alice)
    work(job, there, 2)
    dead = Lane.objects.filter(job=job, worker=there)[:1].get()
    Lane.objects.filter(pk=dead.pk).update(due_at=Now() - timedelta(seconds=1))

    assert sweep_lanes() == 2

    assert working(job) == 3
    assert not Lane.objects.filter(pk=dead.pk).exists()


def test_a_lane_whose_turn_breaks_off_is_replaced_at_once(draft: Draft, alice: User) -> None:
    host(1)
    rows.candidates(draft, MANY)
    submit.submit(draft, alice)
    broken = Lane.objects.get()
    turn = Turn.enter(broken.pk)
    assert turn is not None
    lanes.enrol(turn.job)

    with pytest.raises(IntegrityError), turn.released_when_broken():
        raise IntegrityError("a candidate was erased meanwhile")

    assert sweep_lanes() == 2
    assert Lane.objects.get().pk != broken.pk


def test_a_lane_that_only_waits_for_answers_is_not_counted(draft: Draft, alice: User) -> None:
    there = host(2)
    job = start(draft, alice)
    work(job, there)
    turn = Turn(Lane.objects.get(worker=there), Lane.objects.get(worker=there).token or uuid4())

    turn.leave()

    assert balance() == 1
    assert working(job) == 2
    assert Lane.objects.filter(job=job).count() == 3


def test_lanes_of_a_stopping_host_are_given_to_others(draft: Draft, alice: User) -> None:
    stopping = host(1)
    job = start(draft, alice)
    Lane.objects.update(worker=stopping)
    host(1)
    Heartbeat.objects.filter(pk=stopping.pk).update(stopping=True)

    assert balance() == 1
    assert Lane.objects.filter(job=job, started_at=None).count() == 1


def test_what_waits_for_workers_that_are_gone_is_ended(draft: Draft, alice: User) -> None:
    gone, stays = host(3), host(1)
    job = start(draft, alice)
    assert working(job) == 4
    Heartbeat.objects.filter(pk=gone.pk).delete()

    assert balance() == 3

    assert working(job) == 1
    Heartbeat.objects.filter(pk=stays.pk).delete()
    assert balance() == 0  # no worker is known: they may all be starting


def test_the_last_lane_waits_for_a_worker(draft: Draft, alice: User) -> None:
    host(1)
    job = start(draft, alice)
    Lane.objects.update(started_at=None, token=None)

    assert balance() == 0
    assert working(job) == 1


def test_rows_in_other_hands_or_put_off_are_worth_no_lane(draft: Draft, alice: User) -> None:
    job = start(draft, alice)
    claim(job, MANY // 2)
    job.analysis.evaluations.filter(status=EvaluationStatus.WAITING).update(
        due_at=Now() + timedelta(minutes=1)
    )
    host(4)
    assert balance() == 0

    job.analysis.evaluations.all().make_due()

    assert balance() == 3
    assert working(job) == 4


def test_files_that_are_not_read_yet_are_work(draft: Draft, alice: User) -> None:
    job = start(draft, alice)
    unread = {"status": CandidateStatus.WAITING, "read_at": None}
    Candidate.objects.update(**unread)
    host(4)

    assert balance() == 4  # one of them reads and does nothing else

    assert (working(job), Lane.objects.filter(job=None).count()) == (4, 1)
    assert balance() == 0
    Lane.objects.filter(started_at=None).delete()
    Candidate.objects.update(due_at=Now() + timedelta(minutes=1))  # in the hands of readers
    assert balance() == 0
    assert working(job) == 1


def test_files_are_read_by_as_many_lanes(draft: Draft, alice: User) -> None:
    rows.candidates(draft, 40)
    Candidate.objects.update(status=CandidateStatus.WAITING, read_at=None)
    host(4)

    assert balance() == 3

    assert Lane.objects.filter(draft=draft, job=None).count() == 3
    assert balance() == 0


def test_a_lost_reading_lane_comes_back_beside_a_job_that_has_all_its_lanes(
    draft: Draft, alice: User
) -> None:
    host(2)
    job = start(draft, alice)
    for number in range(3):
        rows.waiting(draft, MANY + number)
    submit.wake_readers(draft.pk)
    assert (working(job), balance()) == (2, 0)

    Lane.objects.filter(job=None).delete()

    assert balance() == 1
    assert Lane.objects.filter(draft=draft, job=None).count() == 1


def test_followups_are_work(draft: Draft, alice: User) -> None:
    job = start(draft, alice)
    ids = list(job.analysis.evaluations.values_list("pk", flat=True))
    end(job, 0)
    FollowUp.objects.enrol(job.analysis, FollowUpKind.REPEAT, ids[:40])
    host(4)

    assert balance() == 2
    assert working(job) == 3


def test_a_job_that_has_not_begun_has_one_lane(draft: Draft, alice: User) -> None:
    rows.candidates(draft, MANY)
    job = submit.submit(draft, alice)
    host(4)

    assert balance() == 0
    assert working(job) == 1


def test_jobs_that_queue_have_no_more_lanes_than_there_are_workers(alice: User) -> None:
    host(2)
    role = {"owner": alice, "title": "Engineer", "description": "Python, every day."}
    jobs = [start(Draft.objects.create(**role), alice) for _ in range(5)]

    assert balance() == 0

    assert [working(job) for job in jobs] == [2] * 5


def test_a_resumed_job_has_all_its_lanes(draft: Draft, alice: User) -> None:
    there = host(4)
    job = start(draft, alice)
    work(job, there, 2)
    assert pause.pause_job(job, alice)
    Lane.objects.filter(job=job).update(leaving=True)  # each lane notices by itself
    assert working(job) == balance() == 0

    assert pause.resume_job(job, alice)

    assert Lane.objects.filter(job=job, started_at=None).count() == 4


def test_a_requeued_job_has_all_its_lanes(draft: Draft, alice: User) -> None:
    host(4)
    job = start(draft, alice)
    Lane.objects.filter(started_at__isnull=False).update(due_at=Now() - timedelta(seconds=1))
    job.analysis.evaluations.update(due_at=Now() + timedelta(minutes=5))

    assert control.requeue(job, alice)

    assert Lane.objects.filter(job=job, started_at=None).count() == 4


def test_a_halt_changes_nothing_and_its_end_brings_all_lanes(draft: Draft, alice: User) -> None:
    job = start(draft, alice)
    pause.halt_queue(alice, "A new server")
    host(4)
    assert balance() == balance_jobs(job.pk) == 0

    pause.lift_halt(alice)

    assert working(job) == 4


def test_lanes_of_a_large_job_make_room_for_others(draft: Draft, alice: User) -> None:
    job = start(draft, alice)
    OrmQ.objects.all().delete()
    host(2)

    balance()

    assert OrmQ.objects.get().key.endswith("-later")
    assert working(job) == 2


@pytest.mark.django_db(transaction=True)
def test_many_at_once_add_no_lane_twice(draft: Draft, alice: User) -> None:
    job = start(draft, alice)
    host(8)

    def balance_in_thread(_: int) -> int:
        try:
            return balance_jobs(job.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        added = sum(pool.map(balance_in_thread, range(12)))

    assert (added, working(job)) == (7, 8)
