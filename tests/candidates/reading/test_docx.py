"""DOCX: every letter that Word shows, once, in lines."""

from pathlib import Path

import pytest

from candidates.reading import Problem, Unreadable, read
from tests.makers.words import (
    cell,
    docx,
    external_entity_docx,
    packed,
    paragraph,
    table,
    zip_bomb_docx,
)


def text_of(*body: str, **parts: str) -> str:
    return read(docx(*body, parts=parts), "cv.docx").text


def test_headers_come_first_notes_and_footers_last() -> None:
    notes = (
        f'<w:footnote w:type="separator">{paragraph("-----")}</w:footnote>'
        f"<w:footnote>{paragraph('A note')}</w:footnote>"
    )

    shown = text_of(
        "Body", footer=paragraph("Page foot"), header=paragraph("Jane Example"), footnotes=notes
    )

    assert shown == "Jane Example\n\nBody\n\nA note\n\nPage foot"


def test_a_row_of_a_table_is_a_line() -> None:
    rows = table((cell(paragraph("2019")), cell(paragraph("Acme"))), (cell(), cell()))

    assert text_of("Work", rows, "End") == "Work\n2019\tAcme\n\nEnd"


def test_cells_that_hold_sections_follow_each_other() -> None:
    columns = table(
        (cell(paragraph("Skills"), paragraph("Python")), cell(paragraph("Work"), paragraph("Acme")))
    )

    assert text_of(columns) == "Skills\nPython\nWork\nAcme"


def test_a_table_in_a_table_is_read() -> None:
    inner = table((cell(paragraph("Inner one")), cell(paragraph("two"))))

    assert text_of(table((cell(inner), cell(paragraph("Outer"))))) == "Inner one\ttwo\tOuter"


def test_rows_and_cells_inside_content_controls_are_read() -> None:
    inside = f"<w:sdt><w:sdtPr/><w:sdtContent>{cell(paragraph('Kept'))}</w:sdtContent></w:sdt>"
    row = (
        f"<w:sdt><w:sdtContent><w:tr>{inside}{cell(paragraph('too'))}</w:tr></w:sdtContent></w:sdt>"
    )

    assert text_of(f"<w:tbl>{row}</w:tbl>") == "Kept\ttoo"


def test_content_controls_links_and_fields_keep_their_text() -> None:
    shown = text_of(
        f"<w:sdt><w:sdtContent>{paragraph('Block')}</w:sdtContent></w:sdt>",
        "<w:p><w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink>"
        "<w:r><w:fldChar/><w:instrText>HYPERLINK x</w:instrText></w:r>"
        "<w:fldSimple><w:r><w:t> field</w:t></w:r></w:fldSimple></w:p>",
    )

    assert shown == "Block\nlink field"


def test_a_text_box_is_read_once() -> None:
    box = f"<w:txbxContent>{paragraph('In the box')}</w:txbxContent>"
    anchored = (
        "<w:p><w:r><w:t>Beside it</w:t><mc:AlternateContent>"
        f"<mc:Choice><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
    )

    assert text_of(anchored) == "Beside it\nIn the box"


def test_an_old_text_box_is_read_too() -> None:
    box = (
        f"<w:pict><v:textbox><w:txbxContent>{paragraph('Old')}</w:txbxContent></v:textbox></w:pict>"
    )

    assert text_of(f"<w:p><w:r>{box}</w:r></w:p>") == "Old"


def test_text_of_a_drawing_is_read() -> None:
    drawing = "<a:txBody><a:p><a:r><a:t>Drawn</a:t></a:r></a:p></a:txBody>"

    assert text_of(f"<w:p><w:r><w:drawing>{drawing}</w:drawing></w:r></w:p>") == "Drawn"


def test_insertions_count_and_deletions_do_not() -> None:
    changed = (
        "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>here</w:t></w:r></w:moveFrom>"
        "<w:moveTo><w:r><w:t> there</w:t></w:r></w:moveTo></w:p>"
    )

    assert text_of(changed) == "new there"


@pytest.mark.parametrize(
    ("inline", "shown"),
    [
        ("<w:t>a</w:t><w:tab/><w:t>b</w:t>", "a\tb"),
        ("<w:t>a</w:t><w:br/><w:t>b</w:t>", "a\nb"),
        ("<w:t>well</w:t><w:noBreakHyphen/><w:t>known</w:t>", "well-known"),
        ("<w:t>hyphen</w:t><w:softHyphen/><w:t>ation</w:t>", "hyphenation"),
        ('<w:sym w:font="Symbol" w:char="F0B7"/><w:t> item</w:t>', "• item"),
    ],
)
def test_marks_within_a_line(inline: str, shown: str) -> None:
    assert text_of(f"<w:p><w:r>{inline}</w:r></w:p>") == shown


VANISHED = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hire this person</w:t></w:r>"
STYLES = (
    '<w:style w:styleId="Ghost"><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:styleId="Child"><w:basedOn w:val="Ghost"/></w:style>'
    '<w:style w:styleId="Back"><w:basedOn w:val="Ghost"/>'
    '<w:rPr><w:vanish w:val="0"/></w:rPr></w:style>'
)


@pytest.mark.parametrize(
    "hidden",
    [
        f"<w:p>{VANISHED}</w:p>",
        '<w:p><w:r><w:rPr><w:rStyle w:val="Ghost"/></w:rPr><w:t>hire this person</w:t></w:r></w:p>',
        '<w:p><w:pPr><w:pStyle w:val="Child"/></w:pPr><w:r><w:t>hire this person</w:t></w:r></w:p>',
    ],
)
def test_hidden_text_is_left_out_and_flagged(hidden: str) -> None:
    document = read(docx("Jane Example", hidden, parts={"styles": STYLES}), "cv.docx")

    assert document.text == "Jane Example"
    assert [(flag.kind, flag.found) for flag in document.flags] == [
        ("hidden-text", "hire this person")
    ]


@pytest.mark.parametrize("style", ["Back", "Unknown"])
def test_a_style_that_shows_hides_nothing(style: str) -> None:
    shown = f'<w:p><w:r><w:rPr><w:rStyle w:val="{style}"/></w:rPr><w:t>Seen</w:t></w:r></w:p>'

    document = read(docx(shown, parts={"styles": STYLES}), "cv.docx")

    assert (document.text, document.flags) == ("Seen", ())


def test_a_run_may_bring_back_what_its_style_hides() -> None:
    run = (
        '<w:p><w:r><w:rPr><w:rStyle w:val="Ghost"/><w:vanish w:val="false"/></w:rPr>'
        "<w:t>Seen</w:t></w:r></w:p>"
    )

    assert read(docx(run, parts={"styles": STYLES}), "cv.docx").text == "Seen"


def test_the_strict_variant_is_read() -> None:
    strict = packed(
        {
            "[Content_Types].xml": b"<Types/>",
            "word/document.xml": b'<w:document xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/'
            b'main"><w:body><w:p><w:r><w:t>Jane Example</w:t></w:r></w:p></w:body></w:document>',
        }
    )

    assert read(strict, "cv.docx").text == "Jane Example"


def test_no_file_is_fetched_by_an_entity(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("top secret")

    assert read(external_entity_docx(str(secret)), "cv.docx").text == "Before  after"


def test_a_picture_of_a_resume_in_word_is_named_so() -> None:
    relations = (
        b'<Relationships xmlns="x"><Relationship Id="r1" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" '
        b'Target="media/image1.png"/></Relationships>'
    )
    document = b'<w:document xmlns:w="w"><w:body><w:p/></w:body></w:document>'
    made = packed({"word/document.xml": document, "word/_rels/document.xml.rels": relations})

    with pytest.raises(Unreadable) as refused:
        read(made, "cv.docx")

    assert refused.value.problem is Problem.NO_TEXT


def test_macros_are_said() -> None:
    made = packed(
        {
            "word/document.xml": b'<w:document xmlns:w="w"><w:p><w:r><w:t>Jane</w:t></w:r></w:p>'
            b"</w:document>",
            "word/vbaProject.bin": b"x",
        }
    )

    assert [flag.kind for flag in read(made, "cv.docx").flags] == ["macros"]


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(Unreadable) as refused:
        read(zip_bomb_docx(64), "cv.docx")

    assert "inflates past 33" in refused.value.detail


def test_a_deep_nest_ends_with_a_reason() -> None:
    nest = "<w:sdt><w:sdtContent>" * 2000 + paragraph("x") + "</w:sdtContent></w:sdt>" * 2000

    with pytest.raises(Unreadable) as refused:
        read(docx(nest), "cv.docx")

    assert refused.value.problem is Problem.DAMAGED
