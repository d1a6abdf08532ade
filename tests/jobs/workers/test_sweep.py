"""The sweep heals what no lane can, and leaves a healthy system alone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import Error, connection
from django.db.models.functions import Now
from django_q.models import OrmQ

from candidates.models import Analysis, Call, Draft, Piece
from candidates.models.analysis import EvaluationStatus
from candidates.models.call import CallPurpose
from jobs.execution import lanes, submit
from jobs.execution.scoring import UNSCORED
from jobs.execution.turn import Turn
from jobs.models import Job, Lane, Notification
from jobs.workers.sweep import LANES_LOCK, SWEEP_LOCK, _end_lost_lanes, sweep
from tests.makers import rows
from tests.workers import until

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(alice: User, draft: Draft) -> Job:
    rows.candidate(draft)
    return submit.submit(draft, alice)


def test_a_healthy_job_is_left_alone(job: Job) -> None:
    assert sweep() == 0
    assert Lane.objects.count() == OrmQ.objects.count() == 1


def test_a_job_nobody_works_on_gets_a_lane(job: Job) -> None:
    Lane.objects.all().delete()

    assert sweep() == 1
    assert Lane.objects.get().job == job
    assert sweep() == 0


def test_a_lane_whose_worker_fell_silent_is_replaced(job: Job) -> None:
    Lane.objects.update(token=uuid4(), started_at=Now(), due_at=Now() - timedelta(seconds=1))
    old = Lane.objects.get().pk

    assert sweep() == 2
    assert Lane.objects.get().pk != old


def test_a_lane_at_work_is_left_alone(job: Job) -> None:
    Lane.objects.update(token=uuid4(), started_at=Now(), due_at=Now() + timedelta(seconds=9))

    assert sweep() == 0


def test_a_worker_that_wakes_up_after_a_cancel_leaves_no_score_without_a_rank(
    job: Job, alice: User
) -> None:
    """It stood still until its lane was ended; then the job was cancelled, and it went on."""
    turn = Turn.enter(Lane.objects.get().pk)
    assert turn is not None
    lanes.enrol(turn.job)
    evaluations = job.analysis.evaluations.all()
    claimed = evaluations.of_read_files().claim(1, turn.token, timedelta(minutes=2))
    Lane.objects.update(due_at=Now() - timedelta(seconds=1))
    sweep()
    assert submit.cancel(job, alice)

    answer = {**UNSCORED, "id": claimed[0], "fingerprint": "", "status": EvaluationStatus.SCORED}
    evaluations.answer(turn.token, [{**answer, "score": 50.0}])
    sweep()

    assert len(claimed) == 1
    assert not evaluations.unranked().exists() or Lane.objects.filter(job=job).exists()


def test_calls_whose_lane_is_gone_have_an_unknown_outcome(job: Job) -> None:
    """Their worker slept past its lease, sent them before it noticed, and died."""
    at_work = uuid4()
    Lane.objects.update(token=at_work, started_at=Now(), due_at=Now() + timedelta(seconds=9))

    def call(token: UUID, analysis: Analysis | None, seconds: int = 16) -> Call:
        at = Now() - timedelta(seconds=seconds)
        return Call.objects.create(
            owner=job.requested_by,
            analysis=analysis,
            token=token,
            purpose=CallPurpose.SCORE,
            created_at=at,
            reserved_tokens=1,
        )

    lost = call(uuid4(), job.analysis)
    others = {call(at_work, job.analysis), call(uuid4(), None), call(uuid4(), job.analysis, 1)}

    assert sweep() == 1
    assert sweep() == 0
    assert Call.objects.get(status="unknown") == lost
    assert set(Call.objects.all().open()) == others


def test_a_lost_message_is_sent_again_but_not_while_the_queue_is_busy(job: Job) -> None:
    Lane.objects.update(due_at=Now() - timedelta(minutes=2))
    assert sweep() == 0

    OrmQ.objects.all().delete()
    assert sweep() == 1
    assert OrmQ.objects.count() == 1


def test_new_files_nobody_reads_get_a_lane(draft: Draft) -> None:
    rows.waiting(draft, 1)

    assert sweep() == 1
    assert Lane.objects.get().job is None
    assert sweep() == 0


def test_an_email_that_is_due_is_nudged_once_a_minute(job: Job) -> None:
    Notification.objects.create(job=job, kind="completed", recipient="alice@example.com")
    before = OrmQ.objects.count()

    assert (sweep(), sweep()) == (1, 0)
    assert OrmQ.objects.count() == before + 1


def test_parts_of_files_that_never_became_whole_go_after_a_day(draft: Draft) -> None:
    for number, age in enumerate((timedelta(hours=1), timedelta(days=2))):
        piece = Piece.objects.create(draft=draft, upload=uuid4(), number=number, content=b"x")
        Piece.objects.filter(pk=piece.pk).update(created_at=Now() - age)

    sweep()

    assert Piece.objects.get().number == 0


@pytest.mark.django_db(transaction=True)
def test_only_one_sweeps_at_a_time(job: Job) -> None:
    Lane.objects.all().delete()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            for lock in (SWEEP_LOCK, LANES_LOCK):
                cursor.execute("SELECT pg_advisory_lock(%s)", [lock])
            assert sweep() == 0
            # Closing the connection gives the locks back some time later.
            cursor.execute("SELECT pg_advisory_unlock_all()")
    finally:
        other.close()
    assert sweep() == 1


@pytest.mark.django_db(transaction=True)
def test_a_sweeper_that_freezes_in_the_middle_keeps_nobody_from_sweeping(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.workers.sweep.FROZEN_AFTER", timedelta(milliseconds=200))
    frozen, woken = Event(), Event()
    end_lost_lanes = _end_lost_lanes

    def freeze() -> int:
        frozen.set()
        woken.wait(30)
        return end_lost_lanes()

    def sweep_and_close() -> str:
        try:
            sweep()
        except Error as error:
            return type(error.__cause__).__name__
        finally:
            connection.close()
        return ""

    monkeypatch.setattr("jobs.workers.sweep._end_lost_lanes", freeze)
    with ThreadPoolExecutor(1) as elsewhere:
        ended = elsewhere.submit(sweep_and_close)
        try:
            assert frozen.wait(30)
            monkeypatch.setattr("jobs.workers.sweep._end_lost_lanes", end_lost_lanes)
            Lane.objects.all().delete()
            until(lambda: sweep() == 1)
        finally:
            woken.set()
        assert ended.result(30) == "IdleInTransactionSessionTimeout"
    assert Lane.objects.get().job == job
