"""Reading order of a page: from boxes of text to lines, column by column.

A PDF says where letters stand, not how they are read, and stores them in any order. Where nothing
stands beside anything else the order of the file is kept; elsewhere the page is cut at its gutters
(Nagy and Seth's recursive X-Y cut, 1984), except where what stands side by side is read across:
dates and places beside what they belong to, labels before their values, rows of a table.
Plain geometry: knows nothing of PDF. Points, the origin at the bottom left.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

CELL = 0.8  # of a line's height: a gap as wide parts two cells or columns
SAME_ROW = 0.5  # of the smaller height: as much overlap makes one row
FEWEST_LINES = 3  # beside each other, to be columns
MOST_CANDIDATES = 10  # gutters that are looked at; pages with more left edges are tables
MOST_DEPTH = 12
MOST_BROKEN = 0.45
NEAR = 2.5  # of a line's height
# A row of dates, places or labels beside the text they belong to, in shares.
ALIGNED = 0.75
TYPICAL = 0.5
NARROW = 0.42  # of the width that both sides take
TABLE_ROWS = 8

DATE = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?!\d)|\b\d{1,2}[/.]\d{2,4}\b"
    r"|\b(?:present|today|now|ongoing|current|heute|aujourd'hui|actualidad)\b|至今|现在",
    re.IGNORECASE,
)
COLON = re.compile("[:\uff1a]\\s*$")
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
LETTER = re.compile(r"[^\W\d_]")


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


def ordered(fragments: Sequence[Fragment]) -> list[Fragment] | None:
    """The lines in the order in which a person reads them, those of one row joined; None where
    the order of the file is that already."""
    if len(fragments) < 2 or _falls(fragments):
        return None
    if _is_backwards("".join(fragment.text for fragment in fragments)):
        fragments = [replace(f, x0=-f.x1, x1=-f.x0) for f in fragments]
    blocks = _blocks(fragments)
    if len(blocks) > 1 and _are_stored_so(blocks):
        return None
    lines = [line for block in blocks for line in _region(block, frozenset(), 0)]
    in_file_order = len(lines) == len(fragments) and all(
        line.place == turn for turn, line in enumerate(lines)
    )
    return None if in_file_order else lines


def _are_stored_so(blocks: list[list[Fragment]]) -> bool:
    """Whether the parts follow each other as the file has them, with nothing to join in any."""
    place = 0
    for block in blocks:
        if any(fragment.place != place + n for n, fragment in enumerate(block)):
            return False
        if not _falls(block):
            return False
        place += len(block)
    return True


def _is_backwards(text: str) -> bool:
    """Whether most letters are of scripts that run from right to left."""
    if not RIGHT_TO_LEFT.search(text):
        return False
    return len(RIGHT_TO_LEFT.findall(text)) * 2 > len(LETTER.findall(text))


def _falls(fragments: Sequence[Fragment]) -> bool:
    """Whether each line of the file begins below the one before, with nothing beside another."""
    above = fragments[0]
    for fragment in fragments[1:]:
        if fragment.y1 > above.y1 or fragment.y1 - above.y0 > 0.3 * fragment.height:
            return False
        above = fragment
    return True


def _blocks(fragments: Sequence[Fragment]) -> list[list[Fragment]]:
    """Parts of the page that the file stores one after the other, each from the top down.

    Most programs store a column, or a cell, at a time, and in the order in which it was written.
    That is kept as long as no part stands both above and below another.
    """
    home: list[int] = []  # which part each fragment is in
    x0 = x1 = 0.0
    last: Fragment | None = None
    for fragment in fragments:
        if last is not None and _goes_on(last, fragment, x0, x1):
            home.append(home[-1])
            x0, x1 = min(x0, fragment.x0), max(x1, fragment.x1)
        else:
            home.append(home[-1] + 1 if home else 0)
            x0, x1 = fragment.x0, fragment.x1
        last = fragment
    count = home[-1] + 1
    if 1 < count <= len(fragments) // 2:
        parts = _in_turn(sorted(fragments, key=lambda f: -f.y1), home, count)
        if parts is not None:
            return parts
    return [sorted(_together(fragments), key=lambda f: -f.y1)]


def _in_turn(fragments: list[Fragment], home: list[int], count: int) -> list[list[Fragment]] | None:
    """The parts in the order of the file, a part that stands above another before it; None where
    that cannot be. From the top down."""
    before = _above(fragments, home, count)
    if before is None:
        return None
    in_turn: list[int] = []
    left = list(range(count))
    while left:
        free = next((n for n in left if not before[n].intersection(left)), None)
        if free is None:
            return None
        in_turn.append(free)
        left.remove(free)
    parts: list[list[Fragment]] = [[] for _ in range(count)]
    for fragment in fragments:
        parts[home[fragment.place]].append(fragment)
    return [parts[number] for number in in_turn]


def _together(fragments: Sequence[Fragment]) -> list[Fragment]:
    """The fragments, those joined that the file parts with no gap between, at an icon for one."""
    joined = [fragments[0]]
    for fragment in fragments[1:]:
        last = joined[-1]
        if _on_one_line(last, fragment) and 0 <= fragment.x0 - last.x1 < CELL * last.height:
            joined[-1] = _join(last, fragment, " ")
        else:
            joined.append(fragment)
    return joined


def _goes_on(last: Fragment, fragment: Fragment, x0: float, x1: float) -> bool:
    """Whether a part between `x0` and `x1` goes on: below itself, or to the right of a bullet."""
    overlap = min(last.y1, fragment.y1) - max(last.y0, fragment.y0)
    if overlap > SAME_ROW * min(last.height, fragment.height):
        return last.x0 < fragment.x0 < last.x1 + NEAR * last.height
    return fragment.y1 < last.y1 and fragment.x0 < x1 and fragment.x1 > x0


def _above(fragments: list[Fragment], home: list[int], count: int) -> list[set[int]] | None:
    """For each part, those with a line directly above one of its own; None where the parts are
    the lines of columns that the file stores by turns. From the top down."""
    before: list[set[int]] = [set() for _ in range(count)]
    kept = broken = 0  # lines that go on beside others, and those of them in another part
    for number, one in enumerate(fragments):
        mine = home[one.place]
        left, right, low = one.x0 + 2, one.x1 - 2, one.y0
        above = None
        # Written out: this is asked for each line of each page that has two beside each other.
        for place in range(number - 1, -1, -1):
            two = fragments[place]
            if two.x0 < right and two.x1 > left and two.y0 > low:
                above = two
                break
        if above is None:
            continue
        if home[above.place] != mine:
            before[mine].add(home[above.place])
        if above.y0 - one.y1 < one.height and any(
            two.y1 > one.y0 and two.y0 < above.y1 and (two.x0 > one.x1 or two.x1 < one.x0)
            for two in fragments[max(number - 4, 0) : number + 5]
        ):
            kept += 1
            broken += home[above.place] != mine
    return before if broken <= MOST_BROKEN * kept else None


def _region(fragments: list[Fragment], tried: frozenset[int], depth: int) -> list[Fragment]:
    """Lines of a part of the page; `fragments` from the top down."""
    if depth > MOST_DEPTH or len(fragments) < 2 * FEWEST_LINES:
        return _rows(fragments)
    cut = _best_cut(fragments, tried)
    if cut is None:
        return _rows(fragments)
    above, left, right, below = cut.above, cut.left, cut.right, cut.below
    if between := _read_across(left, right):
        merged = sorted(above + _joined(left, right, between) + below, key=lambda f: -f.y1)
        return _region(merged, tried | {round(cut.x)}, depth + 1)
    lines = _region(above, tried, depth + 1) if above else []
    lines += _region(left, frozenset(), depth + 1) + _region(right, frozenset(), depth + 1)
    return lines + (_region(below, tried, depth + 1) if below else [])


@dataclass(frozen=True, slots=True)
class _Cut:
    """A gutter at `x`, and who stands above, beside and below it."""

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
    return [group[0] for group in shared[:MOST_CANDIDATES]]


def _cuts(fragments: list[Fragment], x: float) -> list[_Cut]:
    """The runs of lines that leave `x` free, where both sides have enough of them."""
    crossing = [n for n, f in enumerate(fragments) if f.x0 < x - 1 < f.x1 - 1]
    found = []
    begin = 0
    for end in (*crossing, len(fragments)):
        if end - begin >= 2 * FEWEST_LINES:
            cut = _cut(fragments, begin, end, x)
            if cut is not None:
                found.append(cut)
        begin = end + 1
    return found


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
    if both < (FEWEST_LINES - 0.5) * height or max(len(left), len(right)) < FEWEST_LINES:
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


def _read_across(left: list[Fragment], right: list[Fragment]) -> str:
    """What to put between two sides of a gutter that are rows of one text; "" for columns."""
    x0 = min(fragment.x0 for fragment in left)
    whole = max(fragment.x1 for fragment in right) - x0
    left, right = _rows(left), _rows(right)
    # Lines with nothing beside them, such as headings, say neither.
    beside_left, lefts = _beside(left, right)
    beside_right, rights = _beside(right, left)
    if not beside_left or not beside_right:
        return ""
    if (
        _are_tags(beside_right, beside_left, rights, whole)
        or _are_labels(beside_left, beside_right, lefts, whole)
        or _is_table(beside_left, beside_right, min(lefts, rights))
    ):
        return "\t"
    return "\n" if _are_headings(beside_left, beside_right, lefts, whole) else ""


def _are_tags(right: list[Fragment], left: list[Fragment], aligned: float, whole: float) -> bool:
    """Dates or places to the right of the lines they belong to."""
    if aligned < ALIGNED or len(right) > len(left) or _width(right) > NARROW * whole:
        return False
    if _share(right, DATE) >= TYPICAL:
        return True
    ends, starts = [f.x1 for f in right], [f.x0 for f in right]
    flush_right = max(ends) - min(ends) < 3 < max(starts) - min(starts)
    return flush_right and _longest_block(right) <= 3


def _are_labels(left: list[Fragment], right: list[Fragment], aligned: float, whole: float) -> bool:
    """Dates, or words with a colon, to the left of what they belong to."""
    if aligned < ALIGNED or len(left) > len(right) or _width(left) > NARROW * whole:
        return False
    return _share(left, DATE) + _share(left, COLON) >= TYPICAL


def _are_headings(
    left: list[Fragment], right: list[Fragment], aligned: float, whole: float
) -> bool:
    """A few words in the margin, each beside the first line of its part."""
    if aligned < ALIGNED or _width(left) > NARROW * whole:
        return False
    return len(left) <= 0.6 * len(right) and _longest_block(left) <= 2


def _is_table(left: list[Fragment], right: list[Fragment], aligned: float) -> bool:
    """Few rows, each with its cells, which the file stores row by row."""
    if aligned < 0.9 or max(len(left), len(right)) > TABLE_ROWS:
        return False
    if _is_prose(left) and _is_prose(right):
        return False
    places = sorted(left + right, key=lambda f: f.place)
    ids = {id(fragment) for fragment in left}
    changes = sum((id(one) in ids) != (id(two) in ids) for one, two in pairwise(places))
    return changes >= 0.6 * (len(places) - 1)


def _beside(side: list[Fragment], other: list[Fragment]) -> tuple[list[Fragment], float]:
    """The lines of `side` that have one of `other` beside them, and the share of these that
    stand on its very line. Both from the top down."""
    found = []
    aligned = begin = 0
    for one in side:
        while begin < len(other) and other[begin].y0 >= one.y1:
            begin += 1
        near = [two for two in other[begin : begin + 4] if two.y1 > one.y0]
        if near:
            found.append(one)
            aligned += any(_on_one_line(one, two) for two in near)
    return found, aligned / len(found) if found else 0.0


def _is_prose(side: list[Fragment]) -> bool:
    """Whether most lines are full, as in a paragraph."""
    widest = max(f.x1 - f.x0 for f in side)
    return _width(side) > 0.85 * widest and median(len(f.text) for f in side) > 25


def _share(side: list[Fragment], pattern: re.Pattern[str]) -> float:
    return sum(pattern.search(f.text) is not None for f in side) / len(side)


def _width(side: list[Fragment]) -> float:
    return median(f.x1 - f.x0 for f in side)


def _on_one_line(one: Fragment, two: Fragment) -> bool:
    overlap = min(one.y1, two.y1) - max(one.y0, two.y0)
    return overlap > 0.7 * min(one.height, two.height)


def _longest_block(side: list[Fragment]) -> int:
    """Most lines that follow each other with no gap between."""
    longest = run = 1
    for above, below in pairwise(side):
        run = run + 1 if above.y0 - below.y1 < 0.6 * below.height else 1
        longest = max(longest, run)
    return longest


def _joined(left: list[Fragment], right: list[Fragment], between: str) -> list[Fragment]:
    """One line for what stands on one line."""
    waiting = list(right)
    lines = []
    for one in left:
        beside = next((two for two in waiting if _on_one_line(one, two)), None)
        if beside is None:
            lines.append(one)
        else:
            waiting.remove(beside)
            lines.append(_join(one, beside, between))
    return lines + waiting


def _join(left: Fragment, right: Fragment, between: str = "\t") -> Fragment:
    return Fragment(
        left.x0,
        min(left.y0, right.y0),
        max(left.x1, right.x1),
        max(left.y1, right.y1),
        f"{left.text.rstrip()}{between}{right.text.lstrip()}",
        left.place,
    )


def _rows(fragments: list[Fragment]) -> list[Fragment]:
    """Lines from the top down, the pieces of each from left to right."""
    rows: list[list[Fragment]] = []
    for fragment in fragments:
        # Not only the last row: a tall letter may begin above the line it stands on.
        for row in reversed(rows[-3:]):
            base = row[0]
            overlap = min(base.y1, fragment.y1) - max(base.y0, fragment.y0)
            beside = all(fragment.x0 >= f.x1 - 1 or fragment.x1 <= f.x0 + 1 for f in row)
            if beside and overlap > SAME_ROW * min(base.height, fragment.height):
                row.append(fragment)
                break
        else:
            rows.append([fragment])
    lines = []
    for row in rows:
        row.sort(key=lambda f: f.x0)
        line = row[0]
        for fragment in row[1:]:
            line = _join(line, fragment)
        lines.append(line)
    return lines
