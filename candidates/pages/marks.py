"""A text cut at the quotes that stand in it, so that a page can mark them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from candidates.blind import MASK, Spans


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text over which the same quotes hold.

    `anchors` are the ids of the quotes that begin here; the first of them goes on the mark itself.
    `heads` are those of the parts of the résumé that begin here.
    """

    text: str
    marked: bool
    anchors: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()


def segments(
    text: str,
    quotes: Iterable[tuple[str, int, int]],
    parts: Iterable[tuple[str, int]] = (),
    hidden: Spans = (),
) -> list[Segment]:
    """Cut `text` at the quotes, each an id with its start and end in characters, and where parts
    begin.

    The segments together are the text, whatever overlaps, with a mask for each of the spans that
    are `hidden`. A quote outside the text is left out.
    """
    held = [(id, start, end) for id, start, end in quotes if 0 <= start < end <= len(text)]
    begun = [(id, at) for id, at in parts if 0 <= at < len(text)]
    ends = {at for _, start, end in held for at in (start, end)}
    ends |= {at for span in hidden for at in span} | {at for _, at in begun}
    cuts = sorted({0, len(text), *ends})
    spans = iter((*hidden, (len(text), len(text))))
    first, last = next(spans)
    found = []
    for start, end in pairwise(cuts):
        while last <= start < len(text):
            first, last = next(spans)
        shown = text[start:end]
        if first <= start < last:
            shown = MASK if start == first else ""
        found.append(
            Segment(
                shown,
                marked=any(begin <= start < until for _, begin, until in held),
                anchors=tuple(id for id, begin, _ in held if begin == start),
                heads=tuple(id for id, at in begun if at == start),
            )
        )
    return found
