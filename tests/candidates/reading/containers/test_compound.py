"""Compound files are read as far as they are whole; what lies or loops is damaged."""

import struct

import pytest

from candidates.reading.containers.compound import Compound, Stream
from candidates.reading.limits import MAX_PARTS_BYTES
from candidates.reading.problems import Problem, Unreadable
from tests.makers.compound import Tree, compound

LARGE = bytes(range(256)) * 80
TREE: Tree = {"Small": b"a few bytes", "Large": LARGE, "Folder": {"Inner": b"inside", "Empty": b""}}


def test_streams_small_and_large_come_back_whole() -> None:
    file = Compound(compound(TREE))

    assert file.read(file.root.streams["small"]) == b"a few bytes"
    assert file.read(file.root.streams["large"]) == LARGE
    inner = file.root.storages["folder"]
    assert file.read(inner.streams["inner"]) == b"inside"
    assert file.read(inner.streams["empty"]) == b""


def test_a_file_whose_table_takes_many_sectors_comes_back_whole() -> None:
    megabytes = LARGE * 150
    file = Compound(compound({"Large": megabytes}))

    assert file.read(file.root.streams["large"]) == megabytes


def test_a_torn_last_sector_costs_only_what_stood_in_it() -> None:
    whole = compound({"Large": LARGE})
    file = Compound(whole[:-100])  # the end of the table, which is unused

    assert file.read(file.root.streams["large"]) == LARGE


@pytest.mark.parametrize("length", [0, 8, 75, 511, 512, 600, 5_000])
def test_a_file_that_ends_early_is_damaged(length: int) -> None:
    with pytest.raises(Unreadable) as refused:
        Compound(compound(TREE)[:length])

    assert refused.value.problem is Problem.DAMAGED


@pytest.mark.parametrize(
    ("at", "number", "what"),
    [
        (24, 0x0004_003E, "version 4 with the sectors of version 3"),
        (28, 0x0009_FFFF, "byte order"),
        (48, 0x7FFFFFFF, "directory past the end"),
        (48, 0xFFFFFFFE, "no directory"),
        (68, 0, "list of tables that leads to a stream"),
        (76, 0x00FFFFFF, "table past the end"),
    ],
)
def test_a_header_that_lies_is_damaged(at: int, number: int, what: str) -> None:
    made = bytearray(compound(TREE))
    struct.pack_into("<I", made, at, number)

    with pytest.raises(Unreadable) as refused:
        Compound(bytes(made))

    assert refused.value.problem is Problem.DAMAGED, what


def _entry(data: bytearray, name: str) -> int:
    return data.index(name.encode("utf-16-le"))


@pytest.mark.parametrize("name", ["Small", "Folder"])
def test_a_directory_that_loops_is_damaged(name: str) -> None:
    made = bytearray(compound(TREE))
    struct.pack_into("<I", made, _entry(made, name) + 72, 1)  # its right brother: the first

    with pytest.raises(Unreadable) as refused:
        Compound(bytes(made))

    assert refused.value.problem is Problem.DAMAGED


def test_sectors_that_follow_each_other_in_a_circle_are_damaged() -> None:
    made = bytearray(compound(TREE))
    (table,) = struct.unpack_from("<I", made, 76)
    directory = struct.unpack_from("<I", made, 48)[0]
    struct.pack_into("<I", made, (table + 1) * 512 + 4 * directory, directory)

    with pytest.raises(Unreadable) as refused:
        Compound(bytes(made))

    assert refused.value.problem is Problem.DAMAGED


@pytest.mark.parametrize(
    ("name", "size"), [("Large", 4_000_000), ("Small", 4_000), ("Inner", 100_000)]
)
def test_a_stream_that_claims_more_than_it_has_is_damaged(name: str, size: int) -> None:
    made = bytearray(compound(TREE))
    struct.pack_into("<I", made, _entry(made, name) + 120, size)
    file = Compound(bytes(made))
    streams = file.root.streams | file.root.storages["folder"].streams

    with pytest.raises(Unreadable) as refused:
        file.read(streams[name.lower()])

    assert refused.value.problem is Problem.DAMAGED


def test_reading_the_same_sectors_over_and_over_ends() -> None:
    file = Compound(compound({"Large": LARGE * 50}))
    stream = file.root.streams["large"]

    with pytest.raises(Unreadable) as refused:
        for _ in range(MAX_PARTS_BYTES // stream.size + 1):
            file.read(stream)

    assert refused.value.problem is Problem.TOO_COMPLEX


def test_a_stream_that_begins_nowhere_is_damaged() -> None:
    file = Compound(compound(TREE))

    with pytest.raises(Unreadable) as refused:
        file.read(Stream(9_999, 5_000))

    assert refused.value.problem is Problem.DAMAGED
