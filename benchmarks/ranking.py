"""Measure how well the `local` engine ranks the sample résumés, and how fast.

Every readable résumé is ranked for each role; labels.csv grades how well it fits (0 to 3). Two
figures: NDCG@10, which covers the top alone and jumps when two neighbours change places, and the
share of pairs of different grades in which the better one ranks higher, which is steadier.
"""

import asyncio
import csv
import itertools
import math
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from candidates import posting
from candidates.reading import Unreadable, read
from candidates.scoring import rank
from candidates.scoring.engines import lexical, make
from candidates.scoring.redact import redact
from candidates.scoring.rubric import Rubric, RubricCriterion

SAMPLES = Path(__file__).resolve().parent.parent / "candidates" / "samples"
TOP = 10  # ranks that NDCG covers
SHUFFLES = 200
PAGE_CHARACTERS = 2500


def main() -> None:
    texts = read_texts()
    labels = read_labels()
    roles = {
        path.parent.name: posting.parse(path.read_text(encoding="utf-8"))
        for path in sorted(SAMPLES.glob("*/JOB.md"))
    }
    engine = make("local")
    bare = {name: rubric_of(replace(role, criteria=()), ()) for name, role in roles.items()}
    full = {name: rubric_of(role, role.criteria) for name, role in roles.items()}
    derived = {}
    for name, role in roles.items():
        unwritten = replace(role, criteria=())
        derived[name] = rubric_of(unwritten, posting.criteria_of(unwritten))

    def scored(rubric: Rubric) -> Callable[[str], float]:
        def score(text: str) -> float:
            card = asyncio.run(engine.score(text, rubric))
            return rank.overall_score(rubric, card.ratings).score

        return score

    def bm25(rubric: Rubric) -> Callable[[str], float]:
        query = lexical.query(f"{rubric.title}\n{rubric.description}")

        def score(text: str) -> float:
            terms = lexical.terms(text)
            counts = {term: terms.count(term) for term in query}
            return lexical.bm25(query, counts, len(terms))

        return score

    methods: dict[str, Callable[[str], Callable[[str], float]]] = {
        "BM25 alone": lambda name: bm25(bare[name]),
        "local, description only": lambda name: scored(bare[name]),
        "local, criteria derived": lambda name: scored(derived[name]),
        "local, criteria written": lambda name: scored(full[name]),
    }
    tops: dict[str, list[float]] = {}
    pairs: dict[str, list[float]] = {}
    for method, make_score in methods.items():
        for name in roles:
            score = make_score(name)
            scores = {file: score(texts[file]) for file in texts if file in labels[name]}
            tops.setdefault(method, []).append(ndcg(scores, labels[name]))
            pairs.setdefault(method, []).append(in_order(scores, labels[name]))
    tops["random"] = [_random_ndcg(labels[name]) for name in roles]
    for title, rows in ((f"NDCG@{TOP}", tops), ("pairs in the right order", pairs)):
        _print("", f"## {title}, {len(texts)} résumés", "")
        _print(f"| | {' | '.join(roles)} | mean |", "|---|" + "---|" * (len(roles) + 1))
        for method, values in rows.items():
            cells = " | ".join(f"{value:.3f}" for value in values)
            _print(f"| {method} | {cells} | {statistics.mean(values):.3f} |")
    _speed(texts, full["backend-engineer"])


def _speed(texts: dict[str, str], rubric: Rubric) -> None:
    engine = make("local")
    own = list(texts.values())
    pages = ["\n".join(pair)[:PAGE_CHARACTERS] for pair in itertools.pairwise(own)]

    async def run(documents: list[str]) -> float:
        started = time.process_time()
        for document in documents:
            await engine.score(document, rubric)
        return len(documents) / (time.process_time() - started)

    # Among thousands most words are in the cache already; among these hundred, two in three are.
    half = len(pages) // 2
    asyncio.run(run(pages[:half]))
    new = asyncio.run(run(pages[half + 1 :]))
    known = statistics.median(asyncio.run(run(pages)) for _ in range(5))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    length = statistics.mean(map(len, pages))
    words = statistics.mean(len(page.split()) for page in pages)
    _print(
        "",
        f"{new:.0f} new résumés a second of one core, {known:.0f} once their words are known; "
        f"{length:.0f} characters and {words:.0f} words each, {len(rubric.criteria)} criteria; "
        f"peak memory {memory:.0f} MB.",
    )


def rubric_of(role: posting.Posting, criteria: tuple[RubricCriterion, ...]) -> Rubric:
    return Rubric.build(
        title=role.title,
        description=role.description,
        criteria=criteria,
        role_weight=posting.role_weight_of(role),
    )


def read_texts() -> dict[str, str]:
    texts = {}
    for path in sorted(SAMPLES.glob("*/*")):
        if path.name == "JOB.md":
            continue
        try:
            document = read(path.read_bytes(), path.name)
        except Unreadable:
            continue  # the samples hold a few on purpose
        texts[f"{path.parent.name}/{path.name}"] = redact(document.text, document.contact.name)
    return texts


def read_labels() -> dict[str, dict[str, int]]:
    labels: dict[str, dict[str, int]] = {}
    with (SAMPLES / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            labels.setdefault(row["draft"], {})[row["file"]] = int(row["grade"])
    return labels


def ndcg(scores: dict[str, float], grades: dict[str, int]) -> float:
    ranked = sorted(scores, key=lambda file: (-scores[file], file))
    return _gain([grades[file] for file in ranked]) / _best(grades, list(scores))


def in_order(scores: dict[str, float], grades: dict[str, int]) -> float:
    """Return the share of correctly ordered pairs of different grades, weighted by distance."""
    correct = total = 0
    for better, worse in itertools.permutations(scores, 2):
        distance = grades[better] - grades[worse]
        if distance > 0:
            total += distance
            correct += distance * (scores[better] > scores[worse])
    return correct / total


def _random_ndcg(grades: dict[str, int]) -> float:
    generator = random.Random(0)  # noqa: S311
    names = sorted(grades)
    runs = []
    for _ in range(SHUFFLES):
        generator.shuffle(names)
        runs.append(_gain([grades[name] for name in names]) / _best(grades, names))
    return statistics.mean(runs)


def _best(grades: dict[str, int], names: list[str]) -> float:
    return _gain(sorted((grades[name] for name in names), reverse=True))


def _gain(grades: list[int]) -> float:
    """Return the discounted gain of the first ten, with 2^grade - 1 (Burges et al., 2005)."""
    gains = (2.0**grade - 1.0 for grade in grades[:TOP])
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))


def _print(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
