"""Composing e-mails: subject, text and HTML from the templates in `emails/`."""

from dataclasses import dataclass
from decimal import Decimal
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from candidates import movement
from candidates.blind import shown_name
from candidates.models import Analysis, Evaluation, Event, EventVerb, Preference
from candidates.models.draft import Role
from candidates.models.preference import zones
from candidates.pages.repeatability import repeatability
from candidates.reasons import criterion_name, sentence, statement
from candidates.scoring.scorecard import Rating
from jobs.models import Job, Notification, NotificationKind, ScheduledRun

MAX_CANDIDATES_SHOWN = 5


def compose(notification: Notification) -> EmailMultiAlternatives:
    """The e-mail as text and HTML, in the recipient's language and time zone. Eight queries."""
    reader = notification.user
    if reader is None and notification.job is not None:
        reader = notification.job.requested_by
    preference = Preference.of(reader) if reader else Preference()
    language = preference.language or settings.LANGUAGE_CODE
    zone = ZoneInfo(preference.time_zone) if preference.time_zone in zones() else None
    make_context = CONTEXTS.get(NotificationKind(notification.kind), _job_context)
    with translation.override(language), timezone.override(zone):
        context = {
            "site_url": settings.SITE_URL,
            "settings_url": settings.SITE_URL + reverse("candidates:settings"),
            "has_account": reader is not None,
            **make_context(notification),
        }
        parts = {
            part: render_to_string(f"emails/{notification.kind}{part}", context)
            for part in ("_subject.txt", ".txt", ".html")
        }
    message = EmailMultiAlternatives(
        subject=" ".join(parts["_subject.txt"].split()),
        body=parts[".txt"],
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[notification.recipient],
        # The same for every attempt, so that a mail server or reader can recognise a repetition.
        headers={"Message-ID": f"<{notification.public_id}@{_domain()}>"},
    )
    message.attach_alternative(parts[".html"], "text/html")
    return message


def _retention_context(notification: Notification) -> dict[str, Any]:
    draft = notification.about_draft
    return {
        "draft": draft,
        "candidate_count": draft.candidates.count(),
        "due_at": draft.retention_warning.due_at,
        "page_url": settings.SITE_URL + draft.get_absolute_url(),
    }


def _invitation_context(notification: Notification) -> dict[str, Any]:
    membership = notification.membership
    assert membership is not None  # noqa: S101 (a constraint of the table)
    return {
        "draft": membership.draft,
        "invited_by": membership.invited_by,
        "role": Role(membership.role),
        "page_url": settings.SITE_URL + membership.draft.get_absolute_url(),
    }


def _job_context(notification: Notification) -> dict[str, Any]:
    job = notification.job
    assert job is not None  # noqa: S101 (a constraint of the table)
    analysis = job.analysis
    is_unfinished = notification.kind in (NotificationKind.FAILED, NotificationKind.PAUSED)
    page = job if is_unfinished else analysis
    return {
        "job": job,
        "analysis": analysis,
        "draft": analysis.draft,
        "tally": analysis.tally(),
        "best_candidates": _best_candidates(analysis),
        "repeatability": repeatability(analysis.followups.repeat_error()),
        "troubles": [(row.reason, row.number) for row in analysis.evaluations.unscored()],
        "pause_reason": _pause_reason(job),
        "page_url": settings.SITE_URL + page.get_absolute_url(),
        "job_url": settings.SITE_URL + job.get_absolute_url(),
    }


def _digest_context(notification: Notification) -> dict[str, Any]:
    """The context of a job's e-mail with what a scheduled run changed; without the changes when
    the previous ranking has been erased since."""
    context = _job_context(notification)
    runs = ScheduledRun.objects.filter(job=notification.job).select_related("previous_analysis")
    run = runs.first()
    if run is None or run.previous_analysis is None:
        return context
    previous, analysis = run.previous_analysis, context["analysis"]
    highlights = movement.find_highlights(previous, analysis)
    return context | {
        "previous_analysis": previous,
        "arrived": movement.movement_rows(highlights.arrived, previous, analysis),
        "moved_up": movement.movement_rows(highlights.up, previous, analysis),
        "moved_down": movement.movement_rows(highlights.down, previous, analysis),
        "unreadable": highlights.unreadable,
        "page_url": settings.SITE_URL + movement.movement_url(previous, analysis),
        "schedule_url": settings.SITE_URL
        + reverse("jobs:schedule", args=[analysis.draft.public_id]),
    }


CONTEXTS = {
    NotificationKind.SHARED: _invitation_context,
    NotificationKind.EXPIRING: _retention_context,
    NotificationKind.DIGEST: _digest_context,
}


@dataclass(frozen=True, slots=True)
class RankedCandidate:
    """One of the best candidates in an e-mail; `bar_width` of the score's bar is in per cent."""

    place: str
    name: str
    score: Decimal
    bar_width: int
    reason: str
    url: str


def _best_candidates(analysis: Analysis) -> list[RankedCandidate]:
    tied = analysis.evaluations.tied()
    evaluations = analysis.evaluations.filter(rank__lte=MAX_CANDIDATES_SHOWN).order_by("rank")
    return [
        RankedCandidate(
            place=evaluation.place(tied),
            name=shown_name(evaluation.candidate, analysis.draft),
            score=evaluation.score or Decimal(0),
            bar_width=max(1, round(evaluation.score or 0)),
            reason=_best_reason(analysis, evaluation),
            url=settings.SITE_URL + evaluation.get_absolute_url(),
        )
        for evaluation in evaluations.select_related("candidate").defer("candidate__text")
    ]


def _best_reason(analysis: Analysis, evaluation: Evaluation) -> str:
    """The reason of the rating that adds most to the score, among those with a quote."""
    criteria = analysis.rubric.by_key()
    ratings = [Rating.from_json(rating) for rating in evaluation.ratings]
    supported = [rating for rating in ratings if rating.quotes and rating.criterion in criteria]
    if not supported:
        return ""
    best = max(supported, key=lambda rating: rating.rating * criteria[rating.criterion].weight)
    return f"{criterion_name(criteria[best.criterion])}: {statement(best, criteria)}"


def _pause_reason(job: Job) -> str:
    """Why the job paused last; it may have been resumed since."""
    paused = Event.objects.filter(about=job.public_id, verb=EventVerb.PAUSED).last()
    return sentence(paused.reason) if paused else ""


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
