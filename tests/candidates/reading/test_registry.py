"""The registry of readers: each kind has one, of one signature, loaded when it is needed."""

import inspect

import pytest

from candidates.reading.context import ReadingContext
from candidates.reading.registry import READERS, reader_of
from candidates.reading.sniff import FileKind


def test_each_kind_has_a_reader() -> None:
    assert set(READERS) == set(FileKind)


@pytest.mark.parametrize("kind", FileKind)
def test_a_reader_takes_bytes_and_the_context(kind: FileKind) -> None:
    parameters = list(inspect.signature(reader_of(kind)).parameters.values())

    assert [parameter.annotation for parameter in parameters] == [bytes, ReadingContext]
