"""Flags as values: the same after a trip through JSON, and nothing else taken for one."""

import json
from typing import Any

import pytest

from candidates.facts.flags import Flag, FlagKind


def test_a_flag_survives_json() -> None:
    flag = Flag(FlagKind.MISLABELLED, {"extension": "pdf", "actual": "text"}, 2, "a.pdf", ((0, 3),))

    assert Flag.from_json(json.loads(json.dumps(flag.to_json()))) == flag


def test_spans_move_together() -> None:
    flag = Flag(FlagKind.TWO_PEOPLE, spans=((0, 3), (5, 7)))

    assert flag.moved(10).spans == ((10, 13), (15, 17))


@pytest.mark.parametrize(
    "spoilt",
    [
        {"kind": "unheard-of"},
        {"kind": None},
        {"params": {"sentence": 1}},
        {"params": {"confidence": "Jane Example was here"}},
        {"params": {"confidence": "a" * 41}},
        {"params": {"confidence": -1}},
        {"params": {"confidence": True}},
        {"params": {"confidence": 0.5}},
        {"params": {"confidence": None}},
        {"params": {"confidence": ["a"]}},
        {"params": None},
        {"page": "one"},
        {"file": "with \0 in it"},
        {"file": None},
        {"spans": [[3, 3]]},
        {"spans": [[-1, 3]]},
        {"spans": [[1]]},
        {"spans": [["a", "b"]]},
        {"spans": None},
    ],
)
def test_nothing_else_is_taken_for_a_flag(spoilt: dict[str, Any]) -> None:
    value = Flag(FlagKind.RECOGNISED, {"confidence": 96}, 1).to_json() | spoilt

    with pytest.raises((TypeError, ValueError)):
        Flag.from_json(value)


@pytest.mark.parametrize("missing", ["kind", "params", "page", "file", "spans"])
def test_a_flag_has_all_its_fields(missing: str) -> None:
    value = Flag(FlagKind.RECOGNISED).to_json()
    del value[missing]

    with pytest.raises(KeyError):
        Flag.from_json(value)
