"""OLE compound files: the little file system inside .doc and .msg ([MS-CFB]).

A file is cut into sectors; a table (FAT) says for each sector which one follows it, and a
directory names the streams and the storages, which are their folders. Apart from the readers of
Word and Outlook files, which both stand on it. Nothing in the file is believed: a chain that
loops, points nowhere or is longer than the file ends with `Problem.DAMAGED`.
"""

import sys
from array import array
from dataclasses import dataclass, field
from struct import Struct
from struct import error as StructError

from candidates.reading.limits import MAX_PARTS_BYTES
from candidates.reading.problems import Problem, Unreadable

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
HEADER = Struct("<8s16x5H6x9I")  # [MS-CFB] 2.2, up to the DIFAT
ENTRY = Struct("<64sHBBIII16x4x8x8xIQ")  # [MS-CFB] 2.6.1, 128 bytes
IN_HEADER = 109  # sectors of the FAT that the header itself lists
LAST = 0xFFFFFFFA  # higher numbers are marks: end of chain, free, part of the tables
END = 0xFFFFFFFE
NOTHING = 0xFFFFFFFF  # no brother or child in the directory
STORAGE, STREAM, ROOT = 1, 2, 5
MAX_ENTRIES = 20_000  # of the directory; a message with fifty attachments has about 2,000
MAX_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Stream:
    """Where a stream begins and how many bytes it says it has."""

    start: int
    size: int


@dataclass(slots=True)
class Storage:
    """A folder; the names are in lower case, as the format does not tell cases apart."""

    streams: dict[str, Stream] = field(default_factory=dict)
    storages: dict[str, "Storage"] = field(default_factory=dict)


class Compound:
    """The streams of one compound file, read when asked for.

    Raises Unreadable(DAMAGED) for a file that is torn or lies about itself, and
    Unreadable(TOO_COMPLEX) where the streams together are more than limits allow: many may claim
    the same sectors.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.handed_out = 0
        try:
            header = HEADER.unpack_from(data)
        except StructError:
            raise _damaged("shorter than its header") from None
        magic, _, major, order, shift, mini_shift, *numbers = header
        _, _, directory, _, self.cutoff, mini_fat, _, difat, _ = numbers
        if magic != MAGIC or order != 0xFFFE:
            raise _damaged("no header")
        if (major, shift) not in ((3, 9), (4, 12)) or mini_shift != 6 or self.cutoff != 4096:
            raise _damaged(f"version {major}, sectors of 2**{shift} bytes")
        self.sector = 1 << shift
        self.count = max(0, -(-len(data) // self.sector) - 1)  # the last may be torn
        self.fat = self._fat(difat)
        self.mini_fat = _numbers(self._chain(mini_fat)) if mini_fat < LAST else array("I")
        self.mini = b""  # the stream that holds the small ones; read when one is asked for
        self.mini_stream = Stream(END, 0)
        self.root = self._directory(directory)

    def read(self, stream: Stream) -> bytes:
        """All bytes of `stream`."""
        self.handed_out += stream.size
        if self.handed_out > MAX_PARTS_BYTES:
            raise Unreadable(Problem.TOO_COMPLEX, f"streams of {self.handed_out} bytes")
        if stream.size >= self.cutoff:
            return self._whole(self._chain(stream.start, stream.size), stream)
        if not stream.size:
            return b""
        if not self.mini:
            self.mini = self._chain(self.mini_stream.start, self.mini_stream.size)
        pieces = []
        at = stream.start
        for _ in range(-(-stream.size // 64)):
            if at >= len(self.mini_fat) or at * 64 >= len(self.mini):
                raise _damaged("a small stream leads nowhere")
            pieces.append(self.mini[at * 64 : (at + 1) * 64])
            at = self.mini_fat[at]
        return self._whole(b"".join(pieces), stream)

    def _whole(self, data: bytes, stream: Stream) -> bytes:
        if len(data) < stream.size:
            raise _damaged(f"a stream of {stream.size} bytes has {len(data)}")
        return data[: stream.size]

    def _at(self, number: int) -> bytes:
        if number >= self.count:
            raise _damaged(f"sector {number} of {self.count}")
        begin = (number + 1) * self.sector
        return self.data[begin : begin + self.sector]

    def _fat(self, difat: int) -> "array[int]":
        """The table of what follows what: its sectors are listed in the header, and further
        lists are chained by their last number."""
        listed = _numbers(self.data[76 : 76 + 4 * IN_HEADER])
        each = self.sector // 4 - 1
        for _ in range(self.count):
            if difat >= LAST:
                break
            numbers = _numbers(self._at(difat))
            if len(numbers) <= each:
                raise _damaged("the list of tables is cut off")
            listed.extend(numbers[:each])
            difat = numbers[each]
        else:
            if difat < LAST:
                raise _damaged("the list of tables has no end")
        sectors = [number for number in listed if number < LAST]
        if len(sectors) > self.count:
            raise _damaged(f"{len(sectors)} sectors of tables in a file of {self.count}")
        return _numbers(b"".join(self._at(number) for number in sectors))

    def _chain(self, start: int, size: int | None = None) -> bytes:
        """The sectors from `start` on, as many as `size` bytes need, or all of them."""
        most = self.count if size is None else min(self.count, -(-size // self.sector))
        pieces: list[bytes] = []
        at = start
        while at < LAST and len(pieces) < most:
            pieces.append(self._at(at))
            if at >= len(self.fat):
                raise _damaged(f"sector {at} is in no table")
            at = self.fat[at]
        if size is None and at < LAST:
            raise _damaged("a chain of sectors has no end")
        return b"".join(pieces)

    def _directory(self, start: int) -> Storage:
        table = self._chain(start)
        total = len(table) // ENTRY.size
        if not total:
            raise _damaged("no directory")
        if total > MAX_ENTRIES:
            raise Unreadable(Problem.TOO_COMPLEX, f"{total} entries in the directory")
        entries = [ENTRY.unpack_from(table, at * ENTRY.size) for at in range(total)]
        if entries[0][2] != ROOT:
            raise _damaged("no root in the directory")
        self.mini_stream = Stream(entries[0][7], self._size(entries[0][8]))
        root = Storage()
        seen: set[int] = set()
        # Entry, the folder it stands in, how deep that is. Brothers form a tree of their own.
        left: list[tuple[int, Storage, int]] = [(entries[0][6], root, 1)]
        while left:
            number, folder, depth = left.pop()
            if number == NOTHING:
                continue
            if number >= total or number in seen or depth > MAX_DEPTH:
                raise _damaged(f"the directory loops or leaves the file at entry {number}")
            seen.add(number)
            raw, length, kind, _, before, after, child, first, size = entries[number]
            left += [(before, folder, depth), (after, folder, depth)]
            name = raw[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace").lower()
            if kind == STREAM:
                folder.streams.setdefault(name, Stream(first, self._size(size)))
            elif kind == STORAGE:
                inner = folder.storages.setdefault(name, Storage())
                left.append((child, inner, depth + 1))
        return root

    def _size(self, size: int) -> int:
        """Files with short sectors may keep rubbish in the upper half ([MS-CFB] 2.6.1)."""
        return size & 0xFFFFFFFF if self.sector == 512 else size


def _numbers(data: bytes) -> "array[int]":
    numbers = array("I")
    numbers.frombytes(data[: len(data) // 4 * 4])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _damaged(detail: str) -> Unreadable:
    return Unreadable(Problem.DAMAGED, f"compound file: {detail}")
