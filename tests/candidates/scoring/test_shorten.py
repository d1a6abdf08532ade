"""A résumé that is too long: its most relevant lines, in their order."""

import pytest

from candidates.scoring.rubric import Rubric, RubricCriterion
from candidates.scoring.shorten import GAP_MARK, shorten

RUBRIC = Rubric.build(
    title="Engineer",
    description="Payments.",
    criteria=[
        RubricCriterion("c1", "Python", "services in production", 3, must_have=True),
        RubricCriterion("c2", "Cooking", "", 1),
    ],
)
FILLER = [f"Walked the dog number {number} around the lake." for number in range(50)]


def test_what_fits_is_left_as_it_is() -> None:
    short = shorten("Python\n\n  and more", RUBRIC, 1_000)

    assert (short.text, short.share) == ("Python\n\n  and more", 1.0)


def test_the_most_relevant_lines_stay_in_their_order() -> None:
    lines = [*FILLER[:20], "Cooking soup.", *FILLER[20:], "Ran Python services in production."]

    short = shorten("\n".join(lines), RUBRIC, 300)

    chosen = short.text.splitlines()
    assert chosen[0] == FILLER[0]  # of two of equal worth, the earlier
    assert chosen.index("Cooking soup.") < chosen.index("Ran Python services in production.")
    assert chosen[chosen.index("Cooking soup.") - 1] == GAP_MARK
    assert 0 < short.share < 0.2


@pytest.mark.parametrize("max_bytes", [1, 50, 333, 2_000])
@pytest.mark.parametrize("text", ["\n".join(FILLER), "é" * 9_000, "word " * 3_000], ids=len)
def test_the_result_never_exceeds_the_limit(text: str, max_bytes: int) -> None:
    assert len(shorten(text, RUBRIC, max_bytes).text.encode()) <= max_bytes


def test_one_line_without_end_is_cut_into_pieces() -> None:
    text = "nothing at all " * 500 + "Python services " + "nothing at all " * 500

    assert "Python services" in shorten(text, RUBRIC, 900).text


def test_a_limit_below_one_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="0 bytes"):
        shorten("a", RUBRIC, 0)
