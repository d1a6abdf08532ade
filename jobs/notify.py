"""The outbox: one e-mail per finished job and recipient, and per colleague with whom a draft is
shared, each retried until the mail server takes it."""

import logging
from collections import Counter
from datetime import timedelta
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import Count
from django.template.loader import render_to_string

from candidates.models import Analysis, Event, Membership
from candidates.models.analysis import Status as Scored
from candidates.reading.problems import Problem
from candidates.views.words import doubt

from . import engine as queue
from .models import Job, Kind, Notification

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
SHOWN = ("job__analysis__draft", "job__requested_by", "membership__draft", "membership__invited_by")
# After the first try, and then after each further one; then it is given up.
PAUSES = tuple(timedelta(minutes=m) for m in (0.5, 2, 5, 15, 30, 60, 120, 240, 480, 480))


def post(job: Job, kind: Kind, occasion: int = 0) -> None:
    """Put the e-mail about `job` in the outbox, in the caller's transaction.

    There is one for each kind and, of kinds that may come more than once, each `occasion`.
    """
    recipient = job.requested_by.email
    if not recipient:
        log.info("job %s: nobody is told, its user has no e-mail address", job.public_id)
        return
    notification, is_new = Notification.objects.get_or_create(
        job=job, recipient=recipient, kind=kind, occasion=occasion
    )
    if is_new:
        queue.send("deliver", notification.pk)


def share(membership: Membership) -> None:
    """Put the e-mail about a draft that is shared in the outbox, in the caller's transaction."""
    notification = Notification.objects.create(
        membership=membership, recipient=membership.email, kind=Kind.SHARED
    )
    queue.send("deliver", notification.pk)


def deliver(notification_id: int) -> bool:
    """Send the e-mail if it still has to be sent; whether it was.

    A refusal is kept with its reason and tried again later; it never reaches the job.
    """
    token = uuid4()
    one = Notification.objects.filter(pk=notification_id)
    if not one.take(token, LEASE):
        return False
    notification = one.select_related(*SHOWN).get()
    try:
        compose(notification).send()
    # Whatever a mail server, a provider's client or the network raises is a reason to try later.
    except Exception as error:  # noqa: BLE001
        why = f"{type(error).__name__}: {error}"
        log.warning("notification %s: not sent, %s", notification.pk, why)
        if notification.attempts > len(PAUSES):
            one.mark_failed(token, why)
        else:
            one.held(token).update(error=why)
            one.put_off(token, PAUSES[notification.attempts - 1])
        return False
    return bool(one.mark_sent(token))


def compose(notification: Notification) -> EmailMultiAlternatives:
    """The e-mail as text and HTML. Six queries about a job, none about a draft."""
    if notification.job is not None:
        context = _about_job(notification.job, Kind(notification.kind))
    else:
        context = _about_sharing(notification.membership)
    context["site_url"] = settings.SITE_URL
    subject = render_to_string(f"emails/{notification.kind}_subject.txt", context)
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string(f"emails/{notification.kind}.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[notification.recipient],
        # The same for every try, so that a mail server or reader can see a repetition.
        headers={"Message-ID": f"<{notification.public_id}@{_domain()}>"},
    )
    message.attach_alternative(
        render_to_string(f"emails/{notification.kind}.html", context), "text/html"
    )
    return message


def _about_job(job: Job, kind: Kind) -> dict[str, Any]:
    analysis = job.analysis
    tied = analysis.evaluations.tied()
    best = analysis.evaluations.filter(rank__lte=5).order_by("rank").select_related("candidate")
    page = analysis if kind == Kind.COMPLETED else job
    return {
        "job": job,
        "analysis": analysis,
        "draft": analysis.draft,
        "user": job.requested_by,
        "tally": analysis.evaluations.tally(),
        "best": [(one.place(tied), one) for one in best.defer("candidate__text")],
        "doubt": doubt(analysis.followups.repeat_error()),
        "troubles": _by_reason(analysis),
        "pause_reason": _pause_reason(job),
        "link": settings.SITE_URL + page.get_absolute_url(),
    }


def _about_sharing(membership: Membership | None) -> dict[str, Any]:
    if membership is None:
        raise LookupError("An e-mail is about a job or about a draft that is shared.")
    return {
        "membership": membership,
        "draft": membership.draft,
        "by": membership.invited_by,
        "link": settings.SITE_URL + membership.draft.get_absolute_url(),
    }


def _pause_reason(job: Job) -> str:
    """Why it paused last; it may have been resumed since."""
    paused = Event.objects.filter(about=job.public_id, verb="paused").last()
    return paused.detail if paused else ""


def _by_reason(analysis: Analysis) -> list[tuple[str, int]]:
    """Why résumés have no score, and how many for each reason, the most frequent first."""
    troubled = analysis.evaluations.filter(status__in=[Scored.FAILED, Scored.UNREADABLE])
    reasons = troubled.values_list("error", "candidate__problem").annotate(n=Count("pk"))
    counted: Counter[str] = Counter()
    for error, problem, number in reasons.order_by():
        counted[error or Problem(problem).sentence] += number
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
