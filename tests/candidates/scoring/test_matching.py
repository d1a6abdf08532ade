"""A word stands for itself, in part for its kin, and for nothing else."""

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
def test_kin_stand_for_each_other(looks_for: str, text: str) -> None:
    assert covered(looks_for, text) > 0.2


@pytest.mark.parametrize(
    ("looks_for", "text"),
    [("C++", "C#"), ("C#", "C++"), (".NET", "net weight"), ("kitchen", "mentor"), ("SQL", "")],
)
def test_others_do_not(looks_for: str, text: str) -> None:
    assert covered(looks_for, text) == 0


def test_the_word_itself_does_fully_and_kin_only_where_they_may() -> None:
    assert covered("mentoring", "mentoring") == 1
    assert 0 < covered("mentoring", "mentor") < 1
    assert covered("mentoring", "mentor", exact=True) == 0


def test_what_is_remembered_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MAX_CACHED_WORDS", 50)
    terms = matching.prepare([matching.term_weights("nurse", "")], exact=[False])

    for start in range(0, 400, 20):
        matching.look_up(terms, Counter(f"word{number}" for number in range(start, start + 20)))

    assert 20 <= len(terms.matches) <= 50
