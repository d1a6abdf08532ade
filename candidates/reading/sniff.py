"""The kind of a file by its content; the name settles only what the content leaves open."""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from candidates.facts.flags import Flag, FlagKind

from .limits import MAX_PACKAGE_MEMBERS, MB
from .problems import Problem, Unreadable


class FileKind(StrEnum):
    """What can be read; the value is the media type."""

    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    DOC = "application/msword"
    EML = "message/rfc822"
    MSG = "application/vnd.ms-outlook"
    ODT = "application/vnd.oasis.opendocument.text"
    RTF = "application/rtf"
    HTML = "text/html"
    TEXT = "text/plain"
    MARKDOWN = "text/markdown"


@dataclass(frozen=True, slots=True)
class SniffedFile:
    """A kind that can be read; the content begins `start` bytes into the file."""

    kind: FileKind
    start: int = 0
    flags: tuple[Flag, ...] = ()


PICTURE_ENDINGS = ("png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "heic")
# The kinds that the ending of a name stands for. Other endings stand for any kind.
KINDS_OF_ENDING: dict[str, tuple[FileKind, ...]] = {
    "pdf": (FileKind.PDF,),
    **dict.fromkeys(("docx", "docm", "dotx", "dotm"), (FileKind.DOCX,)),
    **dict.fromkeys(("doc", "dot"), (FileKind.DOC,)),
    **dict.fromkeys(("odt", "ott", "fodt"), (FileKind.ODT,)),
    "rtf": (FileKind.RTF,),
    "eml": (FileKind.EML,),
    "msg": (FileKind.MSG,),
    **dict.fromkeys(("html", "htm", "xhtml"), (FileKind.HTML,)),
    **dict.fromkeys(("txt", "text"), (FileKind.TEXT, FileKind.MARKDOWN)),
    **dict.fromkeys(("md", "markdown"), (FileKind.MARKDOWN, FileKind.TEXT)),
    **dict.fromkeys(("pages", "xls", "xlsx", "ppt", "pptx"), ()),
    **dict.fromkeys(PICTURE_ENDINGS, ()),
    **dict.fromkeys(("zip", "exe"), ()),
}
# The usual ending of each kind: the first that stands for it before others.
ENDINGS = {kinds[0]: ending for ending, kinds in reversed(KINDS_OF_ENDING.items()) if kinds}

COMPOUND_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # [MS-CFB] 2.2
# First bytes of the kinds that are refused, and the reason.
MAGIC = (
    (b"\x89PNG\r\n\x1a\n", Problem.PICTURE),
    (b"\xff\xd8\xff", Problem.PICTURE),
    (b"GIF87a", Problem.PICTURE),
    (b"GIF89a", Problem.PICTURE),
    (b"BM", Problem.PICTURE),  # checked further below
    (b"II*\x00", Problem.PICTURE),
    (b"MM\x00*", Problem.PICTURE),
    (b"8BPS", Problem.PICTURE),
    (b"\x00\x00\x01\x00", Problem.PICTURE),
    (b"MZ", Problem.PROGRAM),  # checked further below
    (b"\x7fELF", Problem.PROGRAM),
    (b"\xcf\xfa\xed\xfe", Problem.PROGRAM),
    (b"\xca\xfe\xba\xbe", Problem.PROGRAM),
    (b"\x1f\x8b", Problem.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Problem.ARCHIVE),
    (b"Rar!\x1a\x07", Problem.ARCHIVE),
    (b"\xfd7zXZ\x00", Problem.ARCHIVE),
    (b"BZh", Problem.ARCHIVE),  # checked further below
    (b"\x28\xb5\x2f\xfd", Problem.ARCHIVE),
    (b"ID3", Problem.MEDIA),  # checked further below
    (b"OggS\x00", Problem.MEDIA),
    (b"\x1aE\xdf\xa3", Problem.MEDIA),
    (b"%!PS", Problem.UNKNOWN_KIND),
)
# These could begin a text: they count only where bytes follow that no text has.
WEAK_MAGIC = (b"BM", b"MZ", b"BZh", b"ID3")

PDF_HEADER = re.compile(rb"%PDF-\d")
PDF_HEADER_BYTES = 1024  # where PDF readers look for it
PDF_BODY = re.compile(rb"\d\s+obj\b|startxref|/Root\b")
MAX_JUNK_BYTES = 2 * MB  # before the header of a file whose end is that of a PDF

OLE_STREAMS: tuple[tuple[str, FileKind | Problem], ...] = (
    ("EncryptedPackage", Problem.ENCRYPTED),
    ("__properties_version1.0", FileKind.MSG),
    ("WordDocument", FileKind.DOC),
    ("Workbook", Problem.SPREADSHEET),
    ("Book", Problem.SPREADSHEET),
    ("PowerPoint Document", Problem.PRESENTATION),
)

RTF_START = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,16}\{\\u?rtf")
# OpenDocument text in one file of XML, which has its type in the root.
ODF_TYPE = re.compile(rb"application/vnd\.oasis\.opendocument\.[a-z-]+")
MANIFEST = "META-INF/manifest.xml"
FLAT_START = re.compile(rb"office:mimetype\s*=\s*[\"']application/vnd\.oasis\.opendocument\.text")
HTML_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)*"
    rb"<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
TAG = re.compile(rb"</?[a-zA-Z][a-zA-Z0-9]*[\s/>]")
SVG_START = re.compile(rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!.{0,2000}?>\s*)*<svg\b", re.DOTALL)
XML_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\b")
MAILBOX_LINE = re.compile(rb"(?:>?From [^\n]*\n)?")
HEADER_LINES = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]{1,60}:[^\n]*\n(?:[ \t][^\n]*\n)*){3}")
NAMED_EML = re.compile(rb"(?:From|To|Subject|Date|Content-Type|MIME-Version|X-[\w-]+):", re.I)
# A web page with all its pictures in one file, as Word saves it and calls it .doc.
MIME_PAGE = re.compile(rb"MIME-Version:[^\n]*\n(?:[A-Za-z-]+:[^\n]*\n)?Content-Type:", re.I)
MAILBOX = re.compile(rb"^From \S+ [^\n]*\d\d:\d\d[^\n]*\n[A-Za-z][A-Za-z0-9-]{1,60}:", re.MULTILINE)
MIME_LINE = re.compile(rb"^(?:MIME-Version|Received|Return-Path|Message-ID):", re.I | re.M)
UTF_16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\r\f\x1b")) + b"\x7f"
MAX_CONTROL_SHARE = 0.005  # share of control bytes up to which something is still text


def sniff(data: bytes, name: str) -> SniffedFile:
    """The kind of `data`. Raises Unreadable, naming the kind where it is one that is not read."""
    kind, start = _kind(data, _ending(name))
    promised = KINDS_OF_ENDING.get(_ending(name))
    if promised is None or kind in promised:
        return SniffedFile(kind, start)
    return SniffedFile(kind, start, (_mislabelled(_ending(name), kind.name.lower()),))


def flags_of_picture(name: str) -> tuple[Flag, ...]:
    """The flag of a picture that is named as something else."""
    ending = _ending(name)
    if ending not in KINDS_OF_ENDING or ending in PICTURE_ENDINGS:
        return ()
    return (_mislabelled(ending, "picture"),)


def _mislabelled(extension: str, actual: str) -> Flag:
    return Flag(FlagKind.MISLABELLED, {"extension": extension, "actual": actual})


def _ending(name: str) -> str:
    return PurePath(name.replace("\\", "/")).suffix.lower().lstrip(".")


def _kind(data: bytes, ending: str) -> tuple[FileKind, int]:
    head = data[:4096]
    if data.startswith(b"PK\x03\x04"):
        return _inside_zip(data), 0
    if data.startswith(b"PK\x05\x06"):
        raise Unreadable(Problem.ARCHIVE, "an empty ZIP")
    if data.startswith(COMPOUND_MAGIC):
        return _inside_compound(data), 0
    if RTF_START.match(head):
        return FileKind.RTF, head.index(b"{")
    header = PDF_HEADER.search(data, 0, PDF_HEADER_BYTES + 8)
    if header and (header.start() == 0 or PDF_BODY.search(data, header.end())):
        return FileKind.PDF, header.start()
    _refuse_by_magic(head)
    if SVG_START.match(head):
        raise Unreadable(Problem.PICTURE, "SVG")
    if HTML_START.match(head):
        return FileKind.HTML, 0
    if _is_binary(data):
        late = PDF_HEADER.search(data, 0, MAX_JUNK_BYTES)
        if late and b"startxref" in data[-2048:]:
            return FileKind.PDF, late.start()
        raise Unreadable(Problem.UNKNOWN_KIND, f"begins with {head[:8].hex(' ')}")
    late = PDF_HEADER.search(data, 0, MAX_JUNK_BYTES)
    if late and b"startxref" in data[-2048:] and b"%%EOF" in data[-2048:]:
        return FileKind.PDF, late.start()
    if _is_message(head, ending):
        if MAILBOX.match(head) and len(MAILBOX.findall(data)) > 1:
            raise Unreadable(Problem.UNKNOWN_KIND, "a mailbox of several messages (mbox)")
        return FileKind.EML, 0
    return _kind_of_text(head, ending), 0


def _is_message(head: bytes, ending: str) -> bool:
    headers = MAILBOX_LINE.sub(b"", head, count=1) if head.startswith(b"From ") else head
    if MIME_PAGE.match(headers) or (ending == "eml" and NAMED_EML.match(headers)):
        return True
    return bool(HEADER_LINES.match(headers) and MIME_LINE.search(headers))


def _kind_of_text(head: bytes, ending: str) -> FileKind:
    if ending in ("html", "htm", "xhtml") and TAG.search(head):
        return FileKind.HTML
    if XML_START.match(head):
        if FLAT_START.search(head):
            return FileKind.ODT
        raise Unreadable(Problem.UNKNOWN_KIND, "XML")
    return FileKind.MARKDOWN if ending in ("md", "markdown") else FileKind.TEXT


def _refuse_by_magic(head: bytes) -> None:
    for magic, problem in MAGIC:
        if head.startswith(magic) and (magic not in WEAK_MAGIC or _is_binary(head)):
            raise Unreadable(problem, f"begins with {magic!r}")
    if head[:4] == b"RIFF":
        raise Unreadable(Problem.PICTURE if head[8:12] == b"WEBP" else Problem.MEDIA, "RIFF")
    if head[4:8] == b"ftyp":
        still = head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"avif")
        raise Unreadable(Problem.PICTURE if still else Problem.MEDIA, f"ftyp {head[8:12]!r}")
    if head[257:262] == b"ustar":
        raise Unreadable(Problem.ARCHIVE, "tar")


def _is_binary(data: bytes) -> bool:
    """Whether no text has such bytes; UTF-16 and UTF-32 are for the text reader to decide."""
    if data.startswith(UTF_16_OR_32):
        return False
    sample = data[: 64 * 1024]
    if looks_like_utf_16(sample):
        return False
    control = len(sample) - len(sample.translate(None, CONTROL_BYTES))
    return control > MAX_CONTROL_SHARE * len(sample)


def looks_like_utf_16(sample: bytes) -> str:
    """The codec of UTF-16 text that comes without a mark, or "".

    Every other byte then says which alphabet: zero for Latin letters and for spaces, and one or
    two more values where the language is written with others.
    """
    pairs = len(sample) // 2
    if pairs < 4:
        return ""
    for codec, alphabets, letters in (
        ("utf-16-le", sample[1::2], sample[0::2]),
        ("utf-16-be", sample[0::2], sample[1::2]),
    ):
        few = len(set(alphabets)) <= 4 and alphabets.count(0) > 0.03 * pairs
        if few and letters.count(0) < 0.02 * pairs and len(set(letters)) > len(set(alphabets)):
            return codec
    return ""


def _inside_zip(data: bytes) -> FileKind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            mime = b""
            if "mimetype" in names:
                with archive.open("mimetype") as file:
                    mime = file.read(100)
            elif {"content.xml", MANIFEST} <= names:  # repacked by hand
                with archive.open(MANIFEST) as file:
                    typed = ODF_TYPE.search(file.read(64 * 1024))
                    mime = typed.group() if typed else b""
    # The errors of zipfile for a torn, lying or locked archive.
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError) as error:
        raise Unreadable(Problem.DAMAGED, f"ZIP: {type(error).__name__}") from error
    if len(members) > MAX_PACKAGE_MEMBERS:
        raise Unreadable(Problem.TOO_COMPLEX, f"{len(members)} members in the ZIP")
    if "word/document.xml" in names or (
        "[Content_Types].xml" in names and any(name.startswith("word/") for name in names)
    ):
        return FileKind.DOCX
    if mime.startswith(b"application/vnd.oasis.opendocument.text"):
        return FileKind.ODT
    if mime.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        raise Unreadable(Problem.SPREADSHEET)
    if mime.startswith(b"application/vnd.oasis.opendocument.presentation"):
        raise Unreadable(Problem.PRESENTATION)
    if "Index/Document.iwa" in names or "Index.zip" in names or "index.apxl" in names:
        raise Unreadable(Problem.APPLE_PAGES)
    if any(name.startswith("xl/") for name in names):
        raise Unreadable(Problem.SPREADSHEET)
    if any(name.startswith("ppt/") for name in names):
        raise Unreadable(Problem.PRESENTATION)
    raise Unreadable(Problem.ARCHIVE, "ZIP")


def _inside_compound(data: bytes) -> FileKind:
    """The kind by the streams in the root; where the directory is damaged, by its entries."""
    from candidates.reading.containers.compound import Compound  # only these files need olefile

    try:
        streams: frozenset[str] | None = frozenset(Compound(data).root.streams)
        problem = Unreadable(Problem.UNKNOWN_KIND, "OLE compound file")
    except Unreadable as error:
        streams = None
        problem = error
    for stream, kind in OLE_STREAMS:
        if _has_entry(data, stream) if streams is None else stream.lower() in streams:
            if isinstance(kind, Problem):
                raise Unreadable(kind, "OLE compound file")
            return kind
    raise problem


def _has_entry(data: bytes, stream: str) -> bool:
    """Whether an entry of 128 bytes begins with the name, in UTF-16; its length in bytes with the
    closing zero is at 64 ([MS-CFB] 2.6.1)."""
    encoded = stream.encode("utf-16-le")
    offset = data.find(encoded)
    while offset != -1:
        if (
            offset % 128 == 0
            and int.from_bytes(data[offset + 64 : offset + 66], "little") == len(encoded) + 2
        ):
            return True
        offset = data.find(encoded, offset + 1)
    return False
