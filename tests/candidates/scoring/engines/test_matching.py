"""A word matches itself, near words in part, and no others."""

from collections import Counter

import pytest

from candidates.scoring.engines import lexical, matching


def covered(looks_for: str, text: str, *, exact: bool = False) -> float:
    terms = matching.prepare([matching.term_weights(looks_for, "")], exact=[exact])
    words = lexical.terms(text)
    matching.look_up(terms, Counter(words))
    return matching.coverage(terms, matching.best(terms, words))[0]


@pytest.mark.parametrize(
    ("looks_for", "text"),
    [("mentoring", "mentor of two"), ("migrations", "migrated"), ("PostgreSQL", "Postgres 15")],
)
def test_near_words_match_in_part(looks_for: str, text: str) -> None:
    assert covered(looks_for, text) > 0.2


@pytest.mark.parametrize(
    ("looks_for", "text"),
    [("C++", "C#"), ("C#", "C++"), (".NET", "net weight"), ("kitchen", "mentor"), ("SQL", "")],
)
def test_other_words_do_not_match(looks_for: str, text: str) -> None:
    assert covered(looks_for, text) == 0


def test_the_same_word_matches_fully_and_near_words_unless_exact() -> None:
    assert covered("mentoring", "mentoring") == 1
    assert 0 < covered("mentoring", "mentor") < 1
    assert covered("mentoring", "mentor", exact=True) == 0


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MAX_CACHED_WORDS", 50)
    terms = matching.prepare([matching.term_weights("nurse", "")], exact=[False])

    for start in range(0, 400, 20):
        matching.look_up(terms, Counter(f"word{number}" for number in range(start, start + 20)))

    assert 20 <= len(terms.matches) <= 50
