"""Exact terms: how to cut text into them, how much each weighs, and BM25 for a single document.

The weight of a term comes from how common it is in general (the package wordfreq) and never from
the other résumés of a draft, so a score depends on one document alone.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache, lru_cache

from wordfreq import word_frequency

WORD = re.compile(r"\.net\b|[^\W_]+(?:\.(?:js|net|io)\b)?(?:\+\+|#)?")
WRITTEN = re.compile(WORD.pattern, re.IGNORECASE)
# The same thing under two names.
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
DOCUMENT_WORDS = 400  # of general text in which a word's rarity is counted
RAREST = 5e-7  # share of all words; rarer ones and unknown ones weigh no more than this
PLURAL_FROM = 0.1  # of the plural's share of all words: what its singular must have
LIGHTEST = 0.5  # terms that weigh less say nothing about a role
# Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; the usual
# parameters, and a fixed length in place of a collection's mean.
K1 = 1.5
B = 0.75
USUAL_LENGTH = 450  # terms of a résumé


def terms(text: str) -> list[str]:
    """The words of `text` in their order, folded: case, plural, and a few second names."""
    return [fold(word) for word in WORD.findall(text.casefold())]


def written(text: str) -> dict[str, str]:
    """Each term of `text` as it stands there first."""
    found: dict[str, str] = {}
    for word in WRITTEN.findall(text):
        found.setdefault(fold(word.casefold()), word)
    return found


@lru_cache(maxsize=50_000)
def fold(word: str) -> str:
    """The term of one word in small letters."""
    word = ALIASES.get(word, word)
    if len(word) <= 3 or not (word.isalpha() and word.endswith("s")) or word[-2] in "ius":
        return word
    singular = max(_singulars(word), key=_share)
    # "kubernetes" is no plural, since hardly anybody writes "kubernete"; of a word that nobody
    # counted the rule decides.
    return singular if _share(singular) >= PLURAL_FROM * _share(word) else word


def _singulars(word: str) -> list[str]:
    """Harman's S-stemmer ("How effective is suffixing?", 1991), with both ways to read "-es"."""
    if word.endswith("ies"):
        return [word[:-3] + "y", word[:-1]]
    return [word[:-1], word[:-2]] if word.endswith("es") else [word[:-1]]


def _share(word: str) -> float:
    return word_frequency(word, "en", wordlist="small")


@cache
def weight(term: str) -> float:
    """How much a term says: -ln of the share of general texts that hold it (an idf)."""
    if term.isdigit() or (len(term) == 1 and term.isalpha()):
        return 0.0
    share = max(_share(term), RAREST)
    return -math.log(1.0 - (1.0 - share) ** DOCUMENT_WORDS)


def query(text: str) -> dict[str, float]:
    """The terms of a query with their weights; a repeated term weighs a little more."""
    counted = Counter(terms(text))
    weighed = {term: weight(term) * (1.0 + math.log(n)) for term, n in counted.items()}
    return {term: value for term, value in weighed.items() if value >= LIGHTEST}


def saturation(count: float, length: int) -> float:
    """BM25's term-frequency part, 0 to 1: how much `count` mentions in `length` terms say."""
    if not count:
        return 0.0
    return count / (count + K1 * (1.0 - B + B * length / USUAL_LENGTH))


def bm25(wanted: Mapping[str, float], counted: Mapping[str, float], length: int) -> float:
    """BM25 of a document for a query, divided by the most it could be: 0 to 1."""
    most = sum(wanted.values())
    if not most:
        return 0.0
    got = sum(
        value * saturation(counted[term], length)
        for term, value in wanted.items()
        if term in counted
    )
    return got / most
