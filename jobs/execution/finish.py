"""The end of a job: ranking, closing it with its result, and one notification."""

from collections.abc import Iterator
from itertools import batched, count, groupby, tee
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from candidates import movement
from candidates.facts.reason import FailureCode, Reason
from candidates.models import EventVerb, FollowUp
from candidates.models.analysis import Analysis, EvaluationStatus, InsightsMode
from candidates.models.followup import FollowUpKind
from candidates.scoring import insights, rank
from candidates.scoring.engines import LOCAL
from candidates.scoring.scorecard import Scorecard
from jobs.models import Job, NotificationKind, ScheduledRun
from jobs.notifications import recipients

from .submit import record

RANKS_PER_STATEMENT = 2_000


def rank_job(job: Job) -> None:
    """Write every rank, and enrol the follow-ups.

    The caller holds the job's lock.
    """
    best = _rank(job.analysis)
    Job.objects.filter(pk=job.pk).update(ranked_at=Now())
    analysis = job.analysis
    if analysis.insights_mode == InsightsMode.TOP and analysis.engine != LOCAL:
        without = analysis.evaluations.filter(pk__in=best, insights__isnull=True)
        ids = list(without.values_list("pk", flat=True))
        FollowUp.objects.enrol(analysis, FollowUpKind.INSIGHT, ids)
    if analysis.repeats and not analysis.followups.filter(kind=FollowUpKind.REPEAT).exists():
        FollowUp.objects.enrol(analysis, FollowUpKind.REPEAT, FollowUp.objects.draw(analysis))


def complete_job(job: Job) -> bool:
    """Close the job with its ranking; False when it was closed already.

    A job of which nothing at all could be scored has failed. The caller holds the job's lock.
    """
    tally = job.analysis.tally()
    if not tally[EvaluationStatus.SCORED]:
        return fail_job(job, _why_nothing(tally))
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk).complete():
            return False
        if job.analysis.followups.filter(kind=FollowUpKind.REPEAT).exists():
            _rank(job.analysis)
        record(
            job,
            EventVerb.COMPLETED,
            params={"scored": tally[EvaluationStatus.SCORED], "total": tally["total"]},
        )
        _notify(job)
    return True


def _notify(job: Job) -> None:
    """Queue the notification that the ranking is ready; for a scheduled run one with what has
    changed, or none where nothing has."""
    run = job.scheduled_runs.select_related("previous_analysis").first() if job.scheduled else None
    if run is None or run.previous_analysis is None:
        recipients.queue_for_job(job, NotificationKind.COMPLETED)
    elif movement.find_highlights(run.previous_analysis, job.analysis):
        ScheduledRun.objects.filter(pk=run.pk).update(has_changes=True)
        recipients.queue_for_job(job, NotificationKind.DIGEST)


def fail_job(job: Job, reason: Reason) -> bool:
    """Close the job as failed for `reason`; False when it was over already."""
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk).fail(reason):
            return False
        _rank(job.analysis)
        record(job, EventVerb.FAILED, reason=reason)
        recipients.queue_for_job(job, NotificationKind.FAILED)
    return True


def rank_remaining(job: Job) -> None:
    """Rank scores that were still being written when the job was cancelled or failed.

    The caller holds the job's lock and has checked that no other lane is at it.
    """
    if job.analysis.evaluations.unranked().exists():
        _rank(job.analysis)


def _rank(analysis: Analysis) -> list[int]:
    """Write every rank, and the band in which it is tied; returns the ids of the best `top_n`, in
    their order. A hundred thousand rows need no more memory than a few thousand."""
    best: list[int] = []
    error = analysis.followups.repeat_error()
    size = max(RANKS_PER_STATEMENT, analysis.top_n)  # so that the first batch holds all the best
    with transaction.atomic():
        ordered, for_bands = tee(_ordered(analysis))
        scores = (float(row[1] or 0) for row in for_bands)
        bands = rank.bands(scores, error[0] if error else None)
        for batch in batched(zip(count(1), ordered, bands, strict=False), size):
            composed = {}
            if not best:
                best = [row[0] for _, row, _ in batch[: analysis.top_n]]
                composed = _composed(analysis, best)
            analysis.evaluations.all().write_ranks(
                [
                    {"id": row[0], "rank": place, "band": band, "insights": composed.get(row[0])}
                    for place, row, band in batch
                ]
            )
    return best


def _ordered(analysis: Analysis) -> Iterator[tuple[Any, ...]]:
    """All scored rows, as `rank.sort_key` orders them: the database does it but for names, whose
    alphabets it compares in another way."""
    scored = analysis.evaluations.filter(status=EvaluationStatus.SCORED).values_list(
        "pk", "score", "must_haves_met", "strong", "candidate__name", "candidate__filename"
    )
    best_first = scored.order_by("-score", "-must_haves_met", "-strong")
    for _, tied in groupby(best_first.iterator(RANKS_PER_STATEMENT), itemgetter(1, 2, 3)):
        yield from sorted(
            tied,
            key=lambda row: rank.sort_key(float(row[1] or 0), row[2], row[3], row[4] or row[5]),
        )


def _composed(analysis: Analysis, best: list[int]) -> dict[int, dict[str, Any]]:
    """Insights by id, of the engine that needs no call for them; else none."""
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
    """Why no résumé has a score."""
    if not tally["total"]:
        return Reason(FailureCode.NO_CANDIDATES_LEFT)
    counts = {
        "total": tally["total"],
        "unreadable": tally[EvaluationStatus.UNREADABLE],
        "failed": tally[EvaluationStatus.FAILED],
    }
    return Reason(FailureCode.NOTHING_SCORED, counts)
