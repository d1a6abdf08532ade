"""What all PDF pens share: colours, paragraph styles and the flowing parts of a résumé."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from benchmarks.samples.bank import Entry, Person, Section

COLOURS = {
    "black": "#222222",
    "navy": "#1f3557",
    "teal": "#0f6b6b",
    "green": "#2c5e3f",
    "crimson": "#8c1c2e",
    "olive": "#5b5a1f",
    "steel": "#3d5a73",
    "plum": "#55305c",
    "rose": "#9c3f5b",
}
GREY = HexColor("#666666")


@dataclass(frozen=True)
class Ink:
    """Fonts, sizes (points) and colour of one résumé."""

    colour: Color
    name: ParagraphStyle
    headline: ParagraphStyle
    contact: ParagraphStyle
    heading: ParagraphStyle
    entry: ParagraphStyle
    meta: ParagraphStyle
    body: ParagraphStyle
    bullet: ParagraphStyle


def ink(
    person: Person, *, font: str = "Helvetica", size: float = 9.5, centred: bool = False
) -> Ink:
    """The styles of one résumé in one of the base-14 families."""
    plain, bold, slanted = {
        "Helvetica": ("Helvetica", "Helvetica-Bold", "Helvetica-Oblique"),
        "Times": ("Times-Roman", "Times-Bold", "Times-Italic"),
        "Courier": ("Courier", "Courier-Bold", "Courier-Oblique"),
    }[font]
    colour = HexColor(COLOURS[person.colour])
    size *= person.scale
    body = ParagraphStyle("body", fontName=plain, fontSize=size, leading=size * 1.38, spaceAfter=3)
    place = {"alignment": TA_CENTER} if centred else {}
    return Ink(
        colour=colour,
        name=ParagraphStyle(
            "name",
            fontName=bold,
            fontSize=size * 2.2,
            leading=size * 2.6,
            textColor=colour,
            **place,
        ),
        headline=ParagraphStyle("headline", body, fontSize=size * 1.2, leading=size * 1.6, **place),
        contact=ParagraphStyle("contact", body, fontSize=size * 0.92, textColor=GREY, **place),
        heading=ParagraphStyle(
            "heading",
            fontName=bold,
            fontSize=size * 1.18,
            leading=size * 1.5,
            textColor=colour,
            spaceBefore=size * 0.9,
            spaceAfter=size * 0.35,
            keepWithNext=1,
        ),
        entry=ParagraphStyle(
            "entry", body, fontName=bold, spaceBefore=3, spaceAfter=1, keepWithNext=1
        ),
        meta=ParagraphStyle("meta", body, fontName=slanted, textColor=GREY, keepWithNext=1),
        body=body,
        bullet=ParagraphStyle("bullet", body, leftIndent=11, bulletIndent=1, spaceAfter=2),
    )


def recoloured(style: ParagraphStyle, colour: Color, **more: object) -> ParagraphStyle:
    """The same style in another colour, for text on a dark ground."""
    return ParagraphStyle(f"{style.name}-{colour}", style, textColor=colour, **more)


def text(words: str, style: ParagraphStyle) -> Paragraph:
    """One paragraph; ValueError where the base-14 fonts lack a letter of it."""
    try:
        words.encode("cp1252")
    except UnicodeEncodeError as error:
        raise ValueError(f"{words!r} does not fit a PDF's own fonts. Make it a DOCX.") from error
    return Paragraph(escape(words), style)


def lines(written: Iterable[str], pen: Ink) -> list[Flowable]:
    """Paragraphs and bullets in the order in which they were written."""
    flow: list[Flowable] = []
    for line in written:
        if line.startswith("- "):
            text(line, pen.bullet)  # for the check of the letters alone
            flow.append(Paragraph(escape(line[2:]), pen.bullet, bulletText="•"))
        else:
            flow.append(text(line, pen.body))
    return flow


def stacked(entry: Entry, pen: Ink) -> list[Flowable]:
    """Role in bold, place and dates in grey below it, then the tasks."""
    flow: list[Flowable] = [text(entry.title, pen.entry)]
    below = "  ·  ".join(filter(None, (entry.place, entry.dates)))
    if below:
        flow.append(text(below, pen.meta))
    return [*flow, *lines(entry.lines, pen)]


def dates_right(entry: Entry, pen: Ink, width: float) -> list[Flowable]:
    """Role and place on the left, dates at the right margin, then the tasks."""
    who = f"<b>{escape(entry.title)}</b>"
    if entry.place:
        who += f", {escape(entry.place)}"
    when = ParagraphStyle("when", pen.meta, alignment=2)
    aside = 105.0
    row = Table(
        [[Paragraph(who, pen.body), text(entry.dates, when)]], colWidths=[width - aside, aside]
    )
    row.setStyle(
        bare([("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 2)])
    )
    row.keepWithNext = 1
    return [row, *lines(entry.lines, pen)]


def bare(more: list[tuple[object, ...]] | None = None) -> TableStyle:
    """A table without any padding; `more` commands are applied after."""
    return TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            *(
                (f"{edge}PADDING", (0, 0), (-1, -1), 0)
                for edge in ("LEFT", "RIGHT", "TOP", "BOTTOM")
            ),
            *(more or []),
        ]
    )


def section(part: Section, pen: Ink, width: float | None = None) -> list[Flowable]:
    """Heading, loose lines, entries; dates stand at the right margin where `width` is given."""
    flow: list[Flowable] = [text(part.title, pen.heading), *lines(part.lines, pen)]
    for entry in part.entries:
        flow += stacked(entry, pen) if width is None else dates_right(entry, pen, width)
    return flow


def head(person: Person, pen: Ink, *, contact: bool = True) -> list[Flowable]:
    """Name, headline and, by default, the contact line."""
    flow: list[Flowable] = [text(person.name, pen.name)]
    if person.headline:
        flow.append(text(person.headline, pen.headline))
    if contact:
        flow.append(text("  |  ".join(person.contact), pen.contact))
    return flow


def page(person: Person) -> tuple[float, float]:
    """Width and height in points."""
    width, height = LETTER if person.letter else A4
    return float(width), float(height)


def bind(person: Person, templates: list[PageTemplate], flow: list[Flowable]) -> bytes:
    """Set `flow` into the page templates and return the file, the same bytes every time."""
    if person.hidden:
        unseen = ParagraphStyle("unseen", fontName="Helvetica", fontSize=1, leading=1.2)
        flow = [*flow, Spacer(1, 4), text(person.hidden, recoloured(unseen, white))]
    out = io.BytesIO()
    document = BaseDocTemplate(
        out, pagesize=page(person), invariant=1, title=f"{person.name}, résumé", author=person.name
    )
    document.addPageTemplates(templates)
    document.build(flow)
    return out.getvalue()
