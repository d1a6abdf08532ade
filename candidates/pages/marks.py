"""Quotes as a page shows them, and the text of a résumé cut at them, so that they can be marked."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from candidates.blind import MASK, Spans, mask_spans
from candidates.scoring.scorecard import Quote


@dataclass(frozen=True, slots=True)
class MarkedQuote:
    """A quote as a page shows it, with the id, start and end of its mark in the résumé."""

    anchor: str
    text: str
    start: int
    end: int

    @classmethod
    def of(cls, quote: Quote, owner: str, number: int, hidden: Spans = ()) -> Self:
        """The quote with this number of a criterion or an insight; `hidden` spans are masked."""
        text = mask_spans(quote.text, hidden, quote.start)
        return cls(f"{owner}-{number}", text, quote.start, quote.end)

    @property
    def mark(self) -> tuple[str, int, int]:
        return self.anchor, self.start, self.end


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text that is covered by the same quotes.

    `anchors` are the ids of the quotes that begin here; the first of them is the id of the mark
    itself. `heads` are the ids of the parts of the résumé that begin here.
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
    """Cut `text` at the quotes (id, start, end in characters) and where parts begin (id, start).

    The segments together are the text, whatever overlaps, with a mask for each of the `hidden`
    spans. A quote or part outside the text is left out.
    """
    quotes = [(id, start, end) for id, start, end in quotes if 0 <= start < end <= len(text)]
    parts = [(id, start) for id, start in parts if 0 <= start < len(text)]
    cuts = {0, len(text)}
    cuts |= {offset for _, start, end in quotes for offset in (start, end)}
    cuts |= {offset for span in hidden for offset in span} | {start for _, start in parts}
    spans = iter((*hidden, (len(text), len(text))))
    first, last = next(spans)
    cut = []
    for start, end in pairwise(sorted(cuts)):
        while last <= start < len(text):
            first, last = next(spans)
        shown = text[start:end]
        if first <= start < last:
            shown = MASK if start == first else ""
        cut.append(
            Segment(
                shown,
                marked=any(begin <= start < until for _, begin, until in quotes),
                anchors=tuple(id for id, begin, _ in quotes if begin == start),
                heads=tuple(id for id, begin in parts if begin == start),
            )
        )
    return cut
