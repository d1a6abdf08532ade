"""What a person reads for what scoring found."""

import re
from pathlib import Path

import pytest

import candidates.facts
import candidates.reading
from candidates.pages.words import KINDS, doubt, money, scoring_flags
from candidates.scoring import attacks

SCORING = (
    attacks.INSTRUCTS, attacks.FAKE_TURN, attacks.FAKE_DELIMITER, attacks.FAKE_ANSWER,
    attacks.ENCODED, attacks.REMOTE_IMAGE, attacks.STUFFING, attacks.INVISIBLE,
    "copies-description",
)  # fmt: skip


@pytest.mark.parametrize("kind", SCORING)
def test_every_flag_of_scoring_has_its_sentence_and_shows_what_was_found(kind: str) -> None:
    (note,) = scoring_flags([{"kind": kind, "found": "this"}])

    assert note.what == str(KINDS[kind])
    assert note.found == "this"


def test_a_shortened_resume_is_marked_with_how_much_was_seen() -> None:
    told = {"kind": "shortened", "found": "The model saw 61% of the text."}

    (note,) = scoring_flags([told])

    assert note.what == f"{KINDS['shortened']}. The model saw 61% of the text."
    assert note.found == ""


def test_every_flag_of_reading_has_its_sentence() -> None:
    rooms = (candidates.facts, candidates.reading)
    files = [path for room in rooms for path in Path(room.__path__[0]).rglob("*.py")]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    flags = set(re.findall(r'\bFlag\(\s*"([a-z-]+)"', source))

    assert len(flags) > 10 and flags <= set(KINDS)


@pytest.mark.parametrize(
    ("cost", "told"),
    [(None, ""), (0, "$0.00"), (0.00031, "$0.000310"), (0.0312, "$0.0312"), (1234.5, "$1,234.50")],
)
def test_money_has_as_many_decimals_as_it_needs(cost: float | None, told: str) -> None:
    assert money(cost) == told


def test_doubt_is_told_in_one_sentence_and_not_where_nothing_is_known() -> None:
    assert doubt(None) == ""
    assert "differs by 0.0 points" in doubt((0.0, 8)) and "the same score share" in doubt((0.0, 8))
    assert "from 8 résumés" in doubt((1.44, 8)) and "differs by 1.4 points" in doubt((1.44, 8))
