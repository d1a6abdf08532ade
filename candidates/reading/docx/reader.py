"""DOCX to text: the order in which the parts of a package are read, and their references.

The parts are parsed with lxml and no Word library: those read paragraphs alone and lose tables,
text boxes and headers. `wordml` turns one part into lines.
"""

import email
import email.policy
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

from lxml import etree

from candidates.facts.flags import Flag, FlagKind
from candidates.reading.containers.package import (
    BROKEN_ARCHIVE,
    Package,
    Relation,
    attribute,
    child,
    local,
)
from candidates.reading.context import ReadingContext
from candidates.reading.document import Hidden
from candidates.reading.limits import MAX_CHARACTERS
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.sniff import FileKind, sniff
from candidates.reading.visibility import PAPER, Grounds, colour

from .styles import DocxStyles, DocxSurroundings, is_on
from .wordml import DocxText, letters_of

BODY_RELATION = "officeDocument"
NOTE_RELATIONS = ("footnotes", "endnotes")
MAX_DOCUMENT_DEPTH = 3  # documents in documents
MAX_CHUNKS = 50
CHUNK_KINDS = (FileKind.HTML, FileKind.RTF, FileKind.TEXT, FileKind.MARKDOWN)
MIME_START = re.compile(rb"\s*(?:MIME-Version|From|Content-Type|Subject):", re.IGNORECASE)


def parse(data: bytes, context: ReadingContext) -> Parsed:
    """Headers, body, notes and footers, as one page. Raises Unreadable."""
    return _parse(data, context, depth=0)


def _parse(data: bytes, context: ReadingContext, depth: int) -> Parsed:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _DocxFile(Package(archive), context, depth).read()
    except BROKEN_ARCHIVE as error:
        raise Unreadable(Problem.DAMAGED, f"DOCX: {type(error).__name__}") from error


class _DocxFile:
    """One package while it is read."""

    def __init__(self, package: Package, context: ReadingContext, depth: int) -> None:
        self.package = package
        self.context = context
        self.depth = depth
        self.flags: list[Flag] = []
        self.hidden: list[Hidden] = []
        self.done: set[str] = set()  # parts that others refer to, each of which is read once

    def read(self) -> Parsed:
        package = self.package
        main = next(
            (relation.path for relation in package.related("") if relation.kind == BODY_RELATION),
            "",
        )
        if not package.has(main):
            main = "word/document.xml"
        related = package.related(main)
        body = package.part(main)
        styles = DocxStyles(self._first(related, "styles"), self._first(related, "theme"))
        aside = {
            kind: [
                (path, package.part(path))
                for path in dict.fromkeys(
                    relation.path for relation in related if relation.kind == kind
                )
                if package.has(path)
            ]
            for kind in ("header", *NOTE_RELATIONS, "footer")
        }
        margins = [part for kind in ("header", "footer") for _, part in aside[kind]]
        surroundings = DocxSurroundings(
            self._paper(body, margins, self._first(related, "settings"))
        )

        @cache
        def prompts() -> dict[str, str]:
            return _prompts(self._first(related, "glossaryDocument"))

        def text(
            path: str, root: etree._Element, surroundings: DocxSurroundings = surroundings
        ) -> str:
            words = DocxText(styles, surroundings, self._elsewhere(path), prompts, self.hidden)
            return words.text(root)

        def texts(kind: str) -> Iterator[str]:
            # Those of first, odd and even pages often repeat each other.
            return iter(dict.fromkeys(text(path, root) for path, root in aside[kind]))

        headers = list(texts("header"))
        shown = text(main, body)
        notes = [note for kind in NOTE_RELATIONS for note in texts(kind)]
        pieces = [piece for piece in (*headers, shown, *notes, *texts("footer")) if piece]
        page = "\n\n".join(pieces)
        if len(page) > MAX_CHARACTERS:
            raise Unreadable(Problem.TOO_LONG, f"{len(page)} characters")
        if (
            not page.strip()
            and not self.hidden
            and any(relation.kind == "image" for relation in related)
        ):
            raise Unreadable(Problem.NO_TEXT, "DOCX")
        if any(name.endswith("vbaproject.bin") for name in package.members):
            self.flags.append(Flag(FlagKind.MACROS))
        return Parsed("docx", (page,), tuple(self.flags), hidden=tuple(self.hidden))

    def _first(self, related: list[Relation], kind: str) -> etree._Element | None:
        for relation in related:
            if relation.kind == kind and self.package.has(relation.path):
                return self.package.part(relation.path)
        return None

    def _paper(
        self, body: etree._Element, margins: list[etree._Element], settings: etree._Element | None
    ) -> Grounds:
        """The ground of the pages. A shape that lies behind the text may be of any colour, and
        one in a header lies behind the text of all pages."""
        if any(_lies_behind(part) for part in (body, *margins)):
            return None
        painted = child(body, "background")
        if painted is None:
            return PAPER
        known = colour(attribute(painted, "color") or "")
        shows = child(settings, "displayBackgroundShape")
        if known is None or len(painted) or attribute(painted, "themeColor"):
            return None
        return frozenset((known,)) if shows is not None and is_on(shows) else PAPER

    def _elsewhere(self, path: str) -> Callable[[str, str], list[str]]:
        """A function that reads the part to which the one at `path` refers, by the id of the
        relation and the name of the referring element."""
        targets: dict[str, str] | None = None

        def lines(key: str, name: str) -> list[str]:
            nonlocal targets
            if targets is None:
                targets = {relation.key: relation.path for relation in self.package.related(path)}
            target = targets.get(key, "")
            if target in self.done or not self.package.has(target):
                return []
            if len(self.done) >= MAX_CHUNKS:
                raise Unreadable(Problem.TOO_COMPLEX, f"more than {MAX_CHUNKS} parts in parts")
            self.done.add(target)
            if name == "altChunk":
                return self._chunk(target)
            root = self.package.part(target)
            return _diagram(root) if name == "relIds" else _chart(root)

        return lines

    def _chunk(self, path: str) -> list[str]:
        """A whole document of any kind inside this one (17.17.2.1)."""
        name = path.rpartition("/")[2]
        try:
            chunk = self._document(self.package.bytes_of(path), name)
        except Unreadable as refused:
            if refused.problem is Problem.TOO_COMPLEX:
                raise
            problem = {"problem": refused.problem.value}
            self.flags.append(Flag(FlagKind.PART_UNREADABLE, problem, file=name))
            return []
        # Its text goes in between that of this document: spans in it would point elsewhere.
        self.flags += [replace(flag, spans=()) for flag in chunk.flags]
        self.hidden += chunk.hidden
        return "\n\n".join(chunk.pages).strip("\n").split("\n")

    def _document(self, data: bytes, name: str) -> Parsed:
        if self.depth >= MAX_DOCUMENT_DEPTH:
            raise Unreadable(
                Problem.TOO_COMPLEX, f"documents in documents, more than {MAX_DOCUMENT_DEPTH} deep"
            )
        if MIME_START.match(data):
            data = _web_archive(data)
            name = "part.html"
        kind = sniff(data, name).kind
        if kind is FileKind.DOCX:
            return _parse(data, self.context, self.depth + 1)
        if kind not in CHUNK_KINDS:
            raise Unreadable(Problem.UNKNOWN_KIND, f"{kind.value} inside a DOCX")
        return self.context.parse(kind, data)


def _prompts(glossary: etree._Element | None) -> dict[str, str]:
    """The prompts of content controls before they are filled in, by name (17.12.6)."""
    parts = child(glossary, "docParts")
    return {
        attribute(child(child(part, "docPartPr"), "name"), "val") or "": letters_of(part)
        for part in (() if parts is None else parts)
    }


def _web_archive(data: bytes) -> bytes:
    """The page in a web archive (.mht), which Word too can put into a document (RFC 2557)."""
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    for part in message.walk():
        if part.get_content_type() in ("text/html", "text/plain"):
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and payload.strip():
                return payload
    raise Unreadable(Problem.BLANK, "a web archive without a page")


def _lies_behind(root: etree._Element) -> bool:
    """Whether a drawing lies behind the text, as coloured banners do."""
    for element in root.iter("{*}anchor", "{*}shape", "{*}rect", "{*}group", "{*}roundrect"):
        if local(element) == "anchor":
            if (attribute(element, "behindDoc") or "0") not in ("0", "false"):
                return True
        elif "z-index:-" in (attribute(element, "style") or "").replace(" ", ""):
            return True
    return False


def _diagram(root: etree._Element) -> list[str]:
    """The texts of a SmartArt drawing, in the order of its data (21.4.3)."""
    texts = (_drawing_text(point) for point in root.iter("{*}pt"))
    return [text for text in texts if text]


def _chart(root: etree._Element) -> list[str]:
    """Titles and the names of series and categories; the numbers are drawn as lengths."""
    titles = [_drawing_text(rich) for rich in root.iter("{*}rich")]
    names = [
        (value.text or "").strip()
        for cache in root.iter("{*}strCache")
        for value in cache.iter("{*}v")
    ]
    return [text for text in dict.fromkeys((*titles, *names)) if text]


def _drawing_text(element: etree._Element) -> str:
    paragraphs = element.iter("{*}p")
    lines = ("".join(relation.text or "" for relation in line.iter("{*}t")) for line in paragraphs)
    return "\n".join(line for line in lines if line.strip())
