"""What is measured against this project must have the same work to do."""

import asyncio

import pytest

from benchmarks import stage
from benchmarks.peers.prompts import message
from candidates.scoring.engines import make
from candidates.scoring.engines.openai import prompt
from candidates.scoring.redact import redact
from candidates.scoring.rubric import Rubric
from tests.servers.model import serve_model

RUBRIC = Rubric.build(
    title=stage.role().title,
    description=stage.role().description,
    criteria=list(stage.role().criteria),
    role_weight=5,
)


def test_peers_send_what_our_engine_sends() -> None:
    texts = stage.texts(3, "peers")
    names = [stage.name(number) for number in range(3)]

    async def ask(url: str) -> None:
        engine = make("openai", "scripted", api_key="x", base_url=url)
        for text, name in zip(texts, names, strict=True):
            await engine.score(redact(text, name), RUBRIC)
        await engine.aclose()

    with serve_model() as server:
        asyncio.run(ask(server.url))

    for text, name, request in zip(texts, names, server.requests, strict=True):
        last = [{"role": "user", "content": message(RUBRIC, text, name)}]
        body = prompt.scoring(RUBRIC).body("scripted", "json_schema", last)
        assert body == {key: value for key, value in request.items() if key in body}


@pytest.mark.slow
def test_no_two_resumes_of_a_benchmark_have_the_same_prompt() -> None:
    prompts = {
        message(RUBRIC, text, stage.name(number))
        for salt in ("one", "other")
        for number, text in enumerate(stage.texts(60, salt))
    }

    assert len(prompts) == 120
