"""Which words of a résumé stand for which words of a rubric, and how well.

The same word does fully; one whose vector is near does in part: "mentor" for "mentoring", "tests"
for "pytest". Far words do not at all, so a sentence is never said to speak of what it only
resembles in tone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from . import lexical, semantic

if TYPE_CHECKING:
    from .semantic import Vector

NEAR_FROM = 0.35  # cosine of two words, from which one stands for the other in part
# Shorter words, and those with digits or signs, are names (C++ is not C#): only they themselves do.
SHORTEST_NEAR = 4
# A sentence that says this much (as much as two or three telling words weigh) says all: what is
# looked for lists alternatives, and nobody needs them all.
SAYS_ALL = 20.0
NAMED_FROM = 0.5  # how well a word must stand for another to be told as that other
REMEMBERED = 20_000  # words of résumés, with what they stand for


@dataclass(frozen=True, slots=True)
class Term:
    """One word that a criterion looks for."""

    owner: int  # the criterion's number in the rubric
    word: str
    weight: float


@dataclass(frozen=True, slots=True)
class Terms:
    """All words a rubric looks for, and what other words were found to stand for."""

    terms: tuple[Term, ...]
    same: dict[str, list[int]]
    vectors: "Vector"  # shape (terms, 256); zeros where only the word itself does
    demand: tuple[float, ...]  # for each criterion, how much of its weight is all that is asked
    found: dict[str, tuple[tuple[int, float], ...]] = field(default_factory=dict)


def prepare(queries: Sequence[Mapping[str, float]], *, exact: Sequence[bool]) -> Terms:
    """The terms of one query a criterion; near words do not count where `exact` says so."""
    terms = tuple(
        Term(owner, word, weight)
        for owner, query in enumerate(queries)
        for word, weight in query.items()
    )
    same: dict[str, list[int]] = {}
    for row, term in enumerate(terms):
        same.setdefault(term.word, []).append(row)
    total, _ = semantic.sums([term.word for term in terms])
    vectors = semantic.unit(total)
    for row, term in enumerate(terms):
        if exact[term.owner] or not _has_kin(term.word):
            vectors[row] = 0.0
    demand = tuple(min(SAYS_ALL, sum(query.values())) or 1.0 for query in queries)
    return Terms(terms, same, vectors, demand)


def look_up(terms: Terms, words: Counter[str]) -> None:
    """Find what `words` stand for, as far as that is not known."""
    if len(terms.found) + len(words) > REMEMBERED:
        terms.found.clear()
    missing = [word for word in words if word not in terms.found]
    if not missing:
        return
    total, _ = semantic.sums(missing)
    for word, vector in zip(missing, semantic.unit(total), strict=True):
        pairs = dict.fromkeys(terms.same.get(word, ()), 1.0)
        if _has_kin(word):
            # One word at a time: the result must not depend, to the last bit, on its company.
            cosines = terms.vectors @ vector
            for row in np.flatnonzero(cosines >= NEAR_FROM).tolist():
                near = (float(cosines[row]) - NEAR_FROM) / (1.0 - NEAR_FROM)
                pairs[row] = max(pairs.get(row, 0.0), near)
        terms.found[word] = tuple(pairs.items())


def best(terms: Terms, words: Sequence[str]) -> dict[int, float]:
    """For each term that `words` stand for, how well the best of them does, 0 to 1."""
    found: dict[int, float] = {}
    for word in words:
        for row, value in terms.found[word]:
            if value > found.get(row, 0.0):
                found[row] = value
    return found


def coverage(terms: Terms, found: Mapping[int, float]) -> list[float]:
    """For each criterion how much of what it looks for is there, 0 to 1."""
    covered = [0.0] * len(terms.demand)
    for row, value in found.items():
        term = terms.terms[row]
        covered[term.owner] += term.weight * value
    return [min(1.0, value / terms.demand[owner]) for owner, value in enumerate(covered)]


def named(terms: Terms, owner: int, found: Sequence[Mapping[int, float]]) -> list[str]:
    """The words of one criterion that stand in any of several sentences, the most telling first."""
    rows: dict[int, float] = {}
    for one in found:
        for row, value in one.items():
            if terms.terms[row].owner == owner and value >= NAMED_FROM:
                rows[row] = max(value, rows.get(row, 0.0))
    order = sorted(rows, key=lambda row: (-rows[row] * terms.terms[row].weight, row))
    return [terms.terms[row].word for row in order]


def weights_of(name: str, looks_for: str) -> dict[str, float]:
    """The terms of a criterion; those of its name weigh twice."""
    weights = lexical.query(f"{name}\n{looks_for}")
    for word, weight in lexical.query(name).items():
        weights[word] = weights.get(word, 0.0) + weight
    return weights


def _has_kin(word: str) -> bool:
    return len(word) >= SHORTEST_NEAR and word.isalpha()
