"""HTML to text with lxml: what a browser would show, one line for each block."""

import re

from lxml import etree, html

from .clean import shortened
from .document import Flag
from .parsed import Parsed
from .plain import decode
from .problems import Problem, Unreadable

DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([a-zA-Z0-9_.:-]{2,40})""")
_UNSHOWN = """
script style head template noscript iframe object svg math audio video canvas select datalist
"""
_BLOCKS = """
address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption
figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr li main menu nav ol p pre section summary
table tbody tfoot thead tr ul
"""
_PARAGRAPHS = "blockquote dl h1 h2 h3 h4 h5 h6 ol p section table ul"
UNSHOWN = frozenset(_UNSHOWN.split())
BLOCKS = frozenset(_BLOCKS.split())
PARAGRAPHS = frozenset(_PARAGRAPHS.split())
CELLS = frozenset(("td", "th"))
AS_WRITTEN = frozenset(("pre", "textarea"))
HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
BLANKS = re.compile(r"\s+")
MOST_FLAGS = 20


def parse(data: bytes) -> Parsed:
    """All of it as one page. Raises Unreadable."""
    declared = DECLARED.search(data, 0, 2048)
    text, flags = decode(data, declared.group(1).decode("ascii") if declared else "")
    if not text.strip():
        raise Unreadable(Problem.BLANK)
    # Bytes of a known encoding, because lxml refuses text that declares one.
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=False
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.LxmlError as error:
        raise Unreadable(Problem.DAMAGED, f"HTML: {type(error).__name__}") from error
    if root is None:
        raise Unreadable(Problem.BLANK)
    page = _Page()
    _show(root, page)
    hidden = [one for one in page.hidden if one][:MOST_FLAGS]
    flags += tuple(Flag("hidden-text", shortened(one)) for one in hidden)
    return Parsed("html", (page.text(),), flags)


class _Page:
    """Lines as they come about; white space collapses as on a screen."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.hidden: list[str] = []

    def add(self, text: str, *, kept: bool) -> None:
        """Running text; `kept` where the source's own lines count."""
        if kept:
            first, *others = text.split("\n")
            self.line.append(first)
            for other in others:
                self.end_line()
                self.line.append(other)
        else:
            text = BLANKS.sub(" ", text)
            if not self.line or self.line[-1].endswith((" ", "\t")):
                text = text.removeprefix(" ")
            if text:
                self.line.append(text)

    def end_line(self) -> None:
        self.lines.append("".join(self.line).rstrip(" "))
        self.line = []

    def end_block(self, *, gap: bool) -> None:
        """End the line if there is one, with an empty one after it for a `gap`."""
        if any(piece.strip() for piece in self.line):
            self.end_line()
        self.line = []
        if gap and self.lines and self.lines[-1]:
            self.lines.append("")

    def text(self) -> str:
        self.end_block(gap=False)
        return "\n".join(self.lines)


def _show(root: etree._Element, page: _Page) -> None:
    """Fill `page` with what is shown. A walk and no recursion, for pages nest deeply."""
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            concealed = _concealed(element)
            if concealed or tag in UNSHOWN:
                if concealed:
                    page.hidden.append(" ".join("".join(element.itertext()).split()))
                walk.skip_subtree()
                continue
            if tag in BLOCKS:
                page.end_block(gap=tag in PARAGRAPHS)
            elif tag == "br":
                page.end_line()
            if element.text:
                page.add(element.text, kept=tag in AS_WRITTEN)
        else:
            if tag in CELLS and element.getnext() is not None:
                page.line.append("\t")
            elif tag in BLOCKS:
                page.end_block(gap=tag in PARAGRAPHS)
            parent = element.getparent()
            if element.tail and parent is not None:
                page.add(element.tail, kept=parent.tag in AS_WRITTEN)


def _concealed(element: etree._Element) -> bool:
    style = element.get("style")
    return "hidden" in element.attrib or (style is not None and HIDING.search(style) is not None)
