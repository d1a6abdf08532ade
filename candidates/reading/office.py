"""DOCX to text: the package of parts, its limits, and the order in which parts are read.

The parts are parsed with lxml and no help of a Word library: those see paragraphs alone and lose
tables, text boxes and headers. `wordml` turns one part into lines.
"""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from .clean import shortened
from .document import Flag
from .limits import MAX_CHARACTERS, MAX_PART_BYTES, MAX_PARTS_BYTES
from .parsed import Parsed
from .problems import Problem, Unreadable
from .wordml import Words, styles_that_hide

CHUNK = 256 * 1024
MOST_FLAGS = 20
# What zipfile raises for torn, lying or unheard-of members.
BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError)
BODY = "officeDocument"
ASIDE = ("footnotes", "endnotes")


def parse(data: bytes) -> Parsed:
    """Headers, body, notes and footers, as one page. Raises Unreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(Package(archive))
    except BROKEN as error:
        raise Unreadable(Problem.DAMAGED, f"DOCX: {type(error).__name__}") from error


class Package:
    """The parts of a .docx by name, inflated no further than the limits."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.inflated = 0
        # Names in the wild differ in case and in their slashes.
        self.members = {
            member.filename.replace("\\", "/").lstrip("/").lower(): member
            for member in archive.infolist()
        }

    def has(self, name: str) -> bool:
        return name.lower() in self.members

    def part(self, name: str) -> etree._Element:
        """The root of an XML part. Entities stay unresolved and nothing is fetched."""
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            return etree.fromstring(self._bytes(name), parser)
        except etree.XMLSyntaxError as error:
            # Not its message, which may quote the text.
            where = f"no XML from line {error.lineno}"
            raise Unreadable(Problem.DAMAGED, f"{name}: {where}") from error

    def related(self, name: str) -> list[tuple[str, str]]:
        """What a part refers to inside the package: (last word of the type, part name)."""
        folder, base = posixpath.split(name)
        rels = posixpath.join(folder, "_rels", f"{base}.rels")
        if not self.has(rels):
            return []
        found = []
        for relation in self.part(rels):
            if relation.get("TargetMode") != "External":
                kind = str(relation.get("Type", "")).rpartition("/")[2]
                target = unquote(str(relation.get("Target", ""))).replace("\\", "/")
                path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                found.append((kind, path))
        return found

    def _bytes(self, name: str) -> bytes:
        member = self.members.get(name.lower())
        if member is None:
            raise Unreadable(Problem.DAMAGED, f"{name} is missing")
        if member.flag_bits & 1:
            raise Unreadable(Problem.ENCRYPTED, f"{name} is locked")
        pieces, size = [], 0
        with self.archive.open(member) as file:
            # The sizes in the headers may lie: what counts is what comes out.
            while piece := file.read(CHUNK):
                size += len(piece)
                self.inflated += len(piece)
                if size > MAX_PART_BYTES or self.inflated > MAX_PARTS_BYTES:
                    raise Unreadable(Problem.TOO_COMPLEX, f"{name} inflates past {size} bytes")
                pieces.append(piece)
        return b"".join(pieces)


def _read(package: Package) -> Parsed:
    main = next((path for kind, path in package.related("") if kind == BODY), "")
    if not package.has(main):
        main = "word/document.xml"
    related = list(dict.fromkeys(package.related(main)))
    hiding: frozenset[str] = frozenset()
    for kind, path in related:
        if kind == "styles" and package.has(path):
            hiding = styles_that_hide(package.part(path))

    words = Words(hiding)
    headers = list(_texts(package, words, related, "header"))
    body = words.text(package.part(main))
    notes = [text for aside in ASIDE for text in _texts(package, words, related, aside)]
    footers = list(_texts(package, words, related, "footer"))
    text = "\n\n".join(text for text in (*headers, body, *notes, *footers) if text)
    if len(text) > MAX_CHARACTERS:
        raise Unreadable(Problem.TOO_LONG, f"{len(text)} characters")
    if not text.strip():
        pictures = any(kind == "image" for kind, _ in related)
        raise Unreadable(Problem.NO_TEXT if pictures else Problem.BLANK, "DOCX")
    return Parsed("docx", (text,), tuple(_flags(package, words)))


def _texts(
    package: Package, words: Words, related: list[tuple[str, str]], kind: str
) -> Iterator[str]:
    """The texts of all parts of a kind; first, odd and even pages often repeat each other."""
    seen = set()
    for its_kind, path in related:
        if its_kind == kind and package.has(path):
            text = words.text(package.part(path))
            if text and text not in seen:
                seen.add(text)
                yield text


def _flags(package: Package, words: Words) -> Iterator[Flag]:
    for hidden in words.hidden[:MOST_FLAGS]:
        yield Flag("hidden-text", shortened(hidden))
    if any(name.endswith("vbaproject.bin") for name in package.members):
        yield Flag("macros", "the file carries a program (macros), which was not run")
