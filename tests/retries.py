"""Shorter waits between the tries of one call to a model server."""

from dataclasses import replace

import pytest

from candidates.scoring.engines.openai import connection
from candidates.scoring.retry import MODEL_CALL_WHILE_CLAIMED, doubling


def shorten_retries_within_calls(
    monkeypatch: pytest.MonkeyPatch, first: float = 0.001, most: float = 8.0, max_attempts: int = 4
) -> None:
    """Have a failed call repeated after delays that double from `first` to `most` seconds."""
    policy = replace(
        MODEL_CALL_WHILE_CLAIMED, delays=doubling(first, most), max_attempts=max_attempts
    )
    monkeypatch.setattr(connection, "MODEL_CALL_WHILE_CLAIMED", policy)
