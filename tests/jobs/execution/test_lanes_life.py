"""The life of jobs in any order: submit, claim, score, crash, lease end, cancel, retry, finish.

Hypothesis plays the workers, the people and the bad luck, on real PostgreSQL and through the verbs
that the lanes use; after every step the promises of docs/reliability.md are checked on the rows.
"""

import os
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Draft, Evaluation, FollowUp
from candidates.models.analysis import OPEN_EVALUATION_STATUSES, EvaluationStatus
from candidates.models.followup import OPEN_FOLLOW_UP_STATUSES, FollowUpStatus
from candidates.models.reason import error_columns
from jobs.execution import lanes, pause, submit
from jobs.execution.scoring import UNSCORED
from jobs.execution.turn import Turn
from jobs.execution.work import PROGRAM_FAULT
from jobs.models import (
    FINISHED_JOB_STATUSES,
    OPEN_JOB_STATUSES,
    Halt,
    Job,
    JobStatus,
    Lane,
    Notification,
)
from jobs.workers.sweep import sweep
from tests.makers import rows

CANDIDATES = 3
EXAMPLES = int(os.environ.get("LIVES", "15"))  # `make check`: 5; more than 15: at random
# Leases end where a step says so, and never because the machine is busy with other tests.
LEASE = timedelta(days=1)
SOME = st.integers(0, 7)  # picks one of what there is


class Life(RuleBasedStateMachine):
    turns: list[Turn]

    @initialize()
    def begin(self) -> None:
        User.objects.filter(username="hypothesis").delete()
        self.user = User.objects.create(username="hypothesis", email="h@example.com")
        self.draft = Draft.objects.create(owner=self.user, title="Role", description="Python")
        for number in range(CANDIDATES):
            rows.candidate(self.draft, number, text=f"Python {number} {uuid4()}")
        self.turns = []  # of workers that live, and of zombies that believe they do
        # What each believes to hold, whatever the rows say: a frozen one does not know better.
        self.believed: dict[UUID, list[int]] = {}
        self.asked: dict[UUID, list[int]] = {}
        self.answered: dict[int, int] = {}
        self.followed: dict[int, int] = {}
        self.submit("top")
        self.enter(0)

    # People

    @rule(mode=st.sampled_from(["none", "top"]))
    def submit(self, mode: str) -> None:
        if Job.objects.count() < 4:
            submit.submit(self.draft, self.user, mode=mode, top_n=2, engine="openai")

    @precondition(lambda self: Job.objects.exists())
    @rule(
        which=SOME,
        act=st.sampled_from([*["resume"] * 5, "retry", "retry", "cancel", "pause", "break down"]),
    )
    def steer(self, which: int, act: str) -> None:
        job = self._job(which)
        match act:
            case "cancel":
                was_open = Job.objects.get(pk=job.pk).is_open
                assert submit.cancel(job, self.user) == was_open
            case "retry":
                self._retry(job)
            case "pause":
                pause.pause_job(job, self.user)
            case "break down":
                pause.pause_for_problem(job, Reason(FailureCode.KEY_REFUSED, {"status": 401}))
            case "resume":
                pause.resume_job(job, self.user)

    def _retry(self, job: Job) -> None:
        failed = Evaluation.objects.filter(analysis=job.analysis, status=EvaluationStatus.FAILED)
        reopened = list(failed.values_list("pk", flat=True))
        try:
            submit.retry(job, self.user)
        except submit.CannotRun:
            return
        for pk in reopened:
            self.answered.pop(pk, None)

    @rule(which=SOME)
    def halt_or_lift(self, which: int) -> None:
        if not pause.lift_halt(self.user) and which == 0:
            pause.halt_queue(self.user, "for a while")

    # Workers

    @precondition(lambda self: Lane.objects.exists())
    @rule(which=SOME)
    def enter(self, which: int) -> None:
        lane = list(Lane.objects.order_by("pk"))[which % Lane.objects.count()]
        if lane.job_id is None:
            return
        turn = Turn.enter(lane.pk)
        if turn is None:
            return
        if turn.job.status == JobStatus.PENDING and not turn.job.is_paused:
            lanes.enrol(turn.job)
        self.turns.append(turn)
        self.claim(len(self.turns) - 1, CANDIDATES)

    @precondition(lambda self: self.turns)
    @rule(which=SOME, most=st.integers(1, 3))
    def claim(self, which: int, most: int) -> None:
        turn = self._turn(which)
        evaluations = turn.job.analysis.evaluations
        claimed = evaluations.of_read_files().claim(most, turn.token, LEASE)
        self.believed.setdefault(turn.token, []).extend(claimed)
        if not claimed and lanes.rank(turn.job):
            asked = turn.job.analysis.followups.all().claim(most, turn.token, LEASE)
            self.asked.setdefault(turn.token, []).extend(asked)

    @precondition(lambda self: self.turns)
    @rule(
        which=SOME,
        ends=st.sampled_from(
            [EvaluationStatus.SCORED, EvaluationStatus.SCORED, EvaluationStatus.FAILED]
        ),
    )
    def answer(self, which: int, ends: EvaluationStatus) -> None:
        turn = self._turn(which)
        evaluations = turn.job.analysis.evaluations.all()
        for pk in self.believed.pop(turn.token, []):
            values = (
                {"score": 50.0} if ends is EvaluationStatus.SCORED else error_columns(PROGRAM_FAULT)
            )
            row: dict[str, Any] = {
                **UNSCORED,
                "id": pk,
                "fingerprint": "",
                "status": ends,
                **values,
            }
            written = evaluations.answer(turn.token, [row])
            self.answered[pk] = self.answered.get(pk, 0) + written
        asked = turn.job.analysis.followups.all()
        for pk in self.asked.pop(turn.token, []):
            done = {
                "id": pk,
                "status": FollowUpStatus.DONE,
                "score": None,
                "result": {},
                **error_columns(None),
            }
            written = asked.answer(turn.token, [done])
            self.followed[pk] = self.followed.get(pk, 0) + written

    @precondition(lambda self: self.turns)
    @rule(which=SOME, rounds=st.integers(1, 3))
    def work(self, which: int, rounds: int) -> None:
        """Answer and claim, so often, and hold what was claimed last."""
        for _ in range(rounds):
            self.answer(which, EvaluationStatus.SCORED)
            self.claim(which, 3)

    @precondition(lambda self: self.turns)
    @rule(which=SOME)
    def leave(self, which: int) -> None:
        turn = self._turn(which)
        turn.job.analysis.evaluations.all().release(turn.token)
        turn.job.analysis.followups.all().release(turn.token)
        lanes.leave(turn)
        self.turns.remove(turn)

    # Bad luck

    @precondition(lambda self: self.turns)
    @rule(which=SOME, wakes_up=st.booleans())
    def fall_silent(self, which: int, wakes_up: bool) -> None:
        """A worker dies, or freezes and goes on later as if nothing had happened."""
        turn = self._turn(which)
        if not wakes_up:
            self.turns.remove(turn)
        self._let_leases_end(turn)

    @precondition(lambda self: self.turns)
    @rule(which=SOME, is_first=st.booleans())
    def be_overtaken(self, which: int, is_first: bool) -> None:
        """A worker freezes, another takes over all that it holds, and both answer."""
        turn = self._turn(which)
        place = self.turns.index(turn)
        self._let_leases_end(turn)
        sweep()
        for lane in Lane.objects.filter(job=turn.job):
            other = Turn.enter(lane.pk)
            if other is not None:
                self.turns.append(other)
                last = len(self.turns) - 1
                self.claim(last, 3)
                for who in (place, last) if is_first else (last, place):
                    self.answer(who, EvaluationStatus.SCORED)
                return

    @rule(messages=st.booleans())
    def sweep(self, messages: bool) -> None:
        """Now and then, also after all messages were lost."""
        if messages:
            Lane.objects.filter(started_at=None).update(due_at=Now() - timedelta(hours=1))
        sweep()

    # What always holds

    @invariant()
    def every_answer_is_written_once(self) -> None:
        assert all(times <= 1 for times in (*self.answered.values(), *self.followed.values()))

    @invariant()
    def a_job_ends_once_with_one_notification(self) -> None:
        for job in Job.objects.all():
            ends = job.notifications.filter(kind__in=["completed", "failed"])
            assert ends.count() == (job.status in (JobStatus.COMPLETED, JobStatus.FAILED))
            assert (job.completed_at is not None) == (job.status in FINISHED_JOB_STATUSES)
        notifications = Notification.objects.filter(kind="paused")
        assert notifications.count() <= sum(Job.objects.values_list("pauses", flat=True))

    @invariant()
    def what_is_completed_is_whole_and_ranked(self) -> None:
        for job in Job.objects.filter(status=JobStatus.COMPLETED):
            if Job.objects.open().filter(analysis=job.analysis_id).exists():
                continue  # it is being retried
            if job.analysis.jobs.filter(pk__gt=job.pk).exists():
                continue
            assert not job.analysis.has_work()
            scored = job.analysis.evaluations.filter(status=EvaluationStatus.SCORED).order_by(
                "rank"
            )
            places = list(scored.values_list("rank", flat=True))
            assert places == list(range(1, len(places) + 1))
            assert job.analysis.evaluations.count() == CANDIDATES

    @invariant()
    def nobody_holds_what_another_holds(self) -> None:
        held = Evaluation.objects.filter(status=EvaluationStatus.SCORING)
        assert not held.filter(token=None).exists()
        assert (
            not Evaluation.objects.exclude(status=EvaluationStatus.SCORING)
            .exclude(token=None)
            .exists()
        )
        assert (
            not FollowUp.objects.exclude(status=FollowUpStatus.WORKING).exclude(token=None).exists()
        )

    def teardown(self) -> None:
        """Whatever happened: with honest workers from here on, all comes to an end."""
        if not hasattr(self, "user"):
            return
        pause.lift_halt(self.user)
        for job in Job.objects.open():
            pause.resume_job(job, self.user)
        for turn in self.turns:
            self._let_leases_end(turn)
        self.turns = []
        for _ in range(60):
            sweep()
            if not (Lane.objects.exists() or Job.objects.open().exists()):
                break
            for lane in list(Lane.objects.exclude(job=None)):
                self._work_honestly(lane.pk)
        assert not Job.objects.filter(status__in=OPEN_JOB_STATUSES).exists(), "a job never ended"
        assert not Lane.objects.exists()
        over = Job.objects.filter(status__in=[JobStatus.COMPLETED, JobStatus.FAILED])
        for job in over:
            assert not job.analysis.evaluations.filter(status__in=OPEN_EVALUATION_STATUSES).exists()
            assert not job.analysis.followups.filter(status__in=OPEN_FOLLOW_UP_STATUSES).exists()
        assert not Evaluation.objects.all().unranked().exists()
        assert not Halt.objects.exists()
        self.a_job_ends_once_with_one_notification()
        self.every_answer_is_written_once()
        self.user.delete()

    def _work_honestly(self, lane: int) -> None:
        turn = Turn.enter(lane)
        if turn is None:
            return
        if turn.job.status == JobStatus.PENDING:
            lanes.enrol(turn.job)
        self.turns = [turn]
        if Job.objects.get(pk=turn.job.pk).is_open:
            turn.job.analysis.evaluations.all().fail_exhausted()
            turn.job.analysis.followups.all().fail_exhausted()
            for _ in range(CANDIDATES + 3):
                self.claim(0, 3)
                self.answer(0, EvaluationStatus.SCORED)
        self.leave(0)

    def _let_leases_end(self, turn: Turn) -> None:
        past = Now() - timedelta(minutes=1)
        Lane.objects.filter(token=turn.token).update(due_at=past)
        Evaluation.objects.filter(token=turn.token).update(due_at=past)
        FollowUp.objects.filter(token=turn.token).update(due_at=past)

    def _job(self, which: int) -> Job:
        jobs = list(Job.objects.order_by("pk").select_related("analysis__draft"))
        return jobs[which % len(jobs)]

    def _turn(self, which: int) -> Turn:
        return self.turns[which % len(self.turns)]


@pytest.mark.timeout(900)
@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_whatever_happens_in_whatever_order_nothing_is_lost_or_doubled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jobs.models.lane.LANE_LEASE", LEASE)
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.generate],  # to make a failure short takes longer than to read a long one
            derandomize=EXAMPLES <= 15,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
