"""How well the `local` engine ranks: NDCG@10 over the sample roles and all sample résumés.

Every readable résumé is ranked for each role; labels.csv says how good it is for it (0 to 3).
"""

import asyncio
import csv
import math
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from candidates import posting
from candidates.reading import Unreadable, read
from candidates.scoring import rank
from candidates.scoring.engines import lexical, make
from candidates.scoring.redact import redact
from candidates.scoring.rubric import Rubric

SAMPLES = Path(__file__).resolve().parent.parent / "candidates" / "samples"
AT = 10
SHUFFLES = 200


def main() -> None:
    texts = _texts()
    labels = _labels()
    roles = {
        path.parent.name: posting.parse(path.read_text(encoding="utf-8"))
        for path in sorted(SAMPLES.glob("*/JOB.md"))
    }
    engine = make("local")
    bare = {name: _rubric(role, criteria=False) for name, role in roles.items()}
    full = {name: _rubric(role, criteria=True) for name, role in roles.items()}

    def scored(rubric: Rubric) -> Callable[[str], float]:
        def score(text: str) -> float:
            card = asyncio.run(engine.score(text, rubric))
            return rank.stand(rubric, card.ratings).score

        return score

    def bm25(rubric: Rubric) -> Callable[[str], float]:
        wanted = lexical.query(f"{rubric.title}\n{rubric.description}")

        def score(text: str) -> float:
            found = lexical.terms(text)
            counted = {term: found.count(term) for term in wanted}
            return lexical.bm25(wanted, counted, len(found))

        return score

    rows = {
        "BM25 alone": {name: _ndcg(bm25(bare[name]), texts, labels[name]) for name in roles},
        "local, description only": {
            name: _ndcg(scored(bare[name]), texts, labels[name]) for name in roles
        },
        "local, with criteria": {
            name: _ndcg(scored(full[name]), texts, labels[name]) for name in roles
        },
        "random": {name: _shuffled(labels[name]) for name in roles},
    }
    _say("", f"## Ranking: NDCG@{AT}, {len(texts)} résumés", "")
    _say(f"| | {' | '.join(roles)} | mean |", "|---|" + "---|" * (len(roles) + 1))
    for label, found in rows.items():
        cells = " | ".join(f"{found[name]:.3f}" for name in roles)
        _say(f"| {label} | {cells} | {statistics.mean(found.values()):.3f} |")
    _speed(texts, full["backend-engineer"])


def _speed(texts: dict[str, str], rubric: Rubric) -> None:
    engine = make("local")
    many = list(texts.values()) * 5
    pages = sum(len(text) for text in many) / 2500

    async def run() -> None:
        for text in many:
            await engine.score(text, rubric)

    began = time.process_time()
    asyncio.run(run())
    took = time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say(
        "",
        f"{len(many) / took:.0f} résumés ({pages / took:.0f} pages of 2,500 characters) a second "
        f"of one core, with {len(rubric.criteria)} criteria; peak memory {memory:.0f} MB.",
    )


def _rubric(role: posting.Posting, *, criteria: bool) -> Rubric:
    return Rubric.build(
        title=role.title,
        description=role.description,
        criteria=posting.criteria_of(role) if criteria else (),
    )


def _texts() -> dict[str, str]:
    found = {}
    for path in sorted(SAMPLES.glob("*/*")):
        if path.name == "JOB.md":
            continue
        try:
            document = read(path.read_bytes(), path.name)
        except Unreadable:
            continue  # the samples hold a few on purpose
        found[f"{path.parent.name}/{path.name}"] = redact(document.text, document.contact.name)
    return found


def _labels() -> dict[str, dict[str, int]]:
    labels: dict[str, dict[str, int]] = {}
    with (SAMPLES / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            labels.setdefault(row["draft"], {})[row["file"]] = int(row["grade"])
    return labels


def _ndcg(score: Callable[[str], float], texts: dict[str, str], grades: dict[str, int]) -> float:
    known = [name for name in texts if name in grades]
    ranked = sorted(known, key=lambda name: (-score(texts[name]), name))
    return _gain([grades[name] for name in ranked]) / _best(grades, known)


def _shuffled(grades: dict[str, int]) -> float:
    chance = random.Random(0)  # noqa: S311
    names = sorted(grades)
    runs = []
    for _ in range(SHUFFLES):
        chance.shuffle(names)
        runs.append(_gain([grades[name] for name in names]) / _best(grades, names))
    return statistics.mean(runs)


def _best(grades: dict[str, int], names: list[str]) -> float:
    return _gain(sorted((grades[name] for name in names), reverse=True))


def _gain(grades: list[int]) -> float:
    """Discounted gain of the first ten, with 2^grade - 1 (Burges et al., 2005)."""
    gains = (2.0**grade - 1.0 for grade in grades[:AT])
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, 1))


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
