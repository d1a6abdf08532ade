"""Who is told of what: notices behind the bell, and the outbox, whose e-mails are retried until the
mail server takes them.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from email.utils import parseaddr
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from candidates import movement
from candidates.blind import shown_name
from candidates.models import Analysis, Draft, Evaluation, Event, EventVerb, Membership, Preference
from candidates.models.draft import Role
from candidates.models.preference import zones
from candidates.pages.repeatability import repeatability
from candidates.scoring.scorecard import Rating
from candidates.told import called, told
from jobs import queue
from jobs.models import BadAddress, Job, Notice, Notification, NotificationKind, ScheduledRun

from . import providers, webhooks

log = logging.getLogger(__name__)

BEST = 5  # candidates in an e-mail
LEASE = timedelta(minutes=2)
# After the first try, and then after each further one; then it is given up.
PAUSES = tuple(timedelta(minutes=m) for m in (0.5, 2, 5, 15, 30, 60, 120, 240, 480, 480))


def queue_for_job(job: Job, kind: NotificationKind, occasion: int = 0) -> None:
    """Tell of `job` who asked for it and who wants to be told of what others ask for: behind the
    bell, and by e-mail and webhook in the outbox. In the caller's transaction.

    There is one for each kind and, of kinds that may come more than once, each `occasion`. Whoever
    may not see the draft any more is not told.
    """
    draft = job.analysis.draft
    may_see = Q(pk=draft.owner_id) | Q(pk__in=draft.memberships.values("user"))
    wants = Q(pk=job.requested_by_id) | Q(preference__runs_of_others=True)
    people = User.objects.filter(may_see, wants, is_active=True).select_related("preference")
    for user in people:
        wanted = Preference.of(user)
        if wanted.in_app:
            Notice.objects.get_or_create(
                user=user, draft=draft, job=job, kind=kind, occasion=occasion
            )
        if not user.email:
            log.info("job %s: user %s has no e-mail address", job.public_id, user.pk)
        elif wanted.mails(kind):
            _send(job=job, recipient=user.email, user=user, kind=kind, occasion=occasion)
        webhooks.post(user.pk, job, kind, occasion)


def queue_invitation(membership: Membership) -> None:
    """Tell somebody that a draft is shared with them, in the caller's transaction: by e-mail, and
    behind the bell where there is an account."""
    user = membership.user
    wanted = Preference.of(user) if user else Preference()
    if user and wanted.in_app:
        Notice.objects.get_or_create(
            user=user,
            draft_id=membership.draft_id,
            kind=NotificationKind.SHARED,
            defaults={"actor_id": membership.invited_by_id},
        )
    if wanted.mails(NotificationKind.SHARED):
        _send(
            membership=membership,
            recipient=membership.email,
            user=user,
            kind=NotificationKind.SHARED,
        )


def expiring(draft: Draft) -> None:
    """Tell the owner that the draft will be erased, in the caller's transaction. Whatever they have
    chosen to be told: it is their data."""
    if draft.owner.email and draft.owner.is_active:
        notification = Notification.objects.create(
            draft=draft,
            recipient=draft.owner.email,
            user=draft.owner,
            kind=NotificationKind.EXPIRING,
        )
        queue.send("deliver", notification.pk)


def _send(**about: Any) -> None:
    """Put an e-mail in the outbox unless it has been there before."""
    once = {key: value for key, value in about.items() if key != "user"}
    notification, is_new = Notification.objects.get_or_create(
        **once, defaults={"user": about["user"]}
    )
    if is_new:
        queue.send("deliver", notification.pk)


def deliver(notification_id: int) -> bool:
    """Send the e-mail if it still has to be sent; whether it was.

    A refusal is kept with its reason and tried again later; it never reaches the job.
    """
    token = uuid4()
    one = Notification.objects.filter(pk=notification_id)
    if not one.take(token, LEASE):
        return False
    notification = one.select_related(
        "job__analysis__draft", "job__requested_by__preference", "user__preference"
    ).get()
    bad = BadAddress.objects.for_address(notification.recipient)
    if bad is not None:
        one.mark_failed(token, bad.sentence)
        return False
    try:
        if notification.draft and not hasattr(notification.draft, "warned"):
            one.mark_failed(token, "Somebody has come back to the draft: it is not erased.")
            return False
        message = compose(notification)
        message.send()
    # Whatever a mail server, a provider's client or the network raises is a reason to try later.
    except Exception as error:  # noqa: BLE001
        why = providers.why(error)
        # Not what it says: some providers' clients repeat the whole e-mail.
        log.warning("notification %s: not sent, %s", notification.pk, type(error).__name__)
        if providers.is_final(error) or notification.attempts > len(PAUSES):
            one.mark_failed(token, why)
        else:
            one.held(token).update(error=why)
            one.put_off(token, PAUSES[notification.attempts - 1])
        return False
    providers.note_taken(notification, message)
    return bool(one.mark_sent(token))


def again(notification: Notification, staff: User) -> int:
    """Send one that is over once more, recorded; 0 while it is still being sent, or when its
    address is bad."""
    with transaction.atomic():
        if BadAddress.objects.for_address(notification.recipient) is not None:
            return 0
        opened = Notification.objects.filter(pk=notification.pk).again()
        if opened:
            Event.objects.record(
                _draft_of(notification).pk,
                EventVerb.EMAIL_RETRIED,
                actor=staff,
                about=notification.public_id,
            )
            queue.send("deliver", notification.pk)
    return opened


def compose(notification: Notification) -> EmailMultiAlternatives:
    """The e-mail as text and HTML, in the language and zone of who gets it. Eight queries."""
    reader = notification.user
    if reader is None and notification.job is not None:
        reader = notification.job.requested_by
    wanted = Preference.of(reader) if reader else Preference()
    about = {NotificationKind.SHARED: _about_draft, NotificationKind.EXPIRING: _about_expiring}.get(
        NotificationKind(notification.kind), _about_job
    )
    zone = ZoneInfo(wanted.time_zone) if wanted.time_zone in zones() else None
    with translation.override(wanted.language or settings.LANGUAGE_CODE), timezone.override(zone):
        context = {
            "site_url": settings.SITE_URL,
            "settings_url": settings.SITE_URL + reverse("candidates:settings"),
            "has_account": reader is not None,
            **about(notification),
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
        # The same for every try, so that a mail server or reader can see a repetition.
        headers={"Message-ID": f"<{notification.public_id}@{_domain()}>"},
    )
    message.attach_alternative(parts[".html"], "text/html")
    return message


def _draft_of(notification: Notification) -> Draft:
    if notification.job is not None:
        return notification.job.analysis.draft
    about = notification.draft or notification.membership
    assert about is not None  # noqa: S101 (a constraint of the table)
    return about if isinstance(about, Draft) else about.draft


def _about_expiring(notification: Notification) -> dict[str, Any]:
    draft = _draft_of(notification)
    return {
        "draft": draft,
        "number": draft.candidates.count(),
        "due_at": draft.warned.due_at,
        "link": settings.SITE_URL + draft.get_absolute_url(),
    }


def _about_draft(notification: Notification) -> dict[str, Any]:
    membership = notification.membership
    assert membership is not None  # noqa: S101 (a constraint of the table)
    return {
        "draft": membership.draft,
        "by": membership.invited_by,
        "role": Role(membership.role),
        "link": settings.SITE_URL + membership.draft.get_absolute_url(),
    }


@dataclass(frozen=True, slots=True)
class Told:
    """One of the best, as an e-mail shows them. `width` is of the score's bar, in per cent."""

    place: str
    name: str
    score: Decimal
    width: int
    reason: str
    link: str


def _about_job(notification: Notification) -> dict[str, Any]:
    job = notification.job
    assert job is not None  # noqa: S101 (a constraint of the table)
    analysis = job.analysis
    page = (
        job if notification.kind in (NotificationKind.FAILED, NotificationKind.PAUSED) else analysis
    )
    about = _about_changes(job) if notification.kind == NotificationKind.DIGEST else {}
    return {
        "job": job,
        "analysis": analysis,
        "draft": analysis.draft,
        "tally": analysis.evaluations.tally(),
        "best": _best(analysis),
        "doubt": repeatability(analysis.followups.repeat_error()),
        "troubles": [(reason, number) for reason, number, _ in analysis.evaluations.troubles()],
        "pause_reason": _pause_reason(job),
        "link": settings.SITE_URL + page.get_absolute_url(),
        "job_link": settings.SITE_URL + job.get_absolute_url(),
        **about,
    }


def _about_changes(job: Job) -> dict[str, Any]:
    """What a scheduled run changed; nothing when the ranking before it has been erased since."""
    run = ScheduledRun.objects.filter(job=job).select_related("before").first()
    if run is None or run.before is None:
        return {}
    before, now = run.before, job.analysis
    found = movement.highlights(before, now)
    return {
        "before": before,
        "arrived": movement.shown(found.arrived, before, now),
        "up": movement.shown(found.up, before, now),
        "down": movement.shown(found.down, before, now),
        "unreadable": found.unreadable,
        "link": settings.SITE_URL + movement.address(before, now),
        "schedule_link": settings.SITE_URL + reverse("jobs:schedule", args=[now.draft.public_id]),
    }


def _best(analysis: Analysis) -> list[Told]:
    tied = analysis.evaluations.tied()
    best = analysis.evaluations.filter(rank__lte=BEST).order_by("rank").select_related("candidate")
    return [
        Told(
            place=one.place(tied),
            name=shown_name(one.candidate, analysis.draft),
            score=one.score or Decimal(0),
            width=max(1, round(one.score or 0)),
            reason=_reason(analysis, one),
            link=settings.SITE_URL + one.get_absolute_url(),
        )
        for one in best.defer("candidate__text")
    ]


def _reason(analysis: Analysis, evaluation: Evaluation) -> str:
    """What speaks most for them: the heaviest of the best supported ratings."""
    criteria = {one.key: one for one in analysis.rubric.criteria}
    rated = [Rating.from_json(one) for one in evaluation.ratings]
    rated = [one for one in rated if one.quotes and one.criterion in criteria]
    if not rated:
        return ""
    best = max(rated, key=lambda one: one.rating * criteria[one.criterion].weight)
    return f"{called(criteria[best.criterion])}: {told(best.reason)}"


def _pause_reason(job: Job) -> str:
    """Why it paused last; it may have been resumed since."""
    paused = Event.objects.filter(about=job.public_id, verb=EventVerb.PAUSED).last()
    return str(paused.params.get("reason", "")) if paused else ""


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
