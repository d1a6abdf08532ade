"""A document falls into sentences that can be found again."""

import pytest

from candidates.scoring.engines.sentences import MAX_SENTENCE_CHARACTERS, split
from candidates.scoring.redact import redact

DOCUMENT = """\
Profile
Nurse with nine years on acute wards. I teach; Students ask for me.

• Led the night shift of a medical unit with thirty-two beds and
four colleagues
• IV drugs
1. First aid
Skills: Python, Django, SQL, Docker, Kafka, Redis
"""


def test_bullets_wrapped_lines_and_stops_make_sentences() -> None:
    assert [sentence.text for sentence in split(DOCUMENT)] == [
        "Profile",
        "Nurse with nine years on acute wards.",
        "I teach;",
        "Students ask for me.",
        "Led the night shift of a medical unit with thirty-two beds and four colleagues",
        "IV drugs",
        "First aid",
        "Skills: Python, Django, SQL, Docker, Kafka, Redis",
    ]


@pytest.mark.parametrize(
    "document",
    [DOCUMENT, "\r\n\t a\u2028b \x0c c", "é" * 1000, "x " * 900, "a\n" * 50, "🚀 Rust 🚀\n漢字。"],
)
def test_offsets_lead_back_to_the_words(document: str) -> None:
    sentences = split(document)

    assert sentences
    for sentence in sentences:
        piece = document[sentence.start : sentence.end]
        assert piece == piece.strip()
        assert " ".join(piece.split()) == sentence.text
        assert len(piece) <= MAX_SENTENCE_CHARACTERS


def test_nothing_is_made_of_a_document_without_letters() -> None:
    assert split("") == split(" \n • \n 12 \n") == []


@pytest.mark.parametrize(
    ("text", "is_list"),
    [
        ("Python, Django, SQL, Docker, Kafka", True),
        ("Python | Django | SQL | AWS | Go", True),
        ("Moved five services, two of them large, from a server that nobody knew, to ours", False),
        ("Python and Django", False),
    ],
)
def test_a_list_of_keywords_is_known(text: str, is_list: bool) -> None:
    assert [sentence.is_list for sentence in split(text)] == [is_list]


def test_a_blanked_name_and_a_pronoun_move_no_boundary() -> None:
    def cut(name: str, pronoun: str) -> list[str]:
        blank = " " * len(name)
        redacted = redact(f"In {blank} the year {pronoun} led a team of nine\nand two")
        return [s.text for s in split(redacted)]

    assert cut("Li", "he") == cut("Wilhelmina Montgomery", "she")
