"""The `openai` engine and a real server that it speaks to, for all tests of this folder."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from candidates.scoring.engines.openai import connection
from candidates.scoring.engines.openai.engine import OpenAIEngine
from candidates.scoring.rubric import Rubric, RubricCriterion
from candidates.scoring.scorecard import Scorecard
from tests.retries import shorten_retries_within_calls
from tests.servers.model import ModelServer, serve_model

RUBRIC = Rubric.build(
    title="Backend engineer",
    description="Python services.",
    criteria=[RubricCriterion("c1", "Python", "services", 3, must_have=True)],
)
RESUME = "Built payment services in Python for nine years.\nTuned PostgreSQL."


@pytest.fixture(autouse=True)
def afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses, and nothing remembered of other tests' servers."""
    shorten_retries_within_calls(monkeypatch)
    connection.forget()


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serve_model() as server:
        yield server


def make(server: ModelServer, model: str = "some-model", **settings: Any) -> OpenAIEngine:
    settings.setdefault("base_url", server.url)
    return OpenAIEngine(model, api_key="key", **settings)


def score(
    server: ModelServer, document: str = RESUME, rubric: Rubric = RUBRIC, **settings: Any
) -> Scorecard:
    """One scorecard, by an engine of its own."""
    (card,) = scores(server, [document], rubric, **settings)
    return card


def scores(
    server: ModelServer, documents: list[str], rubric: Rubric = RUBRIC, **settings: Any
) -> list[Scorecard]:
    """Scorecards that one engine made at the same time."""
    with_insights = settings.pop("with_insights", False)

    async def run() -> list[Scorecard]:
        engine = make(server, **settings)
        try:
            calls = (
                engine.score(document, rubric, with_insights=with_insights)
                for document in documents
            )
            results = await asyncio.gather(*calls, return_exceptions=True)
            cards = [result for result in results if isinstance(result, Scorecard)]
            for result in results:
                if isinstance(result, BaseException):
                    raise result
            return cards
        finally:
            await engine.aclose()

    return asyncio.run(run())
