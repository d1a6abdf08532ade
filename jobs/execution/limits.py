"""Limits of calls and tokens a minute that all workers on all hosts share, kept in PostgreSQL.

The windows are pyrate-limiter's; here its buckets get Django's own connection, so that what is
taken from a limit is taken in the transaction that writes the calls down, or not at all.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.db import connection, transaction
from pyrate_limiter import Duration, Rate, RateItem
from pyrate_limiter.buckets.postgres import PostgresBucket

LOCK = 0x11517  # of PostgreSQL's advisory locks: one taker at a time
FINEST = 2_000  # parts of a minute's tokens; the bucket keeps a row for each that is taken


def are_set() -> bool:
    return bool(settings.EVALUATOR_RPM or settings.EVALUATOR_TPM)


def take(tokens: Sequence[int]) -> tuple[int, float]:
    """Room for as many of these calls as there is, the first ones first; each is of about so many
    tokens. Returns how many may go, and in how many seconds the next one may (0 when all may).

    In the caller's transaction: when that is rolled back, nothing was taken.
    """
    if not are_set() or not tokens:
        return len(tokens), 0.0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        most, wait = len(tokens), 0.0
        while most:
            lacking = _lacking(most, sum(tokens[:most]))
            if not lacking:
                break
            wait = max(lacking)
            most //= 2
    return most, wait if most < len(tokens) else 0.0


def _lacking(calls: int, tokens: int) -> list[float]:
    """Take this from every limit, or from none; the seconds after which to ask again."""
    waits: list[float] = []
    with transaction.atomic():
        for bucket, weight in _weighed(calls, tokens):
            bucket.leak(bucket.now())
            # One call larger than a whole minute's tokens takes them all; it must go some time.
            most = bucket.rates[0].limit
            item = RateItem(
                "call", bucket.now(), weight=min(weight, most) if calls == 1 else weight
            )
            if weight > most and calls > 1:
                waits.append(0.0)
            elif not bucket.put(item):
                waits.append(max(0.05, bucket.waiting(item) / 1000))
            if waits:
                transaction.set_rollback(True)
                break
    return waits


def _weighed(calls: int, tokens: int) -> Iterator[tuple[Any, int]]:
    if settings.EVALUATOR_RPM:
        yield _bucket("calls", settings.EVALUATOR_RPM), calls
    if settings.EVALUATOR_TPM:
        part = _part(settings.EVALUATOR_TPM)
        yield _bucket("tokens", settings.EVALUATOR_TPM // part), -(-tokens // part)


def _part(tokens_a_minute: int) -> int:
    """How many tokens one row of the bucket stands for."""
    return max(1, tokens_a_minute // FINEST)


@cache
def _bucket(name: str, limit: int) -> PostgresBucket:
    return PostgresBucket(cast("Any", _Pool()), name, [Rate(limit, Duration.MINUTE)])


class _Pool:
    """Django's connection in place of a pool of its own."""

    @contextmanager
    def connection(self) -> Iterator[Any]:
        with transaction.atomic():
            connection.ensure_connection()
            yield connection.connection
