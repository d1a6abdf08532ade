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
from candidates.scoring import attacks, evidence, insights
from candidates.scoring.rubric import ROLE, Rubric, RubricCriterion, derive_criteria
from candidates.scoring.scorecard import (
    MAX_RATING,
    Insight,
    Quote,
    Rating,
    Scorecard,
    Usage,
)

from . import lexical, matching, reasons, semantic
from .names import DEFAULT_MODELS, LOCAL, VERSIONS
from .sentences import Sentence, split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .semantic import Vector

MAX_DOCUMENT_CHARACTERS = 100_000  # that are looked at, some forty pages
MIN_TELLING_WORDS = 8  # a sentence of fewer may stand in any text
COPIED_SHARE = 0.3  # of the description's words, from which a résumé is flagged as a copy
# The fit with the role as a share of what the posting itself would reach: at HALF_FIT it is rated 2
# of 4, and one FIT_SPREAD above or below is rated 2.9 or 1.1. A logistic curve never ends, so the
# best of thousands do not all get the same 4.0.
HALF_FIT = 0.38
FIT_SPREAD = 0.11
# A sentence's evidence for a criterion: its words, and its meaning as a whole.
WEIGHT_OF_WORDS = 0.6
WEIGHT_OF_MEANING = 0.4
MAX_QUOTES = 3
MIN_EVIDENCE = 0.08  # of one sentence; below, it says nothing of the criterion
MIN_SHARE_OF_BEST = 0.5  # of the best sentence's evidence, from which another one is quoted
# Mean of the best sentences above MIN_EVIDENCE, at which the evidence is 63% of all there can be.
EVIDENCE_SCALE = 0.12
# A list of keywords claims and does not show: it counts for this much of a sentence.
WEIGHT_OF_LIST = 0.25
FULL_WEIGHT_WORDS = 5  # a sentence of fewer weighs less, in proportion
# A sentence that speaks of everything at once: each criterion beyond so many thins its evidence.
BROAD_CRITERIA = 3


@dataclass(frozen=True, slots=True)
class PreparedCriterion:
    """One criterion with what is computed from it once for all documents."""

    criterion: RubricCriterion
    spellings: dict[str, str]  # its terms, each as it is written there
    vector: "Vector"


@dataclass(frozen=True, slots=True)
class PreparedRubric:
    """Everything that depends on the rubric alone."""

    criteria: tuple[PreparedCriterion, ...]
    terms: matching.Terms
    query: dict[str, float]  # of title and description
    centred: "Vector"
    title: "Vector"
    ceiling: float  # the fit of the posting with itself
    description: str  # its terms, to find what is copied from it
    description_words: int


@dataclass(frozen=True, slots=True)
class AnalysedDocument:
    """Everything that depends on the document alone, but for what it copies from the description.

    Holds its sentences without repeated and copied ones.
    """

    sentences: tuple[Sentence, ...]
    terms: tuple[list[str], ...]  # of each sentence
    weights: "Vector"  # of each sentence as evidence, 0 to 1
    counts: Counter[str]
    centred: "Vector"
    sentence_vectors: "Vector"  # shape (sentences, 256)


class LocalEngine:
    """Implements `Engine`; stateless."""

    name = LOCAL
    model = DEFAULT_MODELS[LOCAL]
    version = VERSIONS[LOCAL]

    async def score(
        self,
        document: str,
        rubric: Rubric,
        *,
        with_insights: bool = False,
        inspection: attacks.Inspection | None = None,
    ) -> Scorecard:
        await asyncio.sleep(0)  # nothing here waits: let a cancel through between two documents
        card = score(document, rubric, inspection)
        return replace(card, insight=insights.compose(rubric, card)) if with_insights else card

    async def insights(
        self,
        document: str,
        rubric: Rubric,
        card: Scorecard,
        *,
        inspection: attacks.Inspection | None = None,
    ) -> tuple[Insight, Usage]:
        return insights.compose(rubric, card), Usage()

    async def suggest(
        self, title: str, description: str
    ) -> tuple[tuple[RubricCriterion, ...], Usage]:
        return derive_criteria(description), Usage()

    def estimate(self, document: str, rubric: Rubric, *, with_insights: bool = False) -> Usage:
        return Usage()

    async def aclose(self) -> None:
        """Do nothing: no connection is held."""


def score(document: str, rubric: Rubric, inspection: attacks.Inspection | None = None) -> Scorecard:
    """Rate one document; about 3 ms a page. Raises EngineUnavailable (semantic.model)."""
    prepared = _prepare(rubric)
    sentences = split(document[:MAX_DOCUMENT_CHARACTERS])
    terms = [lexical.terms(sentence.text) for sentence in sentences]
    copied = [_is_copied(words, prepared) for words in terms]
    copied_words = sum(
        len(words) for words, is_copied in zip(terms, copied, strict=True) if is_copied
    )
    flags = (inspection or attacks.inspect(document[:MAX_DOCUMENT_CHARACTERS])).flags
    if copied_words > COPIED_SHARE * max(prepared.description_words, 1):
        flags += (Flag(FlagKind.COPIES_DESCRIPTION),)
    first = _first_occurrences(terms)
    # A job title may well stand twice; a long sentence that does says nothing new.
    own = [
        number
        for number, words in enumerate(terms)
        if not copied[number] and (first[number] or len(words) < MIN_TELLING_WORDS)
    ]
    if not any(terms[number] for number in own):
        unrated = (Rating(c.key, 0.0, reason=reasons.not_mentioned(c)) for c in rubric.criteria)
        return Scorecard(tuple(unrated), flags=flags)
    analysed = _analyse([sentences[number] for number in own], [terms[number] for number in own])
    fit = _fit(analysed, prepared)
    evidence_of, matches = _evidence(analysed, prepared)
    ratings = (
        _rating(document, analysed, prepared, number, evidence_of[:, number], matches, fit)
        for number in range(len(prepared.criteria))
    )
    return Scorecard(tuple(ratings), flags=flags)


@lru_cache(maxsize=8)
def _prepare(rubric: Rubric) -> PreparedRubric:
    posting = f"{rubric.title}\n{rubric.description}"
    query = lexical.query(posting)
    criteria, queries = [], []
    for criterion in rubric.criteria:
        is_role = criterion.key == ROLE
        text = posting if is_role else f"{criterion.name}\n{criterion.looks_for}"
        vector = semantic.unit(semantic.mean(text))
        criteria.append(PreparedCriterion(criterion, lexical.spellings(text), vector))
        queries.append(
            query if is_role else matching.term_weights(criterion.name, criterion.looks_for)
        )
    # The description of a role is long: only its very words count, or everything would be near.
    exact = [criterion.key == ROLE for criterion in rubric.criteria]
    title = semantic.unit(semantic.mean(rubric.title) - semantic.centres()["title"])
    centred = semantic.unit(semantic.mean(posting) - semantic.centres()["posting"])
    terms = lexical.terms(posting)
    description = lexical.terms(rubric.description)
    return PreparedRubric(
        criteria=tuple(criteria),
        terms=matching.prepare(queries, exact=exact),
        query=query,
        centred=centred,
        title=title,
        ceiling=1.0 + float(centred @ title) + lexical.bm25(query, Counter(terms), len(terms)),
        description=f" {' '.join(description)} ",
        description_words=len(description),
    )


def _is_copied(words: list[str], prepared: PreparedRubric) -> bool:
    return len(words) >= MIN_TELLING_WORDS and f" {' '.join(words)} " in prepared.description


def _first_occurrences(terms: list[list[str]]) -> list[bool]:
    """For each sentence whether no earlier one has the same terms."""
    first: dict[tuple[str, ...], int] = {}
    return [first.setdefault(tuple(words), number) == number for number, words in enumerate(terms)]


def _analyse(sentences: list[Sentence], terms: list[list[str]]) -> AnalysedDocument:
    total, counts = semantic.sums([sentence.text for sentence in sentences])
    whole = total.sum(axis=0, dtype=np.float32) / np.float32(max(int(counts.sum()), 1))
    # A line of two words, or a list, can be as near as a sentence without saying as much.
    weights = [
        is_first
        * (WEIGHT_OF_LIST if sentence.is_list else 1.0)
        * min(1.0, len(words) / FULL_WEIGHT_WORDS)
        for is_first, sentence, words in zip(
            _first_occurrences(terms), sentences, terms, strict=True
        )
    ]
    return AnalysedDocument(
        sentences=tuple(sentences),
        terms=tuple(terms),
        weights=np.array(weights, dtype=np.float32),
        counts=Counter(word for words in terms for word in words),
        centred=semantic.unit(whole - semantic.centres()["resume"]),
        sentence_vectors=semantic.unit(total),
    )


def _fit(analysed: AnalysedDocument, prepared: PreparedRubric) -> float:
    """How well the résumé fits the role as a whole, 0 to 1: terms, meaning and title, 1 : 1 : 1."""
    terms = lexical.bm25(prepared.query, analysed.counts, analysed.counts.total())
    meaning = float(analysed.centred @ prepared.centred)
    title = float(analysed.centred @ prepared.title)
    share = (terms + meaning + title) / max(prepared.ceiling, 1.0)
    return 1.0 / (1.0 + math.exp((HALF_FIT - share) / FIT_SPREAD))


def _evidence(
    analysed: AnalysedDocument, prepared: PreparedRubric
) -> tuple["NDArray[np.float64]", list[dict[int, float]]]:
    """Each sentence's evidence for each criterion, 0 to 1, and the terms matched in it.

    The first has the shape (sentences, criteria).
    """
    matching.look_up(prepared.terms, analysed.counts)
    matches = [matching.best(prepared.terms, words) for words in analysed.terms]
    covered = np.array([matching.coverage(prepared.terms, match) for match in matches])
    meaning = np.stack(
        [analysed.sentence_vectors @ criterion.vector for criterion in prepared.criteria], axis=1
    )
    strength = WEIGHT_OF_WORDS * covered + WEIGHT_OF_MEANING * np.clip(meaning, 0.0, 1.0)
    strength *= analysed.weights[:, None]
    # How many criteria a sentence speaks of; the role itself is the first.
    breadth = np.count_nonzero(strength[:, 1:] >= MIN_EVIDENCE, axis=1)
    strength /= np.maximum(breadth / BROAD_CRITERIA, 1.0)[:, None]
    return strength, matches


def _rating(
    document: str,
    analysed: AnalysedDocument,
    prepared: PreparedRubric,
    number: int,
    strength: "NDArray[np.float64]",
    matches: list[dict[int, float]],
    fit: float,
) -> Rating:
    """Rate one criterion by its best sentences, which are its quotes."""
    criterion = prepared.criteria[number]
    best = np.argsort(-strength, kind="stable")[:MAX_QUOTES].tolist()
    least = max(MIN_EVIDENCE, MIN_SHARE_OF_BEST * float(strength[best[0]]))
    # Beside the best one, a sentence is quoted only for a word that a reader can point at.
    quoted = [
        index
        for index in best
        if strength[index] >= least
        and (index == best[0] or matching.named(prepared.terms, number, [matches[index]]))
    ]
    if criterion.criterion.key == ROLE:
        value = fit
    else:
        # The mean is over as many sentences as could be quoted: one alone is thinner evidence.
        excess = sum(max(float(strength[index]) - MIN_EVIDENCE, 0.0) for index in best) / MAX_QUOTES
        # The geometric mean: the same words weigh more in a résumé that fits the role.
        value = math.sqrt((1.0 - math.exp(-excess / EVIDENCE_SCALE)) * fit)
    rating = round(MAX_RATING * value, 1)
    quotes = []
    for index in quoted if rating > 0 else ():
        sentence = analysed.sentences[index]
        quotes.append(Quote(document[sentence.start : sentence.end], sentence.start, sentence.end))
    named = matching.named(prepared.terms, number, [matches[index] for index in quoted])
    reason = reasons.reason(
        criterion.criterion,
        [criterion.spellings[word] for word in named],
        quotes=len(quotes),
        lists=all(analysed.sentences[index].is_list for index in quoted),
        fit=fit,
    )
    return evidence.limited(
        Rating(criterion.criterion.key, rating, quotes=tuple(quotes), reason=reason)
    )
