"""Columns of a page, which is cut at its gutters again and again.

The recursive X-Y cut of Nagy and Seth (1984), except where what stands side by side is read across.
"""

from dataclasses import dataclass
from statistics import median

from .across import separator_across
from .fragments import Fragment, join, on_one_line, rows

MIN_COLUMN_LINES = 3  # beside each other, to be columns
MAX_GUTTERS = 10  # that are looked at; pages with more left edges are tables
MAX_CUT_DEPTH = 12


def region(fragments: list[Fragment], tried: frozenset[int], depth: int) -> list[Fragment]:
    """Lines of a part of the page; `fragments` from the top down."""
    if depth > MAX_CUT_DEPTH or len(fragments) < 2 * MIN_COLUMN_LINES:
        return rows(fragments)
    cut = _best_cut(fragments, tried)
    if cut is None:
        return rows(fragments)
    above, left, right, below = cut.above, cut.left, cut.right, cut.below
    if between := separator_across(left, right):
        merged = sorted(above + _joined(left, right, between) + below, key=lambda f: -f.y1)
        return region(merged, tried | {round(cut.x)}, depth + 1)
    lines = region(above, tried, depth + 1) if above else []
    lines += region(left, frozenset(), depth + 1) + region(right, frozenset(), depth + 1)
    return lines + (region(below, tried, depth + 1) if below else [])


@dataclass(frozen=True, slots=True)
class _Cut:
    """A gutter at `x`, and the fragments above, beside and below it."""

    x: float
    score: float
    above: list[Fragment]
    left: list[Fragment]
    right: list[Fragment]
    below: list[Fragment]


def _best_cut(fragments: list[Fragment], tried: frozenset[int]) -> _Cut | None:
    best: _Cut | None = None
    for x in _edges(fragments):
        if round(x) not in tried:
            for cut in _cuts(fragments, x):
                if best is None or cut.score > best.score:
                    best = cut
    return best


def _edges(fragments: list[Fragment]) -> list[float]:
    """Left edges that several lines share and that have something to their left."""
    most_left = min(fragment.x0 for fragment in fragments)
    starts = sorted(fragment.x0 for fragment in fragments if fragment.x0 > most_left + 20)
    groups: list[list[float]] = []
    for start in starts:
        if groups and start - groups[-1][-1] <= 2.5:
            groups[-1].append(start)
        else:
            groups.append([start])
    shared = [group for group in groups if len(group) >= 2]
    shared.sort(key=len, reverse=True)
    return [group[0] for group in shared[:MAX_GUTTERS]]


def _cuts(fragments: list[Fragment], x: float) -> list[_Cut]:
    """The runs of lines that leave `x` free, where both sides have enough of them."""
    crossing = [n for n, f in enumerate(fragments) if f.x0 < x - 1 < f.x1 - 1]
    cuts = []
    begin = 0
    for end in (*crossing, len(fragments)):
        if end - begin >= 2 * MIN_COLUMN_LINES:
            cut = _cut(fragments, begin, end, x)
            if cut is not None:
                cuts.append(cut)
        begin = end + 1
    return cuts


def _cut(fragments: list[Fragment], begin: int, end: int, x: float) -> _Cut | None:
    run = fragments[begin:end]
    left = [fragment for fragment in run if fragment.x0 < x - 1]
    right = [fragment for fragment in run if fragment.x0 >= x - 1]
    if len(left) < 2 or len(right) < 2:
        return None
    height = median(fragment.height for fragment in run)
    # What stands alone before the run's columns begin side by side, or after one of them is over
    # and closer to what follows, is a line of its own.
    if end < len(fragments):
        while len(run) > 2 and _belongs_below(run, fragments[end], left, right, height):
            gone = run.pop()
            (left if gone.x0 < x - 1 else right).remove(gone)
            if not left or not right:
                return None
    top = min(left[0].y1, right[0].y1)
    bottom = max(min(f.y0 for f in left), min(f.y0 for f in right))
    both = top - bottom
    if both < (MIN_COLUMN_LINES - 0.5) * height or max(len(left), len(right)) < MIN_COLUMN_LINES:
        return None
    gap = x - max(fragment.x1 for fragment in left)
    if gap < 0.4 * height:
        return None
    lines = begin + len(run)
    return _Cut(
        x,
        both * min(gap, height),
        fragments[:begin],
        left,
        right,
        fragments[lines:],
    )


def _belongs_below(
    run: list[Fragment],
    crossing: Fragment,
    left: list[Fragment],
    right: list[Fragment],
    height: float,
) -> bool:
    """Whether the last line of a run is the heading of the line that ends it."""
    last = run[-1]
    side = left if last in left else right
    other = right if side is left else left
    if len(side) < 2 or not other or min(f.y0 for f in other) < last.y1:
        return False
    gap_above = side[-2].y0 - last.y1
    gap_below = last.y0 - crossing.y1
    return gap_below < gap_above and gap_above > 0.5 * height


def _joined(left: list[Fragment], right: list[Fragment], between: str) -> list[Fragment]:
    """One line for what stands on one line."""
    waiting = list(right)
    lines = []
    for line in left:
        beside = next((other for other in waiting if on_one_line(line, other)), None)
        if beside is None:
            lines.append(line)
        else:
            waiting.remove(beside)
            lines.append(join(line, beside, between))
    return lines + waiting
