"""Find an engine's quotes in the document; a quote that is not there is not shown.

A quote is found where it stands in the document up to white space, hyphenation at the end of a
line, letter case, and the shape of quotation marks and dashes. Its offsets are the document's.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from .scorecard import Quote, Rating

PUNCTUATION_SHAPES = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032`\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    }
)
IGNORED_CHARACTERS = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
HYPHEN_BREAK = re.compile(r"(?<=\w)-[ \t]*\n\s*(?=\w)")
FOLDED_AWAY = re.compile(
    rf"(?P<break>{HYPHEN_BREAK.pattern})|(?P<ignored>[{''.join(IGNORED_CHARACTERS)}]+)"
    r"|(?P<blank>\s+)"
)
MIN_QUOTE_CHARACTERS = 3  # letters and digits; fewer prove nothing
MAX_UNSUPPORTED_RATING = 1.0


@lru_cache(maxsize=4)
def _folded(document: str) -> tuple[str, tuple[int, ...]]:
    """Fold the document for comparison; returns for each folded character its offset too."""
    small = document.translate(PUNCTUATION_SHAPES).casefold()
    if len(small) == len(document):
        offsets: Sequence[int] = range(len(document))
    else:  # a few letters become two, such as ß
        small, offsets = _widened(document)
    is_widened = type(offsets) is not range
    first = (
        {offset: index for index, offset in reversed(list(enumerate(offsets)))}
        if is_widened
        else {}
    )
    letters: list[str] = []
    origin: list[int] = []
    begin, after_blank = 0, False
    for match in FOLDED_AWAY.finditer(document):
        start, end = match.span()
        if is_widened:
            start, end = first[start], first.get(end, len(small))
        if start > begin:
            letters.append(small[begin:start])
            origin.extend(offsets[begin:start])
            after_blank = False
        if match.lastgroup == "blank" and not after_blank:
            letters.append(" ")
            origin.append(match.start())
            after_blank = True
        begin = end
    letters.append(small[begin:])
    origin.extend(offsets[begin:])
    return "".join(letters), tuple(origin)


def _widened(document: str) -> tuple[str, list[int]]:
    parts = [
        (letter.translate(PUNCTUATION_SHAPES).casefold(), offset)
        for offset, letter in enumerate(document)
    ]
    return "".join(part for part, _ in parts), [offset for part, offset in parts for _ in part]


def find(quote: str, document: str) -> Quote | None:
    """Return the first place of `quote` in `document`; None where it is not there."""
    if sum(map(str.isalnum, quote)) < MIN_QUOTE_CHARACTERS:
        return None
    start = document.find(quote)
    if start >= 0:  # nearly always: models copy what they quote
        return Quote(quote, start, start + len(quote))
    folded_quote = _folded_quote(quote)
    text, origin = _folded(document)
    index = text.find(folded_quote)
    if index < 0:
        return None
    start, end = origin[index], origin[index + len(folded_quote) - 1] + 1
    return Quote(document[start:end], start, end)


def _folded_quote(quote: str) -> str:
    joined = HYPHEN_BREAK.sub("", quote)
    visible = "".join(letter for letter in joined if letter not in IGNORED_CHARACTERS)
    return " ".join(visible.translate(PUNCTUATION_SHAPES).casefold().split())


def ground(
    criterion: str,
    rating: float,
    explanation: str,
    quotes: Iterable[str],
    visible_text: str,
    document: str = "",
) -> Rating:
    """Return the rating with those of its quotes that stand in `visible_text`.

    `document`, where given, is the same text without what was blanked in `visible_text`, of the
    same length: quotes are shown as they stand there.
    """
    texts = list(quotes)
    places = [place for text in texts if (place := find(text, visible_text)) is not None]
    if document:
        places = [place.verbatim(document) for place in places]
    dropped = len(texts) - len(places)
    return limited(
        Rating(criterion, rating, explanation, tuple(dict.fromkeys(places)), dropped=dropped)
    )


def limited(rating: Rating) -> Rating:
    """Return the rating, at most 1 and marked as unsupported where it is higher without a quote."""
    if rating.quotes or rating.rating <= MAX_UNSUPPORTED_RATING:
        return rating
    return replace(rating, rating=MAX_UNSUPPORTED_RATING, supported=False)
