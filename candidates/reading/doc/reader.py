"""Word files before .docx (.doc): which characters there are, where, and how they are formatted.

A .doc is a compound file. Its stream WordDocument begins with a table of places (FIB) and holds
the characters, in the order of editing; the piece table says in which order they are read
([MS-DOC] 2.4.1). Word 6 and 95 did the same with narrower tables. `lines` turns the characters
into lines.

Hidden, deleted, tiny and white text is recognised by the formatting of runs, as Word 97 and later
write it; the formatting of styles, and all of it in Word 6 and 95, is not read.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from struct import error as StructError
from struct import unpack_from

from candidates.facts.flags import Flag, FlagKind
from candidates.reading.clean import clean
from candidates.reading.containers.compound import Compound
from candidates.reading.context import ReadingContext
from candidates.reading.document import Hidden
from candidates.reading.limits import MAX_CHARACTERS
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.visibility import SYMBOLS

from .lines import Formatting, lines, without_fields

WORD_97 = 0xC0  # nFib, the version of the format, from here on
# Flags of the FIB ([MS-DOC] 2.5.2)
ENCRYPTED, TABLE_1, COMPLEX = 0x0100, 0x0200, 0x0004
# Numbers of the pairs (place, length) that are used ([MS-DOC] 2.5.6); the same in Word 6.
HEADER_STORIES, CHARACTER_PAGES, PARAGRAPH_PAGES, PIECES = 11, 12, 13, 33
PAIRS_97, PAIRS_6 = 154, 88  # where the pairs begin
LENGTHS_97, LENGTHS_6 = 76, 52  # where the lengths of the parts begin

# Changes to a run or a paragraph, by their codes ([MS-DOC] 2.6.1 to 2.6.3).
VANISH, DELETED, SYMBOL = 0x083C, 0x0800, 0x6A09
COLOUR, COLOUR_80, HALF_POINTS = 0x6870, 0x2A42, 0x4A43
IN_TABLE, ROW_END = 0x2416, 0x2417
SHADING = frozenset((0xCA71, 0x4866, 0xC64D, 0x442D, 0xD612, 0xD609, 0xD670, 0xD660))
OPERAND_BYTES = (1, 1, 2, 4, 2, 2, 0, 3)  # by the upper three bits of a code; 0: it comes first
IN_DATA_STREAM = b"\x46\x66"  # the changes have no room here and are in the stream Data
TINY_HALF_POINTS = 2  # a letter of one point cannot be read
KINDS_KEEPING_THEIR_LINE = ("tiny", "low-contrast")
PAGE_BYTES = 512
MAX_STEPS = 5_000_000  # comparing runs and pieces: 500 pieces of 10,000 runs
MAX_HIDDEN_RUNS, MAX_RUN_CHARACTERS = 50, 500

# Code pages of Word 6 and 95 by language (the lower ten bits of a LANGID); others: Windows-1252.
CODE_PAGES = {
    **dict.fromkeys((0x05, 0x0E, 0x15, 0x18, 0x1A, 0x1B, 0x1C, 0x24), "cp1250"),
    **dict.fromkeys((0x02, 0x19, 0x22, 0x23, 0x2F), "cp1251"),
    **{0x08: "cp1253", 0x1F: "cp1254", 0x0D: "cp1255", 0x01: "cp1256", 0x29: "cp1256"},
    **dict.fromkeys((0x25, 0x26, 0x27), "cp1257"),
    **{0x2A: "cp1258", 0x1E: "cp874", 0x11: "cp932", 0x12: "cp949", 0x04: "cp936"},
}
TAIWAN, HONG_KONG, MACINTOSH = 0x0404, 0x0C04, 0x0100


@dataclass(frozen=True, slots=True)
class _Piece:
    """Characters `first` up to `end` of the text begin at byte `at` of WordDocument."""

    first: int
    end: int
    offset: int
    width: int  # bytes a character
    changes: bytes = b""  # to the formatting of all of it


@dataclass(frozen=True, slots=True)
class _WordFile:
    """The streams, and the values of the FIB about them."""

    main: bytes
    tables: bytes
    data: bytes
    is_97: bool
    codec: str  # of characters of one byte
    lengths: tuple[int, ...]  # of body, footnotes, headers, macros, comments, endnotes, boxes

    def table(self, number: int) -> bytes:
        """One of the tables that the FIB names."""
        begin = (PAIRS_97 if self.is_97 else PAIRS_6) + 8 * number
        offset, length = unpack_from("<II", self.main, begin)
        if offset + length > len(self.tables):
            raise _damaged(f"table {number} ends at {offset + length} of {len(self.tables)}")
        return self.tables[offset : offset + length]


def parse(data: bytes, _context: ReadingContext) -> Parsed:
    """Headers, body, notes, text boxes and footers, as one page. Raises Unreadable."""
    file = Compound(data)
    if "worddocument" not in file.root.streams:
        raise Unreadable(Problem.UNKNOWN_KIND, "no WordDocument in the root")
    try:
        word = _open(file)
        pieces = list(_pieces(word))
        text = _text(word, pieces)
        formatting = _formatting(word, pieces, text)
        shown, hidden = _parts(word, text, formatting)
    except StructError as error:
        raise _damaged("a table ends early") from error
    if len(shown) > MAX_CHARACTERS:
        raise Unreadable(Problem.TOO_LONG, f"{len(shown)} characters")
    if not clean(shown).text:
        pictures = "\x01" in text or "\x08" in text
        raise Unreadable(Problem.NO_TEXT if pictures else Problem.BLANK, "DOC")
    flags: tuple[Flag, ...] = ()
    if "macros" in file.root.storages:
        flags = (Flag(FlagKind.MACROS),)
    return Parsed("doc", (shown,), flags, hidden=hidden)


def _open(file: Compound) -> _WordFile:
    main = file.read(file.root.streams["worddocument"])
    version, language, flags, character_set = unpack_from("<2xH2xH2xH8xH", main)
    if flags & ENCRYPTED:
        raise Unreadable(Problem.ENCRYPTED, "DOC")
    is_97 = version >= WORD_97
    tables = main
    if is_97:
        name = "1table" if flags & TABLE_1 else "0table"
        if name not in file.root.streams:
            raise _damaged(f"no stream {name}")
        tables = file.read(file.root.streams[name])
    codec = "cp1252"
    if not is_97:
        codec = CODE_PAGES.get(language & 0x3FF, codec)
        if language in (TAIWAN, HONG_KONG):
            codec = "cp950"
        if character_set == MACINTOSH:
            codec = "mac_roman"
    lengths = unpack_from("<8I", main, LENGTHS_97 if is_97 else LENGTHS_6)
    if sum(lengths) > 2 * MAX_CHARACTERS:
        raise Unreadable(Problem.TOO_LONG, f"says it has {sum(lengths)} characters")
    data = file.read(file.root.streams["data"]) if "data" in file.root.streams else b""
    return _WordFile(main, tables, data, is_97, codec, lengths)


def _pieces(word: _WordFile) -> Iterator[_Piece]:
    """The piece table ([MS-DOC] 2.8.35), or the one piece of a Word 6 file saved in full."""
    flags, begin, end = unpack_from("<10xH12xII", word.main)
    table = word.table(PIECES) if word.is_97 or flags & COMPLEX else b""
    if not table and not word.is_97:
        if begin > end:
            raise _damaged(f"characters from byte {begin} to {end}")
        yield _Piece(0, min(end - begin, sum(word.lengths)), begin, 1)
        return
    changes: list[bytes] = []
    offset = 0
    while table[offset : offset + 1] == b"\x01":
        (size,) = unpack_from("<H", table, offset + 1)
        changes.append(table[offset + 3 : offset + 3 + size])
        offset += 3 + size
    if table[offset : offset + 1] != b"\x02":
        raise _damaged("no piece table")
    (size,) = unpack_from("<I", table, offset + 1)
    table = table[offset + 5 : offset + 5 + size]
    count = (len(table) - 4) // 12
    ends = unpack_from(f"<{count + 1}I", table)
    for number in range(count):
        where, change = unpack_from("<2xIH", table, 4 * (count + 1) + 8 * number)
        first, end = ends[number : number + 2]
        if first > end or end > 2 * MAX_CHARACTERS:
            raise _damaged(f"piece {number} is from {first} to {end}")
        width = 1
        if word.is_97:
            width = 1 if where & 0x40000000 else 2
            where = (where & 0x3FFFFFFF) // (3 - width)
        of_all = changes[change >> 1] if change & 1 and change >> 1 < len(changes) else b""
        yield _Piece(first, end, where, width, of_all)


def _text(word: _WordFile, pieces: list[_Piece]) -> str:
    """The characters of all parts, each at its number: as many as there are positions."""
    texts = []
    position = 0
    for piece in pieces:
        if piece.first != position:
            raise _damaged(f"piece at {piece.first}, expected at {position}")
        position = piece.end
        size = (piece.end - piece.first) * piece.width
        raw = word.main[piece.offset : piece.offset + size]
        if len(raw) < size:
            raise _damaged(f"characters up to byte {piece.offset + size} of {len(word.main)}")
        if piece.width == 2:
            # One character for each two bytes, halves of rare ones as halves; see `lines`.
            texts.append("".join(map(chr, unpack_from(f"<{size // 2}H", raw))))
        else:
            texts.append(_narrow(raw, word.codec))
    return "".join(texts)


def _narrow(raw: bytes, codec: str) -> str:
    text = raw.decode(codec, "replace")
    if len(text) == len(raw):
        return text
    # Two bytes of an East Asian letter are two positions: the second stays empty.
    wide = (sign + "\0" * (len(sign.encode(codec, "replace")) - 1) for sign in text)
    return "".join(wide)[: len(raw)].ljust(len(raw), "\0")


def _formatting(word: _WordFile, pieces: list[_Piece], text: str) -> Formatting:
    """The formatting of single characters, by their numbers."""
    out = Formatting()
    white: list[tuple[int, int]] = []
    shaded = False
    for first, end, changes, of_paragraph in _formatted(word, pieces) if word.is_97 else ():
        is_white = is_shaded = False
        for change, value in _changes(changes):
            if change == VANISH and value == b"\x01":
                out.hidden.append((first, end, "vanished"))
            elif change == DELETED and value == b"\x01":
                out.hidden.append((first, end, ""))
            elif change == HALF_POINTS and int.from_bytes(value, "little") <= TINY_HALF_POINTS:
                out.hidden.append((first, end, "tiny"))
            elif change == COLOUR:
                is_white = value == b"\xff\xff\xff\x00"
            elif change == COLOUR_80:
                is_white = value == b"\x08"
            elif change == SYMBOL and text[first : first + 1] == "(":
                out.symbols[first] = SYMBOLS.get(f"{value[2:3].hex()}".upper(), "")
            elif change in SHADING:
                is_shaded = True
            elif of_paragraph and change == IN_TABLE and value == b"\x01":
                out.in_table.add(end - 1)
            elif of_paragraph and change == ROW_END and value == b"\x01":
                out.row_ends.add(end - 1)
        if is_white and not is_shaded:
            white.append((first, end))
        shaded = shaded or is_shaded
    # On a coloured ground white letters are usual; the ground of a text box is not known.
    before_boxes = sum(word.lengths[:6])
    if not shaded:
        out.hidden += [(a, b, "low-contrast") for a, b in white if b <= before_boxes]
    return out


def _formatted(word: _WordFile, pieces: list[_Piece]) -> Iterator[tuple[int, int, bytes, bool]]:
    """Numbers of characters from, up to, the changes to them, and whether to their paragraph."""
    for piece in pieces:
        if piece.changes:
            yield piece.first, piece.end, piece.changes, False
    steps = 0
    by_place = sorted(pieces, key=lambda piece: piece.offset)
    places = [piece.offset for piece in by_place]
    longest = max((piece.end - piece.first) * piece.width for piece in pieces) if pieces else 0
    for number in (CHARACTER_PAGES, PARAGRAPH_PAGES):
        for begin, end, changes in _runs(word, number):
            index = bisect_left(places, begin - longest) if changes else len(places)
            while index < len(by_place) and by_place[index].offset < end:
                piece = by_place[index]
                index += 1
                steps += 1
                if steps > MAX_STEPS:
                    raise Unreadable(Problem.TOO_COMPLEX, "runs and pieces without end")
                first = piece.first + max(0, begin - piece.offset) // piece.width
                last = min(piece.end, piece.first - -(end - piece.offset) // piece.width)
                if first < last:
                    yield first, last, changes, number == PARAGRAPH_PAGES


def _runs(word: _WordFile, number: int) -> Iterator[tuple[int, int, bytes]]:
    """Bytes from, up to, and the changes to their formatting ([MS-DOC] 2.8.5, 2.9.32, 2.9.174)."""
    table = word.table(number)
    count = (len(table) - 4) // 8
    if count <= 0:
        return
    pages = {page & 0x3FFFFF for page in unpack_from(f"<{count}I", table, 4 * (count + 1))}
    each = 1 if number == CHARACTER_PAGES else 13
    for page in sorted(pages):
        whole = word.main[page * PAGE_BYTES : (page + 1) * PAGE_BYTES]
        if len(whole) < PAGE_BYTES:
            raise _damaged(f"page {page} of formatting is past the end")
        many = whole[-1]
        if 4 * (many + 1) + each * many >= PAGE_BYTES:
            raise _damaged(f"page {page} of formatting has {many} runs")
        places = unpack_from(f"<{many + 1}I", whole)
        for run in range(many):
            offset = 2 * whole[4 * (many + 1) + each * run]
            changes = b""
            if offset and number == CHARACTER_PAGES:
                changes = whole[offset + 1 : offset + 1 + whole[offset]]
            elif offset and whole[offset]:  # counted in words; the style comes first
                changes = whole[offset + 3 : offset + 2 * whole[offset]]
            elif offset and offset + 1 < PAGE_BYTES:
                changes = whole[offset + 4 : offset + 2 + 2 * whole[offset + 1]]
            if changes[:2] == IN_DATA_STREAM:
                (offset,) = unpack_from("<I", changes, 2)
                (size,) = unpack_from("<H", word.data, offset)
                changes = word.data[offset + 2 : offset + 2 + size]
            yield places[run], places[run + 1], changes


def _changes(changes: bytes) -> Iterator[tuple[int, bytes]]:
    """Each change and its operand ([MS-DOC] 2.2.5.1)."""
    offset = 0
    while offset + 2 < len(changes):
        change = int.from_bytes(changes[offset : offset + 2], "little")
        offset += 2
        size = OPERAND_BYTES[change >> 13]
        if not size:
            size = changes[offset]
            offset += 1
            if change == 0xD608:  # the definition of a table has a length of two bytes, plus one
                size += 256 * changes[offset] - 1 if offset < len(changes) else 0
                offset += 1
        yield change, changes[offset : offset + size]
        offset += size


def _parts(word: _WordFile, text: str, formatting: Formatting) -> tuple[str, tuple[Hidden, ...]]:
    """The text of the parts in the order of reading, and the hidden text in them."""
    ends = [0]
    for length in word.lengths:
        ends.append(ends[-1] + length)
    body, footnotes, headers, _, _, endnotes, boxes, header_boxes = (
        (ends[number], ends[number + 1]) for number in range(8)
    )
    signs = without_fields(text, ends)
    hidden = _hide(text, signs, formatting)
    for number, sign in formatting.symbols.items():
        signs[number] = sign
    above: list[str] = []
    below: list[str] = []
    for number, story in enumerate(_stories(word, headers)):
        story_text = lines(signs, story, formatting)
        # The first six are lines above notes; then even, odd and first pages take turns.
        if number >= 6 and story_text not in (*above, *below):
            (below if number % 6 in (2, 3, 5) else above).append(story_text)
    shown = [
        *above,
        lines(signs, header_boxes, formatting),
        *(lines(signs, part, formatting) for part in (body, footnotes, endnotes, boxes)),
        *below,
    ]
    return "\n\n".join(part for part in shown if part.strip()), hidden


def _stories(word: _WordFile, headers: tuple[int, int]) -> list[tuple[int, int]]:
    """Where each header and footer begins and ends ([MS-DOC] 2.8.22)."""
    table = word.table(HEADER_STORIES)
    begin, end = headers
    places = [begin + place for place in unpack_from(f"<{len(table) // 4}I", table)]
    if begin < end and (len(places) < 8 or max(places) > end + 2):
        return [(begin, begin)] * 6 + [(begin, end)]  # without a list: as one
    return [(a, min(b, end)) for a, b in pairwise(places) if a <= b]


def _hide(text: str, signs: list[str], formatting: Formatting) -> tuple[Hidden, ...]:
    """Take the hidden characters out of `signs`; returns them, runs that touch put together."""
    runs: list[tuple[str, list[str]]] = []
    done = 0
    for first, end, kind in sorted(formatting.hidden):
        if not runs or first > done or runs[-1][0] != kind:
            runs.append((kind, []))
        for number in range(max(first, done), min(end, len(signs))):
            runs[-1][1].append(formatting.symbols.pop(number, signs[number]))
            # The end of a paragraph goes with hidden text, as on the page; white and tiny letters
            # leave their line.
            stays = text[number] == "\x07" or (
                text[number] == "\r" and kind in KINDS_KEEPING_THEIR_LINE
            )
            signs[number] = text[number] if stays else ""
        done = max(done, end)
    texts = ((kind, re.sub(r"[\x00-\x1f]+", " ", "".join(run)).strip()) for kind, run in runs)
    hidden = [Hidden(kind, text[:MAX_RUN_CHARACTERS]) for kind, text in texts if kind and text]
    return tuple(hidden[:MAX_HIDDEN_RUNS])


def _damaged(detail: str) -> Unreadable:
    return Unreadable(Problem.DAMAGED, f"DOC: {detail}")
