"""OpenDocument: every letter that LibreOffice shows, once, in lines."""

import pytest

from candidates.reading import Hidden, Problem, Unreadable, read
from candidates.reading.containers.archive import is_document
from tests.makers.opendocuments import MIME, NAMESPACES, flat_odt, odt
from tests.makers.words import packed


def text_of(*body: str, margins: str = "") -> str:
    return read(odt(*body, margins=margins), "cv.odt").text


def test_headings_lists_and_sections_are_lines() -> None:
    shown = text_of(
        "<text:h>Jane Example</text:h>",
        "<text:list><text:list-item><text:p>one</text:p></text:list-item>"
        "<text:list-item><text:p>two</text:p></text:list-item></text:list>",
        "<text:section><text:p>three</text:p></text:section>",
    )

    assert shown == "Jane Example\none\ntwo\nthree"


def test_headers_come_first_notes_and_footers_last() -> None:
    note = (
        "<text:note><text:note-citation>1</text:note-citation>"
        "<text:note-body><text:p>A note</text:p></text:note-body></text:note>"
    )

    shown = text_of(
        f"<text:p>Body{note}</text:p>",
        margins="<style:footer><text:p>Foot</text:p></style:footer>"
        "<style:header><text:p>Head</text:p></style:header>"
        "<style:header-left><text:p>Head</text:p></style:header-left>"
        '<style:header-first style:display="false"><text:p>Off</text:p></style:header-first>',
    )

    assert shown == "Head\n\nBody\n\nA note\n\nFoot"


def test_only_master_pages_in_use_are_read() -> None:
    other = (
        '</style:master-page><style:master-page style:name="Other"><style:header>'
        "<text:p>Elsewhere</text:p></style:header>"
    )
    used = '<style:style style:name="P1" style:family="paragraph" style:master-page-name="Other"/>'

    assert read(odt("Body", margins=other), "cv.odt").text == "Body"
    assert read(odt("Body", margins=other, automatic=used), "cv.odt").text == "Elsewhere\n\nBody"


@pytest.mark.parametrize(
    ("inline", "shown"),
    [
        ('a<text:s text:c="3"/>b', "a   b"),
        ("a<text:tab/>b<text:line-break/>c", "a\tb\nc"),
        ("  a \n  b <text:span> c</text:span> ", "a b c"),
        ("Jane <text:a>link</text:a> <text:span>Ex</text:span>ample", "Jane link Example"),
        ("a<office:annotation><text:p>comment</text:p></office:annotation>b", "ab"),
        ("<text:date>1 May</text:date>", "1 May"),
        ("a<text:soft-page-break/>b<text:bookmark/>", "ab"),
        ("<text:placeholder>&lt;Name&gt;</text:placeholder>x", "x"),
    ],
)
def test_marks_within_a_line(inline: str, shown: str) -> None:
    assert text_of(f"<text:p>{inline}</text:p>") == shown


def test_insertions_count_and_deletions_do_not() -> None:
    changes = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>old</text:p>"
        "</text:deletion></text:changed-region></text:tracked-changes>"
    )

    assert text_of(changes, "<text:p>a<text:change/>b<text:change-start/>new</text:p>") == "abnew"


def cell(*paragraphs: str) -> str:
    inside = "".join(f"<text:p>{paragraph}</text:p>" for paragraph in paragraphs)
    return f"<table:table-cell>{inside}</table:table-cell>"


def table(*rows: str) -> str:
    return f"<table:table>{''.join(f'<table:table-row>{row}</table:table-row>' for row in rows)}"\
        "</table:table>"  # fmt: skip


def test_a_row_of_a_table_is_a_line() -> None:
    covered = "<table:covered-table-cell/>"

    assert text_of(table(cell("2019") + cell("Acme"), cell("2021") + covered)) == (
        "2019\tAcme\n2021"
    )


def test_cells_that_hold_sections_follow_each_other() -> None:
    assert text_of(table(cell("Skills", "Python") + cell("Work"))) == "Skills\nPython\nWork"


def test_a_table_in_a_table_is_read() -> None:
    inner = table(cell("in") + cell("ner"))
    outer = f"<table:table-cell>{inner}</table:table-cell>{cell('Outer')}"

    assert text_of(table(outer)) == "in\tner\tOuter"


def test_text_boxes_and_shapes_are_read_once_after_their_line() -> None:
    frame = (
        "<draw:frame><draw:text-box><text:p>Boxed</text:p></draw:text-box>"
        "<draw:image><text:p>instead</text:p></draw:image><svg:title>title</svg:title></draw:frame>"
    )
    shape = "<draw:g><draw:rect><text:p>Drawn</text:p></draw:rect></draw:g>"

    assert text_of(f"<text:p>Be{frame}side{shape}</text:p>", "End") == "Beside\nBoxed\nDrawn\nEnd"
    assert text_of(frame, "End") == "Boxed\nEnd"


def test_controls_of_forms_show_their_value() -> None:
    form = (
        '<office:forms><form:form><form:text form:id="c1" form:current-value="Jane"/></form:form>'
        "</office:forms>"
    )

    assert text_of(form, '<text:p>Name: <draw:control draw:control="c1"/></text:p>') == "Name: Jane"


def style(name: str, properties: str, family: str = "text", also: str = "") -> str:
    return (
        f'<style:style style:name="{name}" style:family="{family}"{also}>{properties}</style:style>'
    )


LETTERS = "<style:text-properties {}/>".format
SPAN = '<text:p>Jane <text:span text:style-name="{}">hire me</text:span></text:p>'.format


@pytest.mark.parametrize(
    ("properties", "how"),
    [
        ('text:display="none"', "vanished"),
        ('fo:color="#ffffff"', "low-contrast"),
        ('fo:color="#fefefa"', "low-contrast"),
        ('fo:color="#102030" fo:background-color="#102030"', "low-contrast"),
        ('fo:font-size="1pt"', "tiny"),
        ('fo:font-size="5%"', "tiny"),
        ('style:text-scale="2%"', "squeezed"),
        ('fo:color="#102030" fo:opacity="0%"', "transparent"),
    ],
)
def test_hidden_text_is_left_out_and_kept_apart(properties: str, how: str) -> None:
    usual = (
        '<style:default-style style:family="paragraph"><style:text-properties '
        'fo:font-size="12pt"/></style:default-style>'
    )
    made = odt(SPAN("T1"), styles=usual, automatic=style("T1", LETTERS(properties)))

    document = read(made, "cv.odt")

    assert document.text == "Jane"
    assert document.hidden == (Hidden(how, "hire me"),)


@pytest.mark.parametrize(
    "properties",
    [
        'fo:color="#ffffff" fo:background-color="#203040"',
        'fo:color="#ffffff" style:use-window-font-color="true"',
        'fo:color="#cccccc"',
        'fo:font-size="8pt"',
        'fo:font-size="50%"',
        'style:text-scale="70%"',
        'style:use-window-font-color="true" fo:opacity="0%"',
    ],
)
def test_what_shows_is_not_hidden(properties: str) -> None:
    document = read(odt(SPAN("T1"), automatic=style("T1", LETTERS(properties))), "cv.odt")

    assert (document.text, document.hidden) == ("Jane hire me", ())


def test_white_letters_in_a_dark_cell_show() -> None:
    dark = style("C1", '<style:table-cell-properties fo:background-color="#203040"/>', "table-cell")
    white = style("T1", LETTERS('fo:color="#ffffff"'))
    row = f'<table:table-cell table:style-name="C1">{SPAN("T1")}</table:table-cell>'

    document = read(odt(table(row), automatic=dark + white), "cv.odt")

    assert (document.text, document.hidden) == ("Jane hire me", ())


def test_white_letters_in_a_box_of_unknown_ground_show() -> None:
    white = style("T1", LETTERS('fo:color="#ffffff"'))
    box = f"<draw:frame><draw:text-box>{SPAN('T1')}</draw:text-box></draw:frame>"

    assert read(odt(box, automatic=white), "cv.odt").hidden == ()


def test_styles_are_inherited() -> None:
    parent = style("Ghost", LETTERS('text:display="none"'), "paragraph")
    child = style("P1", "", "paragraph", ' style:parent-style-name="Ghost"')
    body = '<text:p text:style-name="P1">hire me</text:p>'

    document = read(odt("Jane", body, styles=parent, automatic=child), "cv.odt")

    assert (document.text, document.hidden) == ("Jane", (Hidden("vanished", "hire me"),))


@pytest.mark.parametrize(
    "hidden",
    [
        '<text:section text:display="none"><text:p>hire me</text:p></text:section>',
        '<text:p><text:hidden-paragraph text:is-hidden="true"/>hire me</text:p>',
        '<text:p><text:hidden-text text:is-hidden="true" text:string-value="hire me"/></text:p>',
        "<table:table><table:table-row table:visibility='collapse'><table:table-cell>"
        "<text:p>hire me</text:p></table:table-cell></table:table-row></table:table>",
    ],
)
def test_hidden_fields_sections_and_rows_are_kept_apart(hidden: str) -> None:
    document = read(odt("Jane", hidden, "End"), "cv.odt")

    assert (document.text, document.hidden) == ("Jane\nEnd", (Hidden("vanished", "hire me"),))


def test_the_flat_form_is_read() -> None:
    document = read(flat_odt("Jane Example", "<text:p>Engineer</text:p>"), "cv.fodt")

    assert (document.text, document.reader) == ("Jane Example\nEngineer", "odt")
    assert document.flags == ()


def test_a_picture_of_a_resume_is_named_so() -> None:
    with pytest.raises(Unreadable) as refused:
        read(odt("<text:p><draw:frame><draw:image/></draw:frame></text:p>"), "cv.odt")

    assert refused.value.problem is Problem.NO_TEXT


def test_a_deep_nest_ends_with_a_reason() -> None:
    with pytest.raises(Unreadable) as refused:
        read(odt("<text:section>" * 2000 + "</text:section>" * 2000), "cv.odt")

    assert refused.value.problem is Problem.DAMAGED


def test_one_that_was_packed_again_by_hand_is_known_by_its_manifest() -> None:
    manifest = f"<m:manifest xmlns:m='m'><m:file-entry m:media-type='{MIME}'/></m:manifest>"
    content = f"<office:x {NAMESPACES}><office:body><office:text><text:p>Jane</text:p>"
    content += "</office:text></office:body></office:x>"
    members = {"content.xml": content.encode(), "META-INF/manifest.xml": manifest.encode()}

    assert read(packed(members), "cv.odt").text == "Jane"
    assert is_document(set(members))
