"""Shorten a résumé that exceeds a model's context, by a documented rule.

The rule: lines are ranked by the words of the rubric that they hold, each weighted by its
criterion, and the best are kept in their order, with a mark between two that were not neighbours.
Of two lines of equal worth, the earlier is kept.
"""

import re
from dataclasses import dataclass

from .rubric import Rubric

GAP_MARK = "[…]"
MAX_PIECE_CHARACTERS = 400  # a longer line is cut into such pieces, at a blank where there is one
WORD = re.compile(r"[^\W_][\w+#.-]*[\w+#]|[^\W_]")
# Common words of several languages, which tell nothing about a criterion.
STOP_WORDS = frozenset(
    re.split(
        r"\W",
        "and the for with from that this you your our are will have has not all any can who what"
        " der die das und mit von les des une pour avec los las una por con para",
    )
)


@dataclass(frozen=True, slots=True)
class Shortened:
    """The shortened text, and its share of the whole, 0 to 1."""

    text: str
    share: float


def shorten(text: str, rubric: Rubric, max_bytes: int) -> Shortened:
    """Return at most `max_bytes` bytes (UTF-8) of `text`. Raises ValueError below 1 byte."""
    if max_bytes < 1:
        raise ValueError(f"No résumé can be shortened to {max_bytes} bytes.")
    if len(text.encode("utf-8", "replace")) <= max_bytes:
        return Shortened(text, 1.0)
    pieces = _pieces(text)
    weights = _weights(rubric)
    worth = [
        sum(weights.get(word, 0.0) for word in {w.casefold() for w in WORD.findall(piece)})
        for piece in pieces
    ]
    chosen: set[int] = set()
    bytes_left = max_bytes
    for index in sorted(range(len(pieces)), key=lambda index: (-worth[index], index)):
        # With room for a mark before and after it: its neighbours are not chosen yet.
        size = len(pieces[index].encode("utf-8", "replace")) + len(f"\n{GAP_MARK}\n".encode()) + 1
        if size <= bytes_left:
            chosen.add(index)
            bytes_left -= size
    lines: list[str] = []
    for index in sorted(chosen):
        if index and index - 1 not in chosen:
            lines.append(GAP_MARK)
        lines.append(pieces[index])
    chosen_length = sum(len(pieces[index]) for index in chosen)
    return Shortened("\n".join(lines), chosen_length / max(1, sum(map(len, pieces))))


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for line in text.splitlines():
        rest = line.rstrip()
        while len(rest) > MAX_PIECE_CHARACTERS:
            blank = rest.rfind(" ", MAX_PIECE_CHARACTERS // 2, MAX_PIECE_CHARACTERS)
            end = MAX_PIECE_CHARACTERS if blank < 0 else blank + 1
            pieces.append(rest[:end])
            rest = rest[end:]
        if rest:
            pieces.append(rest)
    return pieces


def _weights(rubric: Rubric) -> dict[str, float]:
    """Return the weight of each word of the rubric: the highest that any of its criteria gives."""
    weights: dict[str, float] = {}
    for criterion in rubric.criteria:
        about = f"{criterion.name} {criterion.looks_for}"
        _raise_weights(weights, about, criterion.weight * (2.0 if criterion.must_have else 1.0))
    _raise_weights(weights, f"{rubric.title} {rubric.description}", 0.5)
    return weights


def _raise_weights(weights: dict[str, float], text: str, weight: float) -> None:
    for word in WORD.findall(text.casefold()):
        if len(word) > 2 and word not in STOP_WORDS:
            weights[word] = max(weights.get(word, 0.0), weight)
