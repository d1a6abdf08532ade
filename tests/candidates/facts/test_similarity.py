"""Signatures of texts: copies are recognised, texts of other people are not alike."""

import random
from itertools import combinations
from pathlib import Path

import pytest

from candidates.facts.similarity import BAND_SLOTS, SLOTS, bands, share, signature, text_key
from candidates.reading import Unreadable, read

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = sorted((ROOT / "candidates" / "samples").glob("*/*"))


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    text_of = {}
    for path in SAMPLES:
        if path.name != "JOB.md":
            try:
                text_of[path.name] = read(path.read_bytes(), path.name).text
            except Unreadable:  # a few are on purpose
                continue
    return text_of


def edited(text: str, seed: int) -> str:
    """A copy as people make it: a line gone, a line new, some words other."""
    chance = random.Random(seed)
    lines = text.split("\n")
    del lines[chance.randrange(len(lines))]
    lines.insert(chance.randrange(len(lines)), "Led a team of nine people in a new office abroad.")
    words = " \n ".join(lines).split(" ")
    for _ in range(len(words) // 50):
        words[chance.randrange(len(words))] = "otherwise"
    return " ".join(words)


@pytest.mark.slow
def test_edited_copies_are_told(texts: dict[str, str]) -> None:
    missed = []
    for number, (name, text) in enumerate(texts.items()):
        first, second = signature(text), signature(edited(text, number))
        if not first:
            continue
        if share(first, second) < 0.5 or not set(bands(first)) & set(bands(second)):
            missed.append(name)
    assert len(texts) > 100
    assert missed == []


def test_different_people_are_not_alike(texts: dict[str, str]) -> None:
    signed = {name: signature(text) for name, text in texts.items()}

    alike = [
        (first, second)
        for first, second in combinations(signed, 2)
        if share(signed[first], signed[second]) >= 0.5
    ]

    assert alike == []


def test_a_signature_is_the_same_on_every_machine() -> None:
    words = " ".join(f"word{n}" for n in range(100))

    signed = signature(words)

    assert signed[:3] == signature(words.upper().replace(" ", ",\n"))[:3]
    assert len(signed) == SLOTS and len(bands(signed)) == SLOTS // BAND_SLOTS
    assert all(0 <= number < 2**31 for number in signed + bands(signed))


def test_a_short_text_has_no_signature() -> None:
    assert signature("Jane Example, engineer in Leeds") == []
    assert bands([]) == [] and share([], []) == 0.0


def test_the_same_words_have_the_same_key() -> None:
    assert text_key("Jane  Example\nEngineer") == text_key("jane example – ENGINEER")
    assert text_key("Jane Example") != text_key("Example Jane")
