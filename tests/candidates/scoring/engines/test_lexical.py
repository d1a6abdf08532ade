"""Words are folded so that the same thing matches itself and nothing else."""

import itertools
from collections import Counter

import pytest

from candidates.scoring.engines import lexical


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("C++, C# and C", ["c++", "c#", "and", "c"]),
        (".NET and Node.js", [".net", "and", "node.js"]),
        ("NodeJS, node.js", ["node.js", "node.js"]),
        ("Postgres PostgreSQL psql", ["postgresql", "postgresql", "postgresql"]),
        ("queues, queries, classes, nurses", ["queue", "query", "class", "nurse"]),
        ("analysis, business, Jenkins", ["analysis", "business", "jenkins"]),
        ("naïve Köche 漢字 🚀", ["naïve", "köche", "漢字"]),
        ("", []),
    ],
)
def test_words_are_cut_and_folded(text: str, terms: list[str]) -> None:
    assert lexical.terms(text) == terms


def test_a_rare_word_weighs_more_than_a_common_one_and_a_number_nothing() -> None:
    assert lexical.weight("postgresql") > lexical.weight("team") > lexical.weight("the")
    assert lexical.weight("2019") == 0


def test_a_query_leaves_out_the_words_of_every_text() -> None:
    assert set(lexical.query("We are looking for the nurse")) >= {"nurse"}
    assert not {"we", "the", "for"} & set(lexical.query("We are looking for the nurse"))


def test_a_repeated_word_says_less_each_time() -> None:
    query = lexical.query("nurse")
    gains = [lexical.bm25(query, Counter(nurse=n), 450) for n in range(5)]
    steps = [after - before for before, after in itertools.pairwise(gains)]

    assert steps == sorted(steps, reverse=True)
    assert 0 == gains[0] < gains[4] < 1


def test_a_query_without_words_matches_nothing() -> None:
    assert lexical.bm25({}, Counter(nurse=1), 10) == 0


def test_words_keep_the_spelling_of_their_first_occurrence() -> None:
    assert lexical.spellings("PostgreSQL queues, C++") == {
        "postgresql": "PostgreSQL",
        "queue": "queues",
        "c++": "C++",
    }
