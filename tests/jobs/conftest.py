"""Workers on the tests' own database, as fixtures; and a model server for lanes in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from jobs.execution import flight, lanes, turn
from tests.servers.model import ModelServer, serving
from tests.workers import Worker, environment, running


@pytest.fixture
def worker_env(transactional_db: None, tmp_path: Path) -> dict[str, str]:
    """What a subprocess needs in its environment to work on the tests' database."""
    return environment(tmp_path)


@pytest.fixture
def worker(transactional_db: None, tmp_path: Path) -> Iterator[Worker]:
    """Two workers under a supervisor that looks often. Ended before the tables are emptied."""
    with running(tmp_path, workers=2, beat=1.5) as started:
        yield started


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lanes in this process look often and wait for nothing."""
    for module in (flight, lanes):
        monkeypatch.setattr(module, "IDLE", 0.01)
    monkeypatch.setattr(flight, "FLUSH", 0.02)
    monkeypatch.setattr(turn, "LOOK", 0.0)


@pytest.fixture
def model(settings: LazySettings) -> Iterator[ModelServer]:
    """The `openai` engine, and the server it speaks to."""
    with serving() as server:
        settings.EVALUATOR_ENGINE = "openai"
        settings.OPENAI_API_KEY = "key"
        settings.OPENAI_BASE_URL = server.url
        flight.WORKER.close()
        yield server
        flight.WORKER.close()
