"""Compound files are read as far as they are whole; what lies or loops is damaged."""

import struct

import pytest

from candidates.reading.containers.compound import (
    MAX_ENTRIES,
    MAX_STORAGE_DEPTH,
    Compound,
    Stream,
)
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
    ("at", "number", "lie"),
    [
        (24, 0x0004_003E, "version 4 with the sectors of version 3"),
        (28, 0x0009_FFFF, "byte order"),
        (48, 0x7FFFFFFF, "directory past the end"),
        (48, 0xFFFFFFFE, "no directory"),
        (68, 0, "list of tables that leads to a stream"),
        (76, 0x00FFFFFF, "table past the end"),
    ],
)
def test_a_header_that_lies_is_damaged(at: int, number: int, lie: str) -> None:
    made = bytearray(compound(TREE))
    struct.pack_into("<I", made, at, number)

    with pytest.raises(Unreadable) as refused:
        Compound(bytes(made))

    assert refused.value.problem is Problem.DAMAGED, lie


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


def test_a_folder_whose_entries_form_one_long_chain_is_read() -> None:
    """Each is the right sibling of the one before: recursion would give up at a thousand."""
    names = [f"Stream {number}" for number in range(3_000)]

    file = Compound(compound(dict.fromkeys(names, b"")))

    assert set(file.root.streams) == {name.lower() for name in names}


def test_a_directory_of_more_entries_than_any_message_has_is_refused() -> None:
    with pytest.raises(Unreadable) as refused:
        Compound(compound({f"S{number}": b"" for number in range(MAX_ENTRIES)}))

    assert refused.value.problem is Problem.TOO_COMPLEX


def test_folders_in_folders_without_end_are_damaged() -> None:
    tree: Tree = {"Inner": b"inside"}
    for _ in range(MAX_STORAGE_DEPTH):
        tree = {"Folder": tree}

    with pytest.raises(Unreadable) as refused:
        Compound(compound(tree))

    assert refused.value.problem is Problem.DAMAGED


@pytest.mark.parametrize("tables", [110, 4_000, 0xFFFFFFFF])
def test_a_list_of_tables_that_goes_in_a_circle_ends(tables: int) -> None:
    made = bytearray(compound({"Large": LARGE * 10}))
    first = 0  # a sector of the stream, which becomes a list of itself
    struct.pack_into("<128I", made, 512, *[first] * 128)
    lists = -(-(tables - 109) // 127) & 0xFFFFFFFF
    struct.pack_into("<I", made, 44, tables)
    struct.pack_into("<II", made, 68, first, lists)

    with pytest.raises(Unreadable) as refused:
        Compound(bytes(made))

    assert refused.value.problem is Problem.DAMAGED


@pytest.mark.parametrize("count", [0, 1, 0xFFFFFFFF])
def test_how_many_small_tables_the_header_announces_does_not_matter(count: int) -> None:
    made = bytearray(compound(TREE))
    struct.pack_into("<I", made, 64, count)
    file = Compound(bytes(made))

    assert file.read(file.root.streams["small"]) == b"a few bytes"


def test_small_tables_that_follow_each_other_in_a_circle_end() -> None:
    made = bytearray(compound(TREE))
    (fat,) = struct.unpack_from("<I", made, 76)
    (small_table,) = struct.unpack_from("<I", made, 60)
    struct.pack_into("<I", made, (fat + 1) * 512 + 4 * small_table, small_table)
    struct.pack_into("<I", made, 64, 0xFFFFFFFF)
    file = Compound(bytes(made))

    assert file.read(file.root.streams["small"]) == b"a few bytes"


def test_a_stream_of_more_bytes_than_the_file_is_damaged_before_it_is_read() -> None:
    file = Compound(compound(TREE))

    with pytest.raises(Unreadable) as refused:
        file.read(Stream(0, MAX_PARTS_BYTES))

    assert refused.value.problem is Problem.DAMAGED
