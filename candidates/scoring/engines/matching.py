"""Match the words of a résumé with the terms of a rubric.

The same word matches fully; a word with a near vector matches in part: "mentor" and "mentoring",
"tests" and "pytest". Distant words do not match at all, so that a sentence which merely resembles a
criterion in tone is no evidence of it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from . import lexical, semantic

if TYPE_CHECKING:
    from .semantic import Vector

MIN_COSINE = 0.35  # of two words, from which they match in part
# Shorter words, and those with digits or signs, are names (C++ is not C#): they match themselves
# only.
MIN_NEAR_CHARACTERS = 4
# Matched weight that counts as full coverage, as much as two or three telling words weigh: a
# criterion lists alternatives, and no sentence needs them all.
FULL_COVERAGE_WEIGHT = 20.0
MIN_NAMED_MATCH = 0.5  # from which a sentence is said to speak of the term
MAX_CACHED_WORDS = 20_000  # words of résumés, with the terms that they match


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a criterion."""

    owner: int  # the criterion's number in the rubric
    word: str
    weight: float


@dataclass(frozen=True, slots=True)
class Terms:
    """The words of all criteria of a rubric, and a cache of the words that match them."""

    terms: tuple[Term, ...]
    rows_of: dict[str, list[int]]  # rows of `terms` by word
    vectors: "Vector"  # shape (terms, 256); zeros where only the word itself matches
    demand: tuple[float, ...]  # for each criterion, the matched weight that covers it fully
    matches: dict[str, tuple[tuple[int, float], ...]] = field(default_factory=dict)


def prepare(queries: Sequence[Mapping[str, float]], *, exact: Sequence[bool]) -> Terms:
    """Return the terms of one query per criterion; `exact` excludes near words for a criterion."""
    terms = tuple(
        Term(owner, word, weight)
        for owner, query in enumerate(queries)
        for word, weight in query.items()
    )
    rows_of: dict[str, list[int]] = {}
    for row, term in enumerate(terms):
        rows_of.setdefault(term.word, []).append(row)
    total, _ = semantic.sums([term.word for term in terms])
    vectors = semantic.unit(total)
    for row, term in enumerate(terms):
        if exact[term.owner] or not _can_be_near(term.word):
            vectors[row] = 0.0
    demand = tuple(min(FULL_COVERAGE_WEIGHT, sum(query.values())) or 1.0 for query in queries)
    return Terms(terms, rows_of, vectors, demand)


def look_up(terms: Terms, words: Counter[str]) -> None:
    """Match `words` with the terms, as far as they are not in the cache."""
    if len(terms.matches) + len(words) > MAX_CACHED_WORDS:
        terms.matches.clear()
    missing = [word for word in words if word not in terms.matches]
    if not missing:
        return
    total, _ = semantic.sums(missing)
    for word, vector in zip(missing, semantic.unit(total), strict=True):
        pairs = dict.fromkeys(terms.rows_of.get(word, ()), 1.0)
        if _can_be_near(word):
            # One word at a time: the result must not depend, to the last bit, on its company.
            cosines = terms.vectors @ vector
            for row in np.flatnonzero(cosines >= MIN_COSINE).tolist():
                near = (float(cosines[row]) - MIN_COSINE) / (1.0 - MIN_COSINE)
                pairs[row] = max(pairs.get(row, 0.0), near)
        terms.matches[word] = tuple(pairs.items())


def best(terms: Terms, words: Sequence[str]) -> dict[int, float]:
    """Return the best match of each term, 0 to 1, among `words` that were looked up."""
    matches: dict[int, float] = {}
    for word in words:
        for row, value in terms.matches[word]:
            if value > matches.get(row, 0.0):
                matches[row] = value
    return matches


def coverage(terms: Terms, matches: Mapping[int, float]) -> list[float]:
    """Return for each criterion the share of its demand that is matched, 0 to 1."""
    covered = [0.0] * len(terms.demand)
    for row, value in matches.items():
        term = terms.terms[row]
        covered[term.owner] += term.weight * value
    return [min(1.0, value / terms.demand[owner]) for owner, value in enumerate(covered)]


def named(terms: Terms, owner: int, sentences: Sequence[Mapping[int, float]]) -> list[str]:
    """Return the words of one criterion that any of the sentences matches, the weightiest first.

    Each sentence is what `best` returned for it.
    """
    rows: dict[int, float] = {}
    for matches in sentences:
        for row, value in matches.items():
            if terms.terms[row].owner == owner and value >= MIN_NAMED_MATCH:
                rows[row] = max(value, rows.get(row, 0.0))
    order = sorted(rows, key=lambda row: (-rows[row] * terms.terms[row].weight, row))
    return [terms.terms[row].word for row in order]


def term_weights(name: str, looks_for: str) -> dict[str, float]:
    """Return the terms of a criterion with their weights; those of its name weigh twice."""
    weights = lexical.query(f"{name}\n{looks_for}")
    for word, weight in lexical.query(name).items():
        weights[word] = weights.get(word, 0.0) + weight
    return weights


def _can_be_near(word: str) -> bool:
    return len(word) >= MIN_NEAR_CHARACTERS and word.isalpha()
