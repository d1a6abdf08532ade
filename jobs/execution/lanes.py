"""Lanes: how a job is worked on.

A lane claims a few rows at a time, keeps the engine busy with them, writes answers in batches and
refills. Any number of lanes share a job through row locks. When everybody has a score the lanes
rank, and ask what is asked after that; whoever leaves last finishes.
"""

import time

from django.db import transaction

from candidates.models import Archive, Evaluation
from candidates.scoring.scorecard import EngineUnavailable
from jobs import tracing
from jobs.models import Heartbeat, Job, JobStatus, Lane

from . import finish, pause, reading
from .flight import IDLE
from .followups import FollowingUp, Insights, Repeats
from .scoring import Scoring
from .submit import add_lane, record, refusal
from .turn import Place, Turn, TurnVerdict

LARGE = 100  # evaluations left, above which a job makes room for all others
A_LANE_FOR = 16  # evaluations; below it another lane costs more than it brings
FOLLOWUPS: tuple[type[FollowingUp], ...] = (Insights, Repeats)


def read(lane_id: int) -> None:
    """Take the lane's turn at reading a draft's new files."""
    turn = Turn.enter(lane_id)
    if turn is None:
        return
    with tracing.about(**turn.ids), turn.given_back():
        _read(turn)


def _read(turn: Turn) -> None:
    with reading.Reader(turn.lane.draft_id) as reader:
        while turn.look() is TurnVerdict.GO and reader.read_some(turn):
            pass
    with transaction.atomic():
        # Locked first: an upload that saw this lane is committed before we look for its files.
        Lane.objects.filter(pk=turn.lane.pk, token=turn.token).select_for_update().first()
        Lane.objects.filter(pk=turn.lane.pk, token=turn.token).delete()
        if reading.is_due(turn.lane.draft_id):
            add_lane(turn.lane.draft_id, None)


def score(lane_id: int, place: Place = Place.WORKER) -> None:
    """Take the lane's turn at its job, unless somebody has."""
    turn = Turn.enter(lane_id, place)
    if turn is None:
        return
    with tracing.about(**turn.ids), turn.given_back():
        _score(turn)


def _score(turn: Turn) -> None:
    if turn.job.status == JobStatus.PENDING and not turn.job.is_paused:
        if not _is_unpacked(turn):
            _leave(turn)
            return
        if _is_too_large(turn.job):
            _leave(turn)
            return
        _begin(turn.job)
    if turn.job.is_open and turn.look() is TurnVerdict.GO:
        try:
            _work(turn)
        except EngineUnavailable as error:
            pause.by_itself(turn.job, error.reason)
    _leave(turn)


def _work(turn: Turn) -> None:
    with reading.Reader(turn.lane.draft_id) as reader:
        Scoring(turn, _host, reader).work()
    if not _is_ranked(turn):
        return
    for kind in FOLLOWUPS:
        asked = turn.job.analysis.followups.filter(kind=kind.kind)
        if turn.look() is TurnVerdict.GO and asked.open().exists():
            kind(turn, _host).work()


def _host(lane_id: int) -> None:
    """Work at a job that has just come, for a moment."""
    score(lane_id, Place.GUEST)


def _is_unpacked(turn: Turn) -> bool:
    """See to it that the draft's archives are unpacked before its candidates are enrolled; False
    when the turn, or the job, ends before that."""
    draft_id = turn.lane.draft_id
    with reading.Reader(draft_id) as reader:
        while Archive.objects.filter(draft=draft_id).open().exists():
            if turn.look() is not TurnVerdict.GO:
                return False
            if not reader.unpack_some(turn):
                time.sleep(IDLE)  # in another worker's hands
    return True


def _is_too_large(job: Job) -> bool:
    """Whether archives held more than a run may have; the job has failed then."""
    if job.analysis.evaluations.exists():  # a retry
        return False
    too_many = refusal(job.analysis.draft_id)
    return too_many is not None and finish.fail(job, too_many)


def _begin(job: Job) -> None:
    """Start the job and enrol its candidates: once, however many lanes come at the same time."""
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk).start():
            return
        record(job, "started")
        if not job.analysis.evaluations.exists():  # a retry is of the same candidates
            Evaluation.objects.enrol(job.analysis)
        _add_lanes(job, job.analysis.evaluations.open().count())


def _add_lanes(job: Job, waiting: int) -> None:
    """As many lanes as so much work is worth, beside the one that is at it."""
    for _ in range(min(Heartbeat.objects.workers(), -(-waiting // A_LANE_FOR)) - 1):
        add_lane(job.analysis.draft_id, job)


def _is_large(job: Job) -> bool:
    """Whether so much is left that others should go first."""
    return job.analysis.evaluations.open()[LARGE : LARGE + 1].exists()


def _is_ranked(turn: Turn) -> bool:
    """Rank once everybody has a score; whether that has been done."""
    if turn.job.analysis.evaluations.open().exists():
        return False
    with transaction.atomic():
        job = Job.objects.select_for_update(of=("self",)).filter(pk=turn.job.pk).first()
        if job is None or not job.is_open:
            return False
        if job.ranked_at is None:
            _add_lanes(job, finish.rank(job))
    return True


def _leave(turn: Turn) -> None:
    """End the turn; hand over what is left, or, as the last one out, finish the job."""
    with transaction.atomic():
        # All who leave this job queue here, so that exactly one of them is the last.
        job = Job.objects.select_for_update().filter(pk=turn.job.pk).first()
        if (
            job is None  # erased, and the lane with it
            or not Lane.objects.filter(pk=turn.lane.pk, token=turn.token).delete()[0]
        ):
            return
        others = Lane.objects.filter(job=job)
        if not job.is_open:
            if not others.running().exists():
                finish.rank_late(job)
        elif job.ranked_at is not None and not job.analysis.has_work():
            finish.finish(job)
        elif job.is_paused:
            pass  # who resumes it adds a lane
        elif not (others.filter(started_at=None) | others.running()).exists():
            add_lane(turn.lane.draft_id, job, later=_is_large(job))
