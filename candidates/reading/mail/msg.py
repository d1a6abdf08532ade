"""Messages as Outlook keeps them (.msg): properties in a compound file ([MS-OXMSG]).

Each property is a stream named by its number and type, numbers and yes-or-no values stand together
in one; attachments are folders with properties of their own, a message attached is such a folder
inside the attachment. `attachments` puts it together as for .eml.
"""

import struct
from dataclasses import dataclass
from functools import partial

from candidates.facts.flags import Flag, FlagKind
from candidates.reading.containers.compound import Compound, Storage
from candidates.reading.context import ReadingContext
from candidates.reading.document import Document
from candidates.reading.limits import MB
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable

from .attachments import Attachment, MailMessage, put_together, shown_name
from .eml import parse_body

# Numbers of properties ([MS-OXPROPS])
SUBJECT, SENDER, SENDER_ADDRESS, SENDER_SMTP = 0x0037, 0x0C1A, 0x0C1F, 0x5D01
BODY, HTML, RTF = 0x1000, 0x1013, 0x1009
CODE_PAGE, INTERNET_CODE_PAGE = 0x3FFD, 0x3FDE
DATA, METHOD, LONG_NAME, SHORT_NAME = 0x3701, 0x3705, 0x3707, 0x3704
MIME_TYPE, CONTENT_ID, IS_HIDDEN = 0x370E, 0x3712, 0x7FFE
MESSAGE, OLE_OBJECT = 5, 6  # values of METHOD

PROPERTIES = "__properties_version1.0"
# Before the fixed properties.
MESSAGE_HEADER_BYTES, INNER_MESSAGE_HEADER_BYTES, ATTACHMENT_HEADER_BYTES = 32, 24, 8
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
ATTACHMENT = "__attach_version1.0_#"
CODE_PAGES = {
    **{65001: "utf-8", 20127: "ascii", 20866: "koi8-r", 21866: "koi8-u", 10000: "mac_roman"},
    **{50220: "iso2022_jp", 50221: "iso2022_jp", 51932: "euc_jp", 51949: "euc_kr"},
    **{28590 + part: f"iso8859_{part}" for part in range(1, 17)},
    **{936: "gb18030", 54936: "gb18030"},
}

# The text to which compressed RTF may refer before its own ([MS-OXRTFCP] 2.1.3.1).
RTF_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
COMPRESSED, STORED = b"LZFu", b"MELA"
MAX_RTF_BYTES = 8 * MB


def parse(data: bytes, context: ReadingContext) -> Parsed:
    """The attachments, then the message. Raises Unreadable."""
    file = Compound(data)
    return _read(_Properties(file, file.root, MESSAGE_HEADER_BYTES), context)


@dataclass(slots=True)
class _Properties:
    """The properties of a message or of an attachment."""

    file: Compound
    storage: Storage
    skip: int

    def number(self, tag: int) -> int:
        """A whole number, or 1 for yes and 0 for no; 0 where it is missing."""
        stream = self.storage.streams.get(PROPERTIES)
        table = self.file.read(stream) if stream else b""
        for offset in range(self.skip, len(table) - 15, 16):
            kind, property_tag, value = struct.unpack_from("<HH4xI", table, offset)
            if property_tag == tag:
                return int(value & 0xFFFF) if kind == 0x000B else int(value)
        return 0

    def raw(self, tag: int, kind: str = "0102") -> bytes:
        stream = self.storage.streams.get(f"__substg1.0_{tag:04x}{kind}")
        return self.file.read(stream) if stream else b""

    def text(self, tag: int, codec: str) -> str:
        wide = self.raw(tag, "001f")
        if wide:
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        narrow = self.raw(tag, "001e").rstrip(b"\0")
        try:
            return narrow.decode(codec, "replace")
        except LookupError:  # a number that is no code page
            return narrow.decode("cp1252", "replace")

    def codec(self) -> str:
        page = self.number(CODE_PAGE) or self.number(INTERNET_CODE_PAGE) or 1252
        return CODE_PAGES.get(page, f"cp{page}")


def _read(message: _Properties, context: ReadingContext) -> Parsed:
    codec = message.codec()
    attachments = [
        _attachment(_Properties(message.file, storage, ATTACHMENT_HEADER_BYTES), codec, context)
        for name, storage in sorted(message.storage.storages.items())
        if name.startswith(ATTACHMENT)
    ]
    attached = [entry for entry in attachments if isinstance(entry, Attachment)]
    flags = tuple(entry for entry in attachments if isinstance(entry, Flag))
    sender = message.text(SENDER, codec)
    addresses = (message.text(SENDER_SMTP, codec), message.text(SENDER_ADDRESS, codec))
    address = next((entry for entry in addresses if "@" in entry and entry != sender), "")
    if address:
        sender = f"{sender} <{address}>" if sender else address
    header = " — ".join(filter(None, (message.text(SUBJECT, codec), sender)))
    whole = MailMessage(header, partial(_body, message, codec, context), attached, flags)
    return put_together("msg", whole, context)


def _attachment(
    properties: _Properties, codec: str, context: ReadingContext
) -> Attachment | Flag | None:
    """An attachment, the flag that says why it cannot be had, or None for decoration."""
    kind = properties.text(MIME_TYPE, codec).lower()
    name = shown_name(properties.text(LONG_NAME, codec) or properties.text(SHORT_NAME, codec), kind)
    method = properties.number(METHOD)
    inner = properties.storage.storages.get(f"__substg1.0_{DATA:04x}000d")
    if method == MESSAGE and inner:
        message = _Properties(properties.file, inner, INNER_MESSAGE_HEADER_BYTES)
        subject = message.text(SUBJECT, codec)
        shown = shown_name(f"{subject}.msg" if subject else name, kind)
        return Attachment(shown, 0, partial(_read, message, context))
    picture = kind.startswith("image/") or name.lower().endswith(PICTURES)
    if method == OLE_OBJECT or (
        picture and (properties.number(IS_HIDDEN) or properties.text(CONTENT_ID, codec))
    ):
        return None
    stream = properties.storage.streams.get(f"__substg1.0_{DATA:04x}0102")
    if stream is None:
        return Flag(FlagKind.ATTACHMENT_UNREADABLE, {"cause": "linked"}, file=name)

    def read() -> Document:
        return context.read(properties.file.read(stream), name)

    return Attachment(name, stream.size, read)


def _body(message: _Properties, codec: str, context: ReadingContext) -> Parsed:
    """The plain text, else the web page, else the rich text of the message."""
    narrow = message.raw(BODY, "001e").rstrip(b"\0")
    if narrow.strip():
        return parse_body(narrow, "text/plain", codec, context)
    text = message.text(BODY, codec)
    if text.strip():
        return Parsed("msg", (text,))
    page = message.raw(HTML) or message.text(HTML, codec).encode("utf-8", "replace")
    if page.strip():
        return parse_body(page, "text/html", codec, context)
    packed = message.raw(RTF)
    if not packed:
        raise Unreadable(Problem.BLANK, "no text in the message itself")
    document = context.read(decompressed_rtf(packed), "message.rtf")
    return Parsed("msg", document.pages, document.flags, hidden=document.hidden)


def decompressed_rtf(packed: bytes) -> bytes:
    """Compressed RTF ([MS-OXRTFCP] 3.1) as RTF. Raises Unreadable where it is damaged."""
    if len(packed) < 16:
        raise Unreadable(Problem.DAMAGED, "MSG: rich text is cut off")
    _, size, kind = struct.unpack_from("<II4s", packed)
    if size > MAX_RTF_BYTES:
        raise Unreadable(Problem.TOO_COMPLEX, f"MSG: rich text of {size} bytes")
    if kind == STORED:
        return packed[16 : 16 + size]
    if kind != COMPRESSED:
        raise Unreadable(Problem.DAMAGED, f"MSG: rich text packed as {kind!r}")
    out = bytearray(RTF_DICTIONARY)
    before = len(out)
    offset = 16
    while offset < len(packed) and len(out) - before < size:
        control = packed[offset]
        offset += 1
        for bit in range(8):
            if offset >= len(packed) or len(out) - before >= size:
                break
            if not control >> bit & 1:
                out.append(packed[offset])
                offset += 1
                continue
            if offset + 1 >= len(packed):
                return bytes(out[before:])
            # A place among the last 4,096 bytes, counted around, and a length from two on.
            word = packed[offset] << 8 | packed[offset + 1]
            offset += 2
            back = (len(out) - (word >> 4)) % 4096
            if not back:  # refers to the next byte, which marks the end
                return bytes(out[before:])
            if back > len(out):
                raise Unreadable(Problem.DAMAGED, "MSG: rich text refers to nothing")
            for _ in range((word & 15) + 2):
                out.append(out[-back])
    return bytes(out[before:])
