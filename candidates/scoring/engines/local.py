"""The `local` engine: offline, deterministic, with evidence.

Two questions are kept apart. How well a résumé fits the role is judged on the whole document: exact
terms (BM25) and meaning (centred vectors) against the description. What it shows of one criterion
is judged on its three best sentences, which are the quotes. A score depends on this document and
this rubric alone.
"""

import asyncio
import math
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from candidates.facts.flags import Flag, FlagKind
from candidates.scoring import attacks, insights
from candidates.scoring.rubric import ROLE, Rubric, RubricCriterion, derive_criteria
from candidates.scoring.scorecard import (
    STRONGEST,
    Insight,
    Quote,
    Rating,
    Scorecard,
    Usage,
)

from . import DEFAULT_MODELS, LOCAL, VERSIONS, lexical, matching, reasons, semantic
from .sentences import Sentence, split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .semantic import Vector

LONGEST = 100_000  # characters of a document that are looked at, some forty pages
LONG = 8  # words; a sentence of fewer is nobody's own
COPIED_SHARE = 0.3  # of the description's words, from which it is flagged
# The fit with the role as a share of what the posting itself would reach: at HALF it is rated 2 of
# 4, and one SPREAD above or below is rated 2.9 or 1.1. A logistic curve never ends, so the best of
# thousands do not all get the same 4.0.
HALF = 0.38
SPREAD = 0.11
# What a sentence says of a criterion: its words, and its meaning as a whole.
BY_WORDS = 0.6
BY_MEANING = 0.4
MOST_QUOTES = 3
SHOWN_FROM = 0.08  # a sentence that says less says nothing
SHOWN_SHARE = 0.5  # of what the best one says
# Mean of the best sentences above SHOWN_FROM, at which the evidence is 63% of all there can be.
MUCH = 0.12
# A list of keywords claims and does not show: it counts for this much of a sentence.
LISTED = 0.25
WORDS_TO_SAY = 5  # something
# So does a sentence that speaks of everything at once: each criterion beyond so many thins it.
BROAD = 3
NOT_SHOWN = 1.0  # the highest rating without a quote


@dataclass(frozen=True, slots=True)
class Wanted:
    """One criterion, prepared."""

    criterion: RubricCriterion
    written: dict[str, str]  # its terms as they stand in it
    vector: "Vector"


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that depends on the rubric alone."""

    wanted: tuple[Wanted, ...]
    terms: matching.Terms
    query: dict[str, float]  # of title and description
    centred: "Vector"
    title: "Vector"
    ceiling: float  # the fit of the posting with itself
    description: str  # its terms, to see what is copied from it
    words: int  # of it


@dataclass(frozen=True, slots=True)
class Read:
    """All that depends on the document alone, but for what it copies from the description."""

    sentences: tuple[Sentence, ...]
    words: tuple[list[str], ...]  # the terms of each sentence
    weight: "Vector"  # of each sentence as evidence, 0 to 1
    counted: Counter[str]
    centred: "Vector"
    plain: "Vector"  # shape (sentences, 256)


class LocalEngine:
    """Keeps the contract `Engine`; holds nothing but its name."""

    name = LOCAL
    model = DEFAULT_MODELS[LOCAL]
    version = VERSIONS[LOCAL]

    async def score(
        self,
        document: str,
        rubric: Rubric,
        *,
        with_insights: bool = False,
        look: attacks.Look | None = None,
    ) -> Scorecard:
        await asyncio.sleep(0)  # nothing here waits: let a cancel through between two documents
        card = score(document, rubric, look)
        return replace(card, insight=insights.compose(rubric, card)) if with_insights else card

    async def insights(
        self,
        document: str,
        rubric: Rubric,
        card: Scorecard,
        *,
        look: attacks.Look | None = None,
    ) -> tuple[Insight, Usage]:
        return insights.compose(rubric, card), Usage()

    async def suggest(
        self, title: str, description: str
    ) -> tuple[tuple[RubricCriterion, ...], Usage]:
        return derive_criteria(description), Usage()

    def estimate(self, document: str, rubric: Rubric, *, with_insights: bool = False) -> Usage:
        return Usage()

    async def aclose(self) -> None:
        """Nothing is held."""


def score(document: str, rubric: Rubric, look: attacks.Look | None = None) -> Scorecard:
    """Rate one document; about 3 ms for a page. Raises EngineUnavailable (semantic.model)."""
    prepared = _prepare(rubric)
    sentences = split(document[:LONGEST])
    words = [lexical.terms(sentence.text) for sentence in sentences]
    copied = [_is_copied(found, prepared) for found in words]
    many = sum(len(found) for found, taken in zip(words, copied, strict=True) if taken)
    flags = (look or attacks.look(document[:LONGEST])).flags
    if many > COPIED_SHARE * max(prepared.words, 1):
        flags += (Flag(FlagKind.COPIES_DESCRIPTION),)
    first = _first_told(words)
    # A job title may well stand twice; a long sentence that does says nothing new.
    own = [n for n, found in enumerate(words) if not copied[n] and (first[n] or len(found) < LONG)]
    if not any(words[number] for number in own):
        nothing = tuple(Rating(c.key, 0.0, reasons.nothing(c)) for c in rubric.criteria)
        return Scorecard(nothing, flags=flags)
    read = _read([sentences[number] for number in own], [words[number] for number in own])
    fit = _fit(read, prepared)
    says, matched = _evidence(read, prepared)
    ratings = (
        _rating(document, read, prepared, number, says[:, number], matched, fit)
        for number in range(len(prepared.wanted))
    )
    return Scorecard(tuple(ratings), flags=flags)


@lru_cache(maxsize=8)
def _prepare(rubric: Rubric) -> Prepared:
    whole = f"{rubric.title}\n{rubric.description}"
    query = lexical.query(whole)
    wanted, queries = [], []
    for criterion in rubric.criteria:
        is_role = criterion.key == ROLE
        text = whole if is_role else f"{criterion.name}\n{criterion.looks_for}"
        vector = semantic.unit(semantic.mean(text))
        wanted.append(Wanted(criterion, lexical.written(text), vector))
        queries.append(
            query if is_role else matching.weights_of(criterion.name, criterion.looks_for)
        )
    # The description of a role is long: only its very words count, or everything would be near.
    exact = [criterion.key == ROLE for criterion in rubric.criteria]
    title = semantic.unit(semantic.mean(rubric.title) - semantic.centres()["title"])
    centred = semantic.unit(semantic.mean(whole) - semantic.centres()["posting"])
    terms = lexical.terms(whole)
    description = lexical.terms(rubric.description)
    return Prepared(
        wanted=tuple(wanted),
        terms=matching.prepare(queries, exact=exact),
        query=query,
        centred=centred,
        title=title,
        ceiling=1.0 + float(centred @ title) + lexical.bm25(query, Counter(terms), len(terms)),
        description=f" {' '.join(description)} ",
        words=len(description),
    )


def _is_copied(words: list[str], prepared: Prepared) -> bool:
    return len(words) >= LONG and f" {' '.join(words)} " in prepared.description


def _first_told(words: list[list[str]]) -> list[bool]:
    """For each sentence whether none before it says the same."""
    first: dict[tuple[str, ...], int] = {}
    return [first.setdefault(tuple(found), n) == n for n, found in enumerate(words)]


def _read(sentences: list[Sentence], words: list[list[str]]) -> Read:
    total, counts = semantic.sums([sentence.text for sentence in sentences])
    whole = total.sum(axis=0, dtype=np.float32) / np.float32(max(int(counts.sum()), 1))
    # A line of two words, or a list, can be as near as a sentence without saying as much.
    weight = [
        new * (LISTED if sentence.is_list else 1.0) * min(1.0, len(found) / WORDS_TO_SAY)
        for new, sentence, found in zip(_first_told(words), sentences, words, strict=True)
    ]
    return Read(
        sentences=tuple(sentences),
        words=tuple(words),
        weight=np.array(weight, dtype=np.float32),
        counted=Counter(word for found in words for word in found),
        centred=semantic.unit(whole - semantic.centres()["resume"]),
        plain=semantic.unit(total),
    )


def _fit(read: Read, prepared: Prepared) -> float:
    """How well the résumé fits the role as a whole, 0 to 1: terms, meaning and title, 1 : 1 : 1."""
    terms = lexical.bm25(prepared.query, read.counted, read.counted.total())
    meaning = float(read.centred @ prepared.centred)
    title = float(read.centred @ prepared.title)
    share = (terms + meaning + title) / max(prepared.ceiling, 1.0)
    return 1.0 / (1.0 + math.exp((HALF - share) / SPREAD))


def _evidence(
    read: Read, prepared: Prepared
) -> tuple["NDArray[np.float64]", list[dict[int, float]]]:
    """How much each sentence says of each criterion, 0 to 1, and the terms found in it.

    The first has the shape (sentences, criteria).
    """
    matching.look_up(prepared.terms, read.counted)
    matched = [matching.best(prepared.terms, words) for words in read.words]
    covered = np.array([matching.coverage(prepared.terms, found) for found in matched])
    meaning = np.stack([read.plain @ wanted.vector for wanted in prepared.wanted], axis=1)
    says = BY_WORDS * covered + BY_MEANING * np.clip(meaning, 0.0, 1.0)
    says *= read.weight[:, None]
    spoken = np.count_nonzero(says[:, 1:] >= SHOWN_FROM, axis=1)  # the role itself is the first
    says /= np.maximum(spoken / BROAD, 1.0)[:, None]
    return says, matched


def _rating(
    document: str,
    read: Read,
    prepared: Prepared,
    number: int,
    says: "NDArray[np.float64]",
    matched: list[dict[int, float]],
    fit: float,
) -> Rating:
    """One criterion with its best sentences; without one it is at most 1."""
    wanted = prepared.wanted[number]
    order = np.argsort(-says, kind="stable")[:MOST_QUOTES].tolist()
    least = max(SHOWN_FROM, SHOWN_SHARE * float(says[order[0]]))
    # Beside the best one, a sentence is shown only for a word that a reader can point at.
    shown = [
        index
        for index in order
        if says[index] >= least
        and (index == order[0] or matching.named(prepared.terms, number, [matched[index]]))
    ]
    if wanted.criterion.key == ROLE:
        value = fit
    else:
        # The mean is over as many sentences as could be shown: one alone is thinner evidence.
        excess = sum(max(float(says[index]) - SHOWN_FROM, 0.0) for index in order) / MOST_QUOTES
        # The geometric mean: the same words weigh more in a résumé that fits the role.
        value = math.sqrt((1.0 - math.exp(-excess / MUCH)) * fit)
    rating = round(STRONGEST * value, 1)
    supported = bool(shown) or rating <= NOT_SHOWN
    quotes = []
    for index in shown if rating > 0 else ():
        sentence = read.sentences[index]
        quotes.append(Quote(document[sentence.start : sentence.end], sentence.start, sentence.end))
    named = matching.named(prepared.terms, number, [matched[index] for index in shown])
    return Rating(
        criterion=wanted.criterion.key,
        rating=rating if supported else NOT_SHOWN,
        reason=reasons.reason(
            wanted.criterion,
            [wanted.written[word] for word in named],
            quotes=len(quotes),
            lists=all(read.sentences[index].is_list for index in shown),
            fit=fit,
        ),
        quotes=tuple(quotes),
        supported=supported,
    )
