"""A ZIP of XML parts, which .docx and .odt both are, inflated no further than the limits."""

import posixpath
import zipfile
import zlib
from typing import NamedTuple
from urllib.parse import unquote

from lxml import etree

from candidates.reading.limits import MAX_PART_BYTES, MAX_PARTS_BYTES
from candidates.reading.problems import Problem, Unreadable

CHUNK_BYTES = 256 * 1024
# What zipfile raises for torn, lying or unheard-of members.
BROKEN_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
)


class Relation(NamedTuple):
    """A reference from one part of a .docx to another: its id, its kind (the last word of the type)
    and the path of that part."""

    key: str
    kind: str
    path: str


class Package:
    """The parts by name. All methods raise Unreadable."""

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
        """The root of an XML part."""
        return parsed(self.bytes_of(name), name)

    def related(self, name: str) -> list[Relation]:
        """The references of a part to others inside the package."""
        folder, base = posixpath.split(name)
        rels = posixpath.join(folder, "_rels", f"{base}.rels")
        if not self.has(rels):
            return []
        relations = []
        for relation in self.part(rels):
            if relation.get("TargetMode") != "External":
                kind = str(relation.get("Type", "")).rpartition("/")[2]
                target = unquote(str(relation.get("Target", ""))).replace("\\", "/")
                path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                relations.append(Relation(str(relation.get("Id", "")), kind, path))
        return relations

    def bytes_of(self, name: str) -> bytes:
        member = self.members.get(name.lower())
        if member is None:
            raise Unreadable(Problem.DAMAGED, f"{name} is missing")
        if member.flag_bits & 1:
            raise Unreadable(Problem.ENCRYPTED, f"{name} is locked")
        pieces, size = [], 0
        with self.archive.open(member) as file:
            # The sizes in the headers may lie, so the bytes that come out are counted.
            while piece := file.read(CHUNK_BYTES):
                size += len(piece)
                self.inflated += len(piece)
                if size > MAX_PART_BYTES or self.inflated > MAX_PARTS_BYTES:
                    raise Unreadable(Problem.TOO_COMPLEX, f"{name} inflates past {size} bytes")
                pieces.append(piece)
        return b"".join(pieces)


def parsed(data: bytes, name: str) -> etree._Element:
    """The root of XML called `name`. Entities stay unresolved and nothing is fetched; nested more
    than 256 deep it is refused, so that recursion over it stays well under Python's limit.
    Raises Unreadable."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        # Not its message, which may quote the text.
        where = f"no XML from line {error.lineno}"
        raise Unreadable(Problem.DAMAGED, f"{name}: {where}") from error


def local(element: etree._Element) -> str:
    """The name without its namespace: variants of a format differ in their namespaces alone."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def child(element: etree._Element | None, name: str) -> etree._Element | None:
    """The first child of that local name."""
    if element is None:
        return None
    return next((inner for inner in element if local(inner) == name), None)


def attribute(element: etree._Element | None, name: str) -> str | None:
    """The value of the attribute of that local name."""
    if element is not None:
        for key, value in element.attrib.items():
            if str(key).rpartition("}")[2] == name:
                return str(value)
    return None


def own_text(element: etree._Element) -> str:
    """Its text, around entities, which stay unresolved."""
    return (element.text or "") + "".join(inner.tail or "" for inner in element)
