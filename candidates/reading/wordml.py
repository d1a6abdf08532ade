"""One part of a Word file (WordprocessingML, ECMA-376 part 1, chapter 17) to lines of text.

Each letter once: what Word shows and prints. Deleted text, field codes and the fallback copies of
drawings are left out, hidden text is set apart.
"""

from dataclasses import dataclass, field

from lxml import etree

# Nothing in these is text of the document.
_DROPPED = """
del moveFrom delText instrText delInstrText fldData rPr pPr tblPr tblGrid tcPr sectPr sdtPr
sdtEndPr fldChar binData annotationRef footnoteRef endnoteRef proofErr lastRenderedPageBreak
bookmarkStart bookmarkEnd docPart ffData
"""
DROPPED = frozenset(_DROPPED.split())
OFF = frozenset(("false", "0", "off"))
NOT_NOTES = frozenset(("separator", "continuationSeparator", "continuationNotice"))
# Word writes characters of symbol fonts at U+F000 and up; these are what bullets are made of.
SYMBOLS = {"B7": "•", "A7": "▪", "D8": "➢", "FC": "✓", "E0": "→", "6F": "□", "2D": "-"}


@dataclass(slots=True)
class _Line:
    """One line while it is put together, and the boxes anchored in it, which follow it."""

    seen: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)


class Words:
    """Text of parts; `hidden` gathers the lines, or pieces of them, that Word does not show.

    `hiding` holds the ids of the styles whose text is hidden.
    """

    def __init__(self, hiding: frozenset[str] = frozenset()) -> None:
        self.hiding = hiding
        self.hidden: list[str] = []

    def text(self, root: etree._Element) -> str:
        """Lines of a part: a paragraph or a row of a table each."""
        lines: list[str] = []
        self._blocks(root, lines)
        return "\n".join(lines).strip("\n")

    # lxml refuses XML nested more than 256 deep, so recursion stays well under Python's limit.
    def _blocks(self, parent: etree._Element, lines: list[str]) -> None:
        for child in parent:
            name = _name(child)
            if not name or name in DROPPED:
                continue
            if name == "p":
                self._line(list(child), lines, hidden=self._hides(_child(child, "pPr"), "pStyle"))
            elif name == "tbl":
                self._table(child, lines)
            elif name == "AlternateContent":
                chosen = _chosen(child)
                if chosen is not None:
                    self._blocks(chosen, lines)
            elif name in ("footnote", "endnote") and _attribute(child, "type") in NOT_NOTES:
                continue
            elif name in ("r", "t"):
                self._line([child], lines, hidden=False)
            else:
                # Content controls, tracked insertions and the like stand around paragraphs.
                self._blocks(child, lines)

    def _line(self, elements: list[etree._Element], lines: list[str], *, hidden: bool) -> None:
        line = _Line()
        for element in elements:
            self._inline(element, line, hidden=hidden)
        unseen = "".join(line.unseen)
        if unseen.strip():
            self.hidden.append(unseen)
        # A line that was hidden leaves no gap.
        if line.seen or not line.unseen:
            lines.append("".join(line.seen))
        lines += line.boxes

    def _inline(self, element: etree._Element, line: _Line, *, hidden: bool) -> None:
        name = _name(element)
        if not name or name in DROPPED:
            return
        out = line.unseen if hidden else line.seen
        if name == "t":
            out.append(_own_text(element))
        elif name in ("tab", "ptab"):
            out.append("\t")
        elif name in ("br", "cr"):
            out.append("\n")
        elif name == "noBreakHyphen":
            out.append("-")
        elif name == "sym":
            out.append(SYMBOLS.get((_attribute(element, "char") or "")[-2:].upper(), ""))
        elif name in ("txbxContent", "txBody"):
            self._blocks(element, line.boxes)
        elif name == "p":  # of a drawing, whose paragraphs stand in no text box of Word's
            self._line(list(element), line.boxes, hidden=hidden)
        elif name == "tbl":
            self._table(element, line.boxes)
        elif name == "AlternateContent":
            chosen = _chosen(element)
            for child in chosen if chosen is not None else ():
                self._inline(child, line, hidden=hidden)
        elif name == "ruby":
            # The pronunciation stands before its base in the file and above it on the page.
            for part in ("rubyBase", "rt"):
                found = _child(element, part)
                for child in found if found is not None else ():
                    self._inline(child, line, hidden=hidden)
        else:
            if name == "r":
                hidden = hidden or self._hides(_child(element, "rPr"), "rStyle")
            for child in element:
                self._inline(child, line, hidden=hidden)

    def _table(self, table: etree._Element, lines: list[str]) -> None:
        """A row of one-line cells is one line with tabs; in a table that only lays out a page the
        cells hold whole sections, and follow each other."""
        for row in _descend(table, "tr"):
            cells = []
            for cell in _descend(row, "tc"):
                inside: list[str] = []
                self._blocks(cell, inside)
                cells.append("\n".join(inside).strip("\n"))
            if any("\n" in cell for cell in cells):
                lines += [cell for cell in cells if cell.strip()]
            else:
                lines.append("\t".join(cells).rstrip("\t"))

    def _hides(self, properties: etree._Element | None, style: str) -> bool:
        if properties is None:
            return False
        if style == "rStyle":
            vanish = _child(properties, "vanish")
            if vanish is not None:
                return _is_on(vanish)
        named = _child(properties, style)
        return named is not None and _attribute(named, "val") in self.hiding


def styles_that_hide(styles: etree._Element) -> frozenset[str]:
    """Ids of the styles with hidden text, their own or of the style they are based on."""
    own: dict[str, bool] = {}
    based: dict[str, str] = {}
    for style in styles:
        if _name(style) != "style":
            continue
        key = _attribute(style, "styleId") or ""
        properties = _child(style, "rPr")
        vanish = None if properties is None else _child(properties, "vanish")
        if vanish is not None:
            own[key] = _is_on(vanish)
        parent = _child(style, "basedOn")
        if parent is not None:
            based[key] = _attribute(parent, "val") or ""

    def hides(key: str) -> bool:
        seen: set[str] = set()
        while key not in own and key in based and key not in seen:
            seen.add(key)
            key = based[key]
        return own.get(key, False)

    return frozenset(key for key in {*own, *based} if hides(key))


def _chosen(alternatives: etree._Element) -> etree._Element | None:
    """The first choice that holds anything, else the fallback: never both."""
    choices = [child for child in alternatives if _name(child) == "Choice" and len(child)]
    return choices[0] if choices else _child(alternatives, "Fallback")


def _descend(parent: etree._Element, wanted: str) -> list[etree._Element]:
    """Rows or cells, also those inside content controls and tracked changes."""
    found = []
    for child in parent:
        name = _name(child)
        if name == wanted:
            found.append(child)
        elif name in ("sdt", "sdtContent", "customXml", "ins", "moveTo"):
            found += _descend(child, wanted)
    return found


def _own_text(element: etree._Element) -> str:
    """Its text, around entities, which stay unresolved."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def _name(element: etree._Element) -> str:
    """The local name: the strict and the usual variant differ in their namespaces alone."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next((child for child in element if _name(child) == name), None)


def _attribute(element: etree._Element, name: str) -> str | None:
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return None


def _is_on(toggle: etree._Element) -> bool:
    return (_attribute(toggle, "val") or "true").lower() not in OFF
