"""The search for files that break reading, for as long as a test may take."""

import random

import pytest

from tests import fuzz


@pytest.mark.processes
def test_a_few_hundred_broken_files_end_with_text_or_a_reason() -> None:
    outcome = fuzz.run(seconds=60, seed=4, max_files=200, threads=2)

    assert outcome.faults == []
    assert outcome.files >= 50
    assert outcome.reasons["text"] and len(outcome.reasons) > 3


def test_the_same_seed_breaks_the_same_way() -> None:
    data = b"%PDF-1.7 and some more of it " * 20

    first, second = (fuzz.broken(data, random.Random(9)) for _ in range(2))

    assert first == second != data
