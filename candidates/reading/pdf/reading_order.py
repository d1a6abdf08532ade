"""Reading order of a page: from boxes of text to lines, column by column.

A PDF says where letters stand, not how they are read, and stores them in any order. Where nothing
stands beside anything else the order of the file is kept; elsewhere `gutters` cuts the page into
columns, except where `across` finds that what stands side by side is read across.
Plain geometry: knows nothing of PDF. Points, the origin at the bottom left.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from .fragments import BULLET_GAP, CELL_GAP, SAME_ROW_OVERLAP, Fragment, join, on_one_line
from .gutters import region

MAX_BROKEN_SHARE = 0.45  # of the lines that go on beside others, that go on in another part
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
LETTER = re.compile(r"[^\W\d_]")


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
    lines = [line for block in blocks for line in region(block, frozenset(), 0)]
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
    part_of: list[int] = []  # which part each fragment is in
    x0 = x1 = 0.0
    last: Fragment | None = None
    for fragment in fragments:
        if last is not None and _goes_on(last, fragment, x0, x1):
            part_of.append(part_of[-1])
            x0, x1 = min(x0, fragment.x0), max(x1, fragment.x1)
        else:
            part_of.append(part_of[-1] + 1 if part_of else 0)
            x0, x1 = fragment.x0, fragment.x1
        last = fragment
    count = part_of[-1] + 1
    if 1 < count <= len(fragments) // 2:
        parts = _in_turn(sorted(fragments, key=lambda f: -f.y1), part_of, count)
        if parts is not None:
            return parts
    return [sorted(_together(fragments), key=lambda f: -f.y1)]


def _in_turn(
    fragments: list[Fragment], part_of: list[int], count: int
) -> list[list[Fragment]] | None:
    """The parts in the order of the file, a part that stands above another before it; None where
    that cannot be. From the top down."""
    before = _above(fragments, part_of, count)
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
        parts[part_of[fragment.place]].append(fragment)
    return [parts[number] for number in in_turn]


def _together(fragments: Sequence[Fragment]) -> list[Fragment]:
    """The fragments, those joined that the file parts with no gap between, at an icon for one."""
    joined = [fragments[0]]
    for fragment in fragments[1:]:
        last = joined[-1]
        if on_one_line(last, fragment) and 0 <= fragment.x0 - last.x1 < CELL_GAP * last.height:
            joined[-1] = join(last, fragment, " ")
        else:
            joined.append(fragment)
    return joined


def _goes_on(last: Fragment, fragment: Fragment, x0: float, x1: float) -> bool:
    """Whether a part between `x0` and `x1` goes on: below itself, or to the right of a bullet."""
    overlap = min(last.y1, fragment.y1) - max(last.y0, fragment.y0)
    if overlap > SAME_ROW_OVERLAP * min(last.height, fragment.height):
        return last.x0 < fragment.x0 < last.x1 + BULLET_GAP * last.height
    return fragment.y1 < last.y1 and fragment.x0 < x1 and fragment.x1 > x0


def _above(fragments: list[Fragment], part_of: list[int], count: int) -> list[set[int]] | None:
    """For each part, those with a line directly above one of its own; None where the parts are
    the lines of columns that the file stores by turns. From the top down."""
    before: list[set[int]] = [set() for _ in range(count)]
    # Lines that go on beside others, and those of them that go on in another part.
    continued = broken = 0
    for number, line in enumerate(fragments):
        part = part_of[line.place]
        left, right, low = line.x0 + 2, line.x1 - 2, line.y0
        above = None
        # Written out: this is asked for each line of each page that has two beside each other.
        for place in range(number - 1, -1, -1):
            other = fragments[place]
            if other.x0 < right and other.x1 > left and other.y0 > low:
                above = other
                break
        if above is None:
            continue
        if part_of[above.place] != part:
            before[part].add(part_of[above.place])
        if above.y0 - line.y1 < line.height and any(
            other.y1 > line.y0
            and other.y0 < above.y1
            and (other.x0 > line.x1 or other.x1 < line.x0)
            for other in fragments[max(number - 4, 0) : number + 5]
        ):
            continued += 1
            broken += part_of[above.place] != part
    return before if broken <= MAX_BROKEN_SHARE * continued else None
