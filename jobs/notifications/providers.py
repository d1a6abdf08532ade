"""The e-mail providers: what their errors mean, and what they report about an e-mail later."""

import logging
import smtplib
from http import HTTPStatus
from typing import Any

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from anymail.signals import EventType, RejectReason, tracking
from django.core.mail import EmailMultiAlternatives
from django.dispatch import receiver

from candidates.facts.reason import DeliveryCode, Param, Reason
from jobs.models import Notification
from jobs.models.notification import BadAddress, EmailEventKind, MailEvent

from .outbox import SendResult

log = logging.getLogger(__name__)

# Another attempt at the same e-mail is answered in the same way. A refused key is not among them:
# once it is replaced, the e-mail is still worth sending.
FINAL_STATUSES = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
FINAL_REJECT_REASONS = {RejectReason.BOUNCED, RejectReason.INVALID}
# Amazon answers these with 400.
AMAZON_THROTTLING_CODES = {
    "LimitExceededException",
    "SendingPausedException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


def failure(error: Exception) -> SendResult:
    """What `error` means for the e-mail; of its text nothing is kept."""
    return SendResult(
        _reason(error),
        is_final=is_final(error),
        http_status=_status(error) if isinstance(error, AnymailAPIError) else None,
    )


def _reason(error: Exception) -> Reason:
    if isinstance(error, AnymailRecipientsRefused):
        return Reason(DeliveryCode.RECIPIENT_REFUSED)
    status = _status(error) if isinstance(error, AnymailAPIError) else _smtp_code(error)
    if status is not None and status >= HTTPStatus.BAD_REQUEST:  # of SMTP too: 4xx and 5xx
        params: dict[str, Param] = {"status": status, "error_class": type(error).__name__}
        return Reason(DeliveryCode.MAIL_REFUSED, params)
    # A provider's client wraps what broke the line to it.
    cause = error.__cause__ if isinstance(error, AnymailError) and status is None else None
    cause = cause or error
    if isinstance(cause, TimeoutError):
        return Reason(DeliveryCode.MAIL_SERVER_TIMED_OUT)
    is_line = isinstance(cause, OSError) and not isinstance(cause, AnymailError)
    if isinstance(cause, smtplib.SMTPException):  # an OSError, each of them
        is_line = isinstance(cause, smtplib.SMTPServerDisconnected)
    code = DeliveryCode.MAIL_SERVER_UNREACHABLE if is_line else DeliveryCode.MAIL_FAILED
    return Reason(code, {"error_class": type(cause).__name__})


def _smtp_code(error: Exception) -> int | None:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max(code for code, _text in error.recipients.values())
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None


def is_final(error: Exception) -> bool:
    """Whether the message or its recipient is refused for good, so that no retry helps."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _text in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code >= 500
    if isinstance(error, AnymailRecipientsRefused):
        return True
    if isinstance(error, AnymailAPIError):
        return _status(error) in FINAL_STATUSES
    return isinstance(error, AnymailError)


def _status(error: AnymailAPIError) -> int | None:
    """The HTTP status; Amazon's client has it inside of the answer."""
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):
        if answer.get("Error", {}).get("Code") in AMAZON_THROTTLING_CODES:
            return HTTPStatus.TOO_MANY_REQUESTS
        status: int | None = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return status
    return getattr(error, "status_code", None)


def record_accepted(notification: Notification, message: EmailMultiAlternatives) -> None:
    """Record the provider's id of the e-mail, which its later reports name."""
    status = getattr(message, "anymail_status", None)
    if status is not None and isinstance(status.message_id, str):
        MailEvent.objects.bulk_create(
            [
                MailEvent(
                    notification=notification,
                    message_id=status.message_id[:255],
                    kind=EmailEventKind.QUEUED,
                )
            ],
            ignore_conflicts=True,
        )


@receiver(tracking)
def record_report(sender: Any, event: Any, esp_name: str, **_: Any) -> None:
    """Record what a provider reports about an e-mail; a repeated report is one row.

    Of e-mails outside of the outbox, such as those for a new password, only a bad address is
    recorded.
    """
    if event.event_type not in EmailEventKind.values:
        return  # opened, clicked: not stored
    kind = EmailEventKind(event.event_type)
    detail = " ".join(filter(None, (event.description, event.mta_response)))[:500]
    earlier = MailEvent.objects.filter(message_id=str(event.message_id or "-")[:255])
    for pk in earlier.order_by().values_list("notification", flat=True).distinct():
        MailEvent.objects.bulk_create(
            [
                MailEvent(
                    notification_id=pk,
                    message_id=str(event.message_id)[:255],
                    event_id=str(event.event_id or "")[:255],
                    kind=kind,
                    detail=detail,
                    **({"created_at": event.timestamp} if event.timestamp else {}),
                )
            ],
            ignore_conflicts=True,
        )
    bad_address_kind = _bad_address_kind(event)
    if bad_address_kind and event.recipient:
        bad_address = BadAddress(
            address=event.recipient[:254], kind=bad_address_kind, detail=detail
        )
        BadAddress.objects.bulk_create([bad_address], ignore_conflicts=True)
        log.warning("%s reports a bad address: %s", esp_name, bad_address_kind)


def _bad_address_kind(event: Any) -> EmailEventKind | None:
    """Why the address must not be written to again; None for what passes, such as a full box."""
    if event.event_type == EventType.COMPLAINED:
        return EmailEventKind.COMPLAINED
    if event.event_type == EventType.BOUNCED:
        return None if _is_transient(event.esp_event) else EmailEventKind.BOUNCED
    if event.event_type == EventType.REJECTED and event.reject_reason in FINAL_REJECT_REASONS:
        return EmailEventKind.BOUNCED
    return None


def _is_transient(report: Any) -> bool:
    """Whether a provider's own words for a bounce say that it may pass."""
    report = _dict(report)
    bounce = _dict(_dict(report.get("data")).get("bounce")) or _dict(report.get("bounce"))
    return (
        bounce.get("bounceType") == "Transient"  # Amazon
        or bounce.get("type") in ("Transient", "Temporary")  # Resend
        or report.get("Type") in ("SoftBounce", "Transient")  # Postmark
        or report.get("type") == "blocked"  # SendGrid
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
