"""How far a job is, for its page, the lists of jobs, the admin and the terminal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from candidates.models import EvaluationCount, Event, EventVerb
from candidates.models.analysis import OPEN_EVALUATION_STATUSES, EvaluationStatus
from candidates.models.claims import ordered_by_index
from candidates.pages import durations
from jobs.models import Job, JobStatus

PACE_WINDOW = timedelta(seconds=30)
MIN_SCORED_IN_WINDOW = 5  # below, the pace is that since so many before, or since the beginning
MAX_SCORED_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class JobProgress:
    """Counts of the evaluations of a job's analysis.

    `rate` is how many a second get a score of late, and `left` about the time to the end; both
    only while the job runs.
    """

    total: int = 0
    scored: int = 0
    failed: int = 0
    unreadable: int = 0
    waiting: int = 0
    rate: float = 0.0
    left: timedelta | None = None

    @classmethod
    def from_tally(cls, tally: Mapping[str, int]) -> "JobProgress":
        """From the number of evaluations by status; other keys do not matter."""
        return cls(
            total=sum(tally.get(status, 0) for status in EvaluationStatus),
            scored=tally.get(EvaluationStatus.SCORED, 0),
            failed=tally.get(EvaluationStatus.FAILED, 0),
            unreadable=tally.get(EvaluationStatus.UNREADABLE, 0),
            waiting=sum(tally.get(status, 0) for status in OPEN_EVALUATION_STATUSES),
        )

    @property
    def done(self) -> int:
        return self.total - self.waiting

    @property
    def percent(self) -> int:
        # 100 is for what is finished, not for what is nearly so.
        return 100 * self.done // self.total if self.total else 0

    @property
    def pace(self) -> str:
        if self.rate >= 1:
            return _("%(number)s a second") % {"number": number_format(round(self.rate, 1), 1)}
        return _("%(number)s a minute") % {"number": number_format(round(60 * self.rate, 1), 1)}

    @property
    def time_left(self) -> str:
        return durations.rough(self.left)


def progress_by_analysis(jobs: Iterable[Job]) -> Mapping[int, JobProgress]:
    """The counts of these jobs' analyses, by the id of the analysis. One query."""
    tallies = EvaluationCount.objects.tallies({job.analysis_id for job in jobs})
    return {analysis: JobProgress.from_tally(tally) for analysis, tally in tallies.items()}


def _recently_scored(
    job: Job, work_began: datetime, window_start: datetime
) -> tuple[int, datetime]:
    """How many evaluations ended since when: of late, so that the pace settles soon after it has
    changed. In the order of an index and limited."""
    scored = job.analysis.evaluations.filter(scored_at__gte=work_began).order_by("-scored_at")
    with ordered_by_index():
        times = list(scored.values_list("scored_at", flat=True)[:MAX_SCORED_COUNTED])
    recent = [moment for moment in times if moment and moment >= window_start]
    first_recent = recent[-1] if recent else window_start
    after_first = sum(moment > first_recent for moment in recent)
    if len(recent) == MAX_SCORED_COUNTED and after_first:
        return after_first, first_recent
    if len(recent) >= MIN_SCORED_IN_WINDOW:
        return len(recent), window_start
    # But a handful: since the last few, or since the beginning.
    if len(times) > MIN_SCORED_IN_WINDOW:
        return MIN_SCORED_IN_WINDOW, times[MIN_SCORED_IN_WINDOW] or work_began
    return len(times), work_began


def job_progress(job: Job) -> JobProgress:
    """The counts of the job's analysis, and its pace. One query; four at most while it runs."""
    progress = JobProgress.from_tally(job.analysis.tally())
    if job.status != JobStatus.PROCESSING or job.started_at is None or job.is_paused:
        return progress
    # A retry finds scores made before it; they say nothing about its pace. Nor does a pause.
    work_began = job.started_at
    if job.pauses:
        resumed = Event.objects.filter(about=job.public_id, verb=EventVerb.RESUMED)
        work_began = max(
            work_began, resumed.aggregate(last=Max("created_at"))["last"] or work_began
        )
    now = timezone.now()
    window_start = max(work_began, now - PACE_WINDOW)
    number, since = _recently_scored(job, work_began, window_start)
    seconds = (now - since).total_seconds()
    if not number or seconds <= 0:
        return progress
    rate = number / seconds
    # In whole seconds, so that a page changes no more often than that.
    return replace(progress, rate=rate, left=timedelta(seconds=round(progress.waiting / rate)))
