"""Limits of calls and tokens per minute that all workers on all hosts share, in PostgreSQL.

The windows are pyrate-limiter's; its buckets get Django's own connection here, so that what is
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

ADVISORY_LOCK = 0x11517  # in PostgreSQL: one taker at a time
MAX_TOKEN_PARTS = 2_000  # of a minute's tokens; the bucket has a row for each that is taken


def are_set() -> bool:
    return bool(settings.EVALUATOR_RPM or settings.EVALUATOR_TPM)


def take(tokens: Sequence[int]) -> tuple[int, float]:
    """Take room for as many of these calls as there is, the first ones first; each is given by its
    estimated tokens. Returns how many may go, and in how many seconds the next one may (0 when all
    may).

    In the caller's transaction: when that is rolled back, nothing was taken.
    """
    if not are_set() or not tokens:
        return len(tokens), 0.0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        number, wait = len(tokens), 0.0
        while number:
            waits = _take_all(number, sum(tokens[:number]))
            if not waits:
                break
            wait = max(waits)
            number //= 2
    return number, wait if number < len(tokens) else 0.0


def _take_all(calls: int, tokens: int) -> list[float]:
    """Take this from every limit, or from none: then the seconds after which to ask again."""
    waits: list[float] = []
    with transaction.atomic():
        for bucket, weight in _weighed(calls, tokens):
            bucket.leak(bucket.now())
            # One call larger than a whole minute's tokens takes them all; it must go some time.
            limit = bucket.rates[0].limit
            item = RateItem(
                "call", bucket.now(), weight=min(weight, limit) if calls == 1 else weight
            )
            if weight > limit and calls > 1:
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
        part = _tokens_per_part(settings.EVALUATOR_TPM)
        yield _bucket("tokens", settings.EVALUATOR_TPM // part), -(-tokens // part)


def _tokens_per_part(tokens_per_minute: int) -> int:
    """How many tokens one row of the bucket stands for."""
    return max(1, tokens_per_minute // MAX_TOKEN_PARTS)


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
