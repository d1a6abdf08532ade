"""HTML to text with lxml: what a browser would show, one line for each block."""

import re
from collections.abc import Iterator

from lxml import etree, html

from .clean import shortened
from .document import Flag
from .limits import MAX_CHARACTERS
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
    hidden: list[str] = []
    shown = "".join(_shown(root, hidden))
    lines = [line.strip(" ") for line in shown.split("\n")]
    hidden_flags = tuple(
        Flag("hidden-text", shortened(one)) for one in hidden[:MOST_FLAGS] if one.strip()
    )
    return Parsed("html", ("\n".join(lines),), flags + hidden_flags)


def _shown(root: etree._Element, hidden: list[str]) -> Iterator[str]:
    """Pieces of text in order; what is hidden goes to `hidden`. No recursion: pages nest deeply."""
    length = 0
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            concealed = _concealed(element)
            if concealed or tag in UNSHOWN:
                if concealed:
                    hidden.append(" ".join("".join(element.itertext()).split()))
                walk.skip_subtree()
            else:
                if tag in BLOCKS:
                    yield "\n\n" if tag in PARAGRAPHS else "\n"
                elif tag == "br":
                    yield "\n"
                yield from _pieces(element, element.text)
        else:
            if tag in CELLS and element.getnext() is not None:
                yield "\t"
            elif tag in BLOCKS:
                yield "\n"
            yield from _pieces(element.getparent(), element.tail if element is not root else None)
        length += len(element.text or "")
        if length > 4 * MAX_CHARACTERS:
            raise Unreadable(Problem.TOO_LONG, "HTML")


def _pieces(parent: etree._Element | None, text: str | None) -> Iterator[str]:
    if text:
        kept = parent is not None and parent.tag in ("pre", "textarea")
        yield text if kept else BLANKS.sub(" ", text)


def _concealed(element: etree._Element) -> bool:
    get = element.attrib.get
    style = get("style")
    return (
        "hidden" in element.attrib
        or (style is not None and HIDING.search(str(style)) is not None)
        or (element.tag == "input")
    )
