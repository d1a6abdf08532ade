"""A résumé's text cut where quotes begin and end, so that a page can mark them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text over which the same quotes hold.

    `anchors` are the ids of the quotes that begin here; the first of them goes on the mark itself.
    """

    text: str
    marked: bool
    anchors: tuple[str, ...] = ()


def segments(text: str, quotes: Iterable[tuple[str, int, int]]) -> list[Segment]:
    """Cut `text` at the quotes, each an id with its start and end in characters.

    The segments together are the text, whatever overlaps. A quote outside the text is left out.
    """
    held = [(id, start, end) for id, start, end in quotes if 0 <= start < end <= len(text)]
    cuts = sorted({0, len(text), *(at for _, start, end in held for at in (start, end))})
    return [
        Segment(
            text[start:end],
            marked=any(first <= start < last for _, first, last in held),
            anchors=tuple(id for id, first, _ in held if first == start),
        )
        for start, end in pairwise(cuts)
    ]
