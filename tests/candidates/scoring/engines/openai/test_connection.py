"""Everything that a model server can do wrong, and what comes of it.

The rows are those of the list of model answers that must be survived.
"""

import asyncio
import datetime
import gzip
import json
import random
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from candidates.facts.reason import FailureCode
from candidates.scoring.engines.openai import connection, errors
from candidates.scoring.engines.openai.connection import SCOUT_SECONDS
from candidates.scoring.retry import MODEL_CALL_WHILE_CLAIMED
from candidates.scoring.scorecard import (
    EngineBusy,
    EngineUnavailable,
    ScoringFailed,
    ScoringOutcome,
    Usage,
)
from tests.reasons import raises_saying
from tests.retries import shorten_retries_within_calls
from tests.servers.model import (
    ModelServer,
    Reply,
    Request,
    completion_reply,
    error,
    rated,
    serve_model,
)

from .conftest import RESUME, RUBRIC, make, score, scores

KEYS = ("role", "c1")


def whole(**changes: Any) -> dict[str, Any]:
    rating = {"quotes": [RESUME.splitlines()[0]], "reason": "It says so.", "rating": 3, **changes}
    return dict.fromkeys(KEYS, rating)


def text_of(request: Request) -> str:
    answer = rated(request).answer
    assert answer is not None
    return str(answer["choices"][0]["message"]["content"])


PASSING = {
    "408": error(408),
    "409": error(409),
    "429": error(429, "rate_limit_exceeded", retry_after_ms="1"),
    "429 without a pause": error(429),
    "429 with a negative one": error(429, retry_after="-5"),
    "429 with nonsense": error(429, retry_after="soon"),
    "429 with nan": error(429, retry_after="nan"),
    "499": error(499),
    "500": error(500),
    "502": error(502),
    "503": error(503),
    "524": error(524),
    "529": error(529),
    "dropped": Reply(drop=True),
    "reset in the middle": Reply(body=json.dumps({"a": "b" * 900}), cut=300),
    "HTML": Reply(body="<html>busy</html>"),
    "empty": Reply(body=""),
    "a list": Reply(body="[]"),
    "half an answer": Reply(body='{"id": "chatcmpl-1", "choices": [{"me'),
    "no UTF-8": Reply(raw=b'{"choices": "\xff\xfe"}'),
    "too deep": Reply(body="[" * 100_000),
    "an error with 200": Reply(body='{"error": {"message": "overloaded", "code": 503}}'),
    "an error in words with 200": Reply(body='{"error": "upstream failed"}'),
    "too large": Reply(raw=b'{"a": "' + b"b" * (connection.MAX_ANSWER_BYTES + 1) + b'"}'),
    "packed": Reply(raw=gzip.compress(b" " * 50_000_000), headers={"Content-Encoding": "gzip"}),
}  # fmt: skip


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_passes_is_tried_again(server: ModelServer, fault: Reply) -> None:
    server.script = [fault, fault, rated]

    assert score(server).ratings[0].rating == 3
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (error(500), "answered 500; 4 tries"),
        (error(429), "answered 429; 4 tries"),
        (Reply(drop=True), "connection to the model server broke; 4 tries"),
        (Reply(body="<html>"), "not understood; 4 tries"),
    ],
)
def test_what_lasts_puts_the_résumé_off(server: ModelServer, fault: Reply, words: str) -> None:
    server.script = [fault]

    with raises_saying(ScoringFailed, words) as failed:
        score(server)

    assert failed.value.again
    assert len(server.requests) == MODEL_CALL_WHILE_CLAIMED.max_attempts


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry-after": "30"}, 30, 30),
        ({"retry-after-ms": "30000", "retry-after": "1"}, 30, 30),
        ({"retry-after": "99999"}, 120, 120),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 120, 120),
        (
            {
                "retry-after": "Mon, 01 Jan 2024 00:00:40 GMT",
                "date": "Mon, 01 Jan 2024 00:00:00 GMT",
            },
            40,
            40,
        ),
    ],
    ids=["s", "ms", "absurd", "far date", "date"],
)
def test_a_long_pause_that_is_asked_for_is_left_to_the_queue(
    server: ModelServer, headers: dict[str, str], least: float, most: float
) -> None:
    server.script = [Reply(429, "{}", headers)]

    with pytest.raises(EngineBusy) as busy:
        score(server)

    assert least <= busy.value.retry_after <= most
    assert busy.value.again
    assert busy.value.after == busy.value.retry_after
    assert len(server.requests) == 1


@pytest.mark.parametrize("randomness", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(
    ("wait", "pauses"),
    [
        # Never before the time the server asks for, and up to a quarter after it.
        (10.0, {0.0: 11.0, 0.5: 12.0, 1.0: 12.5}),
        (0.0, {0.0: 0.0, 0.5: 0.0, 1.0: 0.0}),
        (None, {0.0: 1.0, 0.5: 2.0, 1.0: 3.0}),
    ],
)
def test_the_next_try_waits_for_the_time_that_the_server_asks_for(
    monkeypatch: pytest.MonkeyPatch,
    wait: float | None,
    pauses: dict[float, float],
    randomness: float,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    shorten_retries_within_calls(monkeypatch, 2.0)
    monkeypatch.setattr(random, "random", lambda: randomness)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    failure = errors.RetryableFailure(FailureCode.SERVER_ERROR, is_busy=True, wait=wait)
    caller = connection.Connection("some-model", api_key="key")

    asyncio.run(caller._wait(failure, 1))

    assert slept == [pauses[randomness]]


def test_a_short_pause_that_is_asked_for_is_kept(server: ModelServer) -> None:
    server.script = [error(429, retry_after="0.3"), rated]
    began = time.monotonic()

    score(server)

    assert time.monotonic() - began >= 0.3  # holds on a machine of any speed


def test_in_a_storm_nobody_calls_while_the_server_asks_for_quiet(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "candidates.scoring.engines.pace.time", SimpleNamespace(monotonic=lambda: 1_000.0)
    )
    server.script = [error(429, retry_after="60")]

    async def run() -> list[BaseException | object]:
        engine = make(server)
        try:
            first = await asyncio.gather(
                *(engine.score(f"Python, {n}", RUBRIC) for n in range(30)), return_exceptions=True
            )
            seen = len(server.requests)
            later = await asyncio.gather(
                *(engine.score(f"Later, {n}", RUBRIC) for n in range(30)), return_exceptions=True
            )
            assert len(server.requests) == seen
            assert engine.connection.pace.places <= 32
            return [*first, *later]
        finally:
            await engine.aclose()

    results = asyncio.run(run())

    assert all(isinstance(result, EngineBusy) for result in results)
    assert {result.retry_after for result in results if isinstance(result, EngineBusy)} == {60}


MEND = {
    "401": (error(401), "OPENAI_API_KEY"),
    "402": (error(402), "quota"),
    "403": (error(403), "OPENAI_API_KEY"),
    "404": (error(404, "model_not_found"), "some-model"),
    "404 without a word": (Reply(404, "not here"), "OPENAI_BASE_URL"),
    "400 for the model": (error(400, message="The model `x` does not exist"), "EVALUATOR_MODEL"),
    "no quota": (error(429, "insufficient_quota"), "quota"),
    "elsewhere": (Reply(302, headers={"Location": "http://127.0.0.1:9/"}), "OPENAI_BASE_URL"),
    "elsewhere for good": (Reply(308, headers={"Location": "//example.org/"}), "OPENAI_BASE_URL"),
}


@pytest.mark.parametrize(("fault", "words"), MEND.values(), ids=MEND)
def test_what_somebody_must_mend_costs_at_most_three_calls(
    server: ModelServer, fault: Reply, words: str
) -> None:
    server.script = [fault]

    with raises_saying(EngineUnavailable, words):
        scores(server, [f"Python, for the {n}th time" for n in range(40)])

    assert len(server.requests) <= 3


class Slow:
    """Keeps the contract `Calls`, as a process that has just begun does."""

    async def start(self, tokens: int) -> object:
        await asyncio.sleep(3 * SCOUT_SECONDS)
        return tokens

    async def settle(self, call: object, outcome: ScoringOutcome) -> None:
        """Nothing to keep."""


@pytest.mark.slow
def test_calls_that_leave_late_find_out_with_as_few(server: ModelServer) -> None:
    server.script = [error(401)]

    with pytest.raises(EngineUnavailable):
        scores(server, [f"Python, for the {n}th time" for n in range(40)], calls=Slow())

    assert len(server.requests) <= 3


def test_a_key_that_ends_in_the_middle_is_found_out_with_few_when_it_goes_on(
    server: ModelServer,
) -> None:
    async def run() -> None:
        engine = make(server)
        try:
            await engine.score(RESUME, RUBRIC)
            server.script = [error(401)]
            with pytest.raises(EngineUnavailable):
                await engine.score(f"{RESUME} and Go", RUBRIC)
            server.requests.clear()
            more = (engine.score(f"Python, {n}", RUBRIC) for n in range(40))
            assert all(await asyncio.gather(*more, return_exceptions=True))
        finally:
            await engine.aclose()

    asyncio.run(run())

    assert len(server.requests) <= 3


def test_when_it_is_mended_the_next_calls_go_through(server: ModelServer) -> None:
    server.script = [error(401)]

    async def run() -> object:
        engine = make(server)
        try:
            with pytest.raises(EngineUnavailable):
                await engine.score(RESUME, RUBRIC)
            server.script = []
            return await engine.score(RESUME, RUBRIC)
        finally:
            await engine.aclose()

    assert asyncio.run(run())


REFUSED = {
    "422": (error(422, "unprocessable"), "unprocessable"),
    "a parameter": (error(400, "invalid_parameter"), "invalid_parameter"),
    "405": (error(405), "405"),
}


@pytest.mark.parametrize(("fault", "words"), REFUSED.values(), ids=REFUSED)
def test_a_refused_request_fails_with_its_reason(
    server: ModelServer, fault: Reply, words: str
) -> None:
    score(server)
    server.script = [fault]

    with raises_saying(ScoringFailed, words) as failed:
        score(server)

    assert not failed.value.again
    assert len(server.requests) == 2


def no_choices() -> Reply:
    answer = completion_reply("x").answer
    assert answer is not None
    return Reply(answer={**answer, "choices": []})


UNUSABLE = {
    "text": (completion_reply("not JSON"), "not JSON"),
    "a list": (completion_reply("[1]"), "not a JSON object"),
    "no keys": (completion_reply("{}"), "no rating for 'role'"),
    "one missing": (completion_reply(json.dumps({"role": whole()["role"]})), "no rating for 'c1'"),
    "no choices": (no_choices(), "no choices"),
    "null": (completion_reply(None), "empty"),
    "a tool": (completion_reply(None, "tool_calls", tool_calls=[{"id": "1"}]), "empty"),
    "length": (completion_reply('{"role": {"quo', "length"), "cut off"),
    "filter": (completion_reply("", "content_filter"), "content filter"),
    "filtered before": (error(400, "content_filter"), "content filter"),
    "refusal": (completion_reply(None, refusal="I cannot."), "refused"),
    "comma": (completion_reply(json.dumps(whole())[:-1] + ",}"), "not JSON"),
    "NaN": (completion_reply(json.dumps(whole(rating=float("nan")))), "a number that is none"),
    "infinite": (completion_reply(json.dumps(whole(rating=float("inf")))), "a number that is none"),
    "twice": (completion_reply('{"role": {}, "role": {}}'), "one thing twice"),
    "101": (completion_reply(json.dumps(whole(rating=101))), "whole number from 0 to 4"),
    "-1": (completion_reply(json.dumps(whole(rating=-1))), "whole number from 0 to 4"),
    "85%": (completion_reply(json.dumps(whole(rating="85%"))), "whole number from 0 to 4"),
    "2.5": (completion_reply(json.dumps(whole(rating=2.5))), "whole number from 0 to 4"),
    "true": (completion_reply(json.dumps(whole(rating=True))), "whole number from 0 to 4"),
    "no reason": (completion_reply(json.dumps(whole(reason=None))), "reason or quotes"),
    "quotes no list": (completion_reply(json.dumps(whole(quotes="x"))), "reason or quotes"),
    "deep": (completion_reply("{" + '"a":{' * 50_000), "not JSON"),
}


# The model reads the keys of the criteria, a person their labels.
LABELS = {"'role'": "'The role as described'", "'c1'": "'criterion 1'"}


@pytest.mark.parametrize(("fault", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_answer_gets_one_repair_and_then_a_reason(
    server: ModelServer, fault: Reply, words: str
) -> None:
    server.script = [fault]
    for key, label in LABELS.items():
        words = words.replace(key, label)

    with raises_saying(ScoringFailed, words) as failed:
        score(server)

    assert not failed.value.again
    assert len(server.requests) == 2
    assert RESUME.splitlines()[0] not in str(failed.value)
    assert failed.value.usage.prompt_tokens == server.usage()["prompt_tokens"]


@pytest.mark.parametrize(("fault", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_repaired_answer_counts_both_calls(server: ModelServer, fault: Reply, words: str) -> None:
    server.script = [fault, rated]

    card = score(server)

    assert card.ratings[0].rating == 3
    assert card.usage.calls == 2
    assert card.usage.prompt_tokens == server.usage()["prompt_tokens"]
    assert words in server.requests[1]["messages"][-1]["content"]


USABLE = {
    "fenced": lambda text: f"```json\n{text}\n```",
    "fenced with words": lambda text: f"Here you are:\n```\n{text}\n```\nGood luck.",
    "prose around": lambda text: f"My ratings: {text} I hope this helps.",
    "numbers as text": lambda text: text.replace('"rating": 3', '"rating": "3"'),
    "with a point": lambda text: text.replace('"rating": 3', '"rating": 3.0'),
    "more than asked": lambda text: text[:-1] + ', "overall": 99}',
    "half a character": lambda text: text.replace("The line", "\\ud800 The \\u0000 line"),
}


@pytest.mark.parametrize("shape", USABLE.values(), ids=USABLE)
def test_an_answer_in_another_shape_is_understood(server: ModelServer, shape: Any) -> None:
    server.script = [lambda request: completion_reply(shape(text_of(request)))]

    card = score(server)

    assert [rating.rating for rating in card.ratings] == [3, 3]
    assert "\0" not in card.ratings[0].explanation
    card.ratings[0].explanation.encode()
    assert len(server.requests) == 1


@pytest.mark.parametrize("finish", ["stop", "eos", "tool_calls"])
def test_how_a_whole_answer_ended_does_not_matter(server: ModelServer, finish: str) -> None:
    server.script = [lambda request: completion_reply(text_of(request), finish)]

    assert score(server).ratings[0].rating == 3


@pytest.mark.parametrize(
    "reported",
    [None, {}, {"prompt_tokens": -7, "completion_tokens": 3}, {"prompt_tokens": 10**15}, "many"],
    ids=["none", "empty", "negative", "huge", "text"],
)
def test_a_cost_that_cannot_be_is_estimated_and_said_to_be_so(
    server: ModelServer, reported: object
) -> None:
    def costing(request: Request) -> Reply:
        answer = {**(rated(request).answer or {}), "usage": reported}
        return Reply(body=json.dumps(answer))

    server.script = [costing]

    usage = score(server).usage

    assert usage.estimated
    assert 100 < usage.prompt_tokens < 5_000
    assert usage.completion_tokens > 0


def test_another_model_s_answer_is_recorded_as_such(server: ModelServer) -> None:
    assert score(server, model="asked-for").model == "scripted"


def test_a_server_that_is_not_there_is_tried_and_then_named() -> None:
    with serve_model() as server:
        pass

    with raises_saying(EngineBusy, "cannot be reached; 4 tries"):
        score(server)


def test_a_name_that_nobody_knows_is_tried_and_then_named(server: ModelServer) -> None:
    with raises_saying(EngineBusy, "cannot be reached; 4 tries"):
        score(server, base_url="http://no-such-host.invalid/v1")


def test_a_server_without_tls_is_not_spoken_to_in_the_clear(server: ModelServer) -> None:
    with raises_saying(ScoringFailed, "cannot be reached"):
        score(server, base_url=server.url.replace("http:", "https:"))

    assert not server.requests


def test_a_certificate_that_nobody_vouches_for_is_somebody_s_to_mend(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), 1, now - datetime.timedelta(9), now - datetime.timedelta(1)
    ).sign(key, hashes.SHA256())
    both = tmp_path / "both.pem"
    both.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(both)

    with serve_model(tls=tls) as server:
        with raises_saying(EngineUnavailable, "certificate of the model server"):
            score(server)

        assert not server.requests


@pytest.fixture
def impatient() -> Iterator[dict[str, Any]]:
    yield {"call_seconds": 0.4}


def test_silence_before_the_headers_ends_in_time(
    server: ModelServer, impatient: dict[str, Any]
) -> None:
    server.script = [Reply(seconds=30.0), Reply(seconds=30.0), rated]

    assert score(server, **impatient).ratings[0].rating == 3
    assert len(server.requests) == 3


def test_after_time_outs_fewer_calls_are_in_flight(impatient: dict[str, Any]) -> None:
    with serve_model(Reply(seconds=30.0)) as server:
        engine = make(server, concurrency=8, **impatient)

        async def ask() -> float:
            with pytest.raises(ScoringFailed):
                await engine.score(RESUME, RUBRIC)
            await engine.aclose()
            return engine.connection.pace.places

        assert asyncio.run(ask()) <= 4


def test_the_kernel_notices_a_server_that_is_gone(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    probes: list[int] = []
    usual = connection._keep_alive

    def keep_alive(open_socket: socket.socket) -> None:
        usual(open_socket)
        probes.append(open_socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    monkeypatch.setattr(connection, "_keep_alive", keep_alive)
    server.script = [rated]

    score(server)

    assert probes == [1]


def test_silence_in_the_middle_ends_in_time(server: ModelServer, impatient: dict[str, Any]) -> None:
    server.script = [Reply(body=json.dumps({"a": "b" * 900}), cut=100, stall=30.0), rated]

    assert score(server, **impatient).ratings[0].rating == 3


@pytest.mark.slow
def test_an_answer_that_drips_ends_in_time(server: ModelServer, impatient: dict[str, Any]) -> None:
    # 0.4 seconds are allowed. It drips for longer than any test may take.
    server.script = [Reply(body=json.dumps({"a": "b" * 20_000}), drip=0.05), rated]

    assert score(server, **impatient).ratings[0].rating == 3


def test_with_a_fifth_of_all_answers_failing_every_résumé_is_scored_once() -> None:
    faults: dict[str, Any] = {
        "rate_limited": 0.05,
        "failing": 0.05,
        "dropped": 0.05,
        "garbled": 0.05,
        "retry_after": "0.05",
    }
    with serve_model(latency=0.02, **faults) as server:
        documents = [f"Built Python services, for the {n}th time." for n in range(150)]
        cards = scores(server, documents, concurrency=16)

        assert all(card.ratings[0].rating == 3 for card in cards)
        answered = [call for call in server.log if call.prompt_tokens]
        assert len(answered) == 150
        assert sum(card.usage.prompt_tokens for card in cards) == server.usage()["prompt_tokens"]
        assert len(server.requests) > 165


@pytest.mark.slow
def test_a_ceiling_is_found_and_kept_under(monkeypatch: pytest.MonkeyPatch) -> None:
    # Long enough for the answers ahead, so that no attempt is spent on a busy machine.
    shorten_retries_within_calls(monkeypatch, 0.05)
    with serve_model(latency=0.01, ceiling=8) as server:
        cards = scores(server, [f"Python, the {n}th time." for n in range(200)], concurrency=64)

        assert all(isinstance(card.usage, Usage) for card in cards)
        late = [call.status for call in list(server.log)[-100:]]
        assert late.count(200) >= 70
