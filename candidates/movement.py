"""Two analyses of one draft side by side: who is new, who is gone, and who moved up or down.

A candidate moved when they changed places with others who are in both analyses, not when they only
made room for a new candidate above them. A person's newer file takes the place of their older one.
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

TOP_RANKS = 10
MAX_HIGHLIGHTS = 10  # in each direction, in an e-mail


class Direction(models.TextChoices):
    NEW = "new", pgettext_lazy("candidate", "new")
    UP = "up", _("up")
    DOWN = "down", _("down")
    GONE = "gone", pgettext_lazy("candidate", "gone")
    SAME = "same", _("where they were")


@dataclass(frozen=True, slots=True)
class Movement:
    """A person's movement. `before_id` and `now_id` are ids of evaluations, or None; `shift` is the
    number of places that they moved up among the people who are in both analyses."""

    direction: Direction
    before_id: int | None
    now_id: int | None
    rank_before: int | None
    rank_now: int | None
    shift: int


@dataclass(frozen=True, slots=True)
class MovementHighlights:
    """What is worth an e-mail. Each list has the best first; `unreadable` is a number of files."""

    arrived: list[Movement]
    up: list[Movement]
    down: list[Movement]
    unreadable: int

    def __bool__(self) -> bool:
        return bool(self.arrived or self.up or self.down or self.unreadable)


@dataclass(frozen=True, slots=True)
class MovementRow:
    """A movement as a page shows it; places and score are "" where there is none."""

    direction: Direction
    name: str
    url: str
    place_before: str
    place_now: str
    score: str
    shift: int

    @property
    def places_moved(self) -> int:
        """The number of places, up or down."""
        return abs(self.shift)


def count_movements(before: Analysis, now: Analysis) -> dict[str, int]:
    """The number of people by direction. One statement; 0.1 s for 10,000."""
    counts = dict(_rows("SELECT direction, count(*) FROM movements GROUP BY 1", before, now, {}))
    return {direction: int(counts.get(direction, 0)) for direction in Direction}


def list_movements(
    before: Analysis, now: Analysis, direction: str, start: int, limit: int
) -> list[Movement]:
    """At most `limit` movements from `start` on, by the place now, people who are gone last. Only
    those of a direction, or all with "". One statement."""
    return _movements(
        "WHERE %(direction)s IN ('', direction) ORDER BY rank_now NULLS LAST, rank_before "
        "NULLS LAST, coalesce(now_id, before_id) OFFSET %(start)s LIMIT %(limit)s",
        before,
        now,
        {"direction": direction, "start": start, "limit": limit},
    )


def find_highlights(before: Analysis, now: Analysis) -> MovementHighlights:
    """New in the top ten; up and down where one of the two places is in it; newly unreadable. Two
    statements."""
    near_top = _movements(
        "WHERE least(rank_now, rank_before) <= %(top)s ORDER BY rank_now NULLS LAST, rank_before",
        before,
        now,
        {"top": TOP_RANKS},
    )
    arrived = [
        movement
        for movement in near_top
        if _is_top(movement.rank_now) and not _is_top(movement.rank_before)
    ]
    others = [movement for movement in near_top if movement not in arrived]
    [(unreadable,)] = _rows(
        "SELECT count(*) FROM movements WHERE status_now = %(unreadable)s "
        "AND status_before IS DISTINCT FROM %(unreadable)s",
        before,
        now,
        {"unreadable": EvaluationStatus.UNREADABLE},
    )
    up = [movement for movement in others if movement.direction == Direction.UP]
    down = [movement for movement in others if movement.direction == Direction.DOWN]
    return MovementHighlights(
        arrived=arrived,
        up=up[:MAX_HIGHLIGHTS],
        down=down[:MAX_HIGHLIGHTS],
        unreadable=int(unreadable),
    )


def _is_top(rank: int | None) -> bool:
    return rank is not None and rank <= TOP_RANKS


def movement_rows(movements: list[Movement], before: Analysis, now: Analysis) -> list[MovementRow]:
    """The movements with names, or their stand-ins in blind mode. Three queries."""
    ids = {pk for movement in movements for pk in (movement.before_id, movement.now_id) if pk}
    evaluations = Evaluation.objects.filter(pk__in=ids).select_related("candidate")
    by_id = evaluations.only(
        *("public_id", "rank", "band", "score", "candidate__public_id", "candidate__name"),
        *("candidate__filename", "candidate__verdict", "candidate__revealed_at"),
    ).in_bulk()
    ties = (before.evaluations.tied(), now.evaluations.tied())
    rows = []
    for movement in movements:
        earlier, later = by_id.get(movement.before_id or 0), by_id.get(movement.now_id or 0)
        newest = later or earlier
        if newest is None:  # erased in between
            continue
        rows.append(
            MovementRow(
                direction=movement.direction,
                name=shown_name(newest.candidate, now.draft),
                url=newest.get_absolute_url(),
                place_before=earlier.place(ties[0]) if earlier else "",
                place_now=later.place(ties[1]) if later else "",
                score="" if newest.score is None else number_format(newest.score, 1),
                shift=movement.shift,
            )
        )
    return rows


def movement_url(before: Analysis, now: Analysis) -> str:
    """The page that compares the two analyses."""
    return f"{reverse('candidates:movement', args=[now.public_id])}?since={before.public_id}"


def _movements(
    conditions: str, before: Analysis, now: Analysis, values: dict[str, Any]
) -> list[Movement]:
    select = "SELECT direction, before_id, now_id, rank_before, rank_now, shift FROM movements "
    rows = _rows(select + conditions, before, now, values)
    return [Movement(Direction(direction), *others) for direction, *others in rows]


def _rows(select: str, before: Analysis, now: Analysis, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(MOVEMENTS_CTE + select, {**values, "before_id": before.pk, "now_id": now.pk})
        return list(cursor.fetchall())


_ONE_SIDE = """
    SELECT DISTINCT ON (person) coalesce(c.same_as_id, c.id) AS person, e.id, e.rank, e.status
      FROM candidates_evaluation e JOIN candidates_candidate c ON c.id = e.candidate_id
     WHERE e.analysis_id = %({side}_id)s
     ORDER BY person, e.rank NULLS LAST, e.id
"""
MOVEMENTS_CTE = f"""
WITH before AS ({_ONE_SIDE.format(side="before")}),
now AS ({_ONE_SIDE.format(side="now")}),
pairs AS (
    SELECT b.id AS before_id, n.id AS now_id, b.rank AS rank_before, n.rank AS rank_now,
           b.status AS status_before, n.status AS status_now,
           CASE WHEN b.rank IS NULL OR n.rank IS NULL THEN 0 ELSE
               row_number() OVER (PARTITION BY b.rank IS NULL OR n.rank IS NULL ORDER BY b.rank)
             - row_number() OVER (PARTITION BY b.rank IS NULL OR n.rank IS NULL ORDER BY n.rank)
           END AS shift
      FROM before b FULL JOIN now n USING (person)
),
movements AS (
    SELECT *, CASE WHEN before_id IS NULL THEN 'new'
                   WHEN now_id IS NULL THEN 'gone'
                   WHEN rank_now IS NULL AND rank_before IS NULL THEN 'same'
                   WHEN rank_before IS NULL OR shift > 0 THEN 'up'
                   WHEN rank_now IS NULL OR shift < 0 THEN 'down'
                   ELSE 'same' END AS direction
      FROM pairs
)
"""  # noqa: S608 (only the two side names are put into it, never a value)
