"""Find an engine's quotes in the document; what is not there is not shown.

A quote counts as found when it stands in the document up to white space, hyphenation at a line's
end, letter case, and the shape of quotation marks and dashes. Its offsets are the document's.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from .scorecard import Quote, Rating

SHAPES = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032`\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    }
)
SKIPPED = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
HYPHEN_BREAK = re.compile(r"(?<=\w)-[ \t]*\n\s*(?=\w)")
CUT = re.compile(
    rf"(?P<break>{HYPHEN_BREAK.pattern})|(?P<skip>[{''.join(SKIPPED)}]+)|(?P<blank>\s+)"
)
SHORTEST = 3  # letters and digits; less proves nothing
UNSUPPORTED_AT_MOST = 1.0


@lru_cache(maxsize=4)
def _folded(document: str) -> tuple[str, tuple[int, ...]]:
    """The document folded for comparison, and where each of its characters came from."""
    small = document.translate(SHAPES).casefold()
    if len(small) == len(document):
        place: Sequence[int] = range(len(document))
    else:  # a few letters become two, such as ß
        small, place = _widened(document)
    moved = type(place) is not range
    first = {at: number for number, at in reversed(list(enumerate(place)))} if moved else {}
    letters: list[str] = []
    origin: list[int] = []
    begin, after_blank = 0, False
    for match in CUT.finditer(document):
        start, end = match.span()
        if moved:
            start, end = first[start], first.get(end, len(small))
        if start > begin:
            letters.append(small[begin:start])
            origin.extend(place[begin:start])
            after_blank = False
        if match.lastgroup == "blank" and not after_blank:
            letters.append(" ")
            origin.append(match.start())
            after_blank = True
        begin = end
    letters.append(small[begin:])
    origin.extend(place[begin:])
    return "".join(letters), tuple(origin)


def _widened(document: str) -> tuple[str, list[int]]:
    parts = [(one.translate(SHAPES).casefold(), at) for at, one in enumerate(document)]
    return "".join(part for part, _ in parts), [at for part, at in parts for _ in part]


def find(quote: str, document: str) -> Quote | None:
    """Where `quote` stands in `document`; None when it does not."""
    if sum(map(str.isalnum, quote)) < SHORTEST:
        return None
    exact = document.find(quote)
    if exact >= 0:  # as it should be, and nearly always is
        start, end = exact, exact + len(quote)
        return Quote(quote, start, end)
    wanted = _folded_quote(quote)
    text, origin = _folded(document)
    at = text.find(wanted)
    if at < 0:
        return None
    start, end = origin[at], origin[at + len(wanted) - 1] + 1
    return Quote(document[start:end], start, end)


def _folded_quote(quote: str) -> str:
    joined = HYPHEN_BREAK.sub("", quote)
    kept = "".join(letter for letter in joined if letter not in SKIPPED)
    return " ".join(kept.translate(SHAPES).casefold().split())


def ground(
    criterion: str,
    rating: float,
    reason: str,
    quotes: Iterable[str],
    seen: str,
    document: str = "",
) -> Rating:
    """A rating whose quotes all stand in what was `seen`.

    Where that is `document` with blanks in it, of the same length, quotes are shown as they stand
    there. With no quote left a rating above 1 is lowered to 1, and marked as unsupported.
    """
    asked = list(quotes)
    found = [quote for quote in (find(text, seen) for text in asked) if quote is not None]
    if document:
        found = [replace(one, text=document[one.start : one.end]) for one in found]
    supported = bool(found) or rating <= UNSUPPORTED_AT_MOST
    return Rating(
        criterion=criterion,
        rating=rating if supported else UNSUPPORTED_AT_MOST,
        reason=reason,
        quotes=tuple(dict.fromkeys(found)),
        supported=supported,
        dropped=len(asked) - len(found),
    )
