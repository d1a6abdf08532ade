"""OLE compound files for tests ([MS-CFB]), as .doc and .msg are: folders and streams to bytes."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

type Tree = Mapping[str, bytes | Tree]

FREE, END, FAT_SECTOR, NOTHING = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
SMALL = 4096  # streams shorter than this go into the stream of small ones


def compound(tree: Tree) -> bytes:
    """A file of version 3, with sectors of 512 bytes; `tree` maps names to streams and folders."""
    return _Maker().make(tree)


class _Maker:
    def __init__(self) -> None:
        self.sectors: list[bytes] = []
        self.fat: list[int] = []
        self.small = b""
        self.small_fat: list[int] = []
        self.entries: list[_Entry] = []

    def make(self, tree: Tree) -> bytes:
        self._entry("Root Entry", 5)
        self.entries[0].child = self._folder(tree)
        if self.small:
            self.entries[0].start = self._store(self.small)
            self.entries[0].size = len(self.small)
        table = b"".join(entry.packed() for entry in self.entries)
        directory = self._store(table)
        small_fat = self._store(_numbers(self.small_fat)) if self.small_fat else END
        count = 1
        while 128 * count < len(self.fat) + count:
            count += 1
        first = len(self.sectors)
        self.fat += [FAT_SECTOR] * count
        listed = _numbers(self.fat).ljust(512 * count, b"\xff")
        assert count <= 109, "a test needs no longer file"
        header = struct.pack(
            "<8s16x5H6x9I",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            *(0x3E, 3, 0xFFFE, 9, 6),
            *(0, count, directory, 0, SMALL, small_fat, -(-len(self.small_fat) // 128), END, 0),
        )
        header += _numbers([first + number for number in range(count)]).ljust(436, b"\xff")
        return header + b"".join(self.sectors) + listed

    def _folder(self, tree: Tree) -> int:
        """The first of its entries; each is the right brother of the one before."""
        numbers = []
        for name, content in tree.items():
            number = self._entry(name, 2 if isinstance(content, bytes) else 1)
            numbers.append(number)
            entry = self.entries[number]
            if not isinstance(content, bytes):
                entry.child = self._folder(content)
            elif content:
                entry.start = self._store(content) if len(content) >= SMALL else self._keep(content)
                entry.size = len(content)
        for number, following in pairwise(numbers):
            self.entries[number].right = following
        return numbers[0] if numbers else NOTHING

    def _entry(self, name: str, kind: int) -> int:
        self.entries.append(_Entry(name, kind))
        return len(self.entries) - 1

    def _store(self, content: bytes) -> int:
        first = len(self.sectors)
        for at in range(0, len(content), 512):
            self.sectors.append(content[at : at + 512].ljust(512, b"\0"))
            self.fat.append(len(self.sectors))
        self.fat[-1] = END
        return first

    def _keep(self, content: bytes) -> int:
        first = len(self.small) // 64
        self.small += content.ljust(-(-len(content) // 64) * 64, b"\0")
        self.small_fat += range(first + 1, len(self.small) // 64 + 1)
        self.small_fat[-1] = END
        return first


@dataclass(slots=True)
class _Entry:
    """An entry of the directory; nothing ever stands to its left."""

    name: str
    kind: int
    right: int = NOTHING
    child: int = NOTHING
    start: int = END
    size: int = 0

    def packed(self) -> bytes:
        name = self.name.encode("utf-16-le")
        return struct.pack(
            "<64sHBBIII16x4x16xIQ",
            *(name, len(name) + 2, self.kind, 1),
            *(NOTHING, self.right, self.child, self.start, self.size),
        )


def _numbers(numbers: list[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)
