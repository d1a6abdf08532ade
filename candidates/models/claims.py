"""Claiming rows to work on them: claim, lease, token.

Reading a candidate and scoring an evaluation are claimed in the same way, so that columns and verbs
are here once. A claim is safe between any number of workers: the rows are locked with SKIP LOCKED
while they are marked, each claim is a lease that ends by itself, and an answer is written only with
the token, so that a worker that was frozen past its lease cannot overwrite the answer of another.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Self
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import F, Q
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan
from django.db.models.functions import Greatest, Now

# After so many claims that ended without an answer the row itself is taken for the cause.
MAX_ATTEMPTS = 5
# From so many on the row is suspected, and claimed alone: most that were claimed with others when
# their worker died are innocent.
SUSPECT_FROM_ATTEMPTS = 2


type ClaimPlace = tuple[datetime, int]  # in the order of claims: due time and key


@contextmanager
def ordered_by_index() -> Iterator[None]:
    """A transaction in which rows come in order from an index alone, not from sorting them.

    Where PostgreSQL believes that an owner has a row or two, as when all owners had before, it may
    as well take any index of the owner and sort: it would read all that are over. One statement, or
    two within another transaction.
    """
    is_nested = connection.in_atomic_block
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
        yield
        if is_nested:
            cursor.execute("SET LOCAL enable_sort = on")


class Claimable(models.Model):
    """A row that one worker at a time works on."""

    token = models.UUIDField(null=True, blank=True, editable=False)
    due_at = models.DateTimeField(
        db_default=Now(),
        editable=False,
        help_text="waiting: not before; claimed: the end of the lease",
    )
    attempts = models.PositiveSmallIntegerField(db_default=0, editable=False)
    deferrals = models.PositiveSmallIntegerField(
        db_default=0, editable=False, help_text="put off in a row, through no fault of its own"
    )

    class Meta:
        abstract = True


class ClaimQuerySet[Row: Claimable](models.QuerySet[Row]):
    """Verbs for rows that are waiting, claimed or over; each model says which of its statuses is
    which. All times are the database's.
    """

    WAITING: str
    CLAIMED: str

    def open(self) -> Self:
        return self.filter(status__in=(self.WAITING, self.CLAIMED))

    def due(self) -> Self:
        """Waiting rows whose time has come, and claimed ones whose lease has run out."""
        return self.open().filter(due_at__lte=Now())

    def in_order(self) -> Self:
        """In the order in which rows are claimed: those first that have been due for longest.

        Each model has a partial index in this order, of its open rows alone. No other index has it,
        so that within `ordered_by_index` PostgreSQL never looks for open rows among those that are
        over, whatever it believes of their numbers. A row that is returned comes after all that
        were due before.
        """
        return self.order_by("due_at", "pk")

    def count_to(self, limit: int) -> int:
        """How many these are, counted no further than `limit`: open or due ones."""
        with ordered_by_index():
            return len(self.in_order().values_list("pk")[:limit])

    def has_open(self) -> bool:
        return self.open().count_to(1) > 0

    def has_due(self) -> bool:
        return self.due().count_to(1) > 0

    def claim(self, limit: int, token: UUID, lease: timedelta) -> list[int]:
        """Claim up to `limit` rows that are due, the longest due first; returns their ids. Three
        statements, or four where all are suspect.

        Rows whose earlier claims all ended without an answer may be what kills the workers: they
        are claimed one at a time, so that no other row suffers with them.
        """
        return self.claim_after(None, limit, token, lease)[0]

    def claim_after(
        self, place: ClaimPlace | None, limit: int, token: UUID, lease: timedelta
    ) -> tuple[list[int], ClaimPlace | None]:
        """Claim as `claim` does, from the rows after `place` while there are any; returns also the
        place of the last row, for the next claim. Three statements, up to five where none is left.

        An index has an entry for each row that was ever open, until PostgreSQL has cleaned it up,
        which it cannot while a back-up runs. A lane that goes on where it stopped reads none twice.
        """
        with ordered_by_index():
            due = self.due().in_order().select_for_update(skip_locked=True, of=("self",))
            fresh = due.filter(attempts__lt=SUSPECT_FROM_ATTEMPTS).values_list("pk", "due_at")
            claimed: list[tuple[int, datetime]] = []
            if place is not None:
                claimed = list(fresh.filter(TupleGreaterThan(Tuple("due_at", "id"), place))[:limit])
            if not claimed:  # what was skipped may be free again
                claimed = list(fresh[:limit])
            ids = [pk for pk, _ in claimed]
            if not ids:
                suspect = due.filter(attempts__range=(SUSPECT_FROM_ATTEMPTS, MAX_ATTEMPTS - 1))
                ids = list(suspect.values_list("pk", flat=True)[:1])
            if ids:
                self.model._default_manager.filter(pk__in=ids).update(
                    status=self.CLAIMED,
                    token=token,
                    due_at=Now() + lease,
                    attempts=F("attempts") + 1,
                )
        return ids, (claimed[-1][1], claimed[-1][0]) if claimed else None

    def exhausted(self) -> Self:
        """Rows whose last attempt ended without an answer. Looks for them at once."""
        exhausted = self.due().filter(attempts__gte=MAX_ATTEMPTS)
        with ordered_by_index():
            ids = list(exhausted.in_order().values_list("pk", flat=True))
        return exhausted.filter(pk__in=ids)

    def fail_exhausted(self) -> int:
        """Close the exhausted rows, each kind with its own reason; returns how many there were."""
        raise NotImplementedError

    def held(self, token: UUID) -> Self:
        """What `token` holds of these rows: ask it of all rows, not of those of an owner, whose
        index PostgreSQL may then take as well as that of tokens."""
        return self.filter(status=self.CLAIMED, token=token)

    def renew(self, token: UUID, lease: timedelta) -> int:
        """Renew the leases of `token`; returns how many rows it still holds."""
        return self.held(token).update(due_at=Now() + lease)

    def release(self, token: UUID, delay: timedelta = timedelta()) -> int:
        """Return what `token` holds untouched, to be claimed after `delay`; no attempt counts."""
        return self.held(token).update(
            status=self.WAITING,
            token=None,
            due_at=Now() + delay,
            attempts=Greatest(F("attempts") - 1, 0),
        )

    def defer_claims(self, token: UUID, delay: timedelta) -> int:
        """Return what `token` holds for another attempt after `delay`; it was no fault of the row,
        so that the attempt does not count, and the deferral does."""
        return self.held(token).update(
            status=self.WAITING,
            token=None,
            due_at=Now() + delay,
            attempts=Greatest(F("attempts") - 1, 0),
            deferrals=F("deferrals") + 1,
        )

    def revoke(self) -> int:
        """Take claims away from workers that are given up for lost: a late answer finds no row."""
        claimed = self.filter(status=self.CLAIMED)
        return claimed.update(status=self.WAITING, token=None, due_at=Now())

    def make_due(self) -> int:
        """Make waiting rows due now, with no deferral counted."""
        return self.filter(status=self.WAITING).update(due_at=Now(), deferrals=0)

    def retry_after(self, token: UUID, delay: timedelta) -> int:
        """Return what `token` holds for another attempt after `delay`; this attempt counts."""
        return self.held(token).update(status=self.WAITING, token=None, due_at=Now() + delay)


def in_key_order(rows: Iterable[dict[str, Any]]) -> str:
    """Rows to write as one JSON parameter, in the order in which their `id` are locked everywhere:
    two statements that write the same rows then wait for each other, and never both."""
    return json.dumps(sorted(rows, key=itemgetter("id")))


def claim_indexes(name: str, owner: str, statuses: Iterable[str]) -> list[models.Index]:
    """For the verbs above, where rows of one `owner` are claimed that have one of `statuses` while
    they are open: in the order of claims, the suspected alone, and by token.

    None holds a row that is over.
    """
    is_open = Q(status__in=tuple(statuses))
    order = [owner, "due_at", "id"]
    return [
        models.Index(name=f"{name}_to_claim", fields=order, condition=is_open),
        models.Index(
            name=f"{name}_suspected",
            fields=order,
            condition=is_open & Q(attempts__gte=SUSPECT_FROM_ATTEMPTS),
        ),
        models.Index(name=f"{name}_held", fields=["token"], condition=Q(token__isnull=False)),
    ]


def claim_constraint(name: str, claimed: str) -> models.CheckConstraint:
    """A row carries a token exactly while it is claimed."""
    return models.CheckConstraint(
        name=name,
        condition=Q(status=claimed, token__isnull=False) | (~Q(status=claimed) & Q(token=None)),
    )
