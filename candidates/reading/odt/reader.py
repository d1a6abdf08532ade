"""OpenDocument text (.odt, and .fodt, the same in one file of XML) to text, with lxml.

Each letter once, as LibreOffice shows and prints it (ODF 1.3 part 3, chapters 4 to 10). Tracked
deletions, comments, titles of pictures and the sources of indexes are left out.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from candidates.reading.containers.package import (
    BROKEN_ARCHIVE,
    Package,
    attribute,
    child,
    local,
    own_text,
    parsed,
)
from candidates.reading.context import ReadingContext
from candidates.reading.document import Hidden
from candidates.reading.limits import MAX_CHARACTERS
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.sniff import MANIFEST
from candidates.reading.visibility import Line, row_lines

from .styles import OdtStyles, OdtTextStyle

_DROPPED_ELEMENTS = """
tracked-changes annotation annotation-end sequence-decls variable-decls user-field-decls forms
dde-connection-decls table-of-content-source illustration-index-source table-index-source
object-index-source user-index-source alphabetical-index-source bibliography-source title desc
note-citation binary-data event-listeners scripts settings image-map contour-polygon contour-path
glue-point number table-columns table-column table-header-columns placeholder script meta-body
"""
DROPPED_ELEMENTS = frozenset(_DROPPED_ELEMENTS.split())
PARAGRAPHS = frozenset(("p", "h"))
_SHAPES = """
custom-shape rect ellipse circle line polyline polygon path connector caption measure
regular-polygon
"""
SHAPES = frozenset(_SHAPES.split())
MARGINS = ("header", "header-first", "header-left", "footer", "footer-first", "footer-left")
ENCRYPTED_MEMBER = "encrypted-package"
ENCRYPTION = re.compile(rb"<(?:\w+:)?encryption-data\b")
BLANKS = re.compile(r"[ \t\r\n]+")
MAX_BLANKS = 1000  # in a row, as written by text:s


def parse(data: bytes, _context: ReadingContext) -> Parsed:
    """Headers, body, notes and footers, as one page. Raises Unreadable."""
    if data.startswith(b"PK"):
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                roots = _parts(Package(archive))
        except BROKEN_ARCHIVE as error:
            raise Unreadable(Problem.DAMAGED, f"ODT: {type(error).__name__}") from error
    else:
        roots = [parsed(data, "FODT")]
    words = _OdtText(OdtStyles(roots))
    page = words.page(roots)
    if len(page) > MAX_CHARACTERS:
        raise Unreadable(Problem.TOO_LONG, f"{len(page)} characters")
    pictures = any(True for root in roots for _ in root.iter("{*}image"))
    if not page.strip() and not words.hidden and pictures:
        raise Unreadable(Problem.NO_TEXT, "ODT")
    return Parsed("odt", (page,), hidden=tuple(words.hidden))


def _parts(package: Package) -> list[etree._Element]:
    """The content and, where there are any, the styles with headers and footers."""
    if package.has(ENCRYPTED_MEMBER):
        raise Unreadable(Problem.ENCRYPTED, ENCRYPTED_MEMBER)
    # Its text will do: old programs wrote manifests that are no XML with namespaces.
    if package.has(MANIFEST) and ENCRYPTION.search(package.bytes_of(MANIFEST)):
        raise Unreadable(Problem.ENCRYPTED, "by its manifest")
    names = ["content.xml"]
    if package.has("styles.xml"):
        names.append("styles.xml")
    return [package.part(name) for name in names]


class _OdtText:
    """Text of one file; `hidden` gathers the text that is not shown. XML is nested at most 256
    deep, so recursion stays well under Python's limit."""

    def __init__(self, styles: OdtStyles) -> None:
        self.styles = styles
        self.paper = styles.paper()
        self.hidden: list[Hidden] = []
        self.notes: list[str] = []
        self.controls: dict[str, str] = {}

    def page(self, roots: list[etree._Element]) -> str:
        paper = self.paper
        body = next((element for root in roots for element in root.iter("{*}body")), None)
        text = None if body is None else child(body, "text")
        if text is None:
            raise Unreadable(Problem.DAMAGED, "no text in the ODT")
        self.controls = dict(_controls(text))
        shown: list[str] = []
        self._blocks(text, shown, paper)
        used = {
            name
            for style in self.styles.styles.values()
            if (name := attribute(style, "master-page-name"))
        }
        margins: dict[str, list[str]] = {"header": [], "footer": []}
        for master in self.styles.masters_used(used):
            for kind in MARGINS:
                margin = child(master, kind)
                if margin is not None and attribute(margin, "display") != "false":
                    lines: list[str] = []
                    self._blocks(margin, lines, paper)
                    margins[kind[:6]].append("\n".join(lines).strip("\n"))
        pieces = [
            *dict.fromkeys(margins["header"]),
            "\n".join(shown).strip("\n"),
            *self.notes,
            *dict.fromkeys(margins["footer"]),
        ]
        return "\n\n".join(piece for piece in pieces if piece)

    def _blocks(self, parent: etree._Element, lines: list[str], text_style: OdtTextStyle) -> None:
        for element in parent:
            name = local(element)
            if not name or name in DROPPED_ELEMENTS:
                continue
            if name in PARAGRAPHS:
                self._paragraph(element, lines, text_style)
            elif name == "table":
                self._table(element, lines, text_style)
            elif name in ("frame", "control", "g") or name in SHAPES:
                line = Line()
                self._inline(element, line, text_style)
                line.end(lines, self.hidden)
                if not "".join(line.shown).strip() and lines and not lines[-1]:
                    lines.pop()
            elif name == "section":
                hides = attribute(element, "display") == "none" or _is_true(element, "is-hidden")
                self._blocks(
                    element, lines, replace(text_style, vanished=True) if hides else text_style
                )
            else:
                self._blocks(element, lines, text_style)

    def _paragraph(
        self, paragraph: etree._Element, lines: list[str], text_style: OdtTextStyle
    ) -> None:
        # In a hidden section the paragraph is hidden too, whatever its own style says.
        styled = self.styles.styled(text_style, "paragraph", attribute(paragraph, "style-name"))
        hides = text_style.vanished or any(
            _is_true(mark, "is-hidden") for mark in paragraph.iter("{*}hidden-paragraph")
        )
        line = Line()
        self._content(paragraph, line, replace(styled, vanished=styled.vanished or hides))
        _trim(line)
        line.end(lines, self.hidden)

    def _content(self, element: etree._Element, line: Line, text_style: OdtTextStyle) -> None:
        """Text and children of something that holds running text."""
        hiding = text_style.hiding()
        _add(element.text, line, hiding)
        for inner in element:
            self._inline(inner, line, text_style)
            _add(inner.tail, line, hiding)

    def _inline(self, element: etree._Element, line: Line, text_style: OdtTextStyle) -> None:
        name = local(element)
        hiding = text_style.hiding()
        if not name or name in DROPPED_ELEMENTS:
            return
        if name == "s":
            count = attribute(element, "c") or "1"
            line.add(" " * min(int(count), MAX_BLANKS) if count.isdecimal() else " ", hiding)
        elif name == "tab":
            line.add("\t", hiding)
        elif name == "line-break":
            line.add("\n", hiding)
        elif name == "note":
            body = child(element, "note-body")
            inside: list[str] = []
            if body is not None:
                self._blocks(body, inside, replace(self.paper, vanished=text_style.vanished))
            self.notes.append("\n".join(inside).strip("\n"))
        elif name == "frame":
            self._frame(element, line, text_style)
        elif name in SHAPES:
            self._blocks(element, line.boxes, self._box(element, text_style))
        elif name == "hidden-text":
            hides = _is_true(element, "is-hidden")
            text = attribute(element, "string-value") or own_text(element)
            line.add(text, "vanished" if hides else hiding)
        elif name == "control":
            line.add(self.controls.get(attribute(element, "control") or "", ""), hiding)
        elif name in ("p", "h", "list", "table"):
            self._blocks_of(element, line, text_style)
        elif name in ("variable-set", "user-field-get") and attribute(element, "display") == "none":
            return
        else:
            if name in ("span", "ruby-base", "ruby-text"):
                styled = self.styles.styled(text_style, "text", attribute(element, "style-name"))
                text_style = replace(styled, vanished=styled.vanished or text_style.vanished)
            self._content(element, line, text_style)

    def _blocks_of(self, element: etree._Element, line: Line, text_style: OdtTextStyle) -> None:
        """Blocks where running text is expected, as in a group of shapes."""
        if local(element) in PARAGRAPHS:
            self._paragraph(element, line.boxes, text_style)
        elif local(element) == "table":
            self._table(element, line.boxes, text_style)
        else:
            self._blocks(element, line.boxes, text_style)

    def _frame(self, frame: etree._Element, line: Line, text_style: OdtTextStyle) -> None:
        """The first of a frame's contents that can be shown: the others stand in for it."""
        for element in frame:
            if local(element) == "text-box":
                self._blocks(element, line.boxes, self._box(frame, text_style))
                return
            if local(element) == "table":
                self._table(element, line.boxes, self._box(frame, text_style))
                return
            if local(element) in ("object", "image", "plugin", "applet"):
                return

    def _box(self, frame: etree._Element, text_style: OdtTextStyle) -> OdtTextStyle:
        box = OdtTextStyle(vanished=text_style.vanished, grounds=None)
        return self.styles.styled(box, "graphic", attribute(frame, "style-name"))

    def _table(self, table: etree._Element, lines: list[str], text_style: OdtTextStyle) -> None:
        text_style = self.styles.styled(text_style, "table", attribute(table, "style-name"))
        for row in _rows(table):
            here = self.styles.styled(text_style, "table-row", attribute(row, "style-name"))
            if attribute(row, "visibility") in ("collapse", "filter"):
                here = replace(here, vanished=True)
            texts = []
            for cell in row:
                name = local(cell)
                if name in ("table-cell", "covered-table-cell"):
                    named = attribute(cell, "style-name") or attribute(
                        row, "default-cell-style-name"
                    )
                    within = self.styles.styled(here, "table-cell", named)
                    if name == "covered-table-cell":
                        within = replace(within, vanished=True)
                    inside: list[str] = []
                    self._blocks(cell, inside, within)
                    texts.append("\n".join(inside).strip("\n"))
            if any(texts) or not here.vanished:
                lines += row_lines(texts)


def _rows(table: etree._Element) -> Iterator[etree._Element]:
    for element in table:
        if local(element) == "table-row":
            yield element
        elif local(element) in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows(element)


def _controls(text: etree._Element) -> Iterator[tuple[str, str]]:
    """The texts of the controls of forms, by the id that the body refers to."""
    forms = child(text, "forms")
    for control in forms.iter() if forms is not None else ():
        shown = next(
            (
                value
                for name in ("current-value", "value", "label")
                if (value := attribute(control, name))
            ),
            "",
        )
        key = attribute(control, "id")
        if key and shown and local(control) not in ("hidden", "password"):
            yield key, shown


def _add(text: str | None, line: Line, hiding: str) -> None:
    """Running text, whose white space counts as one blank (ODF 1.3 part 3, 6.1.2)."""
    if text:
        text = BLANKS.sub(" ", text)
        if text.startswith(" ") and _ends_blank(line):
            text = text[1:]
        if text:
            line.add(text, hiding)


def _ends_blank(line: Line) -> bool:
    return not line.shown or line.shown[-1].endswith((" ", "\n", "\t"))


def _trim(line: Line) -> None:
    if line.shown:
        line.shown[-1] = line.shown[-1].rstrip(" ")


def _is_true(element: etree._Element, name: str) -> bool:
    return attribute(element, name) == "true"
