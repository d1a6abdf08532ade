"""The `local` engine: offline, deterministic, with evidence.

Two questions are kept apart. How well a résumé fits is judged on the whole document: exact terms
(BM25) and meaning (centred vectors) against what is looked for. Where that shows is judged sentence
by sentence, which gives the quotes. A score depends on this document and this rubric alone.
"""

import asyncio
import math
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from candidates.scoring.rubric import ROLE, Criterion, Rubric
from candidates.scoring.scorecard import STRONGEST, Quote, Rating, Scorecard

from . import DEFAULT_MODELS, LOCAL, VERSIONS, lexical, semantic
from .sentences import Sentence, split

if TYPE_CHECKING:
    from .semantic import Vector

MOST_QUOTES = 3
# A sentence is shown when it says at least this much of the criterion, and at least this share of
# what the best one says.
SHOWN_FROM = 0.12
SHOWN_SHARE = 0.7
COPIED_WORDS = 8  # in a row, from the description
COPIED_SHARE = 0.3  # of the description's sentences, from which it is flagged
# Where the mix of a résumé that has nothing to do with the role lies, and that of a very good one;
# read off the sample résumés (benchmarks/ranking.py prints them).
ROLE_RANGE = (0.10, 1.10)
# The same words weigh more in a résumé that fits the role: what a criterion's rating keeps in one
# that does not fit at all.
OUT_OF_CONTEXT = 0.3
# A word in a list of keywords counts for this much of one in a sentence: it is claimed, not shown.
LISTED = 0.4
WORDS_TO_SAY = 5  # something


@dataclass(frozen=True, slots=True)
class Sign:
    """How much one kind of evidence can prove, and between which values it goes from 0 to 1."""

    share: float
    span: tuple[float, float]


TERMS = Sign(0.8, (0.0, 0.40))
NEAREST = Sign(0.5, (0.20, 0.55))
WHOLE = Sign(0.4, (0.0, 0.35))


@dataclass(frozen=True, slots=True)
class Wanted:
    """One criterion, prepared: what is looked for as terms and as a vector."""

    criterion: Criterion
    name: dict[str, float]
    whole: dict[str, float]
    centred: "Vector"  # to compare with a whole résumé
    plain: "Vector"  # to compare with one sentence


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that depends on the rubric alone."""

    wanted: tuple[Wanted, ...]
    title: "Vector"
    description: str  # folded, to see what is copied from it
    sentences: int  # of the description, long enough to be copied


@dataclass(frozen=True, slots=True)
class Read:
    """All that depends on the document alone, but for what it copies from the description."""

    sentences: tuple[Sentence, ...]
    lines: dict[str, set[int]]  # the sentences of each term
    weight: "Vector"  # of each sentence as evidence, 0 to 1
    counted: Counter[str]  # mentions
    shown: dict[str, float]  # the same, where one in a list of keywords counts for less than 1
    length: int
    centred: "Vector"
    plain: "Vector"  # shape (sentences, 256)


class LocalEngine:
    """Keeps the contract `Engine`; holds nothing but its name."""

    name = LOCAL
    model = DEFAULT_MODELS[LOCAL]
    version = VERSIONS[LOCAL]

    async def score(self, document: str, rubric: Rubric) -> Scorecard:
        await asyncio.sleep(0)  # nothing here waits: let a cancel through between two documents
        return score(document, rubric)

    async def aclose(self) -> None:
        """Nothing is held."""


def score(document: str, rubric: Rubric) -> Scorecard:
    """Rate one document; about 3 ms for a page."""
    prepared = _prepare(rubric)
    sentences = split(document)
    own = [sentence for sentence in sentences if not _is_copied(sentence.text, prepared)]
    copied = len(sentences) - len(own)
    flags = ("copies-description",) if copied > max(1, COPIED_SHARE * prepared.sentences) else ()
    if not own:
        nothing = tuple(Rating(c.key, 0.0, _nothing(c)) for c in rubric.criteria)
        return Scorecard(nothing, flags=flags)
    read = _read(own)
    role = _role(read, prepared)
    ratings = []
    for wanted in prepared.wanted:
        evidence = _evidence(read, wanted)
        fit = role if wanted.criterion.key == ROLE else _fit(read, wanted, role)
        ratings.append(_rating(document, read, wanted, evidence, fit))
    return Scorecard(tuple(ratings), flags=flags)


@lru_cache(maxsize=8)
def _prepare(rubric: Rubric) -> Prepared:
    whole = f"{rubric.title}\n{rubric.description}"
    wanted = []
    for criterion in rubric.criteria:
        is_role = criterion.key == ROLE
        text = whole if is_role else f"{criterion.name}\n{criterion.looks_for}"
        vector = semantic.mean(text)
        wanted.append(
            Wanted(
                criterion=criterion,
                name=lexical.query(rubric.title if is_role else criterion.name),
                whole=lexical.query(text),
                centred=semantic.unit(vector - semantic.centres()["posting"]),
                plain=semantic.unit(vector),
            )
        )
    title = semantic.mean(rubric.title) - semantic.centres()["title"]
    long = [s for s in split(rubric.description) if len(lexical.terms(s.text)) >= COPIED_WORDS]
    folded = " ".join(lexical.terms(rubric.description))
    return Prepared(tuple(wanted), semantic.unit(title), folded, len(long))


def _is_copied(sentence: str, prepared: Prepared) -> bool:
    words = lexical.terms(sentence)
    return len(words) >= COPIED_WORDS and " ".join(words) in prepared.description


def _read(sentences: list[Sentence]) -> Read:
    texts = [sentence.text for sentence in sentences]
    counted: Counter[str] = Counter()
    shown: dict[str, float] = {}
    lines: dict[str, set[int]] = {}
    weights = []
    for number, sentence in enumerate(sentences):
        terms = lexical.terms(sentence.text)
        each = LISTED if sentence.is_list else 1.0
        # A line of two words, or a list, can be as near as a sentence without saying as much.
        weights.append(each * min(1.0, len(terms) / WORDS_TO_SAY))
        counted.update(terms)
        for term in terms:
            shown[term] = shown.get(term, 0.0) + each
            lines.setdefault(term, set()).add(number)
    total, counts = semantic.sums(texts)
    whole = total.sum(axis=0, dtype=np.float32) / np.float32(max(int(counts.sum()), 1))
    return Read(
        sentences=tuple(sentences),
        lines=lines,
        weight=np.array(weights, dtype=np.float32),
        counted=counted,
        shown=shown,
        length=counted.total(),
        centred=semantic.unit(whole - semantic.centres()["resume"]),
        plain=semantic.unit(total),
    )


def _role(read: Read, prepared: Prepared) -> float:
    """How well the résumé fits the role as a whole, 0 to 1: terms, meaning and title, 1 : 1 : 1."""
    role = prepared.wanted[0]
    exact = lexical.bm25(role.whole, read.counted, read.length)
    meaning = float(read.centred @ role.centred)
    return _between(exact + meaning + float(read.centred @ prepared.title), *ROLE_RANGE)


def _fit(read: Read, wanted: Wanted, role: float) -> float:
    """How well it fits one criterion, 0 to 1.

    Three signs that may stand in for each other (a noisy or): its terms, one sentence near in
    meaning, and the résumé as a whole near in meaning.
    """
    exact = lexical.bm25(wanted.whole, read.shown, read.length)
    named = lexical.bm25(wanted.name, read.shown, read.length)
    signs = (
        (TERMS, (exact + named) / 2),
        (NEAREST, float((read.weight * (read.plain @ wanted.plain)).max())),
        (WHOLE, float(read.centred @ wanted.centred)),
    )
    missing = math.prod(1.0 - sign.share * _between(value, *sign.span) for sign, value in signs)
    return (1.0 - missing) * (OUT_OF_CONTEXT + (1.0 - OUT_OF_CONTEXT) * role)


def _evidence(read: Read, wanted: Wanted) -> "Vector":
    """How much each sentence says of the criterion, shape (sentences,), about 0 to 1."""
    count = len(read.sentences)
    named = np.array(lexical.coverage(wanted.name, read.lines, count), dtype=np.float32)
    exact = np.array(lexical.coverage(wanted.whole, read.lines, count), dtype=np.float32)
    meaning = np.clip(read.plain @ wanted.plain, 0.0, 1.0)
    result: Vector = read.weight * (0.3 * named + 0.2 * exact + 0.5 * meaning)
    return result


def _between(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _rating(document: str, read: Read, wanted: Wanted, evidence: "Vector", fit: float) -> Rating:
    """The fit as a rating with its best sentences; without one it is at most 1."""
    criterion = wanted.criterion
    best = float(evidence.max())
    order = np.argsort(-evidence, kind="stable")[:MOST_QUOTES]
    shown = [int(i) for i in order if evidence[i] >= max(SHOWN_FROM, SHOWN_SHARE * best)]
    rating = round(STRONGEST * fit, 1)
    supported = bool(shown) or rating <= 1.0
    if not supported:
        rating = 1.0
    quotes = []
    for index in shown if rating > 0 else ():
        sentence = read.sentences[index]
        quotes.append(Quote(document[sentence.start : sentence.end], sentence.start, sentence.end))
    return Rating(
        criterion=criterion.key,
        rating=rating,
        reason=_reason(read, wanted, quotes),
        quotes=tuple(quotes),
        supported=supported,
    )


def _reason(read: Read, wanted: Wanted, quotes: list[Quote]) -> str:
    named = [term for term in wanted.name if term in read.counted]
    named.sort(key=lambda term: (-wanted.name[term], term))
    if not quotes:
        return _nothing(wanted.criterion)
    lines = "one sentence comes" if len(quotes) == 1 else f"{len(quotes)} sentences come"
    if named:
        times = sum(read.counted[term] for term in named)
        words = ", ".join(f"“{term}”" for term in named[:3])
        often = "once" if times == 1 else f"{times} times"
        return f"Names {words} {often}; {lines} closest."
    return f"Uses other words; {lines} closest in meaning."


def _nothing(criterion: Criterion) -> str:
    return f"No sentence of the résumé speaks of {criterion.name}."
