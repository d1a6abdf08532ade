"""Pieces of lines on a page, by their boxes: which stand on one line, and how they are joined.

Plain geometry: knows nothing of PDF. Points, the origin at the bottom left.
"""

from dataclasses import dataclass

# In shares of a line's height.
CELL_GAP = 0.8  # a gap as wide parts two cells or columns
BULLET_GAP = 2.5  # up to such a gap, what follows a bullet belongs to it
SAME_ROW_OVERLAP = 0.5  # of the smaller height: as much overlap makes one row


@dataclass(frozen=True, slots=True)
class Fragment:
    """Text on one line with no wide gap in it, and its box; `place` is its turn in the file."""

    x0: float
    y0: float
    x1: float
    y1: float
    text: str
    place: int

    @property
    def height(self) -> float:
        return self.y1 - self.y0


def on_one_line(fragment: Fragment, other: Fragment) -> bool:
    overlap = min(fragment.y1, other.y1) - max(fragment.y0, other.y0)
    return overlap > 0.7 * min(fragment.height, other.height)


def join(left: Fragment, right: Fragment, between: str = "\t") -> Fragment:
    return Fragment(
        left.x0,
        min(left.y0, right.y0),
        max(left.x1, right.x1),
        max(left.y1, right.y1),
        f"{left.text.rstrip()}{between}{right.text.lstrip()}",
        left.place,
    )


def rows(fragments: list[Fragment]) -> list[Fragment]:
    """Lines from the top down, the pieces of each from left to right."""
    rows: list[list[Fragment]] = []
    for fragment in fragments:
        # Not only the last row: a tall letter may begin above the line it stands on.
        for row in reversed(rows[-3:]):
            base = row[0]
            overlap = min(base.y1, fragment.y1) - max(base.y0, fragment.y0)
            beside = all(fragment.x0 >= f.x1 - 1 or fragment.x1 <= f.x0 + 1 for f in row)
            if beside and overlap > SAME_ROW_OVERLAP * min(base.height, fragment.height):
                row.append(fragment)
                break
        else:
            rows.append([fragment])
    lines = []
    for row in rows:
        row.sort(key=lambda f: f.x0)
        line = row[0]
        for fragment in row[1:]:
            line = join(line, fragment)
        lines.append(line)
    return lines
