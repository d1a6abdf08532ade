"""Messages as mail programs keep them (.eml): the parts of a MIME tree to text and attachments.

It uses the policy of the standard library that leaves headers as they are written. The newer
policy parses each header when asked and raises for many broken ones; the few headers that are
needed are decoded here, and no header costs the text below it.
"""

import email
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email import policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message as Part
from functools import partial

from candidates.facts.flags import Flag
from candidates.reading.context import ReadingContext
from candidates.reading.decoding import decode
from candidates.reading.document import Hidden
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.sniff import FileKind

from .attachments import Attachment, MailMessage, put_together, shown_name

# What parsing a broken header raises in the standard library.
BROKEN_HEADER = (MessageError, ValueError, LookupError, TypeError, AttributeError)
# Never a résumé: signatures of the message and reports of its delivery.
SKIPPED_TYPES = frozenset(
    (
        *("application/pgp-signature", "application/pkcs7-signature"),
        *("application/x-pkcs7-signature", "message/delivery-status", "text/x-amp-html"),
        *("text/rfc822-headers", "message/disposition-notification"),
    )
)
# A line that ends in a blank goes on in the next (RFC 3676), but for the one above a signature.
SOFT_LINE_END = re.compile(rb"(?<!^--) \r?\n(?=[^\s>])", re.MULTILINE)
MAX_HEADER_CHARACTERS = 2_000  # decoding a word takes as long as there are words before it
HEADER_FOLD = re.compile(r"\r?\n[ \t]+")


type _Text = tuple[str, bytes, str]  # media type, content, charset


@dataclass(slots=True)
class _MessageParts:
    """The parts that the walk found; `texts` are groups of alternatives with the same content."""

    texts: list[list[_Text]] = field(default_factory=list)
    attached: list[Attachment] = field(default_factory=list)
    pictures: list[tuple[str, Attachment]] = field(default_factory=list)  # with their Content-ID


def parse(data: bytes, context: ReadingContext) -> Parsed:
    """The attachments, then the message. Raises Unreadable."""
    return _read(email.message_from_bytes(data, policy=policy.compat32), context)


def parse_body(text: bytes, kind: str, charset: str, context: ReadingContext) -> Parsed:
    """The text of a message, of media type `kind`, in `charset` or the encoding it really has."""
    decoded, flags = decode(text, charset)
    if kind != "text/html":
        return Parsed("text", (decoded,), flags)
    page = context.parse(FileKind.HTML, decoded.encode("utf-8", "replace"))
    return Parsed("html", page.pages, (*flags, *page.flags), hidden=page.hidden)


def _read(part: Part, context: ReadingContext) -> Parsed:
    tree = _MessageParts()
    _walk(part, tree, None, context)
    shown = b"".join(text for texts in tree.texts for kind, text, _ in texts if kind == "text/html")
    # A picture that the text shows is decoration, such as a logo under a signature.
    tree.attached += [
        picture
        for content_id, picture in tree.pictures
        if not content_id or b"cid:" + content_id.encode("utf-8", "replace") not in shown
    ]
    header = " — ".join(filter(None, (_header(part, "subject"), _header(part, "from"))))
    return put_together(
        "eml", MailMessage(header, partial(_bodies, tree, context), tree.attached), context
    )


def _bodies(tree: _MessageParts, context: ReadingContext) -> Parsed:
    """Of each group of alternatives the plain one, else the web page."""
    texts: list[str] = []
    flags: list[Flag] = []
    hidden: list[Hidden] = []
    refused = Unreadable(Problem.BLANK, "no text in the message itself")
    for alternatives in tree.texts:
        plain = False
        for kind, raw, charset in sorted(alternatives, key=lambda text: text[0] == "text/html"):
            if plain and kind == "text/html":
                break
            try:
                body = parse_body(raw, kind, charset, context)
            except Unreadable as error:
                refused = error
                continue
            if "".join(body.pages).strip():
                texts += body.pages
                flags += body.flags
                hidden += body.hidden
                plain = plain or kind != "text/html"
    if not texts:
        raise refused
    return Parsed("eml", ("\n\n".join(texts),), tuple(flags), hidden=tuple(hidden))


def _walk(
    part: Part, tree: _MessageParts, alternatives: list[_Text] | None, context: ReadingContext
) -> None:
    kind = _safely(part.get_content_type, "text/plain")
    if kind in SKIPPED_TYPES:
        return
    if not part.is_multipart():
        _leaf(part, kind, tree, alternatives, context)
        return
    inside = [inner for inner in part.get_payload() if isinstance(inner, Part)]
    if kind == "message/rfc822":
        tree.attached += [_message(part, inner, context) for inner in inside]
        return
    if kind == "multipart/alternative" and alternatives is None:
        alternatives = []
        tree.texts.append(alternatives)
    for number, inner in enumerate(inside):
        # Pieces of a web page besides its text have no name, or an address on the web.
        if kind == "multipart/related" and number and not _is_sent(inner):
            continue
        _walk(inner, tree, alternatives, context)


def _is_sent(part: Part) -> bool:
    """Whether a part beside a web page is more than a piece of that page."""
    return bool(_safely(part.get_filename, None)) and not _header(part, "content-location")


def _leaf(
    part: Part,
    kind: str,
    tree: _MessageParts,
    alternatives: list[_Text] | None,
    context: ReadingContext,
) -> None:
    filename = _decoded(_safely(part.get_filename, None) or "")
    disposition = _safely(part.get_content_disposition, None)
    charset = _safely(part.get_content_charset, None) or ""
    flowed = _safely(partial(part.get_param, "format"), None) == "flowed"
    data = _safely(partial(_bytes, part), b"")
    if kind.startswith("multipart/"):  # whose parts cannot be separated
        kind = "text/plain"
    if kind in ("text/plain", "text/html") and not filename and disposition != "attachment":
        text = (kind, SOFT_LINE_END.sub(b" ", data) if flowed else data, charset)
        if alternatives is None:
            tree.texts.append([text])
        else:
            alternatives.append(text)
        return
    if not data and not filename:
        return
    attachment = _file(data, shown_name(filename, kind), context)
    if not kind.startswith("image/"):
        tree.attached.append(attachment)
    elif disposition == "attachment" or filename:
        content_id = _header(part, "content-id").strip("<> ")
        if disposition != "inline" or not content_id:
            tree.pictures.append((content_id, attachment))


def _file(data: bytes, name: str, context: ReadingContext) -> Attachment:
    return Attachment(name, len(data), partial(context.read, data, name))


def _message(part: Part, inner: Part, context: ReadingContext) -> Attachment:
    """A message attached to this one: already parsed with it, unless it was encoded as well."""
    title = _header(inner, "subject")
    name = _decoded(_safely(part.get_filename, None) or "") or (title and f"{title}.eml")
    shown = shown_name(name, "message/rfc822")
    coding = _header(part, "content-transfer-encoding").lower()
    if coding in ("base64", "quoted-printable"):
        inner["Content-Transfer-Encoding"] = coding
        return _file(_safely(partial(_bytes, inner), b""), shown, context)
    return Attachment(shown, 0, partial(_read, inner, context))


def _bytes(part: Part) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except BROKEN_HEADER:  # by a charset that is none
        del part["content-type"]
        payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _header(part: Part, name: str) -> str:
    """The first header of this name as one line of text, "" without one."""
    for key, value in part.raw_items():
        if key.lower() == name:
            return _decoded(str(value))
    return ""


def _decoded(value: str) -> str:
    """Encoded words (RFC 2047) and stray bytes of a header, as text."""
    value = HEADER_FOLD.sub(" ", value[:MAX_HEADER_CHARACTERS])
    raw = value.encode("utf-8", "surrogateescape")
    try:
        value = raw.decode("utf-8")
    except UnicodeDecodeError:
        value = raw.decode("cp1252", "replace")
    if "=?" not in value:
        return value.strip()
    try:
        words = decode_header(value)
    except BROKEN_HEADER:
        return value.strip()
    return "".join(_word(text, charset) for text, charset in words).strip()


def _word(text: bytes | str, charset: str | None) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode(charset or "raw-unicode-escape", "replace")
    except (LookupError, ValueError):  # no such encoding
        return text.decode("cp1252", "replace")


def _safely[T](get: Callable[[], T], otherwise: T) -> T:
    """What `get` gives, or `otherwise` where a header is too broken for it."""
    try:
        return get()
    except BROKEN_HEADER:
        return otherwise
