"""One part of a Word file (WordprocessingML, ECMA-376 part 1, chapter 17) to lines of text.

Each letter once, as Word shows and prints it. Deleted text, field codes, placeholders and the
fallback copies of drawings are left out, hidden text is set apart. `styles` decides whether a run
is seen.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lxml import etree

from candidates.reading.containers.package import attribute, child, local, own_text
from candidates.reading.document import Hidden
from candidates.reading.visibility import Line, colour, row_lines, symbol

from .styles import (
    UNSTYLED,
    DocxFill,
    DocxStyles,
    DocxSurroundings,
    DocxTextStyle,
    hiding_of,
    is_on,
    part_fills,
)

# Nothing in these is text of the document.
_DROPPED_ELEMENTS = """
del moveFrom delText instrText delInstrText fldData rPr pPr tblPr tblGrid tcPr trPr sectPr sdtPr
sdtEndPr binData annotationRef footnoteRef endnoteRef proofErr lastRenderedPageBreak
bookmarkStart bookmarkEnd docPart
"""
DROPPED_ELEMENTS = frozenset(_DROPPED_ELEMENTS.split())
SEPARATOR_TYPES = frozenset(("separator", "continuationSeparator", "continuationNotice"))
WRAPPERS = frozenset(("sdt", "sdtContent", "customXml", "ins", "moveTo"))
# Elements that another part of the file draws, and the attribute that refers to it.
REFERENCES = {"altChunk": "id", "relIds": "dm", "chart": "id"}


def no_other_parts(_key: str, _kind: str) -> list[str]:
    return []


@dataclass(slots=True)
class DocxText:
    """Text of parts; `hidden` gathers the text that Word does not show.

    `elsewhere` gives the lines of another part, by the id of the relation and the name of the
    element that refers to it; `prompts` gives the texts of empty content controls, by name.
    """

    styles: DocxStyles = field(default_factory=DocxStyles)
    surroundings: DocxSurroundings = field(default_factory=DocxSurroundings)
    other_part: Callable[[str, str], list[str]] = no_other_parts
    prompts: Callable[[], dict[str, str]] = dict
    hidden: list[Hidden] = field(default_factory=list)
    # Fields that have begun; True while they are at their code, which is not shown (17.16.18).
    codes: list[bool] = field(default_factory=list)

    def text(self, root: etree._Element) -> str:
        """Lines of a part: a paragraph or a row of a table each."""
        lines: list[str] = []
        self.codes = []
        self._blocks(root, lines, self.surroundings)
        return "\n".join(lines).strip("\n")

    # XML comes nested at most 256 deep, so recursion stays well under Python's limit.
    def _blocks(
        self, parent: etree._Element, lines: list[str], surroundings: DocxSurroundings
    ) -> None:
        for element in parent:
            name = local(element)
            if not name or name in DROPPED_ELEMENTS:
                continue
            if name == "p":
                text_style, ground = self.styles.paragraph(child(element, "pPr"), surroundings)
                self._line(list(element), lines, text_style, ground)
            elif name == "tbl":
                self._table(element, lines, surroundings)
            elif name == "AlternateContent":
                chosen = _chosen(element)
                if chosen is not None:
                    self._blocks(chosen, lines, surroundings)
            elif name in ("footnote", "endnote") and attribute(element, "type") in SEPARATOR_TYPES:
                continue
            elif name in ("r", "t"):
                text_style, ground = self.styles.paragraph(None, surroundings)
                self._line([element], lines, text_style, ground)
            elif name in REFERENCES:
                lines += self.other_part(attribute(element, REFERENCES[name]) or "", name)
            elif not self._is_placeholder(element):
                # Content controls, tracked insertions and the like stand around paragraphs.
                self._blocks(element, lines, surroundings)

    def _line(
        self,
        elements: list[etree._Element],
        lines: list[str],
        text_style: DocxTextStyle,
        surroundings: DocxSurroundings,
    ) -> None:
        line = Line()
        for element in elements:
            self._inline(element, line, text_style, surroundings)
        # A code that never ends must not swallow what follows.
        self.codes = [code for code in self.codes if not code]
        line.end(lines, self.hidden)

    def _inline(
        self,
        element: etree._Element,
        line: Line,
        text_style: DocxTextStyle,
        surroundings: DocxSurroundings,
    ) -> None:
        name = local(element)
        if not name or name in DROPPED_ELEMENTS:
            return
        if name == "r":
            run = self.styles.run(child(element, "rPr"), text_style)
            for inner in element:
                self._inline(inner, line, run, surroundings)
        elif name == "fldChar":
            self._field(element, line, hiding_of(text_style, surroundings))
        elif any(self.codes):
            return
        elif name in ("txbxContent", "txBody"):
            self._blocks(element, line.boxes, _in_box(element, text_style, surroundings))
        elif name == "p":  # of a drawing, whose paragraphs stand in no text box of Word's
            self._line(
                list(element), line.boxes, UNSTYLED, _in_box(element, text_style, surroundings)
            )
        elif name == "tbl":
            self._table(element, line.boxes, _in_box(element, text_style, surroundings))
        elif name == "AlternateContent":
            chosen = _chosen(element)
            for inner in chosen if chosen is not None else ():
                self._inline(inner, line, text_style, surroundings)
        elif name == "ruby":
            # The pronunciation stands before its base in the file and above it on the page.
            for part in ("rubyBase", "rt"):
                ruby_part = child(element, part)
                for inner in ruby_part if ruby_part is not None else ():
                    self._inline(inner, line, text_style, surroundings)
        elif name in REFERENCES:
            line.boxes += self.other_part(attribute(element, REFERENCES[name]) or "", name)
        else:
            written = _written(element, name)
            if written:
                line.add(written, hiding_of(text_style, surroundings))
            elif name != "t" and not self._is_placeholder(element):
                for inner in element:
                    self._inline(inner, line, text_style, surroundings)

    def _field(self, element: etree._Element, line: Line, hiding: str) -> None:
        kind = attribute(element, "fldCharType")
        if kind == "begin":
            entry = _chosen_entry(element)
            if entry and not any(self.codes):
                line.add(entry, hiding)
            self.codes.append(True)
        elif kind == "separate" and self.codes:
            self.codes[-1] = False
        elif kind == "end" and self.codes:
            self.codes.pop()

    def _table(
        self, table: etree._Element, lines: list[str], surroundings: DocxSurroundings
    ) -> None:
        text_style, ground, parts = self.styles.table(child(table, "tblPr"))
        surroundings = replace(
            surroundings.on(ground), text_style=surroundings.text_style.under(text_style)
        )
        rows = self._descend(table, "tr")
        for number, row in enumerate(rows):
            properties = child(row, "trPr")
            if child(properties, "del") is not None:
                continue
            unseen = child(properties, "hidden")
            cells = self._descend(row, "tc")
            texts = []
            for column, cell in enumerate(cells):
                fills = list(part_fills(parts, number, len(rows), column, len(cells)))
                within = self._in_cell(cell, surroundings, fills)
                if unseen is not None and is_on(unseen):
                    within = replace(within, hidden=True)
                inside: list[str] = []
                self._blocks(cell, inside, within)
                texts.append("\n".join(inside).strip("\n"))
            if unseen is None or any(texts):
                lines += row_lines(texts)

    def _in_cell(
        self, cell: etree._Element, surroundings: DocxSurroundings, fills: list[DocxFill]
    ) -> DocxSurroundings:
        own = self.styles.fill(child(child(cell, "tcPr"), "shd"))
        if own or not fills or surroundings.grounds is None:
            return surroundings.on(own)
        known = frozenset(fill.colour for fill in fills if fill.colour)
        unknown = any(fill.colour is None for fill in fills)
        return replace(surroundings, grounds=None if unknown else surroundings.grounds | known)

    def _descend(self, parent: etree._Element, name_looked_for: str) -> list[etree._Element]:
        """Rows or cells, also those inside content controls and tracked changes."""
        matches = []
        for element in parent:
            name = local(element)
            if name == name_looked_for:
                matches.append(element)
            elif name in WRAPPERS and not self._is_placeholder(element):
                matches += self._descend(element, name_looked_for)
        return matches

    def _is_placeholder(self, element: etree._Element) -> bool:
        """Whether it is a content control that is not filled in (17.5.2.39). Programs set the mark
        on filled ones too, so the style of placeholders has to be there as well, and the
        prompt where the file says what that is."""
        if local(element) != "sdt":
            return False
        properties = child(element, "sdtPr")
        shows = child(properties, "showingPlcHdr")
        if (
            shows is None
            or not is_on(shows)
            or not any(
                attribute(style, "val") in self.styles.placeholders
                for style in element.iter("{*}rStyle")
            )
        ):
            return False
        named = attribute(child(child(properties, "placeholder"), "docPart"), "val") or ""
        prompt = self.prompts().get(named)
        return prompt is None or prompt == letters_of(element)


def letters_of(element: etree._Element) -> str:
    """All letters in it, with no white space."""
    return "".join("".join(map(own_text, element.iter("{*}t"))).split())


def _in_box(
    element: etree._Element, text_style: DocxTextStyle, surroundings: DocxSurroundings
) -> DocxSurroundings:
    """The place inside a text box, whose ground is known only where it is filled plainly."""
    box = DocxSurroundings(grounds=None, hidden=surroundings.hidden or bool(text_style.vanish))
    shape = element.getparent()
    shape = None if shape is None else shape.getparent()
    filled = child(child(child(shape, "spPr"), "solidFill"), "srgbClr")
    if filled is None or len(filled):  # children of a colour change it
        return box
    return box.on(DocxFill(colour(attribute(filled, "val") or "")))


def _written(element: etree._Element, name: str) -> str:
    """The text that an element without structure puts into the line."""
    if name == "t":
        return own_text(element)
    if name in ("tab", "ptab"):
        return "\t"
    if name in ("br", "cr"):
        return "\n"
    if name == "noBreakHyphen":
        return "-"
    if name == "sym":
        code = attribute(element, "char") or ""
        return symbol(int(code, 16)) if code.isalnum() and _is_hex(code) else ""
    return ""


def _is_hex(digits: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in digits)


def _chosen_entry(begin: etree._Element) -> str:
    """The chosen entry of a drop-down field, which no run repeats (17.16.13)."""
    choice = child(child(begin, "ffData"), "ddList")
    entries = [] if choice is None else [entry for entry in choice if local(entry) == "listEntry"]
    picked = child(choice, "result")
    if picked is None:
        picked = child(choice, "default")
    number = attribute(picked, "val") or "0"
    if not number.isdecimal() or int(number) >= len(entries):
        return ""
    return attribute(entries[int(number)], "val") or ""


def _chosen(alternatives: etree._Element) -> etree._Element | None:
    """The first choice that holds anything, else the fallback: never both."""
    choices = [
        alternative
        for alternative in alternatives
        if local(alternative) == "Choice" and len(alternative)
    ]
    return choices[0] if choices else child(alternatives, "Fallback")
