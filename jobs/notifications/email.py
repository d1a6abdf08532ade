"""Sending e-mails: one attempt at one e-mail, and what its failure means."""

import logging
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction

from candidates.facts.reason import DeliveryCode, Reason
from candidates.models import Event, EventVerb
from candidates.scoring import retry
from jobs.models import BadAddress, Notification

from . import outbox, providers
from .compose import compose
from .outbox import SendResult

log = logging.getLogger(__name__)

EMAIL_LEASE = timedelta(minutes=2)


def deliver(notification_id: int) -> bool:
    """Send the e-mail if it still has to be sent; whether it was.

    A failure is recorded with its reason and retried later; it never reaches the job.
    """
    notification = Notification.objects.filter(pk=notification_id).select_related(
        "job__analysis__draft", "job__requested_by__preference", "user__preference"
    )
    return outbox.deliver(notification, _send, policy=retry.EMAIL, lease=EMAIL_LEASE)


def _send(notification: Notification) -> SendResult:
    bad_address = BadAddress.objects.for_address(notification.recipient)
    if bad_address is not None:
        return SendResult(bad_address.reason, is_final=True)
    try:
        if notification.draft and not hasattr(notification.draft, "retention_warning"):
            return SendResult(Reason(DeliveryCode.DRAFT_RETURNED_TO), is_final=True)
        message = compose(notification)
        message.send()
    # Whatever a mail server, a provider's client or the network raises is a reason to try later.
    except Exception as error:  # noqa: BLE001
        result = providers.failure(error)
        # Without the error's text: some providers' clients repeat the whole e-mail in it.
        log.warning("notification %s: not sent, %s", notification.pk, result.error)
        return result
    providers.record_accepted(notification, message)
    return SendResult()


def resend(notification: Notification, staff: User) -> int:
    """Send a closed e-mail once more, recorded as an event; 0 while it is open, or when its
    address is bad."""
    with transaction.atomic():
        if BadAddress.objects.for_address(notification.recipient) is not None:
            return 0
        reopened = outbox.resend(notification)
        if reopened:
            Event.objects.record(
                notification.about_draft.pk,
                EventVerb.EMAIL_RETRIED,
                actor=staff,
                about=notification.public_id,
            )
    return reopened
