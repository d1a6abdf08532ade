"""The scripted model server itself: what its witness says must be right."""

import asyncio
import contextlib
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from .model import ModelServer, Reply, rated, serve_model
from .tokens import Prefixes, common

SCHEMA = {"type": "object", "properties": {"rating": {"type": "integer"}}}
FORMAT = {"type": "json_schema", "json_schema": {"schema": SCHEMA}}


def ask(url: str, resume: str, **changes: Any) -> tuple[int, dict[str, str], dict[str, Any]]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
    messages = [{"role": "user", "content": text} for text in ("rules", "role", resume)]
    body = {"model": "m", "messages": messages, "response_format": FORMAT, **changes}
    try:
        connection.request("POST", f"{place.path}/chat/completions", json.dumps(body))
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, headers, json.loads(response.read())
    finally:
        connection.close()


def get(url: str) -> Any:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
    try:
        connection.request("GET", place.path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def outcomes(seed: int) -> list[int]:
    """How requests end, asked in another order each time."""
    statuses: dict[int, int] = {}
    with serve_model(seed=seed, rate_limited=0.2, failing=0.2, dropped=0.2) as server:
        for number in sorted(range(40), key=lambda n: (n * 7 * seed) % 40):
            try:
                statuses[number] = ask(server.url, f"resume {number}")[0]
            except (ConnectionError, http.client.HTTPException):
                statuses[number] = 0
    return [statuses[number] for number in range(40)]


def test_faults_depend_on_seed_and_prompt_and_not_on_the_order() -> None:
    first = outcomes(1)

    assert outcomes(1) == first != outcomes(3)
    assert {200, 429, 500, 0} == set(first)


def test_the_longest_beginning_that_was_seen_is_cached() -> None:
    with serve_model() as server:
        usages = [
            ask(server.url, resume)[2]["usage"] for resume in ("a" * 400, "a" * 200 + "b" * 200)
        ]

        assert usages[0]["prompt_tokens_details"]["cached_tokens"] == 0
        cached = usages[1]["prompt_tokens_details"]["cached_tokens"]
        assert usages[1]["prompt_tokens"] - cached in (50, 51)
        assert server.usage()["cached_tokens"] == cached


def test_common_beginnings_are_counted_in_bytes() -> None:
    assert common(b"abcdef", b"abcxef") == 3
    assert common(b"abc", b"abcdef") == 3
    assert common(b"", b"a") == 0
    prefixes = Prefixes()
    for prompt in (b"a" * 8, b"b" * 8, b"ab" * 4):
        prefixes.add(prompt)
    assert prefixes.cached(b"b" * 8 + b"c") == 2


def test_above_its_ceiling_it_refuses() -> None:
    async def run(server: ModelServer) -> list[int]:
        requests = (asyncio.to_thread(ask, server.url, f"resume {n}") for n in range(8))
        return [status for status, _, _ in await asyncio.gather(*requests)]

    with serve_model(ceiling=2, latency=0.3) as server:
        statuses = asyncio.run(run(server))

        assert statuses.count(200) >= 2
        assert statuses.count(429) >= 1
        assert server.most_in_flight >= 3


def test_a_limit_a_minute_is_told_and_kept() -> None:
    with serve_model(per_minute=2, retry_after="7") as server:
        answers = [ask(server.url, f"resume {number}") for number in range(3)]

        assert [status for status, _, _ in answers] == [200, 200, 429]
        assert answers[0][1]["x-ratelimit-remaining-requests"] == "1"
        assert answers[1][1]["x-ratelimit-reset-requests"].endswith("s")
        assert answers[2][1]["retry-after"] == "7"


def test_requests_have_numbers_of_their_own_and_models_are_listed() -> None:
    with serve_model() as server:
        for number in range(3):
            ask(server.url, f"resume {number}")

        assert [request["_nonce"] for request in server.requests] == [1, 2, 3]
        assert [served.nonce for served in server.log] == [1, 2, 3]
        assert get(f"{server.url}/models")["data"][0]["id"] == "scripted"


@contextmanager
def process(*options: str) -> Iterator[str]:
    running = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.model", *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    try:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
    finally:
        running.kill()
        running.wait()
        if running.stdout:
            running.stdout.close()


@pytest.mark.processes
@pytest.mark.timeout(60)
def test_as_a_process_it_prints_its_url_and_keeps_a_log() -> None:
    with process("--latency", "0.01", "--failing", "0.0") as url:
        assert ask(url, "resume")[0] == 200

        log = get(url.replace("/v1", "/log"))
        assert log["answered"] == 1
        assert log["prompt_tokens"] > 0
        assert log["by_status"] == {"200": 1}


@pytest.mark.timeout(60)
def test_its_log_says_how_many_prompts_were_answered_more_than_once() -> None:
    def answered_again() -> int:
        return int(get(server.url.replace("/v1", "/log"))["answered_again"])

    with serve_model(Reply(500), Reply(body="{"), rated, rated, rated, rated) as server:
        for _ in range(2):  # an error and half an answer are paid for by nobody
            with contextlib.suppress(json.JSONDecodeError):
                ask(server.url, "one")
        ask(server.url, "one")
        ask(server.url, "other")
        assert answered_again() == 0

        ask(server.url, "other")
        ask(server.url, "other")
        assert answered_again() == 1
