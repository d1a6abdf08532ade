"""Bytes of unknown encoding to text, for every format that holds bare text."""

import codecs
import re

from candidates.facts.flags import Flag, FlagKind

from .clean import garbage_share
from .limits import MAX_DECODED_GARBAGE_SHARE, MB
from .problems import Problem, Unreadable
from .sniff import looks_like_utf_16

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SAMPLE_BYTES = MB // 4
MAX_STRAY_SHARE = 0.02  # share of bytes outside UTF-8 in a text pasted together from two encodings
# What people's files come in. Among all of Python's codecs the wrong relatives win too often.
CODECS_IN_USE = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("iso8859_2", "iso8859_5", "iso8859_7", "koi8_r", "mac_roman", "cp874"),
    *("cp932", "shift_jis", "euc_jp", "iso2022_jp", "gb18030", "big5", "cp949", "euc_kr"),
]
TURKISH_IN_1252 = re.compile("[ðþýÐÞÝ]")
ISO_2022_ESCAPE = re.compile(rb"\x1b[$(]")


def decode(data: bytes, declared: str = "") -> tuple[str, tuple[Flag, ...]]:
    """Text and flags of bytes of unknown encoding; `declared` is the encoding that they name.

    A byte order mark wins, then UTF-8 where all bytes fit it (no other encoding does by chance),
    then the declared encoding, then the one that charset-normalizer finds most plausible. Raises
    Unreadable where none of them gives text.
    """
    for mark, codec in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _checked(data[len(mark) :].decode(codec, "replace"), codec), ()
    bare = looks_like_utf_16(data[:SAMPLE_BYTES])
    if bare:
        return _checked(data.decode(bare, "replace"), bare), ()
    if not ISO_2022_ESCAPE.search(data):  # ISO-2022 is seven-bit and would pass for UTF-8
        try:
            return _checked(data.decode("utf-8"), "utf-8"), ()
        except UnicodeDecodeError:
            pass
    mixed = _mostly_utf_8(data)
    if mixed:
        return _checked(mixed, "utf-8"), (Flag(FlagKind.MIXED_ENCODINGS),)
    if declared:
        try:
            return _checked(data.decode(declared), declared), ()
        except (LookupError, UnicodeError, Unreadable):
            pass  # a wrong declaration is common
    return _guessed(data), ()


def _mostly_utf_8(data: bytes) -> str:
    """The text, where it is UTF-8 but for a few bytes, which then are read as Windows-1252."""
    text = data.decode("utf-8", "surrogateescape")
    stray = sum("\udc80" <= character <= "\udcff" for character in text)
    proper = sum(character > "\x7f" for character in text) - stray
    if not proper or stray > MAX_STRAY_SHARE * len(text) or stray > proper:
        return ""
    return re.sub(
        "[\udc80-\udcff]",
        lambda match: bytes([ord(match.group()) - 0xDC00]).decode("cp1252", "replace"),
        text,
    )


def _guessed(data: bytes) -> str:
    from charset_normalizer import from_bytes

    matches = from_bytes(data[:SAMPLE_BYTES], cp_isolation=CODECS_IN_USE)
    best = matches.best()
    if best is None:
        return _checked(data.decode("cp1252", "replace"), "cp1252")
    codec = best.encoding
    # For a few accents among Latin letters several codecs do equally well. Windows-1252 is what
    # such a file nearly always is, or its Turkish sister, which differs in six letters.
    equals = {
        match.encoding
        for match in matches
        if match.chaos <= best.chaos and match.coherence >= best.coherence
    }
    if "cp1252" in equals:
        turkish = "cp1254" in equals and TURKISH_IN_1252.search(data.decode("cp1252", "replace"))
        codec = "cp1254" if turkish else "cp1252"
    return _checked(data.decode(codec, "replace"), codec)


def _checked(text: str, codec: str) -> str:
    share = garbage_share(text)
    if share > MAX_DECODED_GARBAGE_SHARE:
        raise Unreadable(Problem.UNKNOWN_KIND, f"as {codec}, {share:.0%} is no text")
    return text
