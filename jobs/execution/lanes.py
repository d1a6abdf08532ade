"""Lanes: how workers read a draft's files and work on a job.

Any number of lanes share a job through row locks. A lane's turn at scoring goes through the phases
of `_run_phases`; when every résumé has its score one lane ranks, and the lane that leaves last
closes the job.
"""

from django.db import transaction

from candidates.models import Archive, Evaluation, EventVerb
from candidates.scoring.scorecard import EngineUnavailable
from jobs import tracing
from jobs.models import Job, JobStatus, Lane

from . import pause, reading
from .balance import balance_jobs, is_large
from .finish import complete_job, fail_job, rank_job, rank_remaining
from .followups import FollowUpWork, Insights, Repeats
from .runtime import Runtime
from .scoring import Scoring
from .submit import add_lane, record, size_refusal
from .turn import Host, Turn, TurnMode, TurnVerdict

FOLLOW_UPS: tuple[type[FollowUpWork], ...] = (Insights, Repeats)


def read(lane_id: int, mode: TurnMode = TurnMode.WORKER, host: Host | None = None) -> None:
    """Take the lane's turn at reading a draft's new files, unless another worker has it."""
    turn = Turn.enter(lane_id, mode, host)
    if turn is None:
        return
    with tracing.about(**turn.log_ids), turn.released_when_broken():
        with reading.Reader(turn.lane.draft_id) as reader:
            while turn.check() is TurnVerdict.CONTINUE and reader.read_some(turn):
                pass
        _leave_reading(turn)


def _leave_reading(turn: Turn) -> None:
    """End the turn; hand over what is left to read."""
    lane = Lane.objects.filter(pk=turn.lane.pk, token=turn.token)
    with transaction.atomic():
        # Locked first: an upload that saw this lane is committed before its files are looked for.
        lane.select_for_update().first()
        lane.delete()
        if reading.is_due(turn.lane.draft_id):
            add_lane(turn.lane.draft_id, None)


def score(
    lane_id: int,
    runtime: Runtime,
    mode: TurnMode = TurnMode.WORKER,
    host: Host | None = None,
) -> None:
    """Take the lane's turn at its job, unless another worker has it."""
    turn = Turn.enter(lane_id, mode, host, finish)
    if turn is None:
        return
    with tracing.about(**turn.log_ids), turn.released_when_broken():
        try:
            _run_phases(turn, runtime)
        except EngineUnavailable as error:
            pause.pause_for_problem(turn.job, error.reason)
        leave(turn)


def take_guest(lane_id: int, runtime: Runtime, host: Host) -> None:
    """Take a short turn at a lane that finds no worker free, in the middle of `host`'s turn."""
    if Lane.objects.filter(pk=lane_id, job=None).exists():
        read(lane_id, TurnMode.GUEST, host)
    else:
        score(lane_id, runtime, TurnMode.GUEST, host)


def _run_phases(turn: Turn, runtime: Runtime) -> None:
    """Go through a turn, as far as it goes: each phase says whether the next one follows."""
    if not turn.job.is_open or turn.job.is_paused:
        return
    if (
        unpack(turn)
        and admit(turn.job)
        and enrol(turn.job)
        and score_all(turn, runtime)
        and rank(turn.job)
    ):
        follow_up(turn, runtime)


def unpack(turn: Turn) -> bool:
    """Unpack the draft's archives, so that their members are enrolled with the other candidates;
    False when the turn ends before that."""
    if turn.job.status != JobStatus.PENDING:
        return True
    archives = Archive.objects.filter(draft=turn.lane.draft_id)
    with reading.Reader(turn.lane.draft_id) as reader:
        while archives.has_open():
            if turn.check() is not TurnVerdict.CONTINUE:
                return False
            if not reader.unpack_some(turn):
                turn.wait()  # another worker has them
    return True


def admit(job: Job) -> bool:
    """Refuse a job whose archives held more résumés than a run may have: it fails."""
    if job.status != JobStatus.PENDING or job.analysis.evaluations.exists():  # or it is a retry
        return True
    reason = size_refusal(job.analysis.draft_id)
    return reason is None or not fail_job(job, reason)


def enrol(job: Job) -> bool:
    """Start a pending job and enrol its candidates: once, however many lanes come at that time."""
    if job.status != JobStatus.PENDING:
        return True
    with transaction.atomic():
        if Job.objects.filter(pk=job.pk).start():
            record(job, EventVerb.STARTED)
            if not job.analysis.evaluations.exists():  # a retry is of the same candidates
                Evaluation.objects.enrol(job.analysis)
            balance_jobs(job.pk)
    return True


def score_all(turn: Turn, runtime: Runtime) -> bool:
    """Score résumés until none is left to claim or the turn ends; files that no lane has read yet
    are read on the way."""
    with reading.Reader(turn.lane.draft_id) as reader:
        Scoring(turn, runtime, take_guest, reader).run()
    return True


def rank(job: Job) -> bool:
    """Rank once every résumé has its score, in the lane that comes first; whether that is done."""
    if job.analysis.evaluations.all().has_open():
        return False
    with transaction.atomic():
        locked = Job.objects.select_for_update(of=("self",)).filter(pk=job.pk).first()
        if locked is None or not locked.is_open:
            return False
        if locked.ranked_at is None:
            rank_job(locked)
            balance_jobs(job.pk)
    return True


def follow_up(turn: Turn, runtime: Runtime) -> None:
    """Ask what is asked after the ranking: insights for the best, a second scoring of a few."""
    for work in FOLLOW_UPS:
        rows = turn.job.analysis.followups.filter(kind=work.kind)
        if turn.check() is TurnVerdict.CONTINUE and rows.has_open():
            work(turn, runtime, take_guest).run()


def finish(turn: Turn) -> None:
    """End a turn that has its last answer while its guest is still in."""
    rank(turn.job)
    leave(turn)


def leave(turn: Turn) -> None:
    """End the turn: hand over what is left, or, in the last lane, close the job."""
    with transaction.atomic():
        # All lanes that leave this job queue here, so that exactly one of them is the last.
        job = Job.objects.select_for_update().filter(pk=turn.job.pk).first()
        if (
            job is None  # erased, and the lane with it
            or not Lane.objects.filter(pk=turn.lane.pk, token=turn.token).delete()[0]
        ):
            return
        others = Lane.objects.filter(job=job)
        if not job.is_open:
            if not others.running().exists():
                rank_remaining(job)
        elif job.ranked_at is not None and not job.analysis.has_work():
            complete_job(job)
        elif job.is_paused:
            pass  # resuming it adds a lane
        elif not (others.filter(started_at=None) | others.running()).exists():
            add_lane(turn.lane.draft_id, job, later=is_large(job))
