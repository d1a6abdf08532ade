"""HTML to text with lxml: as a browser would show it, one line for each block.

`styles` decides whether text is seen.
"""

import re

from lxml import etree, html

from candidates.reading.context import ReadingContext
from candidates.reading.decoding import decode
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.visibility import VANISHED, runs

from .styles import HtmlTextStyle, style_sheet_of

DECLARED_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([a-zA-Z0-9_.:-]{2,40})""")
_UNSHOWN_TAGS = """
script style head template noscript iframe object svg math audio video canvas select datalist
"""
_BLOCK_TAGS = """
address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption
figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr li main menu nav ol p pre section summary
table tbody tfoot thead tr ul
"""
_PARAGRAPH_TAGS = "blockquote dl h1 h2 h3 h4 h5 h6 ol p section table ul"
UNSHOWN_TAGS = frozenset(_UNSHOWN_TAGS.split())
BLOCK_TAGS = frozenset(_BLOCK_TAGS.split())
PARAGRAPH_TAGS = frozenset(_PARAGRAPH_TAGS.split())
CELL_TAGS = frozenset(("td", "th"))
PREFORMATTED_TAGS = frozenset(("pre", "textarea"))
BLANKS = re.compile(r"\s+")


def parse(data: bytes, _context: ReadingContext) -> Parsed:
    """All of it as one page. Raises Unreadable."""
    declared = DECLARED_CHARSET.search(data, 0, 2048)
    text, flags = decode(data, declared.group(1).decode("ascii") if declared else "")
    if not text.strip():
        raise Unreadable(Problem.BLANK)
    # Bytes of a known encoding, because lxml refuses text that declares one.
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.LxmlError as error:
        raise Unreadable(Problem.DAMAGED, f"HTML: {type(error).__name__}") from error
    # Deeper than 2,048 elements the parser drops the rest; half a page is not given for a whole.
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
        raise Unreadable(Problem.TOO_COMPLEX, "HTML nested more than 2,048 deep")
    if root is None:
        raise Unreadable(Problem.BLANK)
    page = _HtmlPage()
    _show(root, page)
    text = page.text()
    return Parsed("html", (text,), flags, hidden=tuple(runs(page.hidden)))


class _HtmlPage:
    """The lines so far; white space collapses as on a screen."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.hidden: list[tuple[str, str]] = []  # (kind of hiding, text), "" for text that is seen

    def add(self, text: str, hiding: str, *, preformatted: bool) -> None:
        """Add running text; `hiding` is "" for text that is seen, `preformatted` says that the
        lines of the source count."""
        if hiding and text.strip():
            self.hidden.append((hiding, text))
        elif hiding == VANISHED:
            pass
        elif preformatted:
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
            if text.strip() and self.hidden and self.hidden[-1][0]:
                self.hidden.append(("", ""))  # the next hidden text is a piece of its own

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


def _show(root: etree._Element, page: _HtmlPage) -> None:
    """Fill `page` with the text that is shown. A walk, no recursion: pages nest deeply."""
    sheet = style_sheet_of(root)
    text_styles = [HtmlTextStyle(grounds=sheet.grounds)]
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            text_styles.append(sheet.text_style(element, text_styles[-1]))
            if tag in UNSHOWN_TAGS:
                walk.skip_subtree()
                continue
            if tag in BLOCK_TAGS and not text_styles[-1].away:
                page.end_block(gap=tag in PARAGRAPH_TAGS)
            elif tag == "br" and not text_styles[-1].away:
                page.end_line()
            if element.text:
                page.add(
                    element.text, text_styles[-1].hiding(), preformatted=tag in PREFORMATTED_TAGS
                )
        else:
            text_style = text_styles.pop()
            if text_style.away:
                if tag in BLOCK_TAGS and page.hidden:
                    page.hidden.append((page.hidden[-1][0], " "))
            elif tag in CELL_TAGS and element.getnext() is not None:
                page.line.append("\t")
            elif tag in BLOCK_TAGS:
                page.end_block(gap=tag in PARAGRAPH_TAGS)
            parent = element.getparent()
            if element.tail and parent is not None:
                page.add(
                    element.tail,
                    text_styles[-1].hiding(),
                    preformatted=parent.tag in PREFORMATTED_TAGS,
                )
