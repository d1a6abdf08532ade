"""The local engine puts the sample résumés in an order that a reader would recognise."""

import statistics
from dataclasses import replace
from functools import cache

import pytest

from benchmarks import ranking
from candidates import posting
from candidates.scoring import rank
from candidates.scoring.engines import local
from candidates.scoring.rubric import RubricCriterion

ROLES = sorted(path.parent.name for path in ranking.SAMPLES.glob("*/JOB.md"))
# People with sound careers of their own, and people who only use the posting's words.
STUFFERS = {
    "backend-engineer": "backend-engineer/Marcus_Steele_Rockstar.pdf",
    "data-analyst": "data-analyst/Tristan_Vale-Hartley.pdf",
    "registered-nurse": "registered-nurse/Nkechi_Lawson.pdf",
    "sales-manager": "sales-manager/Jamal_Prewitt.pdf",
}


@cache
def texts() -> dict[str, str]:
    return ranking.read_texts()


@cache
def grades() -> dict[str, dict[str, int]]:
    return ranking.read_labels()


@cache
def scores(name: str, way: str) -> dict[str, float]:
    text = (ranking.SAMPLES / name / "JOB.md").read_text(encoding="utf-8")
    role = posting.parse(text)
    if way != "written":
        role = replace(role, criteria=())
    criteria: tuple[RubricCriterion, ...] = () if way == "bare" else posting.criteria_of(role)
    rubric = ranking.rubric_of(role, criteria)
    return {
        file: rank.overall_score(rubric, local.score(text, rubric).ratings).score
        for file, text in texts().items()
    }


@pytest.mark.parametrize("way", ["bare", "derived", "written"])
@pytest.mark.slow
def test_the_better_person_stands_above(way: str) -> None:
    right = [ranking.in_order(scores(name, way), grades()[name]) for name in ROLES]
    tops = [ranking.ndcg(scores(name, way), grades()[name]) for name in ROLES]

    # Measured: 0.97 to 0.98 and 0.81 to 0.83 (python -m benchmarks.ranking); by chance 0.5, 0.13.
    assert statistics.mean(right) > 0.96
    assert statistics.mean(tops) > 0.75


@pytest.mark.parametrize("name", ROLES)
@pytest.mark.slow
def test_the_best_are_near_the_top_of_the_scale_and_strangers_at_its_foot(name: str) -> None:
    values, grade = scores(name, "written"), grades()[name]
    strangers = [values[file] for file in values if grade[file] == 0]

    assert max(values[file] for file in values if grade[file] == 3) > 75
    assert statistics.median(strangers) < 15


@pytest.mark.parametrize("name", ROLES)
def test_whoever_only_uses_the_words_is_not_first(name: str) -> None:
    values = scores(name, "written")

    assert values[STUFFERS[name]] < max(values.values()) - 5
