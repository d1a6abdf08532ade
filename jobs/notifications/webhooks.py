"""Telling programs of others what happened: signed, from an outbox, tried for a day.

The addresses come from people, and a worker sits inside of the operator's network. So an address is
resolved once, all that it resolves to has to be public, and the connection goes to what was looked
at, with the name only in the request: whoever controls the name's DNS cannot change it in between.
No redirect is followed, and no proxy of the environment is asked.
"""

import asyncio
import hmac
import ipaddress
import json
import logging
import socket
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import timedelta
from time import time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx2
from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from candidates.models.analysis import EvaluationStatus
from jobs import queue
from jobs.models import Job, NotificationKind
from jobs.models.webhook import SECRET, Delivery, DeliveryStatus, Webhook, WebhookEvent

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=1)
NUDGE = timedelta(minutes=1)
KEPT = timedelta(days=30)
# After the first try, and then after each further one: a day in all; then it is given up.
PAUSES = tuple(timedelta(minutes=m) for m in (0.5, 2, 5, 15, 30, 60, 120, 240, 480, 480))
PATIENCE = 10.0  # seconds for one try, with everything
LONGEST_ANSWER = 1024  # bytes that are read of it
GONE = 410
# Public by its number, and yet what tells a machine in that cloud its secrets (Azure).
METADATA = frozenset({"168.63.129.16"})
OCCASIONS = {
    NotificationKind.COMPLETED: WebhookEvent.COMPLETED,
    NotificationKind.FAILED: WebhookEvent.FAILED,
    NotificationKind.PAUSED: WebhookEvent.PAUSED,
    NotificationKind.DIGEST: WebhookEvent.DIGEST,
}


class AddressRefused(Exception):
    """The address is none that we connect to. The message says why, and what to do."""


def post(user_id: int, job: Job, kind: NotificationKind, number: int = 0) -> None:
    """Put a message about `job` in the outbox for each webhook of the user that wants it, in the
    caller's transaction. What the user may see, the caller has looked at."""
    if kind not in OCCASIONS:
        return
    if not Webhook.objects.filter(user=user_id, off_at=None).exists():
        return
    # The caller has just written why, and may hold an older row.
    codes = Job.objects.values_list("pause_code", "error_code")
    pause_code, error_code = codes.get(pk=job.pk)
    tally = job.analysis.evaluations.tally()
    occasion = OCCASIONS[kind]
    if (
        occasion == WebhookEvent.COMPLETED
        and tally[EvaluationStatus.FAILED] + tally[EvaluationStatus.UNREADABLE]
    ):
        occasion = WebhookEvent.PARTLY
    told = {
        "draft": str(job.analysis.draft.public_id),
        "analysis": str(job.analysis.public_id),
        "job": str(job.public_id),
        "error_code": pause_code or error_code or None,
        "counts": {key: tally[key] for key in ("total", *map(str, EvaluationStatus.values))},
        "links": {
            "draft": settings.SITE_URL + job.analysis.draft.get_absolute_url(),
            "ranking": settings.SITE_URL + job.analysis.get_absolute_url(),
            "job": settings.SITE_URL + job.get_absolute_url(),
        },
    }
    tell(user_id, occasion, told, job=job, number=number)


def tell(
    user_id: int, occasion: WebhookEvent, told: dict[str, Any], *, job: Job, number: int = 0
) -> None:
    """The same with a body of the caller's: ids, counts and links, never a name or a text."""
    for hook in Webhook.objects.all().wanting(user_id, occasion):
        body = _body(occasion, told)
        delivery, is_new = Delivery.objects.get_or_create(
            webhook=hook,
            job=job,
            occasion=occasion,
            number=number,
            defaults={"body": body},
        )
        if is_new:
            queue.send("call", delivery.pk)


def test(hook: Webhook) -> Delivery:
    """Put a test message in the outbox, also of a webhook that is off."""
    body = _body(
        WebhookEvent.TEST, {"links": {"webhook": settings.SITE_URL + hook.get_absolute_url()}}
    )
    delivery = Delivery.objects.create(webhook=hook, occasion=WebhookEvent.TEST, body=body)
    queue.send("call", delivery.pk)
    return delivery


def again(delivery: Delivery) -> int:
    """Send one that is over once more, with the same id and body; 0 when it is not over."""
    opened = Delivery.objects.filter(pk=delivery.pk).again()
    if opened:
        queue.send("call", delivery.pk)
    return opened


def _body(occasion: WebhookEvent, told: dict[str, Any]) -> str:
    return json.dumps({"type": occasion.value, "timestamp": timezone.now().isoformat(), **told})


def signed(secret: str, message_id: str, timestamp: int, body: str) -> str:
    """The header's value for this message, by the specification Standard Webhooks."""
    key = b64decode(secret.removeprefix(SECRET))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.{body}".encode(), "sha256")
    return "v1," + b64encode(digest).decode()


def call(delivery_id: int) -> bool:
    """Send the message if it still has to be sent; whether it was taken."""
    token = uuid4()
    one = Delivery.objects.filter(pk=delivery_id)
    if not one.take(token, LEASE):
        return False
    delivery = one.select_related("webhook__user").get()
    if not delivery.webhook.user.is_active:
        return _give_up(delivery, token, Answer(None, "The account of the webhook is closed."))
    answer = asyncio.run(_try(delivery))
    if answer.is_good:
        one.held(token).update(answer=answer.status, error="", tried_at=Now())
        return bool(one.close(token, DeliveryStatus.TAKEN))
    log.warning("webhook message %s: not taken, %s", delivery.pk, answer.error)
    if answer.status == GONE:
        Webhook.objects.filter(pk=delivery.webhook_id).switch_off(
            "The server answered 410: it wants no more messages."
        )
    if answer.is_final or delivery.attempts > len(PAUSES):
        return _give_up(delivery, token, answer)
    one.held(token).update(answer=answer.status, error=answer.error, tried_at=Now())
    one.put_off(token, PAUSES[delivery.attempts - 1])
    return False


def nudge() -> int:
    """Wake a worker for messages that are due; for the sweep."""
    due = Delivery.objects.all().due().select_for_update(skip_locked=True)
    ids = list(due.values_list("pk", flat=True)[:100])
    Delivery.objects.filter(pk__in=ids).update(
        status=DeliveryStatus.WAITING, token=None, due_at=Now() + NUDGE
    )
    for pk in ids:
        queue.send("call", pk)
    return len(ids)


def throw_away() -> None:
    """Old messages that are over; for the sweep."""
    old = Delivery.objects.filter(created_at__lt=Now() - KEPT)
    old.filter(status__in=(DeliveryStatus.TAKEN, DeliveryStatus.FAILED)).delete()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try: the HTTP status, if one came, and why that is no success."""

    status: int | None
    error: str = ""
    is_final: bool = False

    @property
    def is_good(self) -> bool:
        return not self.error


def _give_up(delivery: Delivery, token: UUID, answer: Answer) -> bool:
    one = Delivery.objects.filter(pk=delivery.pk)
    one.held(token).update(answer=answer.status, error=answer.error, tried_at=Now())
    one.close(token, DeliveryStatus.FAILED)
    return False


async def _try(delivery: Delivery) -> Answer:
    timestamp = int(time())
    message_id = str(delivery.public_id)
    headers = {
        "content-type": "application/json",
        "user-agent": "Candidate-Evaluator",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signed(delivery.webhook.secret, message_id, timestamp, delivery.body),
    }
    try:
        async with asyncio.timeout(PATIENCE):
            return await _send(delivery.webhook.url, headers, delivery.body.encode())
    except TimeoutError:
        return Answer(None, f"The server did not answer within {PATIENCE:.0f} seconds.")
    except AddressRefused as error:
        return Answer(None, str(error), is_final=True)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        return Answer(None, f"{type(error).__name__}: {error}"[:500])


async def _send(url: str, headers: dict[str, str], body: bytes) -> Answer:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses:
        refuse_private(host, address)
    async with httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=5) as client:
        for last, address in enumerate(addresses, start=1 - len(addresses)):
            to = httpx2.URL(url).copy_with(host=address, port=port, username="", password="")
            request = client.build_request(
                "POST",
                to,
                content=body,
                headers={**headers, "host": parts.netloc.rpartition("@")[2]},
                extensions={"sni_hostname": host},  # the certificate is of the name
            )
            try:
                response = await client.send(request, stream=True)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if last == 0:
                    raise
                continue
            try:
                return _answer(response.status_code, await _start(response))
            finally:
                await response.aclose()
    raise OSError(f"The name '{host}' has no address.")


async def _start(response: httpx2.Response) -> str:
    """The beginning of what was answered, as it came over the line; never more."""
    start = b""
    async for part in response.aiter_raw(LONGEST_ANSWER):
        start += part
        if len(start) >= LONGEST_ANSWER:
            break
    return " ".join(start[:LONGEST_ANSWER].decode(errors="replace").replace("\0", "").split())


def _answer(status: int, start: str) -> Answer:
    if 200 <= status < 300:
        return Answer(status)
    if 300 <= status < 400:
        return Answer(status, "The server sends us elsewhere, and redirects are not followed.")
    why = f"The server answered {status}{f': {start[:200]}' if start else '.'}"
    return Answer(status, why, is_final=status == GONE)


def refuse_plainly_private(url: str) -> None:
    """Raise Refused for an address that says by itself that it is private. A name is looked up
    when something is sent: where it leads may change."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        refuse_private(host, "127.0.0.1")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    refuse_private(host, host)


def refuse_private(host: str, address: str) -> None:
    """Raise Refused when the address is not one of the public internet, unless that is allowed."""
    if settings.WEBHOOK_ALLOW_PRIVATE or is_public(address):
        return
    raise AddressRefused(
        f"'{host}' leads to {address}, which is not a public address. Give a public one, or ask "
        "whoever runs the site to allow private ones (WEBHOOK_ALLOW_PRIVATE)."
    )


def is_public(address: str) -> bool:
    """Whether it may be reached by everybody; one that carries another is judged by that."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and str(ip) not in METADATA
