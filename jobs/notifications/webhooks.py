"""Webhooks: signed messages to other programs, by the specification Standard Webhooks.

The addresses come from users (see `addresses`). A name is resolved once for each attempt, all that
it resolves to has to be public, and the connection goes to what was checked, with the name only in
the request: whoever controls the name's DNS cannot change it in between. No redirect is followed,
and no proxy of the environment is asked.
"""

import asyncio
import hmac
import json
import logging
import socket
from base64 import b64decode, b64encode
from datetime import timedelta
from http import HTTPStatus
from time import time
from typing import Any
from urllib.parse import urlsplit

import httpx2
from django.conf import settings
from django.utils import timezone

from candidates.facts.reason import DeliveryCode, Param, Reason
from candidates.models.analysis import EvaluationStatus
from candidates.scoring import retry
from jobs.models import Job, NotificationKind
from jobs.models.webhook import SECRET_PREFIX, Delivery, DisabledReason, Webhook, WebhookEvent

from . import outbox
from .addresses import AddressRefused, refuse_private
from .outbox import SendResult

log = logging.getLogger(__name__)

WEBHOOK_LEASE = timedelta(minutes=1)
ATTEMPT_TIMEOUT_SECONDS = 10.0  # for name, connection, request and answer together
NETWORK_TIMEOUT_SECONDS = 5.0  # for each connection, read and write
EVENTS = {
    NotificationKind.COMPLETED: WebhookEvent.COMPLETED,
    NotificationKind.FAILED: WebhookEvent.FAILED,
    NotificationKind.PAUSED: WebhookEvent.PAUSED,
    NotificationKind.DIGEST: WebhookEvent.DIGEST,
}


def queue_for_job(user_id: int, job: Job, kind: NotificationKind, occasion: int = 0) -> None:
    """Put a message about `job` in the outbox for each webhook of the user that subscribes to it,
    in the caller's transaction. The caller has checked that the user may see the job."""
    if kind not in EVENTS or not Webhook.objects.filter(user=user_id, disabled_at=None).exists():
        return
    # The caller has just written why, and may hold an older row.
    codes = Job.objects.values_list("pause_code", "error_code")
    pause_code, error_code = codes.get(pk=job.pk)
    analysis = job.analysis
    tally = analysis.tally()
    scoring = analysis.evaluations.filter(status=EvaluationStatus.SCORING).count()
    event = EVENTS[kind]
    if event == WebhookEvent.COMPLETED and (
        tally[EvaluationStatus.FAILED] + tally[EvaluationStatus.UNREADABLE]
    ):
        event = WebhookEvent.PARTLY
    content = {
        "draft": str(analysis.draft.public_id),
        "analysis": str(analysis.public_id),
        "job": str(job.public_id),
        "error_code": pause_code or error_code or None,
        "counts": {**tally, "waiting": tally["waiting"] - scoring, "scoring": scoring},
        "links": {
            "draft": settings.SITE_URL + analysis.draft.get_absolute_url(),
            "ranking": settings.SITE_URL + analysis.get_absolute_url(),
            "job": settings.SITE_URL + job.get_absolute_url(),
        },
    }
    for webhook in Webhook.objects.filter(user=user_id).subscribed_to(event):
        delivery, is_new = Delivery.objects.get_or_create(
            webhook=webhook,
            job=job,
            kind=event,
            occasion=occasion,
            defaults={"body": _body(event, content)},
        )
        if is_new:
            outbox.enqueue(delivery)


def queue_test(webhook: Webhook) -> Delivery:
    """Put a test message in the outbox, also for a webhook that is switched off."""
    content = {"links": {"webhook": settings.SITE_URL + webhook.get_absolute_url()}}
    delivery = Delivery.objects.create(
        webhook=webhook, kind=WebhookEvent.TEST, body=_body(WebhookEvent.TEST, content)
    )
    outbox.enqueue(delivery)
    return delivery


def _body(event: WebhookEvent, content: dict[str, Any]) -> str:
    """The JSON that is sent: ids, counts and links, never a name or a text."""
    return json.dumps({"type": event.value, "timestamp": timezone.now().isoformat(), **content})


def signature(secret: str, message_id: str, timestamp: int, body: str) -> str:
    """The value of the header `webhook-signature`, by the specification Standard Webhooks."""
    key = b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.{body}".encode(), "sha256")
    return "v1," + b64encode(digest).decode()


def deliver(delivery_id: int) -> bool:
    """Send the message if it still has to be sent; whether the server accepted it."""
    delivery = Delivery.objects.filter(pk=delivery_id).select_related("webhook__user")
    return outbox.deliver(delivery, _send, policy=retry.WEBHOOK, lease=WEBHOOK_LEASE)


def _send(delivery: Delivery) -> SendResult:
    if not delivery.webhook.user.is_active:
        return SendResult(Reason(DeliveryCode.WEBHOOK_OWNER_LEFT), is_final=True)
    result = asyncio.run(_attempt(delivery))
    if result.error is not None:
        # Its code alone: the parameters may name the address.
        code, status = result.error.code, result.http_status
        log.warning("webhook message %s: not accepted, %s, %s", delivery.pk, code, status)
    if result.http_status == HTTPStatus.GONE:
        Webhook.objects.filter(pk=delivery.webhook_id).disable(DisabledReason.GONE)
    return result


async def _attempt(delivery: Delivery) -> SendResult:
    timestamp = int(time())
    message_id = str(delivery.public_id)
    headers = {
        "content-type": "application/json",
        "user-agent": "Candidate-Evaluator",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(
            delivery.webhook.secret, message_id, timestamp, delivery.body
        ),
    }
    try:
        async with asyncio.timeout(ATTEMPT_TIMEOUT_SECONDS):
            return await _post(delivery.webhook.url, headers, delivery.body.encode())
    except TimeoutError:
        params: dict[str, Param] = {"seconds": round(ATTEMPT_TIMEOUT_SECONDS)}
        return SendResult(Reason(DeliveryCode.WEBHOOK_TIMED_OUT, params))
    except AddressRefused as error:
        return SendResult(error.reason, is_final=True)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        params = {"error_class": type(error).__name__}
        return SendResult(Reason(DeliveryCode.WEBHOOK_UNREACHABLE, params))


async def _post(url: str, headers: dict[str, str], body: bytes) -> SendResult:
    """POST to the first address of the host that accepts a connection, all of them checked."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    resolved = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(socket_address[0]) for *_, socket_address in resolved))
    for address in addresses:
        refuse_private(host, address)
    async with httpx2.AsyncClient(
        trust_env=False, follow_redirects=False, timeout=NETWORK_TIMEOUT_SECONDS
    ) as client:
        for address in addresses:
            target = httpx2.URL(url).copy_with(host=address, port=port, username="", password="")
            request = client.build_request(
                "POST",
                target,
                content=body,
                headers={**headers, "host": parts.netloc.rpartition("@")[2]},
                extensions={"sni_hostname": host},  # the certificate is of the name
            )
            try:
                response = await client.send(request, stream=True)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if address == addresses[-1]:
                    raise
                continue
            try:
                return _result(response.status_code)  # of the answer no more is read
            finally:
                await response.aclose()
    raise OSError(f"The name '{host}' has no address.")


def _result(status: int) -> SendResult:
    if 200 <= status < 300:
        return SendResult(http_status=status)
    error = Reason(DeliveryCode.WEBHOOK_REFUSED, {"status": status})
    if 300 <= status < 400:
        error = Reason(DeliveryCode.WEBHOOK_REDIRECTED)
    return SendResult(error, is_final=status == HTTPStatus.GONE, http_status=status)
