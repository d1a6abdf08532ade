"""Be the workers, in the test's own process and on its own rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import transaction

from candidates import intake
from candidates.models import Draft
from jobs.execution import flight, lanes, submit, turn
from jobs.models import Lane
from tests.servers.model import ModelServer, serving


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing longer than needed."""
    for module in (flight, lanes):
        monkeypatch.setattr(module, "IDLE", 0.01)
    monkeypatch.setattr(flight, "FLUSH", 0.02)
    monkeypatch.setattr(turn, "LOOK", 0.0)


@contextmanager
def model_server(settings: LazySettings, *script: Any, **behaviour: Any) -> Iterator[ModelServer]:
    """The `openai` engine, and the server it speaks to."""
    with serving(*script, **behaviour) as server:
        settings.EVALUATOR_ENGINE = "openai"
        settings.OPENAI_API_KEY = "key"
        settings.OPENAI_BASE_URL = server.url
        flight.WORKER.close()
        yield server
        flight.WORKER.close()


def upload(draft: Draft, contents: dict[str, bytes]) -> None:
    with transaction.atomic():
        incoming = [
            intake.Incoming(name, len(data), lambda data=data: data)  # type: ignore[misc]
            for name, data in contents.items()
        ]
        intake.accept(draft, draft.owner, incoming)
        submit.wake_readers(draft.pk)


def work_off() -> None:
    """Take every lane there is, until none is left."""
    while (lane := Lane.objects.filter(started_at=None).order_by("pk").first()) is not None:
        (lanes.score if lane.job_id else lanes.read)(lane.pk)
