"""The end of a job: rank, insights for the best, one notification; all in one transaction."""

from django.db import transaction

from candidates.models.analysis import Analysis, InsightsMode
from candidates.models.analysis import Status as Scored
from candidates.scoring import insights, rank
from candidates.scoring.scorecard import Scorecard

from . import notify
from .models import Job, Kind
from .submit import record


def finish(job: Job) -> bool:
    """Rank and close; False when somebody else has.

    A job of which nothing at all could be scored has failed. The caller holds the job's lock.
    """
    tally = job.analysis.evaluations.tally()
    if not tally[Scored.SCORED]:
        return fail(job, _why_nothing(tally))
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk).complete():
            return False
        _rank(job.analysis)
        record(job, "completed", detail=f"{tally[Scored.SCORED]} of {tally['total']} scored")
        notify.post(job, Kind.COMPLETED)
    return True


def fail(job: Job, why: str) -> bool:
    """Close the job with the reason; False when it was over already."""
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk).fail(why):
            return False
        _rank(job.analysis)
        record(job, "failed", detail=why)
        notify.post(job, Kind.FAILED)
    return True


def rank_late(job: Job) -> None:
    """Give places to scores that were still being written when the job was cancelled or failed.

    The caller holds the job's lock and has seen that no other lane is at it.
    """
    if job.analysis.evaluations.filter(status=Scored.SCORED, rank=None).exists():
        _rank(job.analysis)


def _rank(analysis: Analysis) -> None:
    """Write everybody's place, and insights for the best where they were asked for."""
    scored = analysis.evaluations.filter(status=Scored.SCORED).values_list(
        "pk", "score", "must_haves_met", "strong", "candidate__name", "candidate__filename"
    )
    ordered = sorted(
        scored, key=lambda row: rank.sort_key(float(row[1] or 0), row[2], row[3], row[4] or row[5])
    )
    told = _insights(analysis, [row[0] for row in ordered[: analysis.top_n]])
    analysis.evaluations.all().write_ranks(
        [
            {"id": row[0], "rank": place, "insights": told.get(row[0])}
            for place, row in enumerate(ordered, start=1)
        ]
    )


def _insights(analysis: Analysis, best: list[int]) -> dict[int, dict[str, object]]:
    if analysis.insights_mode != InsightsMode.TOP:
        return {}
    rubric = analysis.rubric
    cards = analysis.evaluations.filter(pk__in=best).values_list("pk", "ratings", "flags")
    return {
        pk: insights.compose(
            rubric, Scorecard.from_json({"ratings": ratings, "flags": flags, "usage": {}})
        ).to_json()
        for pk, ratings, flags in cards
    }


def _why_nothing(tally: dict[str, int]) -> str:
    if not tally["total"]:
        return "The draft has no candidates any more."
    parts = [
        f"{tally[status]} {word}"
        for status, word in ((Scored.UNREADABLE, "unreadable"), (Scored.FAILED, "failed"))
        if tally[status]
    ]
    return f"None of the {tally['total']} résumés could be scored: {' and '.join(parts)}."
