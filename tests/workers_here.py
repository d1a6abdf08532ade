"""Workers in the test's own process, on its own rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import transaction

from candidates import intake
from candidates.models import Draft
from jobs.execution import calls, lanes, limits, retry, submit, suggest, turn
from jobs.execution.runtime import Runtime
from jobs.models import Lane
from tests.servers.model import ModelServer, serve_model


def shorten_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have lanes in this process check often and wait for nothing longer than needed."""
    monkeypatch.setattr(turn, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(turn, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(calls, "SETTLE_SECONDS", 0.02)


def shorten_retries(monkeypatch: pytest.MonkeyPatch, *delays: float) -> None:
    """Have model calls retried after these delays, in seconds."""
    for name in ("MODEL_CALL", "MODEL_CALL_OF_ONE_RESUME", "MODEL_CALL_OF_BUSY_SERVER"):
        monkeypatch.setattr(retry, name, replace(getattr(retry, name), delays=delays))


@contextmanager
def model_server(settings: LazySettings, *script: Any, **behaviour: Any) -> Iterator[ModelServer]:
    """The `openai` engine, and the server it speaks to."""
    with serve_model(*script, **behaviour) as server:
        settings.EVALUATOR_ENGINE = "openai"
        settings.OPENAI_API_KEY = "key"
        settings.OPENAI_BASE_URL = server.url
        yield server


def upload(draft: Draft, contents: dict[str, bytes]) -> None:
    with transaction.atomic():
        incoming = [
            intake.Incoming(name, len(data), lambda data=data: data)  # type: ignore[misc]
            for name, data in contents.items()
        ]
        intake.accept(draft, draft.owner, incoming)
        submit.wake_readers(draft.pk)


def score(lane_id: int) -> None:
    """Take one lane's turn at its job."""
    with Runtime() as runtime:
        lanes.score(lane_id, runtime)


def work_off() -> None:
    """Take every lane there is, until none is left."""
    with Runtime() as runtime:
        while (lane := Lane.objects.filter(started_at=None).order_by("pk").first()) is not None:
            if lane.job_id:
                lanes.score(lane.pk, runtime)
            else:
                lanes.read(lane.pk)


def make_suggestion(suggestion_id: int) -> None:
    with Runtime() as runtime:
        suggest.make_suggestion(suggestion_id, runtime)


def forget_limits() -> None:
    """Let everything be taken again: no test empties tables that are not Django's."""
    for name in ("calls", "tokens"):
        limits._bucket(name, 1).flush()
