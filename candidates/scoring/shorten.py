"""Make a résumé that is longer than a model takes in as short as needed, by a rule that is stated.

The rule: lines are ranked by how many of the rubric's words they hold, each word weighed by its
criterion, and the best are kept in their order; between two that were not neighbours stands a mark.
Of two lines that say as much, the earlier is kept.
"""

import re
from dataclasses import dataclass

from .rubric import Rubric

GAP = "[…]"
PIECE = 400  # characters; a longer line is cut into such pieces, at a blank where there is one
WORD = re.compile(r"[^\W_][\w+#.-]*[\w+#]|[^\W_]")
# Words that say nothing of a criterion.
COMMON = frozenset(
    re.split(
        r"\W",
        "and the for with from that this you your our are will have has not all any can who what"
        " der die das und mit von les des une pour avec los las una por con para",
    )
)


@dataclass(frozen=True, slots=True)
class Shortened:
    """What is left, and its share of the whole, 0 to 1."""

    text: str
    share: float


def shorten(text: str, rubric: Rubric, most: int) -> Shortened:
    """At most `most` bytes (UTF-8) of `text`. Raises ValueError when `most` is below 1."""
    if most < 1:
        raise ValueError(f"No résumé can be shortened to {most} bytes.")
    if len(text.encode("utf-8", "replace")) <= most:
        return Shortened(text, 1.0)
    pieces = _pieces(text)
    weights = _weights(rubric)
    worth = [
        sum(weights.get(word, 0.0) for word in {w.casefold() for w in WORD.findall(piece)})
        for piece in pieces
    ]
    kept: set[int] = set()
    left = most
    for number in sorted(range(len(pieces)), key=lambda n: (-worth[n], n)):
        # With room for a gap before and after it, since nobody knows yet which will be there.
        size = len(pieces[number].encode("utf-8", "replace")) + len(f"\n{GAP}\n".encode()) + 1
        if size <= left:
            kept.add(number)
            left -= size
    lines: list[str] = []
    for number in sorted(kept):
        if number and number - 1 not in kept:
            lines.append(GAP)
        lines.append(pieces[number])
    short = "\n".join(lines)
    return Shortened(short, sum(len(pieces[n]) for n in kept) / max(1, sum(map(len, pieces))))


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for line in text.splitlines():
        rest = line.rstrip()
        while len(rest) > PIECE:
            at = rest.rfind(" ", PIECE // 2, PIECE)
            at = PIECE if at < 0 else at + 1
            pieces.append(rest[:at])
            rest = rest[at:]
        if rest:
            pieces.append(rest)
    return pieces


def _weights(rubric: Rubric) -> dict[str, float]:
    """What each word of the rubric is worth: the most that any of its criteria gives it."""
    worth: dict[str, float] = {}
    for criterion in rubric.criteria:
        about = f"{criterion.name} {criterion.looks_for}"
        _weigh(worth, about, criterion.weight * (2.0 if criterion.must_have else 1.0))
    _weigh(worth, f"{rubric.title} {rubric.description}", 0.5)
    return worth


def _weigh(worth: dict[str, float], text: str, weight: float) -> None:
    for word in WORD.findall(text.casefold()):
        if len(word) > 2 and word not in COMMON:
            worth[word] = max(worth.get(word, 0.0), weight)
