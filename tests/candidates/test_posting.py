"""A role as Markdown: what is understood, and what is said of the rest."""

import pytest

from candidates import posting
from candidates.scoring.rubric import InvalidRubric, RubricCriterion
from tests.reasons import raises_saying

WHOLE = """# Backend engineer

We run payments.

## What you bring
- Python

## Criteria
- Python (weight 9, must have): has built services with it
- Code review (weight 2)
- Databases: PostgreSQL at
  real volume
- Kindness

## Benefits
- Fruit
"""


def test_title_description_and_criteria_are_told_apart() -> None:
    role = posting.parse(WHOLE)

    assert role.title == "Backend engineer"
    assert role.description.startswith("We run payments.")
    assert "## Benefits" in role.description
    assert "Code review" not in role.description
    criteria = [(c.name, c.weight, c.must_have, c.looks_for) for c in role.criteria]
    assert criteria == [
        ("Python", 9, True, "has built services with it"),
        ("Code review", 2, False, ""),
        ("Databases", 3, False, "PostgreSQL at real volume"),
        ("Kindness", 3, False, ""),
    ]


def test_another_list_takes_the_place_of_its_own() -> None:
    role = posting.parse(WHOLE, "- Rust (must have)")

    assert [(c.name, c.must_have) for c in role.criteria] == [("Rust", True)]


def test_without_criteria_the_requirement_bullets_serve() -> None:
    role = posting.parse(
        "# Nurse\n\nA ward.\n\n## Requirements\n- Registration is required\n- Night shifts\n"
        "- Nice to have: Spanish\n\n## We offer\n- Fruit\n"
    )

    criteria = [(c.name, c.weight, c.must_have) for c in posting.criteria_of(role)]
    assert criteria == [
        ("Registration", 3, False),
        ("Night shifts", 2, False),
        ("Spanish", 1, False),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no title"),
        ("Only words", "no title"),
        ("# T\nx\n## Criteria\n- A (weight 0)", "weight of 'A' is '0'"),
        ("# T\nx\n## Criteria\n- A (weight NaN)", "weight of 'A' is 'NaN'"),
        ("# T\nx\n## Criteria\n- A (weight 1e308)", "weight of 'A' is '1e308'"),
        ("# T\nx\n## Criteria\n- A (weight heavy)", "weight of 'A' is 'heavy'"),
        ("# T\nx\n## Criteria\n- A (must have, heavy)", "'heavy' beside the criterion 'A'"),
        ("# T\nx\n## Criteria\n- A\n- a (weight 2)", "Two criteria have the name"),
        (f"# {'T' * 201}\nx", "title has 201 characters"),
        ("# T\nx\n## Criteria\nno list at all", "'no list at all' is not understood"),
    ],
)
def test_what_is_not_understood_is_named_with_the_remedy(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"understood|title|weight|name") as error:
        posting.parse(text)

    assert words in str(error.value)


def test_a_title_alone_is_refused_with_a_reason() -> None:
    with raises_saying(InvalidRubric, "nothing to rate by"):
        posting.parse("# Title alone")


def test_an_empty_list_of_criteria_is_refused() -> None:
    with pytest.raises(ValueError, match="list of criteria is empty"):
        posting.parse(WHOLE, "\n\n")


def test_words_in_brackets_belong_to_the_name_unless_they_are_meant_as_notes() -> None:
    listed = "1. SQL (any dialect): joins\n* **Python** (weight 5)"
    role = posting.parse(f"# T\nx\n## Criteria\n{listed}")

    assert [(c.name, c.looks_for, c.weight) for c in role.criteria] == [
        ("SQL (any dialect)", "joins", 3),
        ("Python", "", 5),
    ]


@pytest.mark.parametrize(
    "criterion",
    [
        RubricCriterion("c1", "Python", "has built services", 4, must_have=True),
        RubricCriterion("c1", "SQL (any dialect)", "", 1),
        RubricCriterion("c1", "C (embedded", "wrote: drivers (weight 9)", 10),
        RubricCriterion("c1", "Lines", "one\ntwo", 2),
    ],
)
def test_criteria_that_were_written_are_read_again(criterion: RubricCriterion) -> None:
    read = posting.parse("# Role\nWords.\n" + posting.to_markdown([criterion])).criteria[0]

    assert (read.name, read.weight, read.must_have) == (
        criterion.name,
        criterion.weight,
        criterion.must_have,
    )
    assert read.looks_for == " ".join(criterion.looks_for.split())
