"""Webhooks before a real HTTP server: signed, tried again, and never inside of our network."""

import base64
import hmac
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from candidates.facts.reason import DeliveryCode, FailureCode, Reason
from candidates.models import Draft
from candidates.reasons import sentence
from candidates.scoring.retry import WEBHOOK
from jobs.execution import finish, pause
from jobs.models import Job, JobStatus, NotificationKind, OutgoingStatus
from jobs.models.webhook import Delivery, Webhook, WebhookEvent
from jobs.notifications import outbox, recipients, webhooks
from jobs.notifications.addresses import is_public
from tests.makers import rows
from tests.servers.http import Server, serve_http


@pytest.fixture
def program(settings: LazySettings) -> Iterator[Server]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with serve_http() as program:
        program.url += "/in?x=1"
        yield program


@pytest.fixture
def hook(alice: User, program: Server) -> Webhook:
    return made(alice, program.url)


@pytest.fixture
def job(draft: Draft, alice: User) -> Job:
    rows.candidate(draft, 1, name="Ada Secret")
    rows.unreadable(draft, 2)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    return rows.job(analysis)


def made(user: User, url: str, **values: Any) -> Webhook:
    hook = Webhook.objects.create(user=user, url=url, **values)
    hook.refresh_from_db()
    return hook


def sent(hook: Webhook) -> Delivery:
    """A test message, tried once."""
    delivery = webhooks.queue_test(hook)
    webhooks.deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def test_a_run_is_told_in_ids_and_counts_and_signed(
    job: Job, hook: Webhook, program: Server
) -> None:
    recipients.queue_for_job(job, NotificationKind.COMPLETED)
    recipients.queue_for_job(job, NotificationKind.COMPLETED)
    delivery = Delivery.objects.get()

    assert webhooks.deliver(delivery.pk) and not webhooks.deliver(delivery.pk)

    [(path, headers, body)] = program.requests
    message = json.loads(body)
    assert path == "/in?x=1" and headers["host"] == program.url.split("/")[2]
    assert message["type"] == "run.partly_failed" and message["job"] == str(job.public_id)
    assert message["counts"]["scored"] == message["counts"]["unreadable"] == 1
    assert message["links"]["ranking"].endswith(job.analysis.get_absolute_url())
    assert b"Ada" not in body and b"Backend" not in body and b"payment" not in body
    key = base64.b64decode(hook.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert headers["webhook-id"] == str(delivery.public_id)


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of Standard Webhooks.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = '{"test": 2432232314}'

    assert (
        webhooks.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (NotificationKind.FAILED, WebhookEvent.FAILED),
        (NotificationKind.PAUSED, WebhookEvent.PAUSED),
    ],
)
def test_each_is_told_what_it_wants(
    job: Job, alice: User, eve: User, kind: NotificationKind, event: WebhookEvent
) -> None:
    made(alice, "https://one.example.com", events=[event])
    made(alice, "https://two.example.com", events=[WebhookEvent.COMPLETED])
    Webhook.objects.filter(pk=made(alice, "https://off.example.com").pk).disable()
    made(eve, "https://eve.example.com")

    recipients.queue_for_job(job, kind, 1)
    recipients.queue_for_job(job, kind, 2)

    queued = Delivery.objects.values_list("webhook__url", "kind", "occasion").order_by("pk")
    assert list(queued) == [
        ("https://one.example.com", event, 1),
        ("https://one.example.com", event, 2),
    ]


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (
            lambda job: finish.fail_job(job, Reason(FailureCode.NO_CANDIDATES_LEFT)),
            "no_candidates_left",
        ),
        (lambda job: pause.pause_for_problem(job, Reason(FailureCode.QUOTA_GONE)), "quota_gone"),
        (lambda job: recipients.queue_for_job(job, NotificationKind.COMPLETED), None),
    ],
    ids=["failed", "paused", "completed"],
)
def test_why_a_run_failed_or_paused_is_told_as_a_code(
    draft: Draft, alice: User, end: Callable[[Job], object], code: str | None
) -> None:
    made(alice, "https://one.example.com")
    job = rows.job(rows.analysis(draft, alice), JobStatus.PROCESSING)

    end(job)

    assert json.loads(Delivery.objects.get().body)["error_code"] == code


def test_a_ranking_without_a_gap_is_completed(draft: Draft, alice: User) -> None:
    rows.candidate(draft, 1)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    made(alice, "https://one.example.com")

    recipients.queue_for_job(rows.job(analysis), NotificationKind.COMPLETED)

    assert Delivery.objects.get().kind == WebhookEvent.COMPLETED


def test_a_server_in_trouble_is_asked_again_for_a_day_and_given_up(
    hook: Webhook, program: Server
) -> None:
    program.status, program.answer = 503, b"<h1>Down\0</h1>" + b"x" * 100_000
    delivery = sent(hook)

    assert (delivery.status, delivery.http_status, delivery.attempts) == (
        OutgoingStatus.WAITING,
        503,
        1,
    )
    refusal = Reason(DeliveryCode.WEBHOOK_REFUSED, {"status": 503})
    assert delivery.error == refusal
    assert "Down" not in str(Delivery.objects.values().get())

    Delivery.objects.update(due_at=Now())
    assert outbox.requeue_due() == 1
    Delivery.objects.update(attempts=len(WEBHOOK.delays))
    webhooks.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.status == OutgoingStatus.FAILED and delivery.error == refusal

    program.status = 200
    assert outbox.resend(delivery) == 1 and webhooks.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.http_status) == (OutgoingStatus.SENT, 200)
    assert (delivery.error_code, delivery.error_params) == ("", {})
    ids = {headers["webhook-id"] for _, headers, _ in program.requests}
    assert len(program.requests) == 3 and ids == {str(delivery.public_id)}


def test_a_redirect_is_not_followed(hook: Webhook, program: Server) -> None:
    program.status, program.headers = 307, {"location": program.url}

    delivery = sent(hook)

    assert len(program.requests) == 1 and delivery.http_status == 307
    assert delivery.error == Reason(DeliveryCode.WEBHOOK_REDIRECTED)


def test_a_server_that_wants_no_more_is_left_alone(hook: Webhook, program: Server) -> None:
    program.status = 410

    assert sent(hook).status == OutgoingStatus.FAILED

    hook.refresh_from_db()
    assert hook.disabled_at and "410" in hook.get_disabled_reason_display()


def test_a_slow_server_ends_at_the_deadline(hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "ATTEMPT_TIMEOUT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        Webhook.objects.update(url=f"http://127.0.0.1:{silent.getsockname()[1]}/")
        delivery = sent(hook)

    assert delivery.status == OutgoingStatus.WAITING
    assert delivery.error == Reason(DeliveryCode.WEBHOOK_TIMED_OUT, {"seconds": 0})


def test_nobody_listens(hook: Webhook) -> None:
    Webhook.objects.update(url="http://127.0.0.1:1/")

    delivery = sent(hook)

    assert delivery.status == OutgoingStatus.WAITING
    assert delivery.error == Reason(
        DeliveryCode.WEBHOOK_UNREACHABLE, {"error_class": "ConnectError"}
    )


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",  # noqa: S104
        "[::1]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "224.0.0.1",
        "2130706433",
        "0x7f.1",
    ],
)
def test_addresses_inside_are_refused(alice: User, host: str, settings: LazySettings) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = False

    delivery = sent(made(alice, f"http://{host}:9/"))

    assert delivery.status == OutgoingStatus.FAILED
    assert delivery.error is not None and delivery.error.code == DeliveryCode.ADDRESS_PRIVATE
    assert "is not a public address" in sentence(delivery.error)
    assert "WEBHOOK_ALLOW_PRIVATE" in sentence(delivery.error)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_addresses_of_the_internet_are_not(address: str) -> None:
    assert is_public(address)


def test_a_name_is_resolved_once_and_that_address_is_used(
    alice: User, program: Server, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who answers with a public address first and a private one then gains nothing."""
    real, lookups = socket.getaddrinfo, []

    def resolve(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        if host != "rebinding.example.com":
            return real(host, port, *more, **options)
        lookups.append(host)
        answer = "127.0.0.1" if len(lookups) == 1 else "127.0.0.2"
        return real(answer, port, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    checked = []
    monkeypatch.setattr(webhooks, "refuse_private", lambda _, address: checked.append(address))
    url = program.url.replace("localhost", "rebinding.example.com")

    assert sent(made(alice, url)).status == OutgoingStatus.SENT

    assert lookups == ["rebinding.example.com"] and checked == ["127.0.0.1"]
    assert program.requests[0][1]["host"].startswith("rebinding.example.com:")


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))
        for address in ("93.184.216.34", "10.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: resolved)

    error = sent(made(alice, "http://two-faced.example.com/")).error

    params = {"host": "two-faced.example.com", "address": "10.0.0.1"}
    assert error == Reason(DeliveryCode.ADDRESS_PRIVATE, params)
    assert "leads to 10.0.0.1" in sentence(error)


def test_the_message_of_a_closed_account_is_given_up(alice: User, hook: Webhook) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)

    delivery = sent(hook)

    assert delivery.status == OutgoingStatus.FAILED
    assert delivery.error == Reason(DeliveryCode.WEBHOOK_OWNER_LEFT)


class TestThePages:
    def test_add_change_switch_test_again_and_remove(
        self, as_alice: Client, alice: User, program: Server
    ) -> None:
        every = [event.value for event in WebhookEvent][:-1]
        given = {"url": program.url, "events": every}
        page = as_alice.post(reverse("jobs:webhooks"), given, follow=True)
        hook = Webhook.objects.get()
        assert hook.secret in page.text and hook.user == alice

        page = as_alice.post(reverse("jobs:test-webhook", args=[hook.public_id]), follow=True)
        assert "A test is on its way." in page.text and "none yet" in page.text
        delivery = Delivery.objects.get()
        webhooks.deliver(delivery.pk)
        assert "204" in as_alice.get(hook.get_absolute_url()).text
        as_alice.post(reverse("jobs:call-again", args=[delivery.public_id]))
        webhooks.deliver(delivery.pk)
        assert len(program.requests) == 2

        as_alice.post(hook.get_absolute_url(), {"url": program.url, "events": every[:1]})
        as_alice.post(reverse("jobs:switch-webhook", args=[hook.public_id]))
        hook.refresh_from_db()
        assert hook.events == every[:1] and hook.disabled_at
        assert "off" in as_alice.get(reverse("jobs:webhooks")).text

        as_alice.post(reverse("jobs:remove-webhook", args=[hook.public_id]))
        assert not Webhook.objects.exists()

    @pytest.mark.parametrize(
        ("url", "sentence"),
        [
            ("ftp://example.com/", "has to begin with https://"),
            ("nonsense", "Enter a valid URL."),
            ("https://there.example.com/", "You have a webhook with this address already."),
            ("http://10.0.0.1/x", "is not a public address"),
            ("http://[::1]/", "is not a public address"),
            ("http://localhost:9/", "is not a public address"),
            ("https://user:pass@example.com/", "The address holds a password."),
        ],
    )
    def test_an_address_that_cannot_be_used_says_why(
        self, as_alice: Client, alice: User, url: str, sentence: str, settings: LazySettings
    ) -> None:
        settings.WEBHOOK_ALLOW_PRIVATE = False
        made(alice, "https://there.example.com/")

        page = as_alice.post(reverse("jobs:webhooks"), {"url": url, "events": ["run.failed"]})

        assert page.status_code == 422 and sentence in page.text

    def test_why_a_message_was_not_taken_is_shown_in_the_readers_language(
        self, as_alice: Client, as_sam: Client, alice: User, hook: Webhook, program: Server
    ) -> None:
        program.status = 503
        sent(hook)

        assert "The server answered 503." in as_alice.get(hook.get_absolute_url()).text
        page = as_sam.get(reverse("admin:jobs_delivery_changelist"))
        assert "The server answered 503." in page.text
        page = as_alice.get(hook.get_absolute_url(), headers={"accept-language": "de"})
        assert "Der Server hat 503 geantwortet." in page.text

    def test_ten_are_enough(self, as_alice: Client, alice: User) -> None:
        for number in range(10):
            made(alice, f"https://{number}.example.com/")

        page = as_alice.post(
            reverse("jobs:webhooks"), {"url": "https://x.example.com/", "events": ["run.failed"]}
        )

        assert "You have 10 webhooks. Remove one first." in page.text

    def test_staff_see_no_secret(self, as_sam: Client, alice: User) -> None:
        hook = made(alice, "https://there.example.com/")

        page = as_sam.get(reverse("admin:jobs_webhook_change", args=[hook.pk]))

        assert page.status_code == 200 and hook.secret not in page.text
