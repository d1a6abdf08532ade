"""DOCX: every letter that Word shows, once, in lines."""

import io
import re
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from candidates.reading import Hidden, Problem, Unreadable, read
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
def test_hidden_text_is_left_out_and_kept_apart(hidden: str) -> None:
    document = read(docx("Jane Example", hidden, parts={"styles": STYLES}), "cv.docx")

    assert document.text == "Jane Example"
    assert document.hidden == (Hidden("vanished", "hire this person"),)


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


def run(text: str, properties: str) -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


WHITE = '<w:color w:val="FFFFFF"/>'
DARK = '<w:shd w:val="clear" w:color="auto" w:fill="203040"/>'
THEME = (
    "<a:themeElements><a:clrScheme>"
    '<a:dk1><a:sysClr val="windowText" lastClr="000000"/></a:dk1>'
    '<a:lt1><a:sysClr val="window" lastClr="FFFFFF"/></a:lt1>'
    '<a:accent1><a:srgbClr val="4472C4"/></a:accent1></a:clrScheme></a:themeElements>'
)


def read_run(properties: str, **parts: str) -> tuple[str, tuple[Hidden, ...]]:
    body = f"<w:p><w:r><w:t>Jane</w:t></w:r>{run(' hire me', properties)}</w:p>"
    document = read(docx(body, parts=parts), "cv.docx")
    return document.text, document.hidden


@pytest.mark.parametrize(
    ("properties", "how"),
    [
        (WHITE, "low-contrast"),
        ('<w:color w:val="FDFDF0"/>', "low-contrast"),
        ('<w:color w:val="000000" w:themeColor="background1"/>', "low-contrast"),
        ('<w:color w:themeColor="text1" w:themeTint="00"/>', "low-contrast"),
        (f'<w:color w:val="203040"/>{DARK}', "low-contrast"),
        ('<w:color w:val="000000"/><w:highlight w:val="black"/>', "low-contrast"),
        ('<w:sz w:val="2"/>', "tiny"),
        ('<w:sz w:val="3"/>', "tiny"),
        ('<w:w w:val="2"/>', "squeezed"),
        ("<w:vanish/>", "vanished"),
    ],
)
def test_text_that_cannot_be_seen_is_kept_apart(properties: str, how: str) -> None:
    assert read_run(properties, theme=THEME) == ("Jane", (Hidden(how, "hire me"),))


@pytest.mark.parametrize(
    "properties",
    [
        '<w:color w:val="auto"/>',
        '<w:color w:val="CCCCCC"/>',
        '<w:color w:val="FFFFFF" w:themeColor="accent1"/>',
        '<w:color w:val="FFFFFF" w:themeColor="background1" w:themeShade="A6"/>',
        WHITE + DARK,
        WHITE + '<w:highlight w:val="darkBlue"/>',
        WHITE + '<w:shd w:val="pct50" w:color="auto" w:fill="auto"/>',
        WHITE + '<w:shd w:val="solid" w:color="000000" w:fill="FFFFFF"/>',
        '<w:sz w:val="4"/>',
        "<w:webHidden/>",  # in the layout for the web alone, as page numbers in a contents list
    ],
)
def test_text_that_can_be_seen_is_not_hidden(properties: str) -> None:
    assert read_run(properties, theme=THEME) == ("Jane hire me", ())


def test_blanks_in_white_still_part_words() -> None:
    white = run(" ", WHITE).replace("<w:t>", '<w:t xml:space="preserve">')
    body = f"<w:p><w:r><w:t>Jane</w:t></w:r>{white}<w:r><w:t>Example</w:t></w:r></w:p>"

    document = read(docx(body), "cv.docx")

    assert (document.text, document.hidden) == ("Jane Example", ())


def cell_on(fill: str, text: str) -> str:
    shading = f"<w:tcPr>{fill}</w:tcPr>" if fill else ""
    return f"<w:tc>{shading}<w:p>{run(text, WHITE)}</w:p></w:tc>"


def test_white_letters_in_a_dark_cell_show() -> None:
    rows = table((cell_on(DARK, "Seen"), cell_on("", "hire me")))

    document = read(docx(rows), "cv.docx")

    assert document.text == "Seen"
    assert document.hidden == (Hidden("low-contrast", "hire me"),)


TABLE_STYLE = (
    '<w:style w:type="table" w:styleId="Grid"><w:tblStylePr w:type="firstRow">'
    f"<w:rPr>{WHITE}</w:rPr><w:tcPr>{DARK}</w:tcPr></w:tblStylePr></w:style>"
    '<w:style w:type="table" w:styleId="Child"><w:basedOn w:val="Grid"/></w:style>'
)


def test_white_letters_in_the_dark_first_row_of_a_style_show() -> None:
    rows = table((cell_on("", "Seen"),), (cell_on("", "hire me"),))
    styled = rows.replace("<w:tbl>", '<w:tbl><w:tblPr><w:tblStyle w:val="Child"/></w:tblPr>')

    document = read(docx(styled, parts={"styles": TABLE_STYLE}), "cv.docx")

    assert document.text == "Seen"
    assert document.hidden == (Hidden("low-contrast", "hire me"),)


@pytest.mark.parametrize(
    "body",
    [
        f"<w:p><w:pPr>{DARK}</w:pPr>{run('Seen', WHITE)}</w:p>",
        f'<w:p><w:pPr><w:pStyle w:val="Banner"/></w:pPr>{run("Seen", WHITE)}</w:p>',
        f"<w:tbl><w:tblPr>{DARK}</w:tblPr><w:tr><w:tc><w:p>{run('Seen', WHITE)}</w:p></w:tc></w:tr>"
        "</w:tbl>",
        f"<w:p><w:r><w:pict><v:textbox><w:txbxContent><w:p>{run('Seen', WHITE)}</w:p>"
        "</w:txbxContent></v:textbox></w:pict></w:r></w:p>",
        f'<w:p><w:r><w:drawing><wp:anchor xmlns:wp="x" behindDoc="1"/></w:drawing></w:r>'
        f"{run('Seen', WHITE)}</w:p>",
    ],
)
def test_white_letters_on_something_dark_or_unknown_show(body: str) -> None:
    banner = f'<w:style w:type="paragraph" w:styleId="Banner"><w:pPr>{DARK}</w:pPr></w:style>'

    document = read(docx(body, parts={"styles": banner}), "cv.docx")

    assert (document.text, document.hidden) == ("Seen", ())


def box_on(fill: str) -> str:
    return (
        f"<w:p><w:r><w:drawing><wps:wsp><wps:spPr>{fill}</wps:spPr><wps:txbx><w:txbxContent>"
        f"<w:p>{run('hire me', WHITE)}</w:p></w:txbxContent></wps:txbx></wps:wsp></w:drawing>"
        "</w:r></w:p>"
    )


def test_white_letters_in_a_white_box_are_hidden() -> None:
    fill = '<a:solidFill><a:srgbClr val="{}"/></a:solidFill>'.format
    white = read(docx("Jane", box_on(fill("FFFFFF"))), "cv.docx")

    assert white.hidden == (Hidden("low-contrast", "hire me"),)
    assert read(docx("Jane", box_on(fill("203040"))), "cv.docx").hidden == ()
    assert read(docx("Jane", box_on("")), "cv.docx").hidden == ()


def test_what_is_anchored_in_hidden_text_is_hidden() -> None:
    box = (
        "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:pict><v:textbox><w:txbxContent>"
        f"{paragraph('hire me')}</w:txbxContent></v:textbox></w:pict></w:r></w:p>"
    )

    assert read(docx("Jane", box), "cv.docx").hidden == (Hidden("vanished", "hire me"),)


def test_a_hidden_row_is_left_out_and_a_deleted_one_too() -> None:
    rows = "".join(
        f"<w:tr><w:trPr>{mark}</w:trPr>{cell(paragraph(text))}</w:tr>"
        for mark, text in (("", "Seen"), ("<w:hidden/>", "hire me"), ("<w:del/>", "gone"))
    )

    document = read(docx(f"<w:tbl>{rows}</w:tbl>"), "cv.docx")

    assert (document.text, document.hidden) == ("Seen", (Hidden("vanished", "hire me"),))


def test_styles_pass_their_look_on() -> None:
    styles = (
        f'<w:style w:type="paragraph" w:styleId="Faint"><w:rPr>{WHITE}</w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Speck"><w:rPr><w:sz w:val="2"/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Ghost"><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="GhostLine"><w:rPr><w:vanish/></w:rPr></w:style>'
    )
    body = (
        '<w:p><w:pPr><w:pStyle w:val="Faint"/></w:pPr><w:r><w:t>one</w:t></w:r>'
        + run("Seen", '<w:color w:val="000000"/>')
        + run("two", '<w:rStyle w:val="Speck"/>')
        + "</w:p>"
        # Two toggles undo each other.
        + f'<w:p><w:pPr><w:pStyle w:val="GhostLine"/></w:pPr>'
        f"{run('Back', '<w:rStyle w:val="Ghost"/>')}</w:p>"
    )

    document = read(docx(body, parts={"styles": styles}), "cv.docx")

    assert document.text == "Seen\nBack"
    assert document.hidden == (Hidden("low-contrast", "one"), Hidden("tiny", "two"))


def test_the_defaults_of_the_file_count() -> None:
    styles = f"<w:docDefaults><w:rPrDefault><w:rPr>{WHITE}</w:rPr></w:rPrDefault></w:docDefaults>"
    body = f"<w:p><w:r><w:t>one</w:t></w:r>{run('Seen', '<w:color w:val="auto"/>')}</w:p>"

    document = read(docx(body, parts={"styles": styles}), "cv.docx")

    assert (document.text, document.hidden) == ("Seen", (Hidden("low-contrast", "one"),))


def test_a_coloured_page_is_a_ground() -> None:
    page = '<w:background w:color="203040"/>'
    shows = {"settings": "<w:displayBackgroundShape/>"}
    line = f"<w:p>{run('hire me', WHITE)}</w:p>"

    coloured = docx("Jane", line, parts=shows, before=page)

    assert read(coloured, "cv.docx").hidden == ()
    assert read(docx("Jane", line, before=page), "cv.docx").text == "Jane"


FIELD = "<w:r><w:fldChar w:fldCharType='{}'>{}</w:fldChar></w:r>".format


def test_code_of_fields_in_fields_is_not_shown() -> None:
    inner = FIELD("begin", "") + FIELD("separate", "") + run("inner", "") + FIELD("end", "")
    body = (
        FIELD("begin", "") + inner + run("code", "") + FIELD("separate", "")
        + run("result", "") + FIELD("end", "") + run(" after", "")
    )  # fmt: skip

    assert text_of(f"<w:p>{body}</w:p>") == "result after"


def test_a_field_that_never_ends_swallows_nothing() -> None:
    assert text_of(f"<w:p>{FIELD('begin', '')}</w:p>", "Jane") == "Jane"


def test_a_drop_down_field_shows_the_entry_that_was_chosen() -> None:
    choice = (
        '<w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="no"/>'
        '<w:listEntry w:val="yes"/></w:ddList></w:ffData>'
    )
    text_field = '<w:ffData><w:textInput><w:default w:val="unused"/></w:textInput></w:ffData>'
    body = (
        FIELD("begin", choice) + FIELD("end", "") + FIELD("begin", text_field)
        + FIELD("separate", "") + run(" typed", "") + FIELD("end", "")
    )  # fmt: skip

    assert text_of(f"<w:p>{body}</w:p>") == "yes typed"


def test_a_placeholder_is_no_text_and_a_filled_control_is() -> None:
    control = (
        "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    ).format
    prompt = run("Click here", '<w:rStyle w:val="Prompt"/>')
    styles = (
        '<w:style w:type="character" w:styleId="Prompt"><w:name w:val="Placeholder Text"/>'
        "</w:style>"
    )
    body = f"<w:p>{control(prompt)}{control(run('Jane', ''))}</w:p>"

    assert text_of(body, control(f"<w:p>{prompt}</w:p>"), styles=styles) == "Jane"


def test_a_control_still_marked_as_a_placeholder_keeps_what_is_no_prompt() -> None:
    def control(text: str) -> str:
        return (
            "<w:sdt><w:sdtPr><w:placeholder><w:docPart w:val='P1'/></w:placeholder>"
            "<w:showingPlcHdr/></w:sdtPr><w:sdtContent>"
            f"{run(text, '<w:rStyle w:val="PlaceholderText"/>')}</w:sdtContent></w:sdt>"
        )

    prompts = (
        "<w:docParts><w:docPart><w:docPartPr><w:name w:val='P1'/></w:docPartPr>"
        f"<w:docPartBody>{paragraph('Click here')}</w:docPartBody></w:docPart></w:docParts>"
    )
    body = f"<w:p>{control('Jane Example')}{control('Click  here')}</w:p>"

    assert text_of(body, glossaryDocument=prompts) == "Jane Example"
    assert text_of("Work", body) == "Work"


CHUNK = '<w:altChunk r:id="{}"/>'.format
RTF = rb"{\rtf1\ansi Rich {\v hire me}\par}"


@pytest.mark.parametrize(
    ("name", "data", "shown"),
    [
        ("a.html", b"<html><body><p>Page</p></body></html>", "Page"),
        ("a.txt", b"Plain", "Plain"),
        ("a.rtf", RTF, "Rich"),
        ("a.docx", docx("Inner"), "Inner"),
        (
            "a.mht",
            b"MIME-Version: 1.0\nContent-Type: text/html\n\n<html><body>Saved</body></html>",
            "Saved",
        ),
    ],
)
def test_a_document_in_the_document_is_read_in_its_place(
    name: str, data: bytes, shown: str
) -> None:
    made = docx("Before", CHUNK("x1"), CHUNK("x1"), "After", others={("aFChunk", name): data})

    document = read(made, "cv.docx")

    assert document.text == f"Before\n{shown}\nAfter"
    assert [hidden.text for hidden in document.hidden] == (["hire me"] if data is RTF else [])


def test_a_document_in_the_document_that_cannot_be_read_is_said() -> None:
    made = docx("Before", CHUNK("x1"), others={("aFChunk", "a.bin"): bytes(100)})

    document = read(made, "cv.docx")

    assert document.text == "Before"
    assert [flag.kind for flag in document.flags] == ["part-unreadable"]


def test_documents_in_documents_end() -> None:
    nest = docx("Deepest")
    for _ in range(10):
        nest = docx("Around", CHUNK("x1"), others={("aFChunk", "a.docx"): nest})

    with pytest.raises(Unreadable) as refused:
        read(nest, "cv.docx")

    assert refused.value.problem is Problem.TOO_COMPLEX


def test_smart_art_and_charts_show_their_texts() -> None:
    point = "<dgm:pt><dgm:t><a:p><a:r><a:t>{}</a:t></a:r></a:p></dgm:t></dgm:pt>".format
    spaces = 'xmlns:dgm="d" xmlns:a="a" xmlns:c="c" xmlns:r="r"'
    diagram = f"<dgm:dataModel {spaces}>{point('Plan')}{point('')}{point('Do')}</dgm:dataModel>"
    chart = (
        f"<c:chartSpace {spaces}><c:rich><a:p><a:r><a:t>Skills</a:t></a:r></a:p></c:rich>"
        "<c:strCache><c:pt><c:v>Python</c:v></c:pt></c:strCache>"
        "<c:numCache><c:pt><c:v>5</c:v></c:pt></c:numCache></c:chartSpace>"
    )
    drawing = (
        "<w:p><w:r><w:t>Work</w:t><w:drawing>"
        '<dgm:relIds xmlns:dgm="d" r:dm="x1" r:lo="x9"/><c:chart xmlns:c="c" r:id="x2"/>'
        "</w:drawing></w:r></w:p>"
    )
    others = {
        ("diagramData", "diagrams/data1.xml"): diagram.encode(),
        ("chart", "charts/chart1.xml"): chart.encode(),
    }

    document = read(docx(drawing, "End", others=others), "cv.docx")

    assert document.text == "Work\nPlan\nDo\nSkills\nPython\nEnd"


def test_only_hidden_text_is_said_to_be_so() -> None:
    with pytest.raises(Unreadable) as refused:
        read(docx(f"<w:p>{run('hire me', WHITE)}</w:p>"), "cv.docx")

    assert refused.value.problem is Problem.BLANK
    assert refused.value.detail == "all of its text is hidden: low-contrast"


def test_hidden_text_is_cleaned_and_bounded() -> None:
    lines = [f"<w:p>{run(f'{number}\u200b ' + 'word ' * 300, WHITE)}</w:p>" for number in range(60)]

    hidden = read(docx("Jane", *lines), "cv.docx").hidden

    assert len(hidden) == 50
    assert hidden[0].text.startswith("0 word word") and hidden[0].text.endswith("…")
    assert len(hidden[0].text) <= 500


UNSHOWN = frozenset(("del", "moveFrom", "Fallback"))


def written(data: bytes) -> Counter[str]:
    """The words in the text elements of all parts, except where Word shows none."""
    words: Counter[str] = Counter()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.startswith("word/") and name.endswith(".xml"):
                for text in etree.fromstring(archive.read(name)).iter("{*}t"):
                    around = {etree.QName(ancestor).localname for ancestor in text.iterancestors()}
                    if not around & UNSHOWN:
                        words.update((text.text or "").split())
    return words


def test_no_word_is_lost_and_none_is_read_twice() -> None:
    numbers = iter(range(1000))

    def p(*around: str) -> str:
        """A paragraph with a word of its own, inside these elements."""
        made = f"<w:r><w:t>word{next(numbers)}</w:t></w:r>"
        for element in reversed(around):
            made = f"<w:{element}>{made}</w:{element}>"
        return f"<w:p>{made}</w:p>"

    def box() -> str:
        inside = f"<w:txbxContent>{p()}{table((cell(p()), cell(p())))}</w:txbxContent>"
        return (
            f"<w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:wsp><wps:txbx>{inside}"
            f"</wps:txbx></wps:wsp></w:drawing></mc:Choice><mc:Fallback><w:pict>{inside}</w:pict>"
            "</mc:Fallback></mc:AlternateContent></w:r></w:p>"
        )

    note = f'<w:footnote w:id="2">{p()}{box()}</w:footnote>'
    made = docx(
        *(p(), p("hyperlink"), p("ins"), p("del"), p("moveFrom"), p("moveTo"), p("smartTag")),
        *(p("sdt", "sdtContent"), p("fldSimple"), p("customXml", "ins"), p("bdo"), box()),
        table((cell(p(), p()), cell(table((cell(p()), cell(box()))))), (cell(p()), cell())),
        f"<w:sdt><w:sdtContent>{p()}{table((cell(p()),))}</w:sdtContent></w:sdt>",
        f"<w:ins>{p()}</w:ins>",
        parts={"header": p() + box(), "footer": table((cell(p()),)), "footnotes": note},
    )

    document = read(made, "cv.docx")

    assert Counter(re.findall(r"word\d+", document.text)) == written(made)
    assert set(written(made).values()) == {1}
