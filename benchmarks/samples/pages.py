"""PDF layouts of one column: the words run from top to bottom as a reader would expect."""

from reportlab.lib.colors import HexColor, white
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    HRFlowable,
    KeepTogether,
    PageTemplate,
    Spacer,
    Table,
)

from benchmarks.samples.bank import Entry, Person, Section
from benchmarks.samples.ink import (
    Ink,
    bare,
    bind,
    head,
    ink,
    lines,
    page,
    recoloured,
    section,
    stacked,
    text,
)

LEVELS = {"expert": 1.0, "advanced": 0.8, "good": 0.6, "working knowledge": 0.45, "basic": 0.25}


def classic(person: Person) -> bytes:
    """Everything centred at the top, Times, a hairline under each heading."""
    pen = ink(person, font="Times", size=10.5, centred=True)
    width = page(person)[0] - 120
    flow: list[Flowable] = [*head(person, pen), Spacer(1, 4)]
    for part in person.sections:
        title, *rest = section(part, pen, width)
        rule = HRFlowable(
            width="100%", thickness=0.5, color=pen.colour, spaceBefore=0, spaceAfter=4
        )
        rule.keepWithNext = 1
        flow += [title, rule, *rest]
    return bind(person, [_single(person, 60, 56)], flow)


def modern(person: Person) -> bytes:
    """Helvetica, coloured headings in capitals, roles above places."""
    pen = ink(person)
    flow: list[Flowable] = [*head(person, pen)]
    flow.append(
        HRFlowable(width="100%", thickness=2, color=pen.colour, spaceBefore=4, spaceAfter=2)
    )
    for part in person.sections:
        flow += section(_capitals(part), pen)
    return bind(person, [_single(person, 56, 50)], flow)


def band(person: Person) -> bytes:
    """A coloured band across the top of the first page, name and contact in white on it."""
    pen = ink(person, size=9.8)
    width, height = page(person)
    deep = 92.0 * person.scale

    def paint(canvas: Canvas, _: BaseDocTemplate) -> None:
        canvas.setFillColor(pen.colour)
        canvas.rect(0, height - deep, width, deep, stroke=0, fill=1)

    on_dark = [
        text(person.name, recoloured(pen.name, white)),
        text(person.headline, recoloured(pen.headline, white)),
        text("  |  ".join(person.contact), recoloured(pen.contact, white)),
    ]
    top = Table([[on_dark]], colWidths=[width - 100], rowHeights=[deep - 14])
    top.setStyle(bare([("VALIGN", (0, 0), (-1, -1), "MIDDLE")]))
    flow: list[Flowable] = [top, Spacer(1, 10)]
    for part in person.sections:
        flow += section(part, pen, width - 100)
    first = Frame(50, 40, width - 100, height - 46, 0, 0, 0, 0)
    later = Frame(50, 40, width - 100, height - 90, 0, 0, 0, 0)
    templates = [
        PageTemplate("first", [first], onPage=paint, autoNextPageTemplate="later"),
        PageTemplate("later", [later]),
    ]
    return bind(person, templates, flow)


class Dot(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A filled dot on the line left of the text; takes no room."""

    def __init__(self, pen: Ink) -> None:
        super().__init__()
        self.pen = pen
        self.width = self.height = 0
        self.keepWithNext = 1

    def draw(self) -> None:
        self.canv.setFillColor(self.pen.colour)
        self.canv.circle(-12, -8, 3.2, stroke=0, fill=1)


def timeline(person: Person) -> bytes:
    """Dates in a column of their own beside a line with a dot for each post."""
    pen = ink(person)
    width = page(person)[0] - 104
    flow: list[Flowable] = [*head(person, pen), Spacer(1, 6)]
    for part in person.sections:
        if not part.entries:
            flow += section(part, pen)
            continue
        flow += [text(part.title, pen.heading), *lines(part.lines, pen)]
        for entry in part.entries:
            undated = stacked(Entry(entry.title, entry.place, "", entry.lines), pen)
            row = Table(
                [[text(entry.dates, pen.meta), [Dot(pen), *undated, Spacer(1, 5)]]],
                colWidths=[88, width - 88],
            )
            row.setStyle(
                bare(
                    [
                        ("LINEBEFORE", (1, 0), (1, -1), 1, pen.colour),
                        ("LEFTPADDING", (1, 0), (1, -1), 12),
                        ("RIGHTPADDING", (0, 0), (0, -1), 8),
                    ]
                )
            )
            flow.append(row)
    return bind(person, [_single(person, 52, 48)], flow)


def academic(person: Person) -> bytes:
    """Dense Times over two pages or so, running foot with the surname and the page number."""
    pen = ink(person, font="Times", size=10.8)
    width, _ = page(person)

    def foot(canvas: Canvas, document: BaseDocTemplate) -> None:
        canvas.setFont("Times-Italic", 9)
        canvas.drawCentredString(
            width / 2, 34, f"{person.surname}, Curriculum Vitae, {document.page}"
        )

    flow: list[Flowable] = [*head(person, pen)]
    for part in person.sections:
        flow += section(part, pen, width - 144)
    templates = _single(person, 72, 60)
    templates.onPage = foot
    return bind(person, [templates], flow)


def typewriter(person: Person) -> bytes:
    """Courier and nothing else."""
    pen = ink(person, font="Courier", size=9.6)
    flow: list[Flowable] = [*head(person, pen)]
    for part in person.sections:
        flow += section(_capitals(part), pen)
    return bind(person, [_single(person, 64, 60)], flow)


def grid(person: Person) -> bytes:
    """Section titles in a narrow left column, their content right of it, rules between."""
    pen = ink(person)
    width = page(person)[0] - 100
    rows: list[list[object]] = []
    ruled: list[tuple[object, ...]] = []
    for part in person.sections:
        ruled.append(("LINEABOVE", (0, len(rows)), (-1, len(rows)), 0.6, pen.colour))
        pieces = [lines(part.lines, pen)] if part.lines else []
        pieces += [stacked(entry, pen) for entry in part.entries]
        rows += [
            [text(part.title if not place else "", pen.entry), piece]
            for place, piece in enumerate(pieces)
        ]
    table = Table(rows, colWidths=[128, width - 128])
    table.setStyle(
        bare(
            [
                ("TOPPADDING", (0, 0), (-1, -1), 5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
                ("RIGHTPADDING", (0, 0), (0, -1), 10),
                *ruled,
            ]
        )
    )
    return bind(person, [_single(person, 50, 46)], [*head(person, pen), Spacer(1, 8), table])


class Bar(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A drawn level from 0 to 1; the word for it stands beside the bar."""

    def __init__(self, level: float, pen: Ink) -> None:
        super().__init__()
        self.level, self.pen = level, pen
        self.width, self.height = 96, 9

    def draw(self) -> None:
        self.canv.setFillColor(HexColor("#dddddd"))
        self.canv.roundRect(0, 0, 96, 6, 3, stroke=0, fill=1)
        self.canv.setFillColor(self.pen.colour)
        self.canv.roundRect(0, 0, 96 * self.level, 6, 3, stroke=0, fill=1)


def bars(person: Person) -> bytes:
    """Skills as drawn bars with their words, the rest in one column."""
    pen = ink(person)
    width = page(person)[0] - 104
    flow: list[Flowable] = [*head(person, pen), Spacer(1, 4)]
    for part in person.sections:
        levels = [line[2:].rsplit(": ", 1) for line in part.lines if line.startswith("- ")]
        drawn = bool(levels) and all(len(pair) == 2 and pair[1] in LEVELS for pair in levels)
        if not drawn:
            flow += section(part, pen, width)
            continue
        rows = [
            [text(skill, pen.body), Bar(LEVELS[level], pen), text(level, pen.contact)]
            for skill, level in levels
        ]
        table = Table(rows, colWidths=[150, 110, width - 260])
        table.setStyle(bare([("VALIGN", (0, 0), (-1, -1), "MIDDLE")]))
        flow += [text(part.title, pen.heading), table]
    return bind(person, [_single(person, 52, 48)], flow)


def cards(person: Person) -> bytes:
    """Each part of the résumé in a pale box with round corners."""
    pen = ink(person)
    width = page(person)[0] - 88
    flow: list[Flowable] = [*head(person, pen), Spacer(1, 8)]
    for part in person.sections:
        first: list[Flowable] = [text(part.title, pen.heading), *lines(part.lines, pen)]
        boxes = [first]
        for place, entry in enumerate(part.entries):
            if place == 0 and not part.lines:
                first += stacked(entry, pen)
            else:
                boxes.append(stacked(entry, pen))
        for content in boxes:
            box = Table([[content]], colWidths=[width])
            box.setStyle(
                bare(
                    [
                        ("BACKGROUND", (0, 0), (-1, -1), HexColor("#f1f2f5")),
                        ("ROUNDEDCORNERS", [6, 6, 6, 6]),
                        ("LEFTPADDING", (0, 0), (-1, -1), 12),
                        ("RIGHTPADDING", (0, 0), (-1, -1), 12),
                        ("TOPPADDING", (0, 0), (-1, -1), 5),
                        ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
                    ]
                )
            )
            flow += [KeepTogether([box]), Spacer(1, 6)]
    return bind(person, [_single(person, 44, 44)], flow)


def _single(person: Person, side: float, top: float) -> PageTemplate:
    width, height = page(person)
    return PageTemplate("page", [Frame(side, top, width - 2 * side, height - 2 * top, 0, 0, 0, 0)])


def _capitals(part: Section) -> Section:
    return Section(part.title.upper(), part.lines, part.entries)
