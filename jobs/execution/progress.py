"""How far a job is, for its page, the lists of jobs, the admin and the terminal."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from candidates.models import Evaluation, Event, EventVerb
from candidates.models.analysis import OPEN_EVALUATION_STATUSES, EvaluationStatus
from candidates.pages import durations
from jobs.models import Job, JobStatus

PACE_WINDOW = timedelta(seconds=30)
MIN_SCORED_IN_WINDOW = 5  # below, the pace is that since the beginning


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
    tallies: defaultdict[int, dict[str, int]] = defaultdict(dict)
    counted = Evaluation.objects.filter(analysis__in={job.analysis_id for job in jobs})
    for analysis_id, status, number in (
        counted.order_by().values_list("analysis", "status").annotate(number=Count("pk"))
    ):
        tallies[analysis_id][status] = number
    return {job.analysis_id: JobProgress.from_tally(tallies[job.analysis_id]) for job in jobs}


def job_progress(job: Job) -> JobProgress:
    """The counts of the job's analysis, and its pace. One query; three at most while it runs."""
    progress = JobProgress.from_tally(job.analysis.evaluations.tally())
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
    counted = job.analysis.evaluations.filter(scored_at__gte=work_began).aggregate(
        all=Count("pk"), recent=Count("pk", filter=Q(scored_at__gte=window_start))
    )
    # Of late, so that it settles soon after the pace has changed; where that is but a handful,
    # since the beginning.
    number, since = counted["recent"], window_start
    if number < MIN_SCORED_IN_WINDOW:
        number, since = counted["all"], work_began
    seconds = (now - since).total_seconds()
    if not number or seconds <= 0:
        return progress
    rate = number / seconds
    # In whole seconds, so that a page changes no more often than that.
    return replace(progress, rate=rate, left=timedelta(seconds=round(progress.waiting / rate)))
