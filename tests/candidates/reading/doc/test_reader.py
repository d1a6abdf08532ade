"""A .doc gives the letters that Word shows, each once, in the order of reading."""

import struct

import pytest

from candidates.reading import Document, Problem, Unreadable, read
from tests.makers import old_words
from tests.makers.compound import compound
from tests.makers.old_words import doc, doc_of_word_6


def text_of(data: bytes) -> str:
    return read(data, "cv.doc").text


def hidden(document: Document) -> list[tuple[str, str]]:
    return [(run.kind, run.text) for run in document.hidden]


def test_paragraphs_in_any_alphabet_are_lines() -> None:
    assert text_of(doc("Zoë Ångström", "Инженер", "工程师", "🙂 rare")) == (
        "Zoë Ångström\nИнженер\n工程师\n🙂 rare"
    )


def test_pieces_are_read_in_the_order_of_the_text_and_not_of_the_file() -> None:
    made = doc("First Ω", "“Second” – third", "Last", narrow=["“Second” – third"])

    assert text_of(made) == "First Ω\n“Second” – third\nLast"


def test_every_part_is_read_and_comments_are_not() -> None:
    parts = {
        "headers": [*[""] * 6, "Every page\r", "Every page\r", "", "Page foot\r", "", ""],
        "footnotes": "\x02 Noted\r",
        "endnotes": "\x02 In the end\r",
        "boxes": "In a box\r",
        "comments": "\x05 Reviewed\r",
    }

    assert text_of(doc("Body", parts=parts)).split("\n\n") == [
        *("Every page", "Body", " Noted", " In the end", "In a box", "Page foot"),
    ]


def test_a_row_is_a_line_and_cells_of_several_lines_follow_each_other() -> None:
    made = doc("Skills", "Python\x07\x079 years\x07\x06SQL\x07\x07\x07\x06", "After")
    sections = doc("Jane\x05Engineer\x07Berlin\x07\x06", "After")

    assert text_of(made) == "Skills\nPython\t\t9 years\nSQL\nAfter"
    assert text_of(sections) == "Jane\nEngineer\nBerlin\nAfter"


def test_a_field_shows_its_result_and_not_its_code() -> None:
    made = doc(
        'See \x13 HYPERLINK "https://example.com" \x14my \x13 DATE \x14new\x15 site\x15.',
        "Page \x13 PAGE \x15",
        "Not closed \x13 still text",
    )

    assert text_of(made) == "See my new site.\nPage\nNot closed  still text"


def test_a_field_without_a_result_shows_what_word_shows() -> None:
    made = doc(
        "\x13 MACROBUTTON NoMacro [Your name]\x15",
        '\x13 EQ \\* jc2 \\* "Font:MS Mincho" \\* hps10 \\o\\ad(\\s\\up 9(とう),東)\x15',
    )

    assert text_of(made) == "[Your name]\n東とう"


def test_signs_of_word_become_what_they_look_like() -> None:
    made = doc(
        "co\x1foperate, e\x1email", "two\x0blines", "(\tpoint", runs=[("(", old_words.BULLET)]
    )

    assert text_of(made) == "cooperate, e-mail\ntwo\nlines\n•\tpoint"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        (old_words.HIDDEN, "vanished"),
        (old_words.ONE_POINT, "tiny"),
        (old_words.BOLD + old_words.WHITE, "low-contrast"),
    ],
)
def test_text_that_is_not_seen_is_set_apart(changes: bytes, kind: str) -> None:
    document = read(
        doc("Seen", "Best of all", "Seen too", runs=[("Best of all", changes)]), "cv.doc"
    )

    assert [line for line in document.text.split("\n") if line] == ["Seen", "Seen too"]
    assert hidden(document) == [(kind, "Best of all")]


def test_hidden_text_is_found_in_pieces_of_one_byte_a_letter() -> None:
    made = doc("Seen", "Best of all", runs=[("of", old_words.HIDDEN)], narrow=["Best of all"])
    document = read(made, "cv.doc")

    assert (document.text, hidden(document)) == ("Seen\nBest  all", [("vanished", "of")])


def test_bold_text_and_white_text_on_a_dark_ground_are_seen() -> None:
    white = old_words.WHITE + old_words.BLACK_GROUND
    made = doc("Jane", "Example", runs=[("Jane", old_words.BOLD), ("Example", white)])
    document = read(made, "cv.doc")

    assert (document.text, document.hidden) == ("Jane\nExample", ())


def test_deleted_text_is_left_out_as_it_is_in_a_docx() -> None:
    document = read(doc("Left Acme in 2020", runs=[("Left ", old_words.DELETED)]), "cv.doc")

    assert (document.text, document.hidden) == ("Acme in 2020", ())


def test_the_code_of_a_hidden_field_is_not_hidden_text() -> None:
    entry = '\x13 XE "Jane" \x15'

    assert (
        read(doc(f"Jane{entry} Example", runs=[(entry, old_words.HIDDEN)]), "cv.doc").hidden == ()
    )


@pytest.mark.parametrize(
    ("text", "codec", "language"),
    [
        ("Zoë – “engineer”", "cp1252", 0x0409),
        ("Иван Петров", "cp1251", 0x0419),
        ("Łukasz Żółć", "cp1250", 0x0415),
        ("山田太郎 Tokyo", "cp932", 0x0411),
        ("Ελένη", "cp1253", 0x0408),
    ],
)
def test_word_6_is_read_in_the_code_page_of_its_language(
    text: str, codec: str, language: int
) -> None:
    made = doc_of_word_6(f"{text}\rSecond\r", codec=codec, language=language)

    assert text_of(made) == f"{text}\nSecond"


def test_word_6_that_ends_before_it_begins_is_damaged() -> None:
    made = bytearray(doc_of_word_6("Jane"))
    struct.pack_into("<I", made, 512 + 28, 4)

    with pytest.raises(Unreadable) as refused:
        read(bytes(made), "cv.doc")

    assert refused.value.problem is Problem.DAMAGED


def test_rows_are_told_in_word_6() -> None:
    assert text_of(doc_of_word_6("Python\x07years\x07\x07SQL\x07days\x07\x07")) == (
        "Python\tyears\nSQL\tdays"
    )


def test_macros_are_said() -> None:
    with_macros = doc("Jane", more={"Macros": {"VBA": {"dir": b"x"}}})

    assert [flag.kind for flag in read(with_macros, "cv.doc").flags] == ["macros"]
    assert read(doc("Jane"), "cv.doc").flags == ()


def test_a_spreadsheet_with_a_word_document_inside_is_a_spreadsheet() -> None:
    made = compound({"Workbook": b"x", "MBD0001": {"WordDocument": b"x"}})

    with pytest.raises(Unreadable) as refused:
        read(made, "cv.doc")

    assert refused.value.problem is Problem.SPREADSHEET


def _spoilt(at: int, *numbers: int) -> bytes:
    """A good file with these numbers at `at` in its stream WordDocument, which comes first."""
    made = bytearray(doc("Jane Example " * 400))
    struct.pack_into(f"<{len(numbers)}I", made, 512 + at, *numbers)
    return bytes(made)


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (_spoilt(154 + 8 * 33, 0, 0), Problem.DAMAGED),
        (_spoilt(154 + 8 * 33, 0xFFFFFF00, 0xFFFFFF00), Problem.DAMAGED),
        (_spoilt(154 + 8 * 33, 1, 20), Problem.DAMAGED),
        (_spoilt(154 + 8 * 12, 0, 12), Problem.DAMAGED),
        (_spoilt(76, 3_000_000, 3_000_000), Problem.TOO_LONG),
    ],
)
def test_a_file_that_lies_about_its_tables_is_refused(made: bytes, problem: Problem) -> None:
    with pytest.raises(Unreadable) as refused:
        read(made, "cv.doc")

    assert refused.value.problem is problem
    assert "Jane" not in str(refused.value)


def test_a_file_without_its_table_stream_is_damaged() -> None:
    with pytest.raises(Unreadable) as refused:
        read(compound({"WordDocument": b"\xec\xa5\xc1\0" + bytes(2000)}), "cv.doc")

    assert refused.value.problem is Problem.DAMAGED
