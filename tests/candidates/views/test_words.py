"""What a person reads for what scoring found."""

import pytest

from candidates.scoring import attacks
from candidates.views.words import KINDS, scoring_flags

SCORING = (
    attacks.INSTRUCTS, attacks.FAKE_TURN, attacks.FAKE_DELIMITER, attacks.FAKE_ANSWER,
    attacks.ENCODED, attacks.REMOTE_IMAGE, attacks.STUFFING, attacks.INVISIBLE,
    "copies-description", "shortened",
)  # fmt: skip


@pytest.mark.parametrize("kind", SCORING)
def test_every_flag_of_scoring_has_its_sentence_and_shows_what_was_found(kind: str) -> None:
    (note,) = scoring_flags([{"kind": kind, "found": "this"}])

    assert note.what == KINDS[kind]
    assert note.found == "this"
