"""The end of a job: rank, ask what is asked of the best, close, one notification."""

from collections.abc import Iterator
from itertools import batched, count, groupby, tee
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from candidates import movement
from candidates.facts.reason import FailureCode, Reason
from candidates.models import FollowUp
from candidates.models.analysis import Analysis, EvaluationStatus, InsightsMode
from candidates.models.followup import FollowUpKind
from candidates.scoring import insights
from candidates.scoring import rank as places
from candidates.scoring.engines import LOCAL
from candidates.scoring.scorecard import Scorecard
from jobs.models import Job, NotificationKind, ScheduledRun
from jobs.notifications import recipients

from .submit import record

AT_ONCE = 2_000  # places in one statement


def rank(job: Job) -> int:
    """Write everybody's place, and queue what is asked after that; returns how much that is.

    The caller holds the job's lock.
    """
    best = _rank(job.analysis)
    Job.objects.filter(pk=job.pk).update(ranked_at=Now())
    analysis = job.analysis
    if analysis.insights_mode == InsightsMode.TOP and analysis.engine != LOCAL:
        without = analysis.evaluations.filter(pk__in=best, insights__isnull=True)
        wanted = list(without.values_list("pk", flat=True))
        FollowUp.objects.enrol(analysis, FollowUpKind.INSIGHT, wanted)
    if analysis.repeats and not analysis.followups.filter(kind=FollowUpKind.REPEAT).exists():
        FollowUp.objects.enrol(analysis, FollowUpKind.REPEAT, FollowUp.objects.draw(analysis))
    return analysis.followups.open().count()


def finish(job: Job) -> bool:
    """Close the job; False when somebody else has.

    A job of which nothing at all could be scored has failed. The caller holds the job's lock.
    """
    tally = job.analysis.evaluations.tally()
    if not tally[EvaluationStatus.SCORED]:
        return fail(job, _why_nothing(tally))
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk).complete():
            return False
        if job.analysis.followups.filter(kind=FollowUpKind.REPEAT).exists():
            _rank(job.analysis)
        record(
            job, "completed", detail=f"{tally[EvaluationStatus.SCORED]} of {tally['total']} scored"
        )
        _tell(job)
    return True


def _tell(job: Job) -> None:
    """Tell that the ranking is ready; of a scheduled run what has changed, if anything has."""
    run = job.scheduled_runs.select_related("previous_analysis").first() if job.scheduled else None
    if run is None or run.previous_analysis is None:
        recipients.queue_for_job(job, NotificationKind.COMPLETED)
    elif movement.highlights(run.previous_analysis, job.analysis):
        ScheduledRun.objects.filter(pk=run.pk).update(has_changes=True)
        recipients.queue_for_job(job, NotificationKind.DIGEST)


def fail(job: Job, reason: Reason) -> bool:
    """Close the job with the reason; False when it was over already."""
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk).fail(reason):
            return False
        _rank(job.analysis)
        record(job, "failed", reason=reason)
        recipients.queue_for_job(job, NotificationKind.FAILED)
    return True


def rank_late(job: Job) -> None:
    """Give places to scores that were still being written when the job was cancelled or failed.

    The caller holds the job's lock and has seen that no other lane is at it.
    """
    if job.analysis.evaluations.unranked().exists():
        _rank(job.analysis)


def _rank(analysis: Analysis) -> list[int]:
    """Write everybody's place, and the band in which it is tied; returns the ids of the best
    `top_n`, in their order. A hundred thousand need no more memory than a few thousand."""
    best: list[int] = []
    error = analysis.followups.repeat_error()
    most = max(AT_ONCE, analysis.top_n)  # all that are asked about come in the first
    with transaction.atomic():
        ordered, again = tee(_ordered(analysis))
        bands = places.bands((float(row[1] or 0) for row in again), error[0] if error else None)
        for some in batched(zip(count(1), ordered, bands, strict=False), most):
            told = {}
            if not best:
                best = [row[0] for _, row, _ in some[: analysis.top_n]]
                told = _composed(analysis, best)
            analysis.evaluations.all().write_ranks(
                [
                    {"id": row[0], "rank": place, "band": band, "insights": told.get(row[0])}
                    for place, row, band in some
                ]
            )
    return best


def _ordered(analysis: Analysis) -> Iterator[tuple[Any, ...]]:
    """All that are scored, as `places.sort_key` orders them: the database knows all but how names
    of any alphabet compare."""
    scored = analysis.evaluations.filter(status=EvaluationStatus.SCORED).values_list(
        "pk", "score", "must_haves_met", "strong", "candidate__name", "candidate__filename"
    )
    best_first = scored.order_by("-score", "-must_haves_met", "-strong").iterator(AT_ONCE)
    for _, tied in groupby(best_first, itemgetter(1, 2, 3)):
        yield from sorted(
            tied,
            key=lambda row: places.sort_key(float(row[1] or 0), row[2], row[3], row[4] or row[5]),
        )


def _composed(analysis: Analysis, best: list[int]) -> dict[int, dict[str, Any]]:
    """Insights of the engine that needs no call for them."""
    if analysis.insights_mode != InsightsMode.TOP or analysis.engine != LOCAL:
        return {}
    rubric = analysis.rubric
    cards = analysis.evaluations.filter(pk__in=best).values_list("pk", "ratings", "flags")
    return {
        pk: insights.compose(
            rubric, Scorecard.from_json({"ratings": ratings, "flags": flags})
        ).to_json()
        for pk, ratings, flags in cards
    }


def _why_nothing(tally: dict[str, int]) -> Reason:
    if not tally["total"]:
        return Reason(FailureCode.NO_CANDIDATES_LEFT)
    counts = {
        "total": tally["total"],
        "unreadable": tally[EvaluationStatus.UNREADABLE],
        "failed": tally[EvaluationStatus.FAILED],
    }
    return Reason(FailureCode.NOTHING_SCORED, counts)
