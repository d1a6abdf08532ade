"""Characters of a .doc to lines: fields, tables and the control characters of Word.

`reader` finds the characters; this module does not know how a .doc is stored.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

FIELD_SIGNS = re.compile("[\x13\x14\x15]")
PARAGRAPH_ENDS = ("\r", "\x07", "\x0c")
# Line break, column break, hyphens that do not break and that may.
TEXT_OF_SIGN = {"\x0b": "\n", "\x0e": "\n", "\x1e": "-", "\x1f": "", "\t": "\t", "\n": "\n"}
BUTTON_FIELD = re.compile(r"\s*MACROBUTTON\s+\S+()\s+([^\x13-\x15]{1,500})", re.IGNORECASE)
PRONUNCIATION_FIELD = re.compile(
    r"\s*EQ\s.{0,100}\\o\s*\\ad\s*\(.{0,40}\(([^()]{1,100})\),([^()]{1,100})\)\s*$",
    re.IGNORECASE | re.DOTALL,
)
HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Formatting:
    """Formatting by the numbers of characters: the first, and the one after the last.

    `hidden` has a kind, which is "" for text that was deleted under tracked changes. `in_table`
    and `row_ends` are the last characters of paragraphs.
    """

    hidden: list[tuple[int, int, str]] = field(default_factory=list)
    symbols: dict[int, str] = field(default_factory=dict)
    in_table: set[int] = field(default_factory=set)
    row_ends: set[int] = field(default_factory=set)


def without_fields(text: str, parts: Sequence[int]) -> list[str]:
    """The characters, each field without its code (\\x13 code \\x14 result \\x15).

    `parts` are the places where a new part begins: a field ends in the part where it began, and
    one that has no end is none.
    """
    field_signs = [(match.start(), match.group()) for match in FIELD_SIGNS.finditer(text)]
    closed: set[int] = set()
    begun: list[int] = []
    part = 0
    for place, sign in field_signs:
        if bisect_right(parts, place) != part:
            part = bisect_right(parts, place)
            begun.clear()
        if sign == "\x13":
            begun.append(place)
        elif sign == "\x15" and begun:
            closed |= {begun.pop(), place}

    signs = list(text)
    in_code: list[bool] = []  # for each field that is open
    codes = 0
    code_from = 0
    for place, sign in field_signs:
        if sign == "\x13" and place in closed:
            if not codes:
                code_from = place
            in_code.append(True)
            codes += 1
        elif in_code and (sign == "\x14" or place in closed):
            if in_code[-1]:
                codes -= 1
                if not codes:
                    shown = _without_result(text[code_from + 1 : place]) if sign == "\x15" else ""
                    signs[code_from:place] = [shown, *[""] * (place - code_from - 1)]
            in_code[-1] = False
            if sign == "\x15":
                in_code.pop()
    return signs


def _without_result(code: str) -> str:
    """The text of a field without a result: the label of a button, a word and its pronunciation."""
    match = BUTTON_FIELD.match(code) or PRONUNCIATION_FIELD.match(code)
    return "".join(match.group(2, 1)) if match else ""


def lines(signs: Sequence[str], part: tuple[int, int], formatting: Formatting) -> str:
    """The lines of the characters from, up to: a paragraph each, or a row of a table.

    A row of one-line cells is one line with tabs; cells that hold more follow each other, as they
    do in a .docx.
    """
    first, end = part
    out = _Lines(formatting)
    text: list[str] = []
    for number in range(first, min(end, len(signs))):
        sign = signs[number]
        if sign in PARAGRAPH_ENDS:
            out.end_paragraph("".join(text), sign, number)
            text = []
        elif sign >= " ":
            text.append(sign)
        else:
            text.append(TEXT_OF_SIGN.get(sign, ""))
    out.end_paragraph("".join(text), "\r", end)
    out.end_row()
    text_of_part = "\n".join(out.lines).strip("\n")
    if HALF_CHARACTER.search(text_of_part):  # halves of rare characters stand one after the other
        text_of_part = text_of_part.encode("utf-16-le", "surrogatepass").decode(
            "utf-16-le", "replace"
        )
    return text_of_part


class _Lines:
    """The lines so far, with the row and the cell that are not complete yet."""

    def __init__(self, formatting: Formatting) -> None:
        self.formatting = formatting
        self.lines: list[str] = []
        self.row: list[str] = []
        self.cell: list[str] = []

    def end_paragraph(self, text: str, sign: str, number: int) -> None:
        if sign == "\x07":
            # Without formatting, as in Word 6, an empty cell after others ends a row.
            alone = not text and not self.cell and bool(self.row)
            if number in self.formatting.row_ends or (alone and not self.formatting.row_ends):
                self.end_row()
            else:
                self.row.append("\n".join([*self.cell, text]).strip("\n"))
                self.cell = []
        elif number in self.formatting.in_table:
            self.cell.append(text)
        else:
            self.end_row()
            self.lines.append(text)

    def end_row(self) -> None:
        cells = [*self.row, *self.cell]
        if any("\n" in cell for cell in cells):
            self.lines += [cell for cell in cells if cell.strip()]
        elif cells:
            self.lines.append("\t".join(cells).rstrip("\t"))
        self.row, self.cell = [], []
