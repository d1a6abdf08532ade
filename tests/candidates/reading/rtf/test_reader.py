r"""RTF: every letter that Word shows, once, in lines."""

import pytest

from candidates.facts.flags import Flag, FlagKind
from candidates.reading import Document, Hidden, Problem, Unreadable, read
from candidates.reading.limits import MB
from tests.growth import assert_grows_linearly


def document_of(body: str | bytes, head: str = r"\ansi") -> Document:
    inside = body if isinstance(body, bytes) else body.encode("ascii")
    return read(b"{\\rtf1" + head.encode() + b" " + inside + b"}", "cv.rtf")


def text_of(body: str | bytes, head: str = r"\ansi") -> str:
    return document_of(body, head).text


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (r"Jane\par Engineer", "Jane\nEngineer"),
        ("Jane\\\nEngi\nneer", "Jane\nEngineer"),
        (r"a\line b\tab c", "a\nb\tc"),
        (r"\{a\\b\}", "{a\\b}"),
        (r"a\~b\_c\-d", "a b-cd"),
        (r"\bullet  one \endash  \emdash  two", "• one – — two"),
        (r"\lquote a\rquote  \ldblquote b\rdblquote", "‘a’ “b”"),
        (r"{\b Ja}{\i ne}", "Jane"),
        (r"one\page two\sect three", "one\ntwo\nthree"),
        (r"{\listtext\f1\'b7\tab}item", "•\titem"),
        (r"a{}{ }{{}}b", "ab"),
        (r"a\unheardof12 b", "ab"),
    ],
)  # fmt: skip
def test_marks_within_a_line(body: str, shown: str) -> None:
    assert text_of(body, r"\ansi{\fonttbl{\f1\fcharset2 Symbol;}}") == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (r"Zo\'eb", "Zoë"),
        (r"Zo\u235?", "Zoë"),
        (r"Zo\u235\'eb!", "Zoë!"),
        (r"\uc2 Zo\u235 xx!", "Zoë!"),
        (r"\uc0 Zo\u235 !", "Zoë!"),
        (r"{\uc0 \u235}\u235?", "ëë"),
        (r"\u-3913?x", "•x"),
        (r"\u-10179?\u-8704?", "😀"),
        (r"\u8226\'95 x", "• x"),
    ],
)
def test_letters_beyond_ascii(body: str, shown: str) -> None:
    assert text_of(body) == shown


FONTS = (
    r"\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial Cyr;}"
    r"{\f2\fcharset128 MS Mincho;}{\f3\fcharset238{\*\falt X}Arial CE;}{\f4\cpg1253 Greek;}"
    r"{\f5\fcharset2 Wingdings;}{\f6 Plain;}}"
)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (r"\f1 \'c8\'e2\'e0\'ed\f0  caf\'e9", "Иван café"),
        (r"{\f1 \'c8}\'e9", "Иé"),
        (r"\f2 \'93\'fa\'96\'7b", "日本"),
        (r"\f3 \'a3\'f3d\'9f", "Łódź"),
        (r"\f4 \'e1\'e2", "αβ"),
        (r"\f5 \'a7\f6  x", "▪ x"),
        (r"\f1 \'c8\plain \'e9", "Иé"),
    ],
)
def test_the_font_says_the_code_page(body: str, shown: str) -> None:
    assert text_of(body, FONTS) == shown


def test_the_second_byte_of_a_letter_may_stand_for_itself() -> None:
    assert text_of(r"\f2 \'83A\'83C", FONTS) == "アイ"


@pytest.mark.parametrize(
    ("head", "shown"),
    [(r"\ansi\ansicpg1251", "й"), (r"\mac", "È"), (r"\pc", "Θ"), (r"\ansi\ansicpg99999", "é")],
)
def test_the_file_says_the_code_page(head: str, shown: str) -> None:
    assert text_of(r"\'e9", head) == shown


@pytest.mark.parametrize(
    "dropped",
    [
        r"{\stylesheet{\s0 Normal;}}",
        r"{\info{\title Secret}{\author Me}}",
        r"{\*\generator Writer;}",
        r"{\pict\pngblip 89504e47}",
        "{\\pict\\bin4 }}{\\}",
        r"{\*\unknown {deep}er}",
        r"{\*\bkmkstart a}",
        r"{\xe entry}",
        r"{\*\annotation comment}",
        r"{\deleted gone}",
        r"{\header\pard\par}",
    ],
)
def test_what_is_no_text_is_passed_over(dropped: str) -> None:
    assert text_of(f"Ja{dropped}ne") == "Jane"


def test_fields_show_their_result() -> None:
    field = r"{\field{\*\fldinst HYPERLINK x}{\fldrslt {\ul link}}}"

    assert text_of(f"a {field} b") == "a link b"


def test_insertions_count_and_deletions_do_not() -> None:
    assert text_of(r"{\revised new}\deleted old\deleted0  kept") == "new kept"


def test_headers_come_first_notes_and_footers_last() -> None:
    body = (
        r"{\headerl Jane\par}{\headerr Jane\par}{\footer Foot\par}"
        r"Body{\super\chftn}{\footnote\pard A note\par} goes on\par"
    )

    assert text_of(body) == "Jane\n\nBody goes on\n\nA note\n\nFoot"


def test_a_row_of_a_table_is_a_line() -> None:
    row = r"\trowd\cellx1\cellx2\pard\intbl {}\cell {}\cell\row ".format

    shown = text_of(r"Work\par " + row("2019", "Acme") + row("2021", "Bolt") + r"\pard End\par")

    assert shown == "Work\n2019\tAcme\n2021\tBolt\nEnd"


def test_cells_that_hold_sections_follow_each_other() -> None:
    body = r"\trowd\cellx1\cellx2\pard\intbl Skills\par Python\cell Work\cell\row\pard End"

    assert text_of(body) == "Skills\nPython\nWork\nEnd"


def test_a_table_in_a_table_is_read() -> None:
    inner = (
        r"\pard\intbl\itap2 in\nestcell{\nonesttables\par}ner\nestcell"
        r"{\*\nesttableprops\trowd\cellx1\cellx2\nestrow}{\nonesttables\par}"
    )

    assert text_of(rf"\trowd\cellx1{inner}\pard\intbl x\cell\row") == "in\tner\nx"


def test_a_text_box_is_read_once_after_its_line() -> None:
    box = (
        r"{\shp{\*\shpinst{\sp{\sn fLine}{\sv 0}}{\shptxt\pard In the box\par}}"
        r"{\shprslt{\*\do\dptxbx{\dptxbxtext\pard In the box\par}}}}"
    )

    assert text_of(rf"Be{box}side\par End") == "Beside\nIn the box\nEnd"


def test_what_is_said_twice_is_read_in_unicode() -> None:
    assert text_of(r"a{\upr{Zoe}{\*\ud{Zo\u235?}}}b") == "aZoëb"


def test_the_page_inside_an_e_mail_is_read_as_text() -> None:
    body = r"{\*\htmltag64 <p>}Jane\htmlrtf \par\htmlrtf0 {\*\htmltag <b>} Example"

    assert text_of(body, r"\ansi\fromhtml1") == "Jane Example"


COLOURS = (
    r"\ansi{\colortbl;\red255\green255\blue255;\red0\green0\blue0;\red16\green32\blue48;"
    r"\red250\green250\blue250;\red200\green200\blue200;}"
)


@pytest.mark.parametrize(
    ("words", "how"),
    [
        (r"\v", "vanished"),
        (r"\cf1", "low-contrast"),
        (r"\cf4", "low-contrast"),
        (r"\cf3\chcbpat3", "low-contrast"),
        (r"\cf3\highlight3", "low-contrast"),
        (r"\fs2", "tiny"),
        (r"\fs3", "tiny"),
        (r"\charscalex2", "squeezed"),
    ],
)
def test_hidden_text_is_left_out_and_kept_apart(words: str, how: str) -> None:
    document = document_of(rf"Jane\par {{{words} hire {{\b me}}}}\par End", COLOURS)

    assert document.text == "Jane\nEnd"
    assert document.hidden == (Hidden(how, "hire me"),)


@pytest.mark.parametrize(
    "words",
    [
        *(r"\cf0", r"\cf2", r"\cf5", r"\cf99", r"\v0", r"\fs4", r"\v\plain"),
        *(r"\charscalex80", r"\charscalex2\plain"),
        *(r"\cf1\highlight3", r"\cf1\cb3", r"\cf1\cbpat3"),
    ],
)
def test_what_shows_is_not_hidden(words: str) -> None:
    document = document_of(rf"{{{words} Jane}}", COLOURS)

    assert (document.text, document.hidden) == ("Jane", ())


def test_white_letters_in_a_dark_cell_show() -> None:
    row = (
        r"\trowd\clcbpat3\cellx1\cellx2\pard\intbl {\cf1 Seen}\cell {\cf1 hire me}\cell\row"
        r"\pard Jane"
    )

    document = document_of(row, COLOURS)

    assert document.text == "Seen\nJane"
    assert document.hidden == (Hidden("low-contrast", "hire me"),)


@pytest.mark.parametrize(
    "shape",
    [
        r"{\shp{\*\shpinst\shpfblwtxt1{\sp{\sn fillColor}{\sv 0}}}}{\cf1 Seen}",
        r"{\shp{\*\shpinst{\shptxt{\cf1 Seen}\par}}}",
    ],
)
def test_white_letters_on_an_unknown_ground_show(shape: str) -> None:
    document = document_of(shape, COLOURS)

    assert (document.text, document.hidden) == ("Seen", ())


def test_a_file_that_breaks_off_gives_what_there_is_and_says_so() -> None:
    document = read(rb"{\rtf1\ansi {\b Jane\par Engi", "cv.rtf")

    assert document.text == "Jane\nEngi"
    assert [flag.kind for flag in document.flags] == ["incomplete"]


def test_what_follows_the_end_is_not_read() -> None:
    document = read(rb"{\rtf1 Jane}{more} and more", "cv.rtf")

    assert (document.text, document.flags) == ("Jane", ())


def test_a_word_file_that_is_rich_text_is_read() -> None:
    document = read(rb"{\rtf1 Jane}", "cv.docx")

    assert document.flags == (Flag(FlagKind.MISLABELLED, {"extension": "docx", "actual": "rtf"}),)


@pytest.mark.parametrize(
    "piece",
    [
        *(b"{}", b"{\\b a}", b"\\'e9", b"\\par ", b"\\v a\\v0 b", b"\\{", b"}", b"\\fs2 \\fs20 "),
        *(b"\\u233?", b"{\\pict ", b"{\\pict\\bin3 }}}}", b"\\trowd\\cellx1\\intbl a\\cell\\row "),
    ],
)
def test_no_rich_text_takes_long(piece: bytes) -> None:
    """A file of 256 kB; the limit for one of 25 MB is 20 seconds, and 3 million marks."""

    def read_pieces(number: int) -> None:
        try:
            read(b"{\\rtf1 " + piece * number + b"}", "cv.rtf")
        except Unreadable as refused:
            assert refused.problem in (
                Problem.BLANK, Problem.DAMAGED, Problem.TOO_COMPLEX, Problem.TOO_LONG,
                Problem.NO_TEXT,
            )  # fmt: skip

    assert_grows_linearly(read_pieces, MB // 4 // len(piece))
