"""The e-mail providers: what their errors mean, and what they tell of an e-mail afterwards."""

import logging
import smtplib
from http import HTTPStatus
from typing import Any

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from anymail.signals import EventType, RejectReason, tracking
from django.core.mail import EmailMultiAlternatives
from django.dispatch import receiver

from jobs.models import Notification
from jobs.models.notification import BadAddress, EmailEventKind, MailEvent

log = logging.getLogger(__name__)

# Of what is not worth another try as long as the e-mail is the same. A refused key is: somebody
# mends it, and what had to be said meanwhile is still worth saying.
FOR_GOOD = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
REJECTED_FOR_GOOD = {RejectReason.BOUNCED, RejectReason.INVALID}


def is_final(error: Exception) -> bool:
    """Whether trying again is of no use: the message or its recipient is refused for good."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _said in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code >= 500
    if isinstance(error, AnymailRecipientsRefused):
        return True
    if isinstance(error, AnymailAPIError):
        return _status(error) in FOR_GOOD
    return isinstance(error, AnymailError)


def _status(error: AnymailAPIError) -> int | None:
    """The HTTP status; of Amazon's client it stands inside of what it answered."""
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):
        if answer.get("Error", {}).get("Code") in THROTTLED:
            return HTTPStatus.TOO_MANY_REQUESTS
        status: int | None = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return status
    return getattr(error, "status_code", None)


# Amazon answers these with 400.
THROTTLED = {"Throttling", "ThrottlingException", "TooManyRequestsException"}
THROTTLED |= {"LimitExceededException", "SendingPausedException"}


def why(error: Exception) -> str:
    """One line for the outbox, with what the provider said."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}"[:1000]


def note_taken(notification: Notification, message: EmailMultiAlternatives) -> None:
    """Keep the provider's name for the e-mail, by which it tells of it afterwards."""
    status = getattr(message, "anymail_status", None)
    if status is not None and isinstance(status.message_id, str):
        MailEvent.objects.bulk_create(
            [
                MailEvent(
                    notification=notification,
                    message_id=status.message_id[:255],
                    what=EmailEventKind.QUEUED,
                )
            ],
            ignore_conflicts=True,
        )


@receiver(tracking)
def note(sender: Any, event: Any, esp_name: str, **_: Any) -> None:
    """What a provider tells of an e-mail; the same told twice is one row. Of e-mails that are not
    ours, such as those with a new password, only a bad address is kept."""
    if event.event_type not in EmailEventKind.values:
        return  # opened, clicked: nobody's business
    what = EmailEventKind(event.event_type)
    detail = " ".join(filter(None, (event.description, event.mta_response)))[:500]
    taken = MailEvent.objects.filter(message_id=str(event.message_id or "-")[:255])
    for pk in taken.order_by().values_list("notification", flat=True).distinct():
        MailEvent.objects.bulk_create(
            [
                MailEvent(
                    notification_id=pk,
                    message_id=str(event.message_id)[:255],
                    event_id=str(event.event_id or "")[:255],
                    what=what,
                    detail=detail,
                    **({"at": event.timestamp} if event.timestamp else {}),
                )
            ],
            ignore_conflicts=True,
        )
    end = _end(event)
    if end and event.recipient:
        bad = BadAddress(address=event.recipient[:254], what=end, detail=detail)
        BadAddress.objects.bulk_create([bad], ignore_conflicts=True)
        log.warning("an address is written to no more: %s, told by %s", end, esp_name)


def _end(event: Any) -> EmailEventKind | None:
    """What ends writing to the address; a full box or a server that is down does not."""
    if event.event_type == EventType.COMPLAINED:
        return EmailEventKind.COMPLAINED
    if event.event_type == EventType.BOUNCED:
        return None if _passes(event.esp_event) else EmailEventKind.BOUNCED
    if event.event_type == EventType.REJECTED and event.reject_reason in REJECTED_FOR_GOOD:
        return EmailEventKind.BOUNCED
    return None


def _passes(told: Any) -> bool:
    """Whether a provider's own words for a bounce are those of one that may pass."""
    told = _part(told)
    bounce = _part(_part(told.get("data")).get("bounce")) or _part(told.get("bounce"))
    return (
        bounce.get("bounceType") == "Transient"  # Amazon
        or bounce.get("type") in ("Transient", "Temporary")  # Resend
        or told.get("Type") in ("SoftBounce", "Transient")  # Postmark
        or told.get("type") == "blocked"  # SendGrid
    )


def _part(told: Any) -> dict[str, Any]:
    return told if isinstance(told, dict) else {}
