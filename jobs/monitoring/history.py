"""What happened in past hours and days, counted once: for charts, and for counters that only grow.

With a million evaluations a month cannot be counted each time that it is looked at. So the sweep
*settles* each hour and day that is over: it is counted once and kept.

Charts read settled periods and count on the spot whatever is not settled. A figure of theirs is
right whether or not the sweep has run, and the table may be emptied.

Counters (/metrics) must never fall: not when rows are erased, nor when old hours go. They are the
sum of all hours, and each request first adds what has ended since the last one to the hours that
are not settled, under a lock: an end is counted once, whichever web server is asked, and stays
counted when its row is erased. A transaction that commits late is missed by that, and found when
the hour is settled, which may raise a figure and lowers none. Hours that are no longer kept are
added to the row of grain TOTAL, together with those not counted yet.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import connection, models, transaction
from django.db.models.functions import Now

from jobs.models.history import Grain, Period

from . import counts
from .counts import FOR_CHARTS, FOR_COUNTERS, Counts

SETTLED_AFTER = timedelta(minutes=1)  # its end: until then a transaction may still commit
COUNTER_LAG = timedelta(seconds=15)  # most transactions that were stamped earlier are committed
PERIODS_PER_SWEEP = 6
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
HOUR = Grain.HOUR.length


def start_of(moment: datetime, grain: Grain) -> datetime:
    """The start of the hour or day that `moment` is in, in UTC."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour if grain == Grain.HOUR else hour.replace(hour=0)


def settled(since: Mapping[Grain, datetime]) -> dict[tuple[Grain, datetime], Counts]:
    """The settled periods of each grain from a time on. One statement."""
    chosen = models.Q()
    for grain, first in since.items():
        chosen |= models.Q(grain=grain, start__gte=first)
    return {
        (Grain(period.grain), period.start): counts.from_json(period.counts)
        for period in Period.objects.filter(chosen, is_settled=True)
    }


def settle(now: datetime) -> int:
    """Settle some of the periods that are over, the oldest first; returns how many.

    `now` is the database's time. One statement where nothing is to be done, else about ten; the
    rows are counted without a lock.
    """
    unsettled = _unsettled(now)[:PERIODS_PER_SWEEP]
    if not unsettled:
        return 0
    measured = _measured(unsettled)
    with transaction.atomic():
        total = _locked_total()
        first_day = _first_kept(now, Grain.DAY)
        Period.objects.filter(grain=Grain.DAY, start__lt=first_day).delete()
        _move_old_hours(total, _first_kept(now, Grain.HOUR))
        rows = {(row.grain, row.start): row for row in Period.objects.exclude(pk=total.pk)}
        changed = []
        for (grain, start), counted in measured.items():
            row = rows.get((grain, start)) or Period(grain=grain, start=start)
            # Another sweep was faster, or the hour is in the total already.
            if row.is_settled or (grain == Grain.HOUR and start < total.counted_until):
                continue
            row.counts = counts.to_json(counts.at_least(counted, counts.from_json(row.counts)))
            row.counted_until, row.is_settled = start + grain.length, True
            changed.append(row)
        _write(changed)
    return len(unsettled)


def counters() -> Counts:
    """Everything that ever ended, up to 15 seconds ago. Eight statements.

    Reads no more rows than have ended since the last request, and one for each kept hour.
    """
    with transaction.atomic():
        total = _locked_total()
        until = total.now - COUNTER_LAG  # type: ignore[attr-defined]  # annotated
        _move_old_hours(total, _first_kept(total.now, Grain.HOUR))  # type: ignore[attr-defined]
        hours = {row.start: row for row in Period.objects.filter(grain=Grain.HOUR)}
        growing: list[tuple[Period, datetime]] = []
        start = total.counted_until
        while start < until:
            end = min(start + HOUR, until)
            row = hours.setdefault(
                start, Period(grain=Grain.HOUR, start=start, counted_until=start)
            )
            if not row.is_settled and row.counted_until < end:
                growing.append((row, end))
            start += HOUR
        spans = [(row.counted_until, end) for row, end in growing]
        for (row, end), counted in zip(growing, counts.measure(spans, FOR_COUNTERS), strict=True):
            row.counts = counts.to_json(counts.add([counts.from_json(row.counts), counted]))
            row.counted_until = end
        _write([row for row, _end in growing])
        # In the order of time, so that sums of floating-point numbers never fall by rounding.
        rows = [total, *(hours[start] for start in sorted(hours))]
        return counts.add(counts.from_json(row.counts) for row in rows)


def _first_kept(now: datetime, grain: Grain) -> datetime:
    return start_of(now - SETTLED_AFTER, grain) - grain.number_kept * grain.length


def _unsettled(now: datetime) -> list[tuple[Grain, datetime]]:
    """Hours and days that are kept, over, and not settled; of each the oldest first."""
    grains = (Grain.HOUR, Grain.DAY)
    known = Period.objects.filter(grain__in=grains, is_settled=True)
    done = set(known.values_list("grain", "start"))
    return [
        (grain, start)
        for grain in grains
        for number in range(grain.number_kept)
        if (grain, start := _first_kept(now, grain) + number * grain.length) not in done
    ]


def _measured(periods: list[tuple[Grain, datetime]]) -> dict[tuple[Grain, datetime], Counts]:
    measured: dict[tuple[Grain, datetime], Counts] = {}
    for grain, kinds in ((Grain.HOUR, FOR_COUNTERS | FOR_CHARTS), (Grain.DAY, FOR_CHARTS)):
        keys = [key for key in periods if key[0] == grain]
        spans = [(start, start + grain.length) for _grain, start in keys]
        measured |= dict(zip(keys, counts.measure(spans, kinds), strict=True))
    return measured


def _locked_total() -> Period:
    """The row of what ended before all hours, with the database's time as `now`.

    The process that writes counts holds its lock until the end of the transaction.
    """
    Period.objects.get_or_create(
        grain=Grain.TOTAL, start=BEGINNING, defaults={"counted_until": BEGINNING}
    )
    with connection.cursor() as cursor:
        # The first time, of a large database, is everything that ever ended.
        cursor.execute("SET LOCAL statement_timeout = '300s'")
    return Period.objects.select_for_update().annotate(now=Now()).get(grain=Grain.TOTAL)


def _move_old_hours(total: Period, first: datetime) -> None:
    """Add the hours before `first` to the total, and what was never counted between them."""
    if total.counted_until >= first:
        return
    old = list(Period.objects.filter(grain=Grain.HOUR, start__lt=first).order_by("start"))
    ends = [total.counted_until, *(hour.counted_until for hour in old)]
    starts = [*(hour.start for hour in old), first]
    gaps = [span for span in zip(ends, starts, strict=True) if span[0] < span[1]]
    known = [counts.from_json(row.counts) for row in (total, *old)]
    moved = counts.add([*known, *counts.measure(gaps, FOR_COUNTERS)])
    total.counts = counts.to_json({name: moved.get(name, {}) for name in FOR_COUNTERS})
    total.counted_until = first
    total.save(update_fields=["counts", "counted_until"])
    Period.objects.filter(pk__in=[hour.pk for hour in old]).delete()


def _write(rows: list[Period]) -> None:
    Period.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["grain", "start"],
        update_fields=["counts", "counted_until", "is_settled"],
    )
