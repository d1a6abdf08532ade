"""Exact terms: tokenising, term weights, and BM25 for a single document.

A term's weight comes from its frequency in general texts (the package wordfreq), never from the
other résumés of a draft, so that a score depends on one document alone.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache, lru_cache

from wordfreq import word_frequency

WORD = re.compile(r"\.net\b|[^\W_]+(?:\.(?:js|net|io)\b)?(?:\+\+|#)?")
WORD_ANY_CASE = re.compile(WORD.pattern, re.IGNORECASE)
# Two names of the same thing.
ALIASES = {
    "postgres": "postgresql",
    "psql": "postgresql",
    "k8s": "kubernetes",
    "golang": "go",
    "js": "javascript",
    "ts": "typescript",
    "nodejs": "node.js",
    "reactjs": "react",
    "react.js": "react",
    "vue.js": "vue",
    "dotnet": ".net",
    "cpp": "c++",
    "csharp": "c#",
    "aws": "amazonaws",
    "gcp": "googlecloud",
    "hr": "humanresources",
    "rn": "registerednurse",
}
DOCUMENT_WORDS = 400  # length of the general text in which a word's rarity is measured
MIN_WORD_SHARE = 5e-7  # of all words; rarer and unknown words weigh no more than this
MIN_SINGULAR_SHARE = 0.1  # of the plural's frequency: what its singular must have
MIN_TERM_WEIGHT = 0.5  # terms that weigh less say nothing about a role
# Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; the usual
# parameters, and a fixed length in place of a collection's mean.
K1 = 1.5
B = 0.75
USUAL_TERMS = 450  # of a résumé


def terms(text: str) -> list[str]:
    """Return the words of `text` in their order, folded: case, plurals and a few aliases."""
    return [fold(word) for word in WORD.findall(text.casefold())]


def spellings(text: str) -> dict[str, str]:
    """Return each term of `text` with the spelling of its first occurrence."""
    first: dict[str, str] = {}
    for word in WORD_ANY_CASE.findall(text):
        first.setdefault(fold(word.casefold()), word)
    return first


@lru_cache(maxsize=50_000)
def fold(word: str) -> str:
    """Return the term of a lower-case word."""
    word = ALIASES.get(word, word)
    if len(word) <= 3 or not (word.isalpha() and word.endswith("s")) or word[-2] in "ius":
        return word
    singular = max(_singulars(word), key=_share)
    # "kubernetes" is no plural, since hardly any text has "kubernete"; for a word without a known
    # frequency the rule decides.
    return singular if _share(singular) >= MIN_SINGULAR_SHARE * _share(word) else word


def _singulars(word: str) -> list[str]:
    """Harman's S-stemmer ("How effective is suffixing?", 1991), with both ways to read "-es"."""
    if word.endswith("ies"):
        return [word[:-3] + "y", word[:-1]]
    return [word[:-1], word[:-2]] if word.endswith("es") else [word[:-1]]


def _share(word: str) -> float:
    return word_frequency(word, "en", wordlist="small")


@cache
def weight(term: str) -> float:
    """A term's inverse document frequency: -ln of the share of general texts that hold it."""
    if term.isdigit() or (len(term) == 1 and term.isalpha()):
        return 0.0
    share = max(_share(term), MIN_WORD_SHARE)
    return -math.log(1.0 - (1.0 - share) ** DOCUMENT_WORDS)


def query(text: str) -> dict[str, float]:
    """Return the terms of a query with their weights; a repeated term weighs a little more."""
    counts = Counter(terms(text))
    weights = {term: weight(term) * (1.0 + math.log(n)) for term, n in counts.items()}
    return {term: value for term, value in weights.items() if value >= MIN_TERM_WEIGHT}


def saturation(count: float, length: int) -> float:
    """BM25's term-frequency factor, 0 to 1, of `count` mentions in `length` terms."""
    if not count:
        return 0.0
    return count / (count + K1 * (1.0 - B + B * length / USUAL_TERMS))


def bm25(query: Mapping[str, float], counts: Mapping[str, float], length: int) -> float:
    """BM25 of a document for a query, divided by its maximum: 0 to 1."""
    maximum = sum(query.values())
    if not maximum:
        return 0.0
    total = sum(
        value * saturation(counts[term], length) for term, value in query.items() if term in counts
    )
    return total / maximum
