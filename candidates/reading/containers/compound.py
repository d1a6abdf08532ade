"""OLE compound files, the little file system inside .doc and .msg ([MS-CFB]), through olefile.

olefile follows the tables of sectors and decodes the directory; the limits around it are here. A
header that announces more tables than the file has room for is refused before olefile sees it, the
directory is walked without recursion, and no stream is read that claims more than the file holds.
"""

import io
from dataclasses import dataclass, field
from struct import Struct
from struct import error as StructError

import olefile

from candidates.reading.limits import MAX_PARTS_BYTES
from candidates.reading.problems import Problem, Unreadable

HEADER = Struct("<8s16x5H6x9I")  # [MS-CFB] 2.2, up to the DIFAT
SECTORS_IN_HEADER = 109  # of the table (FAT): so many the header itself lists
FIRST_MARK = 0xFFFFFFFA  # higher sector numbers are marks: end of chain, free, part of the tables
ENTRY_BYTES = 128  # of the directory
MAX_ENTRIES = 20_000  # of the directory; a message with fifty attachments has about 2,000
MAX_STORAGE_DEPTH = 32
# What olefile raises for a torn or lying file; its own errors are OSErrors.
BROKEN = (OSError, ValueError, IndexError, OverflowError, StructError)


@dataclass(frozen=True, slots=True)
class Stream:
    """Where a stream begins (the number of a sector) and how many bytes it says it has."""

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
        _check_header(data)
        self.file_bytes = len(data)
        self.handed_out_bytes = 0
        try:
            self.file = _BoundedOleFile(io.BytesIO(data))
        except BROKEN as error:
            raise _damaged(type(error).__name__) from error
        self.root = self.file.folders

    def read(self, stream: Stream) -> bytes:
        """All bytes of `stream`."""
        self.handed_out_bytes += stream.size
        if self.handed_out_bytes > MAX_PARTS_BYTES:
            raise Unreadable(Problem.TOO_COMPLEX, f"streams of {self.handed_out_bytes} bytes")
        if not stream.size:
            return b""
        if stream.size > self.file_bytes:
            raise _damaged(f"a stream of {stream.size} bytes in a file of {self.file_bytes}")
        try:
            content: bytes = self.file._open(stream.start, stream.size).getvalue()
        except BROKEN as error:
            raise _damaged(type(error).__name__) from error
        if len(content) < stream.size:
            raise _damaged(f"a stream of {stream.size} bytes has {len(content)}")
        return content


def _check_header(data: bytes) -> None:
    """Refuse what olefile tolerates or would take long over."""
    try:
        header = HEADER.unpack_from(data)
    except StructError:
        raise _damaged("shorter than its header") from None
    magic, _, major, byte_order, shift, mini_shift, *numbers = header
    _, tables, _, _, cutoff, _, _, first_list, lists = numbers
    if magic != olefile.MAGIC or byte_order != 0xFFFE:
        raise _damaged("no header")
    if (major, shift) not in ((3, 9), (4, 12)) or mini_shift != 6 or cutoff != 4096:
        raise _damaged(f"version {major}, sectors of 2**{shift} bytes")
    sector_bytes = 1 << shift
    sectors = len(data) // sector_bytes
    # A table has a number of four bytes for each sector. Twice as many are let pass, because a
    # file may have lost its end; olefile copies all tables for each further one.
    if lists and tables > SECTORS_IN_HEADER + 2 * sectors * 4 // sector_bytes:
        raise _damaged(f"{tables} sectors of tables in a file of {sectors}")
    if not lists and first_list < FIRST_MARK:
        raise _damaged("a list of tables that is none")


class _BoundedOleFile(olefile.OleFileIO):  # type: ignore[misc]  # olefile has no types
    """olefile without its recursion over the directory, which one chain of entries exhausts, and
    with a bound on it. Defects that do not keep olefile from going on are tolerated, as in
    files that people have."""

    def getsect(self, sect: int) -> bytes:
        """A sector of the tables. The last sector of a file may be torn: what is missing counts
        as free."""
        if sect >= self.nb_sect:
            raise _damaged(f"sector {sect} of {self.nb_sect}")
        self.fp.seek(self.sectorsize * (sect + 1))
        content: bytes = self.fp.read(self.sectorsize)
        return content.ljust(self.sectorsize, b"\xff")

    def loaddirectory(self, sect: int) -> None:
        """Read the directory from sector `sect` on into `folders`."""
        self.directory_fp = self._open(sect, force_FAT=True)
        total = self.directory_fp.size // ENTRY_BYTES
        if self.directory_fp.size >= len(self.fat) * self.sectorsize:
            raise _damaged("the directory has no end")
        if not total:
            raise _damaged("no directory")
        if total > MAX_ENTRIES:
            raise Unreadable(Problem.TOO_COMPLEX, f"{total} entries in the directory")
        self.direntries = [None] * total
        self.root = self._load_direntry(0)
        if self.root.entry_type != olefile.STGTY_ROOT:
            raise _damaged("no root in the directory")
        # The root names the stream that holds the small ones, the header its table. Both may
        # claim more than there is, and are read as far as they go.
        sectors = -(-self.root.size // self.sectorsize)
        self.root.size = min(sectors, self.nb_sect) * self.sectorsize
        self.num_mini_fat_sectors = self.nb_sect
        self.folders = self._walk(total)

    def _walk(self, total: int) -> Storage:
        root = Storage()
        # Entry, the folder it stands in, how deep that is. Siblings form a tree of their own.
        waiting = [(self.root.sid_child, root, 1)]
        while waiting:
            number, folder, depth = waiting.pop()
            if number == olefile.NOSTREAM:
                continue
            if number >= total or self.direntries[number] or depth > MAX_STORAGE_DEPTH:
                raise _damaged(f"the directory loops or leaves the file at entry {number}")
            entry = self._load_direntry(number)
            waiting += [(entry.sid_left, folder, depth), (entry.sid_right, folder, depth)]
            name = entry.name.lower()
            if entry.entry_type == olefile.STGTY_STREAM:
                folder.streams.setdefault(name, Stream(entry.isectStart, entry.size))
            elif entry.entry_type == olefile.STGTY_STORAGE:
                inner = folder.storages.setdefault(name, Storage())
                waiting.append((entry.sid_child, inner, depth + 1))
        return root

    def _check_duplicate_stream(self, first_sect: int, minifat: bool = False) -> None:  # noqa: FBT001, FBT002 -- as olefile calls it
        """Nothing: `Compound.read` bounds what streams that share sectors give, and olefile's
        look at each pair of 20,000 entries would take seconds."""


def _damaged(detail: str) -> Unreadable:
    return Unreadable(Problem.DAMAGED, f"compound file: {detail}")
