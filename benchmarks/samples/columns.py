"""PDF layouts of two columns: hard for a reader, and what many people really send."""

from reportlab.lib.colors import HexColor, white
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    FrameBreak,
    NextPageTemplate,
    PageTemplate,
    Spacer,
)

from benchmarks.samples.bank import Person
from benchmarks.samples.ink import Ink, bind, head, ink, lines, page, recoloured, section, text

NARROW = 168.0
PALE = HexColor("#e9ecef")


def sidebar_left(person: Person) -> bytes:
    """A dark column on the left with the contact and the short lists in white."""
    pen = ink(person)
    on_dark = Ink(
        pen.colour,
        recoloured(pen.name, white, fontSize=18, leading=22, spaceAfter=3),
        recoloured(pen.headline, white, fontSize=10.5, leading=14),
        recoloured(pen.contact, white),
        recoloured(pen.heading, white),
        recoloured(pen.entry, white),
        recoloured(pen.meta, white),
        recoloured(pen.body, white),
        recoloured(pen.bullet, white, fontSize=9, leading=12.2, bulletColor=white),
    )
    aside = [*head(person, on_dark, contact=False), Spacer(1, 8), *_side(person, on_dark)]
    width, height = page(person)
    wide = width - NARROW

    def paint(canvas: Canvas, _: BaseDocTemplate) -> None:
        canvas.setFillColor(pen.colour)
        canvas.rect(0, 0, NARROW, height, stroke=0, fill=1)

    frames = [
        Frame(18, 36, NARROW - 32, height - 80, 0, 0, 0, 0),
        Frame(NARROW + 22, 36, wide - 58, height - 76, 0, 0, 0, 0),
    ]
    templates = [
        PageTemplate("first", frames, onPage=paint),
        PageTemplate("later", [frames[1]], onPage=paint),
    ]
    return bind(person, templates, [*aside, *_turn(), *_wide(person, pen)])


def sidebar_right(person: Person) -> bytes:
    """Name across the page, the short lists in a pale column on the right."""
    pen = ink(person)
    width, height = page(person)
    wide = width - NARROW
    deep = 104.0

    def paint(canvas: Canvas, _: BaseDocTemplate) -> None:
        canvas.setFillColor(PALE)
        canvas.rect(wide, 0, NARROW, height - deep, stroke=0, fill=1)

    def paint_later(canvas: Canvas, _: BaseDocTemplate) -> None:
        canvas.setFillColor(PALE)
        canvas.rect(wide, 0, NARROW, height, stroke=0, fill=1)

    small = ink(person, size=9)

    def write(canvas: Canvas, _: BaseDocTemplate) -> None:
        # Drawn last: the file's own order is name, story, lists.
        narrow = Frame(wide + 16, 36, NARROW - 32, height - deep - 46, 0, 0, 0, 0)
        left_over = _side(person, small)
        narrow.addFromList(left_over, canvas)
        if left_over:
            raise ValueError(f"{person.file}: the short lists do not fit the narrow column.")

    first = [
        Frame(46, height - deep + 4, width - 92, deep - 40, 0, 0, 0, 0),
        Frame(46, 36, wide - 66, height - deep - 46, 0, 0, 0, 0),
    ]
    later = [Frame(46, 36, wide - 66, height - 86, 0, 0, 0, 0)]
    templates = [
        PageTemplate("first", first, onPage=paint, onPageEnd=write),
        PageTemplate("later", later, onPage=paint_later),
    ]
    top = [*head(person, pen, contact=False), *_turn()]
    return bind(person, templates, [*top, *_wide(person, pen)])


def two_columns(person: Person) -> bytes:
    """Name and contact on top, everything else in two even columns like a newspaper."""
    pen = ink(person, size=9.2)
    width, height = page(person)
    deep, gap = 84 * person.scale + 20, 24.0
    half = (width - 92 - gap) / 2

    def rule(canvas: Canvas, _: BaseDocTemplate) -> None:
        canvas.setStrokeColor(pen.colour)
        canvas.line(46, height - deep, width - 46, height - deep)

    def pair(top: float) -> list[Frame]:
        return [
            Frame(46 + place * (half + gap), 40, half, height - top - 50, 0, 0, 0, 0)
            for place in (0, 1)
        ]

    first = [Frame(46, height - deep, width - 92, deep - 34, 0, 0, 0, 0), *pair(deep)]
    templates = [
        PageTemplate("first", first, onPage=rule),
        PageTemplate("later", pair(34)),
    ]
    story: list[Flowable] = [*head(person, pen), *_turn()]
    flow = [flowable for part in person.sections for flowable in section(part, pen)]
    middle = _middle(flow, half)
    story += [*flow[:middle], FrameBreak(), *flow[middle:]]
    return bind(person, templates, story)


def _middle(flow: list[Flowable], width: float) -> int:
    """Where to turn to the right column: at the heading or post nearest to half the height."""
    heights = [flowable.wrap(width, 10_000)[1] for flowable in flow]
    turns = [
        place
        for place, flowable in enumerate(flow)
        if place
        and flowable.style.name in {"heading", "entry"}
        and flow[place - 1].style.name != "heading"
    ]
    return min(turns, key=lambda place: abs(sum(heights[:place]) - sum(heights[place:])))


def _turn() -> list[Flowable]:
    return [NextPageTemplate("later"), FrameBreak()]


def _side(person: Person, pen: Ink) -> list[Flowable]:
    plain = ParagraphStyle("side", pen.body, fontSize=8.6, leading=11.5)
    flow: list[Flowable] = [text("Contact", pen.heading)]
    flow += [text(piece, plain) for piece in person.contact]
    for part in person.side:
        flow += [text(part.title, pen.heading), *lines(part.lines, pen)]
    return flow


def _wide(person: Person, pen: Ink) -> list[Flowable]:
    flow: list[Flowable] = []
    for part in person.main:
        flow += section(part, pen)
    return flow
