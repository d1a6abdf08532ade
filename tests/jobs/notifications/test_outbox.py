"""The outbox: one loop and one rescue for e-mails and webhook messages."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django_q.models import OrmQ

from candidates.facts.reason import DeliveryCode, Reason
from candidates.models import Draft
from candidates.scoring.retry import RetryPolicy
from jobs.models import Delivery, Notification, NotificationKind, OutgoingStatus, Webhook
from jobs.notifications import outbox
from jobs.notifications.outbox import SendResult
from tests.makers import rows

pytestmark = pytest.mark.django_db

LEASE = timedelta(minutes=1)
OUT_OF_ORDER = Reason(DeliveryCode.WEBHOOK_REFUSED, {"status": 500})
GONE = Reason(DeliveryCode.WEBHOOK_REFUSED, {"status": 410})
POLICY = RetryPolicy(delays=(60.0,), max_attempts=2)


@pytest.fixture
def email(draft: Draft, alice: User) -> Notification:
    return Notification.objects.create(
        job=rows.job(rows.analysis(draft, alice)),
        kind=NotificationKind.COMPLETED,
        recipient="alice@example.com",
    )


@pytest.fixture
def delivery(alice: User) -> Delivery:
    webhook = Webhook.objects.create(user=alice, url="https://example.com/")
    return Delivery.objects.create(webhook=webhook, kind="test", body="{}")


def deliver(message: Delivery, result: SendResult) -> bool:
    row = Delivery.objects.filter(pk=message.pk)
    is_sent = outbox.deliver(row, lambda _message: result, policy=POLICY, lease=LEASE)
    message.refresh_from_db()
    return is_sent


def test_a_failure_is_recorded_and_retried_until_the_policy_gives_up(delivery: Delivery) -> None:
    failure = SendResult(OUT_OF_ORDER, http_status=500)

    assert not deliver(delivery, failure)
    assert (delivery.status, delivery.attempts) == (OutgoingStatus.WAITING, 1)
    assert (delivery.error, delivery.http_status) == (OUT_OF_ORDER, 500)
    assert delivery.tried_at is not None
    assert delivery.due_at - delivery.tried_at == timedelta(seconds=60)

    assert not deliver(delivery, failure)
    assert (delivery.status, delivery.attempts) == (OutgoingStatus.FAILED, 2)
    assert delivery.sent_at is None and delivery.token is None


def test_a_final_failure_is_not_retried(delivery: Delivery) -> None:
    assert not deliver(delivery, SendResult(GONE, is_final=True, http_status=410))

    assert (delivery.status, delivery.attempts) == (OutgoingStatus.FAILED, 1)


def test_what_is_sent_is_closed_and_forgets_its_error(delivery: Delivery) -> None:
    deliver(delivery, SendResult(OUT_OF_ORDER))

    assert deliver(delivery, SendResult(http_status=204))

    assert (delivery.status, delivery.error) == (OutgoingStatus.SENT, None)
    assert delivery.http_status == 204 and delivery.sent_at is not None
    assert not deliver(delivery, SendResult(GONE))
    assert delivery.status == OutgoingStatus.SENT


def test_a_message_in_another_workers_hands_is_left_there(delivery: Delivery) -> None:
    Delivery.objects.all().claim_unless_held(uuid4(), LEASE)

    assert not deliver(delivery, SendResult())

    assert (delivery.status, delivery.attempts) == (OutgoingStatus.SENDING, 1)


def test_due_messages_of_both_tables_are_queued_once(
    email: Notification, delivery: Delivery
) -> None:
    assert outbox.requeue_due() == 2

    assert OrmQ.objects.count() == 2
    assert outbox.requeue_due() == 0


def test_a_message_past_its_lease_is_queued_again(delivery: Delivery) -> None:
    Delivery.objects.all().claim_unless_held(uuid4(), LEASE)
    assert outbox.requeue_due() == 0
    Delivery.objects.update(due_at=Now())

    assert outbox.requeue_due() == 1

    delivery.refresh_from_db()
    assert (delivery.status, delivery.token) == (OutgoingStatus.WAITING, None)


def test_only_closed_messages_are_sent_again(email: Notification, delivery: Delivery) -> None:
    deliver(delivery, SendResult(GONE, is_final=True))

    assert outbox.resend(delivery) == 1 and outbox.resend(delivery) == 0
    assert outbox.resend(email) == 0

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (OutgoingStatus.WAITING, 0)
    assert OrmQ.objects.count() == 1


def test_old_webhook_messages_are_deleted_when_they_are_closed(delivery: Delivery) -> None:
    Delivery.objects.update(created_at=Now() - timedelta(days=31))
    outbox.delete_old()
    assert Delivery.objects.exists()  # it is still to be sent
    deliver(delivery, SendResult())

    Delivery.objects.update(created_at=Now() - timedelta(days=29))
    outbox.delete_old()
    assert Delivery.objects.exists()

    Delivery.objects.update(created_at=Now() - timedelta(days=31))
    outbox.delete_old()
    assert not Delivery.objects.exists()
