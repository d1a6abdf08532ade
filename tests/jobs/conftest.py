"""Workers on the tests' own database, as fixtures; and a model server for lanes in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User

from candidates.models import Analysis, Draft
from tests import workers_here
from tests.makers import rows
from tests.servers.model import ModelServer
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
    """Lanes in this process check often and wait for nothing."""
    workers_here.shorten_waits(monkeypatch)


@pytest.fixture
def model(settings: LazySettings) -> Iterator[ModelServer]:
    """The `openai` engine, and the server it speaks to."""
    with workers_here.model_server(settings) as server:
        yield server


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    for number in (1, 2):
        rows.candidate(draft, number)
    return rows.analysis(draft, alice)
