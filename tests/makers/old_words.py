"""Old Word files (.doc) for tests, by hand: the least that [MS-DOC] asks for.

In the text that is given, \\x06 ends a row of a table, \\x07 a cell and \\x05 a paragraph that is
not the last of its cell; all else stands for itself.
"""

import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise

from .compound import Tree, compound
from .pdfs import LINES

# Changes to a run or a paragraph
HIDDEN = struct.pack("<HB", 0x083C, 1)
DELETED = struct.pack("<HB", 0x0800, 1)
ONE_POINT = struct.pack("<HH", 0x4A43, 2)
BOLD = struct.pack("<HB", 0x0835, 1)
WHITE = struct.pack("<HI", 0x6870, 0x00FFFFFF)
BLACK_GROUND = struct.pack("<HBII2x", 0xCA71, 10, 0, 0)
BULLET = struct.pack("<HHH", 0x6A09, 3, 0xF0B7)
IN_TABLE = struct.pack("<HB", 0x2416, 1)
ROW_END = struct.pack("<HB", 0x2417, 1)

TEXT_AT = 1024
PARTS = ("footnotes", "headers", "macros", "comments", "endnotes", "boxes", "header_boxes")


def doc(
    *lines: str,
    parts: Mapping[str, str | Sequence[str]] | None = None,
    runs: Sequence[tuple[str, bytes]] = (),
    narrow: Sequence[str] = (),
    flags: int = 0,
    version: int = 193,
    more: Tree | None = None,
) -> bytes:
    """A file of Word 97 with these paragraphs.

    `parts` are texts by the names in PARTS, "headers" a sequence of stories; `runs` are pieces of
    the text and how they are formatted; the pieces in `narrow` are kept in one byte a letter and
    at the start of the text, as after a quick save; `more` are further streams.
    """
    parts = parts or {}
    stories = parts.get("headers") or ()
    assert not isinstance(stories, str)
    texts = ["".join(line if line.endswith("\x06") else f"{line}\r" for line in lines)]
    for name in PARTS:
        part = parts.get(name, "")
        texts.append("".join(stories) if name == "headers" else str(part))
    marked = "".join(texts) + ("\r" if any(texts[1:]) else "")
    text = marked.translate({5: "\r", 6: "\x07"})

    cuts = sorted({0, len(text), *(at for piece in narrow for at in _span(text, piece))})
    spans = list(pairwise(cuts))
    spans.sort(key=lambda span: text[slice(*span)] not in narrow)  # order in the file
    content, places = b"", {}
    for first, end in spans:
        piece = text[first:end]
        one_byte = piece in narrow
        at = TEXT_AT + len(content)
        places[first] = (at, one_byte)
        content += piece.encode("cp1252" if one_byte else "utf-16-le")
        content += b"\0" * (len(content) % 2)

    def place(number: int, *, after: bool = False) -> int:
        first = max(start for start in places if start <= number)
        at, one_byte = places[first]
        return at + (number - first + after) * (1 if one_byte else 2)

    descriptions = b""
    for first in cuts[:-1]:
        at, one_byte = places[first]
        descriptions += struct.pack("<HIH", 0, at * 2 | 0x40000000 if one_byte else at, 0)
    pieces = struct.pack(f"<{len(cuts)}I", *cuts) + descriptions
    pieces = b"\x02" + struct.pack("<I", len(pieces)) + pieces

    main = bytearray(bytes(TEXT_AT) + content)
    main += bytes(-len(main) % 512)
    formatted = []
    for piece, changes in runs:
        first, end = _span(text, piece)
        formatted.append((place(first), place(end - 1, after=True), changes))
    paragraphs = []
    begin = 0
    for number, sign in enumerate(marked):
        if sign in "\r\x05\x06\x07":
            changes = {"\r": b"", "\x06": IN_TABLE + ROW_END}.get(sign, IN_TABLE)
            if changes:
                paragraphs.append((place(begin), place(number, after=True), changes))
            begin = number + 1
    tables = {33: pieces}
    for number, formatted_runs, of_paragraph in ((12, formatted, False), (13, paragraphs, True)):
        if formatted_runs:
            page = len(main) // 512
            main += _page(sorted(formatted_runs), of_paragraph=of_paragraph)
            tables[number] = struct.pack("<III", formatted_runs[0][0], formatted_runs[-1][1], page)
    if stories:
        ends = [sum(map(len, stories[:number])) for number in range(len(stories) + 1)]
        tables[11] = struct.pack(f"<{len(ends) + 1}I", *ends, ends[-1] + 2)

    table = b""
    for number, content in tables.items():
        struct.pack_into("<II", main, 154 + 8 * number, len(table), len(content))
        table += content
    struct.pack_into("<HH", main, 0, 0xA5EC, version)
    struct.pack_into("<H", main, 10, flags | 0x0200)
    struct.pack_into("<II", main, 24, TEXT_AT, len(main))
    struct.pack_into("<8I", main, 76, *map(len, texts))
    return compound({"WordDocument": bytes(main), "1Table": table, **(more or {})})


def doc_of_word_6(text: str, *, codec: str = "cp1252", language: int = 0x0409) -> bytes:
    """A file of Word 6 or 95 saved in full: its text in one byte a letter."""
    content = text.encode(codec)
    main = bytearray(768) + content
    struct.pack_into("<HH2xH2xH", main, 0, 0xA5DC, 101, language, 0)
    struct.pack_into("<II", main, 24, 768, 768 + len(content))
    struct.pack_into("<I", main, 52, len(content))
    return compound({"WordDocument": bytes(main)})


def encrypted_doc() -> bytes:
    return doc(*LINES, flags=0x0100)


def half_doc() -> bytes:
    """A file whose second half never arrived."""
    whole = doc(*LINES)
    return whole[: len(whole) // 2]


def _span(text: str, piece: str) -> tuple[int, int]:
    first = text.index(piece)
    return first, first + len(piece)


def _page(runs: Sequence[tuple[int, int, bytes]], *, of_paragraph: bool) -> bytes:
    """A page of formatting: runs of bytes of the text, with gaps of no formatting between."""
    filled: list[tuple[int, int, bytes]] = []
    for first, end, changes in runs:
        if filled and filled[-1][1] < first:
            filled.append((filled[-1][1], first, b""))
        filled.append((first, end, changes))
    page = bytearray(512)
    page[511] = len(filled)
    places = [first for first, _, _ in filled] + [filled[-1][1]]
    struct.pack_into(f"<{len(places)}I", page, 0, *places)
    at = 510
    for number, (_, _, changes) in enumerate(filled):
        if not changes:
            continue
        if of_paragraph:  # the style, then the changes, counted in words
            changes = b"\0\0" + changes
            stored = bytes([0, -(-len(changes) // 2)]) + changes
        else:
            stored = bytes([len(changes)]) + changes
        at = (at - len(stored)) // 2 * 2
        page[at : at + len(stored)] = stored
        page[4 * len(places) + (13 if of_paragraph else 1) * number] = at // 2
    return bytes(page)
