"""Messages as mail programs keep them (.eml): the parts of a MIME tree to text and attachments.

With the policy of the standard library that leaves headers as they are written. The newer one
parses each header when asked and raises for many a broken one; what is needed of them is decoded
here, and nothing in a header costs the text below it.
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
from candidates.reading.document import Hidden
from candidates.reading.parsed import Parsed
from candidates.reading.plain import decode
from candidates.reading.problems import Problem, Unreadable

from .attachments import Attached, Message, Opened, named, put_together

# What parsing a broken header raises in the standard library.
BROKEN = (MessageError, ValueError, LookupError, TypeError, AttributeError)
# Nobody's résumé: signatures of the message and reports of its delivery.
PASSED_OVER = frozenset(
    (
        *("application/pgp-signature", "application/pkcs7-signature"),
        *("application/x-pkcs7-signature", "message/delivery-status", "text/x-amp-html"),
        *("text/rfc822-headers", "message/disposition-notification"),
    )
)
# A line that ends in a blank goes on in the next (RFC 3676), but for the one above a signature.
FLOWS = re.compile(rb"(?<!^--) \r?\n(?=[^\s>])", re.MULTILINE)
MOST_OF_HEADER = 2_000  # characters; decoding a word takes as long as there are words before it
FOLD = re.compile(r"\r?\n[ \t]+")


type _Text = tuple[str, bytes, str]  # media type, content, charset


@dataclass(slots=True)
class _Tree:
    """What the walk through the parts finds; `texts` are alternatives that say the same."""

    texts: list[list[_Text]] = field(default_factory=list)
    attached: list[Attached] = field(default_factory=list)
    pictures: list[tuple[str, Attached]] = field(default_factory=list)  # with their Content-ID


def parse(data: bytes, opened: Opened) -> Parsed:
    """The attachments, then the message. Raises Unreadable."""
    return _read(email.message_from_bytes(data, policy=policy.compat32), opened)


def body(text: bytes, kind: str, charset: str) -> Parsed:
    """The text of a message, of media type `kind`, in `charset` or what it turns out to be."""
    decoded, flags = decode(text, charset)
    if kind != "text/html":
        return Parsed("text", (decoded,), flags)
    from candidates.reading.html.reader import parse as parse_html

    page = parse_html(decoded.encode("utf-8", "replace"))
    return Parsed("html", page.pages, (*flags, *page.flags), hidden=page.hidden)


def _read(part: Part, opened: Opened) -> Parsed:
    tree = _Tree()
    _walk(part, tree, None, opened)
    shown = b"".join(text for texts in tree.texts for kind, text, _ in texts if kind == "text/html")
    # A picture that the text shows is decoration, such as a logo under a signature.
    tree.attached += [
        one
        for content_id, one in tree.pictures
        if not content_id or b"cid:" + content_id.encode("utf-8", "replace") not in shown
    ]
    header = " — ".join(filter(None, (_header(part, "subject"), _header(part, "from"))))
    return put_together("eml", Message(header, partial(_bodies, tree), tree.attached), opened)


def _bodies(tree: _Tree) -> Parsed:
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
                found = body(raw, kind, charset)
            except Unreadable as error:
                refused = error
                continue
            if "".join(found.pages).strip():
                texts += found.pages
                flags += found.flags
                hidden += found.hidden
                plain = plain or kind != "text/html"
    if not texts:
        raise refused
    return Parsed("eml", ("\n\n".join(texts),), tuple(flags), hidden=tuple(hidden))


def _walk(part: Part, tree: _Tree, alternatives: list[_Text] | None, opened: Opened) -> None:
    kind = _safely(part.get_content_type, "text/plain")
    if kind in PASSED_OVER:
        return
    if not part.is_multipart():
        _leaf(part, kind, tree, alternatives, opened)
        return
    inside = [inner for inner in part.get_payload() if isinstance(inner, Part)]
    if kind == "message/rfc822":
        tree.attached += [_message(part, inner, opened) for inner in inside]
        return
    if kind == "multipart/alternative" and alternatives is None:
        alternatives = []
        tree.texts.append(alternatives)
    for number, inner in enumerate(inside):
        # What a web page is made of besides its text has no name, or a place on the web.
        if kind == "multipart/related" and number and not _is_sent(inner):
            continue
        _walk(inner, tree, alternatives, opened)


def _is_sent(part: Part) -> bool:
    """Whether a part beside a web page is more than a piece of that page."""
    return bool(_safely(part.get_filename, None)) and not _header(part, "content-location")


def _leaf(
    part: Part, kind: str, tree: _Tree, alternatives: list[_Text] | None, opened: Opened
) -> None:
    filename = _decoded(_safely(part.get_filename, None) or "")
    disposition = _safely(part.get_content_disposition, None)
    charset = _safely(part.get_content_charset, None) or ""
    flowed = _safely(partial(part.get_param, "format"), None) == "flowed"
    data = _safely(partial(_bytes, part), b"")
    if kind.startswith("multipart/"):  # whose parts could not be told apart
        kind = "text/plain"
    if kind in ("text/plain", "text/html") and not filename and disposition != "attachment":
        text = (kind, FLOWS.sub(b" ", data) if flowed else data, charset)
        if alternatives is None:
            tree.texts.append([text])
        else:
            alternatives.append(text)
        return
    if not data and not filename:
        return
    one = _file(data, named(filename, kind), opened)
    if not kind.startswith("image/"):
        tree.attached.append(one)
    elif disposition == "attachment" or filename:
        content_id = _header(part, "content-id").strip("<> ")
        if disposition != "inline" or not content_id:
            tree.pictures.append((content_id, one))


def _file(data: bytes, name: str, opened: Opened) -> Attached:
    return Attached(name, len(data), partial(opened.read, data, name, opened=opened))


def _message(part: Part, inner: Part, opened: Opened) -> Attached:
    """A message attached to this one: already parsed with it, unless it was encoded as well."""
    title = _header(inner, "subject")
    name = _decoded(_safely(part.get_filename, None) or "") or (title and f"{title}.eml")
    shown = named(name, "message/rfc822")
    coding = _header(part, "content-transfer-encoding").lower()
    if coding in ("base64", "quoted-printable"):
        inner["Content-Transfer-Encoding"] = coding
        return _file(_safely(partial(_bytes, inner), b""), shown, opened)
    return Attached(shown, 0, partial(_read, inner, opened))


def _bytes(part: Part) -> bytes:
    try:
        found = part.get_payload(decode=True)
    except BROKEN:  # by a charset that is none
        del part["content-type"]
        found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _header(part: Part, name: str) -> str:
    """The first header of this name as one line of text, "" without one."""
    for key, value in part.raw_items():
        if key.lower() == name:
            return _decoded(str(value))
    return ""


def _decoded(value: str) -> str:
    """Encoded words (RFC 2047) and stray bytes of a header, as text."""
    value = FOLD.sub(" ", value[:MOST_OF_HEADER])
    raw = value.encode("utf-8", "surrogateescape")
    try:
        value = raw.decode("utf-8")
    except UnicodeDecodeError:
        value = raw.decode("cp1252", "replace")
    if "=?" not in value:
        return value.strip()
    try:
        found = decode_header(value)
    except BROKEN:
        return value.strip()
    return "".join(_word(text, charset) for text, charset in found).strip()


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
    except BROKEN:
        return otherwise
