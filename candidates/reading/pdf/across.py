"""Whether two sides of a gutter are read across and not one after the other.

So are dates and places beside what they belong to, labels before their values, headings in the
margin, and rows of a table.
"""

import re
from itertools import pairwise
from statistics import median

from .fragments import Fragment, on_one_line, rows

MIN_ALIGNED_SHARE = 0.75  # of the lines, that stand on the very line of another
TYPICAL_SHARE = 0.5  # of the lines, that look like a date or a label
MAX_MARGIN_SHARE = 0.42  # of the width that both sides take
MAX_TABLE_ROWS = 8
DATE = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?!\d)|\b\d{1,2}[/.]\d{2,4}\b"
    r"|\b(?:present|today|now|ongoing|current|heute|aujourd'hui|actualidad)\b|至今|现在",
    re.IGNORECASE,
)
COLON = re.compile("[:\uff1a]\\s*$")


def separator_across(left: list[Fragment], right: list[Fragment]) -> str:
    """What to put between two sides of a gutter that are rows of one text; "" for columns."""
    x0 = min(fragment.x0 for fragment in left)
    whole = max(fragment.x1 for fragment in right) - x0
    left, right = rows(left), rows(right)
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
    if (
        aligned < MIN_ALIGNED_SHARE
        or len(right) > len(left)
        or _width(right) > MAX_MARGIN_SHARE * whole
    ):
        return False
    if _share(right, DATE) >= TYPICAL_SHARE:
        return True
    ends, starts = [f.x1 for f in right], [f.x0 for f in right]
    flush_right = max(ends) - min(ends) < 3 < max(starts) - min(starts)
    return flush_right and _longest_block(right) <= 3


def _are_labels(left: list[Fragment], right: list[Fragment], aligned: float, whole: float) -> bool:
    """Dates, or words with a colon, to the left of what they belong to."""
    if (
        aligned < MIN_ALIGNED_SHARE
        or len(left) > len(right)
        or _width(left) > MAX_MARGIN_SHARE * whole
    ):
        return False
    return _share(left, DATE) + _share(left, COLON) >= TYPICAL_SHARE


def _are_headings(
    left: list[Fragment], right: list[Fragment], aligned: float, whole: float
) -> bool:
    """A few words in the margin, each beside the first line of its part."""
    if aligned < MIN_ALIGNED_SHARE or _width(left) > MAX_MARGIN_SHARE * whole:
        return False
    return len(left) <= 0.6 * len(right) and _longest_block(left) <= 2


def _is_table(left: list[Fragment], right: list[Fragment], aligned: float) -> bool:
    """Few rows, each with its cells, which the file stores row by row."""
    if aligned < 0.9 or max(len(left), len(right)) > MAX_TABLE_ROWS:
        return False
    if _is_prose(left) and _is_prose(right):
        return False
    places = sorted(left + right, key=lambda f: f.place)
    ids = {id(fragment) for fragment in left}
    changes = sum(
        (id(line) in ids) != (id(following) in ids) for line, following in pairwise(places)
    )
    return changes >= 0.6 * (len(places) - 1)


def _beside(side: list[Fragment], other: list[Fragment]) -> tuple[list[Fragment], float]:
    """The lines of `side` that have one of `other` beside them, and the share of these that
    stand on its very line. Both from the top down."""
    beside = []
    aligned = begin = 0
    for line in side:
        while begin < len(other) and other[begin].y0 >= line.y1:
            begin += 1
        near = [other_line for other_line in other[begin : begin + 4] if other_line.y1 > line.y0]
        if near:
            beside.append(line)
            aligned += any(on_one_line(line, other_line) for other_line in near)
    return beside, aligned / len(beside) if beside else 0.0


def _is_prose(side: list[Fragment]) -> bool:
    """Whether most lines are full, as in a paragraph."""
    widest = max(f.x1 - f.x0 for f in side)
    return _width(side) > 0.85 * widest and median(len(f.text) for f in side) > 25


def _share(side: list[Fragment], pattern: re.Pattern[str]) -> float:
    return sum(pattern.search(f.text) is not None for f in side) / len(side)


def _width(side: list[Fragment]) -> float:
    return median(f.x1 - f.x0 for f in side)


def _longest_block(side: list[Fragment]) -> int:
    """Most lines that follow each other with no gap between."""
    longest = run = 1
    for above, below in pairwise(side):
        run = run + 1 if above.y0 - below.y1 < 0.6 * below.height else 1
        longest = max(longest, run)
    return longest
