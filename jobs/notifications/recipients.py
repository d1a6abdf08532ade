"""Who is notified of what: notices on pages at once, e-mails and webhook messages by the outbox."""

import logging
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q

from candidates.models import Draft, Membership, Preference
from jobs.models import Job, Notice, Notification, NotificationKind

from . import outbox, webhooks

log = logging.getLogger(__name__)


def queue_for_job(job: Job, kind: NotificationKind, occasion: int = 0) -> None:
    """Notify of `job` the user who requested it and those who follow the runs of others.

    They get a notice, an e-mail and webhook messages as their preferences say, in the caller's
    transaction; each once for every kind and, of kinds that come more than once, every `occasion`.
    A user who may no longer see the draft gets nothing.
    """
    draft = job.analysis.draft
    may_see = Q(pk=draft.owner_id) | Q(pk__in=draft.memberships.values("user"))
    wants = Q(pk=job.requested_by_id) | Q(preference__runs_of_others=True)
    users = User.objects.filter(may_see, wants, is_active=True).select_related("preference")
    for user in users:
        preference = Preference.of(user)
        if preference.in_app:
            Notice.objects.get_or_create(
                user=user, draft=draft, job=job, kind=kind, occasion=occasion
            )
        if not user.email:
            log.info("job %s: user %s has no e-mail address", job.public_id, user.pk)
        elif preference.mails(kind):
            _queue_email(user, job=job, recipient=user.email, kind=kind, occasion=occasion)
        webhooks.queue_for_job(user.pk, job, kind, occasion)


def queue_invitation(membership: Membership) -> None:
    """Notify a person that a draft is shared with them, in the caller's transaction: by e-mail,
    and by a notice where they have an account."""
    user = membership.user
    preference = Preference.of(user) if user else Preference()
    if user and preference.in_app:
        Notice.objects.get_or_create(
            user=user,
            draft_id=membership.draft_id,
            kind=NotificationKind.SHARED,
            defaults={"actor_id": membership.invited_by_id},
        )
    if preference.mails(NotificationKind.SHARED):
        _queue_email(
            user,
            membership=membership,
            recipient=membership.email,
            kind=NotificationKind.SHARED,
        )


def queue_retention_warning(draft: Draft) -> None:
    """Warn the owner by e-mail that the draft will be erased, in the caller's transaction.

    Their preferences have no say in it: it is their data.
    """
    if draft.owner.email and draft.owner.is_active:
        notification = Notification.objects.create(
            draft=draft,
            recipient=draft.owner.email,
            user=draft.owner,
            kind=NotificationKind.EXPIRING,
        )
        outbox.enqueue(notification)


def _queue_email(user: User | None, **identity: Any) -> None:
    """Put an e-mail in the outbox unless one of this `identity` has been there before."""
    notification, is_new = Notification.objects.get_or_create(**identity, defaults={"user": user})
    if is_new:
        outbox.enqueue(notification)
