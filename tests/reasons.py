"""Exceptions with a reason, by what a person would read of them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from candidates.facts.reason import ReasonedError
from candidates.reasons import sentence


@contextmanager
def raises_saying[E: ReasonedError](
    error: type[E], words: str
) -> Iterator[pytest.ExceptionInfo[E]]:
    """Expect the error, with a reason whose sentence matches `words`; its text is fit for a log."""
    with pytest.raises(error) as caught:
        yield caught
    reason = caught.value.reason
    assert re.search(words, sentence(reason)), sentence(reason)
    assert str(caught.value) == str(reason)
