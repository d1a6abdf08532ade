"""Pages whose true reading order is known: résumés in one and in several columns, drawn in the
orders in which real programs draw them.

`TWO_COLUMNS` and `ONE_COLUMN` map a name to a function that returns (PDF, the words in the order in
which a person reads them).
"""

import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
PLAIN, BOLD = "Helvetica", "Helvetica-Bold"
_WORDS = """
designed built led tested measured shipped planned services payments platform customers warehouse
reports ledger pipeline schedule budget training suppliers quality safety release team of and for
with the in on reduced improved grew cost latency orders claims support network library database
"""
WORDS = _WORDS.split()
_SKILLS = """
Python PostgreSQL Django Docker Kubernetes Terraform Kafka Redis Excel Tableau SAP
Photoshop Figma Welding Forklift German French Spanish Negotiation Budgeting
"""
SKILLS = _SKILLS.split()
HEADINGS = ["Experience", "Education", "Projects", "Profile", "Awards", "Publications"]
ASIDE = ["Contact", "Skills", "Languages", "Interests", "Certificates", "References"]

Made = tuple[bytes, list[str]]


@dataclass
class Line:
    x: float
    y: float
    text: str
    font: str = PLAIN
    size: float = 10
    colour: str = "black"


@dataclass
class Sheet:
    """Lines in their true order; `draw` may store them in another one."""

    seed: int
    lines: list[Line] = field(default_factory=list)
    shapes: list[tuple[str, float, float, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def add(self, x: float, y: float, text: str, **style: object) -> None:
        self.lines.append(Line(x, y, text, **style))  # type: ignore[arg-type]

    def sentence(self, count: int) -> str:
        return " ".join(self.random.choice(WORDS) for _ in range(count))

    def paragraph(
        self,
        x: float,
        y: float,
        width: float,
        lines: int,
        size: float = 10,
        lead: float = 1.3,
        colour: str = "black",
        indent: float = 0,
    ) -> float:
        """Wrapped text from `y` down; returns where the next line would stand."""
        for _ in range(lines):
            text = self.random.choice(WORDS)
            while stringWidth(f"{text} {(word := self.random.choice(WORDS))}", PLAIN, size) < width:
                text += f" {word}"
            self.add(x + indent, y, text, size=size, colour=colour)
            y -= size * lead
        return y

    def heading(self, x: float, y: float, text: str, size: float = 12, **style: object) -> float:
        self.add(x, y, text, font=BOLD, size=size, **style)
        return y - size * 1.5

    def sidebar(
        self,
        x: float,
        y: float,
        sections: int = 4,
        size: float = 9,
        lead: float = 1.3,
        colour: str = "black",
        gap: float = 12,
        names: list[str] | None = None,
    ) -> float:
        for name in (names or ASIDE)[:sections]:
            y = self.heading(x, y, name, colour=colour)
            for _ in range(self.random.randint(3, 6)):
                self.add(x, y, self.random.choice(SKILLS), size=size, colour=colour)
                y -= size * lead
            y -= gap
        return y

    def main(
        self,
        x: float,
        y: float,
        width: float,
        sections: int = 3,
        size: float = 10,
        lead: float = 1.3,
        gap: float = 10,
        dates: str = "",
    ) -> float:
        for name in HEADINGS[:sections]:
            y = self.heading(x, y, name)
            for _ in range(2):
                start = self.random.randint(2001, 2020)
                role = f"{self.sentence(2).title()} Ltd"
                span = f"{start} - {start + 3}"
                if dates == "left":
                    self.add(x, y, span, size=size)
                    self.add(x + 75, y, role, font=BOLD, size=size)
                    y = self.paragraph(x + 75, y - size * lead, width - 80, 3, size, lead)
                else:
                    self.add(x, y, role, font=BOLD, size=size)
                    if dates == "right":
                        at = x + width - stringWidth(span, PLAIN, size)
                        self.add(at, y, span, size=size)
                    y = self.paragraph(x, y - size * lead, width, 3, size, lead)
                y -= gap / 2
            y -= gap
        return y

    def header(self, y: float = 790, x: float = 50) -> float:
        self.add(x, y, "Jane Example", font=BOLD, size=22)
        self.add(
            x, y - 22, "Engineer of many things | jane@example.com | +44 20 7946 0958 | London"
        )
        return y - 55

    def draw(self, order: str = "columns", rotate: int = 0, letters: bool = False) -> Made:
        """`order`: "columns" as added, "rows" by height, "shuffled", "headings" all bold first."""
        drawn = list(self.lines)
        if order == "rows":
            drawn.sort(key=lambda line: (-round(line.y), line.x))
        elif order == "shuffled":
            self.random.shuffle(drawn)
        elif order == "headings":
            drawn.sort(key=lambda line: line.font != BOLD)
        elif order == "backwards":
            drawn.reverse()
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=A4, invariant=1)
        for colour, *box in self.shapes:
            canvas.setFillColor(colour)
            canvas.rect(*box, stroke=0, fill=1)
        if rotate:  # the page is turned, and its content turned back
            canvas.setPageRotation(rotate)
            canvas.rotate(rotate)
            canvas.translate(*{90: (0, -HEIGHT), 180: (-WIDTH, -HEIGHT), 270: (-WIDTH, 0)}[rotate])
        for line in drawn:
            canvas.setFillColor(line.colour)
            canvas.setFont(line.font, line.size)
            if letters:
                x = line.x
                for letter in line.text:
                    canvas.drawString(x, line.y, letter)
                    x += stringWidth(letter, line.font, line.size)
            else:
                canvas.drawString(line.x, line.y, line.text)
        canvas.showPage()
        canvas.save()
        return out.getvalue(), " ".join(line.text for line in self.lines).split()


def left_sidebar(seed: int, order: str) -> Made:
    sheet = Sheet(seed)
    y = sheet.header()
    sheet.sidebar(50, y)
    sheet.main(200, y, 340)
    return sheet.draw(order)


def right_sidebar(seed: int, order: str) -> Made:
    sheet = Sheet(seed)
    y = sheet.header()
    sheet.main(50, y, 340)
    sheet.sidebar(430, y)
    return sheet.draw(order)


def equal_columns(seed: int, order: str) -> Made:
    sheet = Sheet(seed)
    y = sheet.header()
    sheet.main(50, y, 235, 3)
    sheet.main(310, y, 235, 3, size=9.5)
    return sheet.draw(order)


def dark_sidebar(seed: int, order: str) -> Made:
    sheet = Sheet(seed, shapes=[("#203040", 0, 0, 180, HEIGHT)])
    sheet.sidebar(30, 780, 5, colour="white")
    sheet.main(205, 780, 350)
    return sheet.draw(order)


def narrow_gutter(seed: int, order: str) -> Made:
    sheet = Sheet(seed)
    sheet.main(40, 780, 250, 3, size=9)
    sheet.main(303, 784, 250, 3, size=9)
    return sheet.draw(order)


def three_columns(seed: int, order: str) -> Made:
    sheet = Sheet(seed)
    y = sheet.header()
    sheet.sidebar(50, y, 4)
    sheet.main(165, y, 250, 3, size=9)
    sheet.sidebar(445, y, 3, names=ASIDE[3:])
    return sheet.draw(order)


def sidebar_and_dates(seed: int, order: str, dates: str) -> Made:
    sheet = Sheet(seed)
    y = sheet.header()
    sheet.sidebar(50, y, 5)
    sheet.main(190, y, 350, dates=dates)
    return sheet.draw(order)


def section_by_section(seed: int, order: str) -> Made:
    """Full-width headings and paragraphs, with two columns between them."""
    sheet = Sheet(seed)
    y = sheet.header()
    for name in HEADINGS[:3]:
        y = sheet.heading(50, y, name)
        y = sheet.paragraph(50, y, 490, 2)
        y -= 8
        left = sheet.paragraph(50, y, 225, 6)
        right = sheet.paragraph(310, y, 225, 5)
        y = min(left, right) - 14
    return sheet.draw(order)


def common_grid(seed: int, order: str) -> Made:
    """Both columns on the same lines, so that every line has one beside it."""
    sheet = Sheet(seed)
    y = sheet.header()
    for x, width in ((50, 230), (310, 230)):
        at = y
        for name in HEADINGS[:3] if x == 50 else HEADINGS[3:]:
            sheet.add(x, at, name, font=BOLD, size=10)
            at = sheet.paragraph(x, at - 13, width, 7)
    return sheet.draw(order)


def centred_sidebar(seed: int, order: str) -> Made:
    sheet = Sheet(seed)
    y = 780.0
    for name in ASIDE[:5]:
        sheet.add(110 - stringWidth(name, BOLD, 12) / 2, y, name, font=BOLD, size=12)
        y -= 18
        for _ in range(4):
            text = f"{sheet.random.choice(SKILLS)} {sheet.random.choice(SKILLS)}"
            sheet.add(110 - stringWidth(text, PLAIN, 9) / 2, y, text, size=9)
            y -= 12
        y -= 10
    sheet.main(205, 785, 340)
    return sheet.draw(order)


def bullets(seed: int, order: str) -> Made:
    sheet = Sheet(seed)
    y = sheet.header()
    for x, width, size in ((50, 150, 9), (240, 300, 10)):
        at = y
        for name in ASIDE[:3] if x == 50 else HEADINGS[:3]:
            at = sheet.heading(x, at, name)
            for _ in range(4):
                sheet.add(x, at, "•", size=size)
                at = sheet.paragraph(x + 12, at, width - 12, 1 + (size == 10), size)
            at -= 9
    return sheet.draw(order)


def with_footer(seed: int, order: str) -> Made:
    sheet = Sheet(seed)
    y = sheet.header()
    left = sheet.sidebar(50, y, 4)
    right = sheet.main(210, y, 330, 2)
    y = min(left, right) - 20
    sheet.paragraph(50, y, 490, 3)
    return sheet.draw(order)


def small_and_large(seed: int, order: str) -> Made:
    sheet = Sheet(seed)
    sheet.sidebar(45, 790, 6, size=8, lead=1.2)
    sheet.main(170, 780, 380, size=11, lead=1.45)
    return sheet.draw(order)


def rotated(seed: int, order: str, rotate: int) -> Made:
    sheet = Sheet(seed)
    sheet.sidebar(50, 780)
    sheet.main(200, 780, 340)
    return sheet.draw(order, rotate=rotate)


def letter_by_letter(seed: int, order: str) -> Made:
    sheet = Sheet(seed)
    y = sheet.header()
    sheet.sidebar(50, y)
    sheet.main(200, y, 340)
    return sheet.draw(order, letters=True)


TWO_COLUMNS: dict[str, Callable[[], Made]] = {
    "left sidebar, stored by columns": lambda: left_sidebar(1, "columns"),
    "left sidebar, stored by rows": lambda: left_sidebar(2, "rows"),
    "left sidebar, stored backwards": lambda: left_sidebar(3, "backwards"),
    "right sidebar, stored by rows": lambda: right_sidebar(4, "rows"),
    "right sidebar, shuffled": lambda: right_sidebar(5, "shuffled"),
    "equal columns, stored by rows": lambda: equal_columns(6, "rows"),
    "equal columns, shuffled": lambda: equal_columns(7, "shuffled"),
    "dark sidebar, stored by rows": lambda: dark_sidebar(8, "rows"),
    "narrow gutter, stored by rows": lambda: narrow_gutter(9, "rows"),
    "three columns, stored by rows": lambda: three_columns(10, "rows"),
    "sidebar and dates to the right, stored by rows": lambda: sidebar_and_dates(
        11, "rows", "right"
    ),
    "sidebar and dates to the left, stored by rows": lambda: sidebar_and_dates(12, "rows", "left"),
    "sidebar and dates to the right, stored by columns": lambda: sidebar_and_dates(
        13, "columns", "right"
    ),
    "two columns in each section, stored by rows": lambda: section_by_section(14, "rows"),
    "columns on a common grid, stored by rows": lambda: common_grid(15, "rows"),
    "centred sidebar, stored by rows": lambda: centred_sidebar(16, "rows"),
    "bullets in both columns, stored by rows": lambda: bullets(17, "rows"),
    "columns above a full-width end, headings first": lambda: with_footer(18, "headings"),
    "small beside large type, stored by rows": lambda: small_and_large(19, "rows"),
    "letter by letter, stored by rows": lambda: letter_by_letter(20, "rows"),
    "on a page turned by a quarter, stored by rows": lambda: rotated(21, "rows", 90),
    "on a page turned by three quarters, shuffled": lambda: rotated(22, "shuffled", 270),
}


def plain(seed: int, order: str, dates: str = "") -> Made:
    sheet = Sheet(seed)
    sheet.main(50, sheet.header(), 490, dates=dates)
    return sheet.draw(order)


def two_line_entries(seed: int) -> Made:
    """Employer and place on one line, role and dates on the next."""
    sheet = Sheet(seed)
    y = sheet.header()
    for name in HEADINGS[:2]:
        y = sheet.heading(50, y, name)
        for place in ("London, UK", "Berlin, Germany", "Remote"):
            for left, right in (
                (sheet.sentence(2).title(), place),
                ("Senior Engineer", "March 2015 - May 2019"),
            ):
                sheet.add(50, y, left, font=BOLD)
                sheet.add(540 - stringWidth(right, PLAIN, 10), y, right)
                y -= 13
            y = sheet.paragraph(62, y, 470, 2) - 6
    return sheet.draw("rows")


def labels(seed: int) -> Made:
    sheet = Sheet(seed)
    y = sheet.header()
    y = sheet.heading(50, y, "Skills")
    for name in ("Languages:", "Databases:", "Cloud:", "Tools:", "Methods:"):
        sheet.add(50, y, name, font=BOLD)
        sheet.add(150, y, ", ".join(sheet.random.sample(SKILLS, 5)))
        y -= 14
    sheet.main(50, y - 10, 490, 2)
    return sheet.draw("rows")


def hanging_headings(seed: int) -> Made:
    """Headings in the margin, once beside the first line of their section."""
    sheet = Sheet(seed)
    y = sheet.header()
    for name in HEADINGS[:4]:
        sheet.add(50, y, name, font=BOLD)
        y = sheet.paragraph(160, y, 380, 5) - 14
    return sheet.draw("rows")


def table(seed: int) -> Made:
    sheet = Sheet(seed)
    y = sheet.header()
    y = sheet.heading(50, y, "Education")
    for row in (
        ("Degree", "School", "Grade"),
        ("BSc Physics", "University of Leeds", "First"),
        ("MSc Computing", "University of York", "Merit"),
        ("A levels", "Park School", "AAB"),
    ):
        for x, cell in zip((50, 220, 420), row, strict=True):
            sheet.add(x, y, cell)
        y -= 15
    sheet.main(50, y - 10, 490, 2)
    return sheet.draw("rows")


ONE_COLUMN: dict[str, Callable[[], Made]] = {
    "plain": lambda: plain(31, "columns"),
    "plain, shuffled": lambda: plain(32, "shuffled"),
    "headings first": lambda: plain(33, "headings"),
    "dates to the right": lambda: plain(34, "rows", "right"),
    "dates to the right, stored backwards": lambda: plain(35, "backwards", "right"),
    "dates to the left": lambda: plain(36, "rows", "left"),
    "two-line entries": lambda: two_line_entries(37),
    "labels": lambda: labels(38),
    "headings in the margin": lambda: hanging_headings(39),
    "table": lambda: table(40),
}
