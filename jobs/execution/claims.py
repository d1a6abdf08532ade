"""Claims on rows: taking them, renewing the lease on them, giving them back."""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from django.conf import settings

from candidates.models.claims import ClaimPlace, ClaimQuerySet
from jobs.models import Job, Lane


class Claims:
    """The rows of the model of `rows` that `token` holds, and the lease on them.

    All writes name the token, so that rows which another worker has taken over stay as they are.
    """

    def __init__(self, rows: ClaimQuerySet[Any], token: UUID, lease: timedelta) -> None:
        self.rows: ClaimQuerySet[Any] = rows.model._default_manager.all()
        self.token = token
        self.lease = lease
        self.renewed_at = time.monotonic()
        self.place: ClaimPlace | None = None  # of the last row that was claimed

    @classmethod
    def take(cls, rows: ClaimQuerySet[Any], lease: timedelta) -> Self | None:
        """Claim the one row in `rows` under a new token; None where it is claimed, or over.

        Fails the row first where it has stopped its worker too often.
        """
        claims = cls(rows, uuid4(), lease)
        rows.fail_exhausted()
        return claims if claims.claim(rows, 1) else None

    def claim(self, rows: ClaimQuerySet[Any], limit: int) -> list[int]:
        """Claim up to `limit` of `rows` that are due; returns their ids."""
        ids, self.place = rows.claim_after(self.place, limit, self.token, self.lease)
        return ids

    def renew(self) -> None:
        self.renewed_at = time.monotonic()
        self.rows.renew(self.token, self.lease)

    def renew_if_due(self) -> None:
        """Renew once a third of the lease has passed, so that one renewal may come late."""
        if time.monotonic() - self.renewed_at > self.lease.total_seconds() / 3:
            self.renew()

    def release(self, ids: Iterable[int], delay: timedelta = timedelta()) -> None:
        """Return these rows untouched, to be claimed again after `delay`; no attempt counts."""
        self.rows.filter(pk__in=ids).release(self.token, delay)

    def release_all(self) -> None:
        self.rows.release(self.token)

    def defer(self, pk: int, delay: timedelta) -> None:
        """Return a row for another attempt after `delay`; the deferral counts, no attempt does."""
        self.rows.filter(pk=pk).defer_claims(self.token, delay)

    def retry_after(self, delay: timedelta) -> None:
        """Return all rows for another attempt after `delay`; the attempt counts."""
        self.rows.retry_after(self.token, delay)


def fair_share(job: Job, claimable: ClaimQuerySet[Any]) -> int:
    """How many of the rows that are due one of the job's lanes should claim first, at least 1.

    Two queries; of the rows no more are counted than all lanes together can call about.
    """
    lanes = max(1, Lane.objects.filter(job=job).working().count())
    limit = lanes * settings.EVALUATOR_CONCURRENCY
    return -(-claimable.due().count_to(limit) // lanes) or 1
