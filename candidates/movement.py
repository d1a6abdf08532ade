"""Two analyses of one draft side by side: who came, who went, and who moved.

Somebody moved when they changed places with others who are in both; whoever only makes room for a
new one above them did not. A person's newer file takes the place of their older one.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection, models
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .blind import shown_name
from .models import Analysis, Evaluation
from .models.analysis import EvaluationStatus

TOP = 10
MOST_TOLD = 10  # of each kind, in a digest


class Way(models.TextChoices):
    NEW = "new", pgettext_lazy("candidate", "new")
    UP = "up", _("up")
    DOWN = "down", _("down")
    GONE = "gone", pgettext_lazy("candidate", "gone")
    SAME = "same", _("where they were")


@dataclass(frozen=True, slots=True)
class Moved:
    """One person. `before` and `now` are ids of evaluations, None where there is none; `shift` is
    how many places they went up among those who are in both."""

    way: Way
    before: int | None
    now: int | None
    rank_before: int | None
    rank_now: int | None
    shift: int


@dataclass(frozen=True, slots=True)
class Highlights:
    """What is worth an e-mail. Each list has the best first; `unreadable` is how many files."""

    arrived: list[Moved]
    up: list[Moved]
    down: list[Moved]
    unreadable: int

    def __bool__(self) -> bool:
        return bool(self.arrived or self.up or self.down or self.unreadable)


@dataclass(frozen=True, slots=True)
class Shown:
    """One person as a reader sees them; places and score "" where there is none."""

    way: Way
    name: str
    address: str
    place_before: str
    place_now: str
    score: str
    shift: int

    @property
    def places(self) -> int:
        """By how many places they moved, up or down."""
        return abs(self.shift)


def tally(before: Analysis, now: Analysis) -> dict[str, int]:
    """How many there are of each way. One statement; 0.1 s for 10,000."""
    counted = dict(_rows("SELECT way, count(*) FROM moved GROUP BY way", before, now, {}))
    return {way: int(counted.get(way, 0)) for way in Way}


def moved(before: Analysis, now: Analysis, way: str, start: int, most: int) -> list[Moved]:
    """Some of them from `start` on, by their place now, those who are gone last; with a `way` only
    those. One statement."""
    return _read(
        "SELECT * FROM moved WHERE %(way)s IN ('', way) ORDER BY rank_now NULLS LAST, rank_before "
        "NULLS LAST, coalesce(now, before) OFFSET %(start)s LIMIT %(most)s",
        before,
        now,
        {"way": way, "start": start, "most": most},
    )


def highlights(before: Analysis, now: Analysis) -> Highlights:
    """New in the top ten; up and down where one of the two places is in it; newly unreadable. Two
    statements."""
    near = _read(
        "SELECT * FROM moved WHERE least(rank_now, rank_before) <= %(top)s ORDER BY rank_now "
        "NULLS LAST, rank_before",
        before,
        now,
        {"top": TOP},
    )
    arrived = [
        one
        for one in near
        if (one.rank_now or TOP + 1) <= TOP and (one.rank_before or TOP + 1) > TOP
    ]
    others = [one for one in near if one not in arrived]
    [(unreadable,)] = _rows(
        "SELECT count(*) FROM moved WHERE status_now = %(unreadable)s "
        "AND status_before IS DISTINCT FROM %(unreadable)s",
        before,
        now,
        {"unreadable": EvaluationStatus.UNREADABLE},
    )
    return Highlights(
        arrived=arrived,
        up=[one for one in others if one.way == Way.UP][:MOST_TOLD],
        down=[one for one in others if one.way == Way.DOWN][:MOST_TOLD],
        unreadable=int(unreadable),
    )


def shown(moved: list[Moved], before: Analysis, now: Analysis) -> list[Shown]:
    """The people with their names, as far as the draft lets them be seen. Three queries."""
    ids = {pk for one in moved for pk in (one.before, one.now) if pk is not None}
    found = Evaluation.objects.filter(pk__in=ids).select_related("candidate")
    by_id = found.only(
        *("public_id", "rank", "band", "score", "candidate__public_id", "candidate__name"),
        *("candidate__filename", "candidate__verdict", "candidate__revealed_at"),
    ).in_bulk()
    ties = (before.evaluations.tied(), now.evaluations.tied())
    people = []
    for one in moved:
        was, this = by_id.get(one.before or 0), by_id.get(one.now or 0)
        last = this or was
        if last is None:  # erased meanwhile
            continue
        people.append(
            Shown(
                way=one.way,
                name=shown_name(last.candidate, now.draft),
                address=last.get_absolute_url(),
                place_before=was.place(ties[0]) if was else "",
                place_now=this.place(ties[1]) if this else "",
                score="" if last.score is None else number_format(last.score, 1),
                shift=one.shift,
            )
        )
    return people


def address(before: Analysis, now: Analysis) -> str:
    """Of the page that shows the two."""
    return f"{reverse('candidates:movement', args=[now.public_id])}?since={before.public_id}"


def _read(select: str, before: Analysis, now: Analysis, values: dict[str, Any]) -> list[Moved]:
    select = select.replace("*", "way, before, now, rank_before, rank_now, shift", 1)
    return [Moved(Way(way), *others) for way, *others in _rows(select, before, now, values)]


def _rows(select: str, before: Analysis, now: Analysis, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(MOVED + select, {**values, "before_id": before.pk, "now_id": now.pk})
        return list(cursor.fetchall())


_ONE_SIDE = """
    SELECT DISTINCT ON (person) coalesce(c.same_as_id, c.id) AS person, e.id, e.rank, e.status
      FROM candidates_evaluation e JOIN candidates_candidate c ON c.id = e.candidate_id
     WHERE e.analysis_id = %({side}_id)s
     ORDER BY person, e.rank NULLS LAST, e.id
"""
MOVED = f"""
WITH before AS ({_ONE_SIDE.format(side="before")}),
now AS ({_ONE_SIDE.format(side="now")}),
pairs AS (
    SELECT b.id AS before, n.id AS now, b.rank AS rank_before, n.rank AS rank_now,
           b.status AS status_before, n.status AS status_now,
           CASE WHEN b.rank IS NULL OR n.rank IS NULL THEN 0 ELSE
               row_number() OVER (PARTITION BY b.rank IS NULL OR n.rank IS NULL ORDER BY b.rank)
             - row_number() OVER (PARTITION BY b.rank IS NULL OR n.rank IS NULL ORDER BY n.rank)
           END AS shift
      FROM before b FULL JOIN now n USING (person)
),
moved AS (
    SELECT *, CASE WHEN before IS NULL THEN 'new'
                   WHEN now IS NULL THEN 'gone'
                   WHEN rank_now IS NULL AND rank_before IS NULL THEN 'same'
                   WHEN rank_before IS NULL OR shift > 0 THEN 'up'
                   WHEN rank_now IS NULL OR shift < 0 THEN 'down'
                   ELSE 'same' END AS way
      FROM pairs
)
"""  # noqa: S608 (no value is put into it)
