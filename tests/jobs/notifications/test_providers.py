"""Each e-mail provider before a scripted server: its request, its errors, what it tells later."""

import base64
import gc
import json
import smtplib
import socket
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from anymail.exceptions import AnymailInvalidAddress, AnymailRecipientsRefused
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils.formats import date_format

from candidates.facts.reason import DeliveryCode, Reason
from candidates.models import Draft, Event, EventVerb
from candidates.reasons import sentence
from jobs.models import Job, Notification, NotificationKind, OutgoingStatus
from jobs.models.notification import BadAddress, MailEvent
from jobs.notifications import email, providers, recipients
from tests.makers import rows
from tests.servers.http import Server, serve_http

# What anymail thinks of SendGrid is for whoever chooses it.
pytestmark = pytest.mark.filterwarnings("ignore:django-anymail has dropped")
SECRET = "provider:secret"  # of the test
TO = "alice@example.com"


@dataclass(frozen=True)
class Provider:
    """What a provider's API looks like; `key` is in `header` of a request."""

    settings: dict[str, Any]
    path: str
    taken: tuple[int, str]
    refused: tuple[int, str]
    key: str
    header: str = "authorization"
    busy: tuple[int, str] = (429, "{}")
    no_key: tuple[int, str] = (401, "{}")


def url(key: str, **more: str) -> dict[str, Any]:
    return {key: "{server}/", **more}


PROVIDERS = {
    "sendgrid": Provider(
        url("SENDGRID_API_URL", SENDGRID_API_KEY="k-1"),
        "/mail/send",
        (202, ""),
        (400, '{"errors": [{"message": "The to address does not work."}]}'),
        "Bearer k-1",
    ),
    "postmark": Provider(
        url("POSTMARK_API_URL", POSTMARK_SERVER_TOKEN="k-1"),
        "/email",
        (200, json.dumps({"To": TO, "MessageID": "m-1", "ErrorCode": 0, "Message": "OK"})),
        (
            422,
            '{"ErrorCode": 406, "Message": "You tried to send to a recipient that has been marked '
            f'as inactive. Found inactive addresses: {TO}. Inactive recipients are those."}}',
        ),
        "k-1",
        header="x-postmark-server-token",
    ),
    "mailgun": Provider(
        url("MAILGUN_API_URL", MAILGUN_API_KEY="k-1", MAILGUN_SENDER_DOMAIN="mg.example.com"),
        "/mg.example.com/messages",
        (200, '{"id": "<m-1@mg.example.com>", "message": "Queued. Thank you."}'),
        (400, '{"message": "to parameter does not work"}'),
        "Basic " + base64.b64encode(b"api:k-1").decode(),
    ),
    "resend": Provider(
        url("RESEND_API_URL", RESEND_API_KEY="k-1"),
        "/emails",
        (200, '{"id": "m-1"}'),
        (422, '{"statusCode": 422, "name": "validation_error", "message": "to does not work"}'),
        "Bearer k-1",
    ),
    "ses": Provider(
        {
            "AMAZON_SES_CLIENT_PARAMS": {
                "endpoint_url": "{server}",
                "region_name": "eu-central-1",
                "aws_access_key_id": "k-1",
                "aws_secret_access_key": "s-1",
                "config": {"retries": {"max_attempts": 0}},
            }
        },
        "/v2/email/outbound-emails",
        (200, '{"MessageId": "m-1"}'),
        (400, '{"__type": "MessageRejected", "message": "Address does not work."}'),
        "k-1",
        busy=(400, '{"__type": "TooManyRequestsException", "message": "Slowly."}'),
        no_key=(403, '{"__type": "UnrecognizedClientException", "message": "No such key."}'),
    ),
}


@pytest.fixture
def server() -> Iterator[Server]:
    with serve_http() as server:
        yield server


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest, server: Server, settings: LazySettings) -> Provider:
    provider = PROVIDERS[request.param]
    filled = json.loads(json.dumps(provider.settings).replace("{server}", server.url))
    settings.ANYMAIL = {**settings.ANYMAIL, **filled}
    settings.MAILERS = {"default": settings.EMAIL_BACKENDS[request.param]}
    return provider


@pytest.fixture
def notification(draft: Draft, alice: User) -> Notification:
    rows.candidate(draft, 1)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    recipients.queue_for_job(rows.job(analysis), NotificationKind.COMPLETED)
    return Notification.objects.get()


def tried(notification: Notification) -> Notification:
    email.deliver(notification.pk)
    notification.refresh_from_db()
    return notification


def answering(server: Server, answer: tuple[int, str]) -> None:
    server.status, server.answer = answer[0], answer[1].encode()
    server.headers = {"content-type": "application/json"}


def test_an_e_mail_is_taken(provider: Provider, server: Server, notification: Notification) -> None:
    answering(server, provider.taken)

    assert tried(notification).status == OutgoingStatus.SENT

    [(path, headers, body)] = server.requests
    assert path == provider.path and provider.key in headers[provider.header]
    content = body + b"".join(
        base64.b64decode(part) for part in json_parts(body) if part.isascii() and len(part) > 500
    )
    assert TO.encode() in content or b"alice%40example.com" in content
    assert b"Backend engineer" in content or b"Backend+engineer" in content
    event = MailEvent.objects.get()
    assert event.kind == "queued" and event.notification == notification


def json_parts(body: bytes) -> list[str]:
    """The long texts in it: Amazon gets the whole message in base64."""
    try:
        request = json.loads(body)
    except ValueError:
        return []
    return [request["Content"]["Raw"]["Data"]] if "Content" in request else []


@pytest.mark.parametrize("error", ["busy", "down", "no_key"])
def test_what_passes_is_tried_again(
    provider: Provider, server: Server, notification: Notification, error: str
) -> None:
    answering(server, (503, "{}") if error == "down" else getattr(provider, error))

    assert tried(notification).status == OutgoingStatus.WAITING

    assert notification.attempts == 1 and notification.error_code == DeliveryCode.MAIL_REFUSED
    assert notification.error_params["status"] == (server.status if error != "busy" else 429)


def test_a_refused_recipient_is_given_up_at_once_with_the_reason(
    provider: Provider, server: Server, notification: Notification
) -> None:
    answering(server, provider.refused)

    assert tried(notification).status == OutgoingStatus.FAILED

    status = {"status": provider.refused[0]}
    assert notification.error in (
        Reason(DeliveryCode.RECIPIENT_REFUSED),
        Reason(DeliveryCode.MAIL_REFUSED, {**status, "error_class": "AnymailRequestsAPIError"}),
        Reason(DeliveryCode.MAIL_REFUSED, {**status, "error_class": "AnymailAPIError"}),
    )
    assert sentence(notification.error)
    stored = Notification.objects.filter(pk=notification.pk).values().get()
    assert "does not work" not in str(stored) and "inactive" not in str(stored)


def test_nobody_answers(provider: Provider, server: Server, notification: Notification) -> None:
    server.status, server.headers = 502, {"content-length": "5"}  # and then the line is cut

    with warnings.catch_warnings():
        # The provider's client leaves the socket of a cut line to the collector.
        warnings.simplefilter("ignore", ResourceWarning)
        assert tried(notification).status == OutgoingStatus.WAITING
        gc.collect()
    # Amazon's client has errors of its own for the line.
    codes = (DeliveryCode.MAIL_SERVER_UNREACHABLE, DeliveryCode.MAIL_FAILED)
    assert notification.error_code in codes and notification.http_status is None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (smtplib.SMTPRecipientsRefused({TO: (451, b"later")}), DeliveryCode.MAIL_REFUSED),
        (smtplib.SMTPAuthenticationError(535, b"no"), DeliveryCode.MAIL_REFUSED),
        (smtplib.SMTPServerDisconnected("gone"), DeliveryCode.MAIL_SERVER_UNREACHABLE),
        (smtplib.SMTPNotSupportedError("no"), DeliveryCode.MAIL_FAILED),
        (ConnectionRefusedError(), DeliveryCode.MAIL_SERVER_UNREACHABLE),
        (socket.gaierror(), DeliveryCode.MAIL_SERVER_UNREACHABLE),
        (TimeoutError(), DeliveryCode.MAIL_SERVER_TIMED_OUT),
        (AnymailInvalidAddress("alice"), DeliveryCode.MAIL_FAILED),
        (AnymailRecipientsRefused(), DeliveryCode.RECIPIENT_REFUSED),
        (RuntimeError(TO), DeliveryCode.MAIL_FAILED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_a_code_without_its_text(error: Exception, code: DeliveryCode) -> None:
    reason = providers.failure(error).error

    assert reason is not None and reason.code == code
    assert reason.params.get("error_class", type(error).__name__) == type(error).__name__


class TestWhatTheyTellLater:
    """By Postmark's words; anymail knows those of the others."""

    @pytest.fixture(autouse=True)
    def postmark(self, settings: LazySettings, notification: Notification) -> None:
        settings.EMAIL_PROVIDER = "postmark"
        settings.ANYMAIL = {**settings.ANYMAIL, "WEBHOOK_SECRET": SECRET}
        MailEvent.objects.create(notification=notification, message_id="m-1", kind="queued")

    def report(
        self, client: Client, secret: str = SECRET, name: str = "postmark", **values: Any
    ) -> int:
        """The HTTP status of the answer to a provider's report."""
        credentials = base64.b64encode(secret.encode()).decode()
        return client.post(
            f"/anymail/{name}/tracking/",
            {"MessageID": "m-1", **values},
            content_type="application/json",
            headers={"authorization": f"Basic {credentials}"},
        ).status_code

    BOUNCE: dict[str, Any] = {
        "RecordType": "Bounce",
        "Type": "HardBounce",
        "TypeCode": 1,
        "ID": 42,
        "Email": "Alice@example.com",
        "BouncedAt": "2026-11-27T01:00:00Z",
        "Description": "The server was unable to deliver your message.",
        "Details": "550 no such box",
    }

    def test_delivered_is_shown_with_the_e_mail(
        self, anonymous: Client, as_sam: Client, notification: Notification
    ) -> None:
        delivered = {
            "RecordType": "Delivery",
            "Recipient": TO,
            "DeliveredAt": "2026-11-27T01:00:00Z",
            "Details": "250 2.0.0 OK",
        }
        assert self.report(anonymous, **delivered) == self.report(anonymous, **delivered) == 200

        kinds = notification.mail_events.order_by("pk").values_list("kind", flat=True)
        assert list(kinds) == ["queued", "delivered"]
        page = as_sam.get(reverse("admin:jobs_notification_change", args=[notification.pk]))
        assert "delivered" in page.text and "250 2.0.0 OK" in page.text
        assert not BadAddress.objects.exists()

    def test_an_address_that_bounced_is_not_written_to_until_staff_allow_it(
        self, anonymous: Client, as_alice: Client, as_sam: Client, notification: Notification
    ) -> None:
        assert self.report(anonymous, **self.BOUNCE) == 200

        assert tried(notification).status == OutgoingStatus.FAILED
        day = f"{BadAddress.objects.get().created_at:%Y-%m-%d}"
        assert notification.error == Reason(DeliveryCode.ADDRESS_BOUNCED, {"day": day})
        outbox = reverse("admin:jobs_notification_changelist")
        shown = date_format(BadAddress.objects.get().created_at)
        assert f"E-mail to this address came back on {shown}." in as_sam.get(outbox).text
        notices = as_alice.get(reverse("jobs:notices")).text
        assert f"Alice@example.com came back on {shown}." in notices
        assert "Nothing is sent there until staff" in as_alice.get(reverse("jobs:notices")).text
        resend = {"action": "resend", "_selected_action": [notification.pk]}
        assert "0 of 1 are sent again" in as_sam.post(outbox, resend, follow=True).text

        lift = {"action": "lift", "_selected_action": [BadAddress.objects.get().pk]}
        page = as_sam.post(reverse("admin:jobs_badaddress_changelist"), lift, follow=True)
        assert "1 address is written to again." in page.text
        assert LogEntry.objects.get().object_repr == "Alice@example.com"
        assert "1 of 1 are sent again" in as_sam.post(outbox, resend, follow=True).text
        assert tried(notification).status == OutgoingStatus.SENT
        event = Event.objects.get(verb=EventVerb.EMAIL_RETRIED)
        assert event.actor and event.actor.username == "sam"

    def test_a_complaint_counts_too_and_a_full_box_does_not(self, anonymous: Client) -> None:
        soft = {**self.BOUNCE, "Type": "SoftBounce", "TypeCode": 4096, "Email": "full@example.com"}
        spam = {**self.BOUNCE, "RecordType": "SpamComplaint", "Type": "SpamComplaint"}

        assert self.report(anonymous, **soft) == self.report(anonymous, **spam) == 200

        assert [(bad.address, bad.kind) for bad in BadAddress.objects.all()] == [
            ("Alice@example.com", "complained")
        ]

    def test_who_cannot_show_the_secret_tells_nothing(
        self, anonymous: Client, settings: LazySettings
    ) -> None:
        assert self.report(anonymous, "provider:guess", **self.BOUNCE) == 400
        assert self.report(anonymous, name="sendgrid", **self.BOUNCE) == 404
        assert self.report(anonymous, name="pigeon", **self.BOUNCE) == 404
        settings.ANYMAIL = {**settings.ANYMAIL, "WEBHOOK_SECRET": ""}
        assert self.report(anonymous, ":", **self.BOUNCE) == 404

        assert not BadAddress.objects.exists()

    @pytest.mark.parametrize(
        "values", [{}, {"RecordType": 5}, {"RecordType": "Bounce", "Email": []}]
    )
    def test_what_cannot_be_read_is_no_failure_of_ours(
        self, anonymous: Client, values: dict[str, Any]
    ) -> None:
        assert self.report(anonymous, **values) in (200, 400)

    def test_resending_and_lifting_need_their_permissions(
        self, anonymous: Client, eve: User, as_eve: Client, notification: Notification
    ) -> None:
        self.report(anonymous, **self.BOUNCE)
        User.objects.filter(pk=eve.pk).update(is_staff=True)
        for word in ("view_notification", "view_badaddress"):
            eve.user_permissions.add(Permission.objects.get(codename=word))

        for model, action in (("notification", "resend"), ("badaddress", "lift")):
            where = reverse(f"admin:jobs_{model}_changelist")
            page = as_eve.post(where, {"action": action, "_selected_action": [1]}, follow=True)
            assert page.status_code == 200 and f'value="{action}"' not in page.text

        assert BadAddress.objects.exists() and not Event.objects.filter(
            verb=EventVerb.EMAIL_RETRIED
        )


def test_a_full_box_at_amazon_is_no_end() -> None:
    class Report:
        event_type = "bounced"
        esp_event = {"bounce": {"bounceType": "Transient"}}

    assert providers._bad_address_kind(Report()) is None


def test_jobs_are_left_alone(
    provider: Provider, server: Server, notification: Notification
) -> None:
    answering(server, provider.refused)
    tried(notification)

    assert Job.objects.get().status == "completed"
