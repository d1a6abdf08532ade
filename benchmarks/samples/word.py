"""DOCX layouts: plain styles, tables, page headers, text boxes, shaded bands."""

import datetime as dt
import io
import zipfile
from xml.sax.saxutils import escape

import docx
from docx.document import Document
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Cm, Pt, RGBColor
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from lxml.etree import _Element

from benchmarks.samples.bank import Entry, Person, Section
from benchmarks.samples.ink import COLOURS

WRITTEN = dt.datetime(2026, 1, 15, 9, 0, tzinfo=dt.UTC)
type Place = Document | _Cell


def plain(person: Person) -> bytes:
    """Word's own styles as they come, headings and bulleted lists."""
    document = _blank(person, "Calibri")
    document.add_heading(person.name, level=0)
    if person.headline:
        document.add_paragraph(person.headline)
    document.add_paragraph(" | ".join(person.contact))
    for part in person.sections:
        document.add_heading(part.title, level=1)
        _loose(document, part.lines)
        for entry in part.entries:
            document.add_heading(entry.title, level=2)
            below = ", ".join(filter(None, (entry.place, entry.dates)))
            if below:
                document.add_paragraph().add_run(below).italic = True
            _loose(document, entry.lines)
    return _save(person, document)


def table(person: Person) -> bytes:
    """The whole page is a table of two cells: short lists on the left, the story on the right."""
    document = _blank(person, "Arial", 10.5)
    left, right = _two(document, 1, 5.2, 12.0).rows[0].cells
    _shade(left, "E8ECEF")
    _coloured(left.paragraphs[0], person.name, person, 17)
    _loose(left, [person.headline, *person.contact])
    for part in person.side:
        _heading(left, part, person)
        _loose(left, part.lines)
    right.paragraphs[0].paragraph_format.space_after = Pt(0)
    for part in person.main:
        _heading(right, part, person)
        _story(right, part)
    return _save(person, document)


def header(person: Person) -> bytes:
    """Name and contact stand in the page header, the page's purpose in the footer."""
    document = _blank(person, "Cambria", 11.5)
    top = document.sections[0].header
    _coloured(top.paragraphs[0], person.name, person, 20)
    for line in (person.headline, "  •  ".join(person.contact)):
        top.add_paragraph(line).paragraph_format.space_after = Pt(0)
    document.sections[0].footer.paragraphs[0].text = f"Curriculum vitae of {person.name}"
    for part in person.sections:
        _heading(document, part, person)
        _story(document, part)
    return _save(person, document)


def textbox(person: Person) -> bytes:
    """Contact and short lists float in a text box on the right."""
    document = _blank(person, "Verdana", 10)
    _coloured(document.add_paragraph(), person.name, person, 19)
    anchor = document.add_paragraph(person.headline)
    lines = [(f"<b>{escape('Contact')}</b>")] + [escape(piece) for piece in person.contact]
    for part in person.side:
        lines += ["", f"<b>{escape(part.title)}</b>"]
        lines += [escape(line.removeprefix("- ")) for line in part.lines]
    anchor._p.append(_box(lines, COLOURS[person.colour]))
    for part in person.main:
        _heading(document, part, person)
        _story(document, part)
    return _save(person, document)


def shaded(person: Person) -> bytes:
    """Headings are white on a coloured band, and so is the name."""
    document = _blank(person, "Calibri", 11.5)
    for words, size in (
        (person.name, 22),
        (person.headline, 12),
        ("  |  ".join(person.contact), 9),
    ):
        _band(document.add_paragraph(), words, person, size)
    for part in person.sections:
        document.add_paragraph().paragraph_format.space_after = Pt(0)
        _band(document.add_paragraph(), f" {part.title}", person, 11.5)
        _story(document, part)
    return _save(person, document)


def dates(person: Person) -> bytes:
    """Each section with posts is a table: dates on the left, role and bullets on the right."""
    document = _blank(person, "Georgia", 11)
    _coloured(document.add_paragraph(), person.name, person, 20)
    document.add_paragraph(person.headline)
    document.add_paragraph(" | ".join(person.contact))
    for part in person.sections:
        _heading(document, part, person)
        _loose(document, part.lines)
        if not part.entries:
            continue
        sheet = _two(document, len(part.entries), 3.2, 14.0)
        for entry, row in zip(part.entries, sheet.rows, strict=True):
            when, description = row.cells
            when.paragraphs[0].add_run(entry.dates).italic = True
            description.paragraphs[0].add_run(entry.title).bold = True
            if entry.place:
                description.paragraphs[0].add_run(f", {entry.place}")
            _loose(description, entry.lines)
    return _save(person, document)


def _blank(person: Person, font: str, size: float = 11) -> Document:
    document = docx.Document()
    document.styles["Normal"].font.name = font
    document.styles["Normal"].font.size = Pt(size)
    document.styles["Normal"].paragraph_format.space_after = Pt(4)
    for part in document.sections:
        if not person.letter:
            part.page_width, part.page_height = Cm(21), Cm(29.7)
        part.left_margin = part.right_margin = Cm(1.9)
        part.top_margin = part.bottom_margin = Cm(1.8)
    return document


def _two(document: Document, rows: int, left: float, right: float) -> Table:
    """An empty table of two columns, widths in cm."""
    sheet: Table = document.add_table(rows=rows, cols=2)
    sheet.autofit = False
    for row in sheet.rows:
        row.cells[0].width, row.cells[1].width = Cm(left), Cm(right)
    sheet.columns[0].width, sheet.columns[1].width = Cm(left), Cm(right)
    return sheet


def _loose(place: Place, lines: list[str]) -> None:
    for line in filter(None, lines):
        if line.startswith("- "):
            place.add_paragraph(line[2:], style="List Bullet").paragraph_format.space_after = Pt(2)
        else:
            place.add_paragraph(line)


def _story(place: Place, part: Section) -> None:
    _loose(place, part.lines)
    for entry in part.entries:
        _entry(place, entry)


def _entry(place: Place, entry: Entry) -> None:
    line = place.add_paragraph()
    line.paragraph_format.space_before = Pt(4)
    line.paragraph_format.keep_with_next = True
    line.add_run(entry.title).bold = True
    if entry.place:
        line.add_run(f", {entry.place}")
    if entry.dates:
        if isinstance(place, _Cell):
            line.add_run(f" ({entry.dates})").italic = True
        else:
            line.paragraph_format.tab_stops.add_tab_stop(Cm(17.2), WD_TAB_ALIGNMENT.RIGHT)
            line.add_run(f"\t{entry.dates}").italic = True
    _loose(place, entry.lines)


def _heading(place: Place, part: Section, person: Person) -> None:
    line = place.add_paragraph()
    line.paragraph_format.space_before = Pt(10)
    line.paragraph_format.keep_with_next = True
    _coloured(line, part.title.upper(), person, 11)


def _coloured(line: Paragraph, words: str, person: Person, size: float) -> None:
    run = line.add_run(words)
    run.bold = True
    run.font.size = Pt(size)
    run.font.color.rgb = RGBColor.from_string(COLOURS[person.colour][1:].upper())


def _band(line: Paragraph, words: str, person: Person, size: float) -> None:
    run = line.add_run(words)
    run.bold = size > 9
    run.font.size = Pt(size)
    run.font.color.rgb = RGBColor(255, 255, 255)
    line.paragraph_format.space_after = Pt(0)
    fill = COLOURS[person.colour][1:]
    line._p.get_or_add_pPr().append(
        parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{fill}"/>')
    )


def _shade(cell: _Cell, fill: str) -> None:
    cell._tc.get_or_add_tcPr().append(
        parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{fill}"/>')
    )


def _box(lines: list[str], colour: str) -> _Element:
    """A run with a VML text box, as Word has written it since 2007 (and still reads)."""
    inside = "".join(
        '<w:p><w:pPr><w:spacing w:after="40"/></w:pPr><w:r>'
        f'<w:rPr>{"<w:b/>" if line.startswith("<b>") else ""}<w:sz w:val="17"/></w:rPr>'
        f"<w:t>{line.removeprefix('<b>').removesuffix('</b>')}</w:t></w:r></w:p>"
        for line in lines
    )
    height = 18 + sum(13 * (1 + len(line) // 27) for line in lines)
    return parse_xml(
        f"<w:r {nsdecls('w')} xmlns:v='urn:schemas-microsoft-com:vml' "
        "xmlns:o='urn:schemas-microsoft-com:office:office' "
        "xmlns:w10='urn:schemas-microsoft-com:office:word'>"
        "<w:pict><v:rect "
        "style='position:absolute;margin-left:335pt;margin-top:-30pt;"
        f"width:150pt;height:{height}pt;z-index:1' fillcolor='#f4f4f4' strokecolor='{colour}'>"
        f"<v:textbox><w:txbxContent>{inside}</w:txbxContent></v:textbox>"
        "<w10:wrap type='square'/></v:rect></w:pict></w:r>"
    )


def _save(person: Person, document: Document) -> bytes:
    """The file with fixed dates inside and out: the same bytes every time."""
    about = document.core_properties
    about.author = about.last_modified_by = person.name
    about.title = f"{person.name}, résumé"
    about.comments = ""
    about.created = about.modified = WRITTEN
    raw, out = io.BytesIO(), io.BytesIO()
    document.save(raw)
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, (2026, 1, 15, 9, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name), compresslevel=9)
    return out.getvalue()
