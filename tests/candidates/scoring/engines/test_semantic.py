"""The model is read from its package, once, and without a network."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from candidates.scoring.engines import semantic
from candidates.scoring.scorecard import EngineUnavailable
from tests.reasons import raises_saying

OFFLINE = """
import socket

def refuse(*args, **kwargs):
    raise AssertionError("the network was reached for")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
import asyncio, sys
from candidates.scoring.engines import make
from candidates.scoring.rubric import Rubric

rubric = Rubric.build(title="Nurse", description="Acute care", criteria=())
card = asyncio.run(make("local").score("Nurse in acute care for nine years.", rubric))
print(card.ratings[0].rating > 0, *{"requests", "wordllama", "torch"} & set(sys.modules))
"""


@pytest.mark.processes
def test_scoring_needs_no_network_no_home_and_no_download(tmp_path: Path) -> None:
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "HF_HOME": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", OFFLINE], env=bare, capture_output=True, text=True, check=False
    )

    assert (result.stdout.split(), result.stderr) == (["True"], "")
    assert list(tmp_path.iterdir()) == []


def test_near_meanings_are_near() -> None:
    def cosine(text: str, other: str) -> float:
        return float(semantic.unit(semantic.mean(text)) @ semantic.unit(semantic.mean(other)))

    assert cosine("mentoring", "mentor") > 0.5 > cosine("mentoring", "kitchen")


def test_a_piece_is_the_same_in_any_company() -> None:
    alone, _ = semantic.sums(["PostgreSQL"])
    among, counts = semantic.sums(["", "nurse", "PostgreSQL", "a longer piece of text", "🚀"])

    assert np.array_equal(alone[0], among[2])
    assert counts[0] == 0
    assert not among[0].any()


def test_a_text_without_words_has_no_direction() -> None:
    assert not semantic.unit(semantic.mean("")).any()


def test_a_package_without_its_files_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic, "WEIGHTS", "weights/other.safetensors")

    with raises_saying(EngineUnavailable, "wordllama does not hold weights/other"):
        semantic.model.__wrapped__()
