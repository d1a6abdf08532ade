"""Answers of the scripted model server: complete answers of the protocol, errors, random faults."""

import json
import random
from dataclasses import dataclass, field
from typing import Any, cast

from .tokens import tokens

Request = dict[str, Any]


@dataclass
class Reply:
    """An answer: a status with a body, after `seconds`; `drop` cuts the connection instead.

    `answer` is a body whose usage the server fills in where it has none; `raw` is bytes as they
    are. `cut`, `stall` and `drip` are those of `wire.HttpAnswer`.
    """

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    drop: bool = False
    answer: dict[str, Any] | None = None
    raw: bytes | None = None
    cut: int | None = None
    stall: float = 0.0
    drip: float = 0.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The behaviour of the server without a script. Shares are of all requests, 0 to 1."""

    seed: int = 1
    latency: float = 0.0  # seconds of an answer
    jitter: float = 0.0  # seconds more or less, at most
    rate_limited: float = 0.0  # share answered with 429
    failing: float = 0.0  # share answered with 500
    dropped: float = 0.0  # share whose connection is cut
    garbled: float = 0.0  # share answered with 200 and half an answer
    slow: float = 0.0  # share that takes `slow_seconds` more
    slow_seconds: float = 10.0
    retry_after: str = ""  # of 429, as the header has it
    ceiling: int = 0  # in flight at once, above which 429; 0 for none
    per_minute: int = 0  # requests, above which 429; sent in the rate-limit headers; 0 for none
    context: int = 0  # tokens of a prompt, above which 400; 0 for none
    rating: int = 3
    lacks: str = ""  # "json_schema", or "response_format" altogether: 400
    models: tuple[str, ...] = ("scripted",)


def prompt(request: Request) -> bytes:
    """What a server would cache: the schema and the messages, in order."""
    head = json.dumps([request.get("model"), request.get("response_format")])
    parts = [f"{message['role']}\0{message['content']}" for message in request["messages"]]
    return "\1".join([head, *parts]).encode("utf-8", "replace")


def behave(
    behaviour: Behaviour,
    request: Request,
    text: bytes,
    chance: random.Random,
    in_flight: int,
    this_minute: int,
) -> Reply:
    """The answer to `request` without a script."""
    seconds = max(0.0, behaviour.latency + behaviour.jitter * chance.uniform(-1.0, 1.0))
    retry_headers = {"retry-after": behaviour.retry_after} if behaviour.retry_after else {}
    kind = (request.get("response_format") or {}).get("type", "")
    if behaviour.lacks and (
        kind == behaviour.lacks or (behaviour.lacks == "response_format" and kind)
    ):
        return error(400, "unsupported_parameter", f"'{behaviour.lacks}' is not supported here.")
    if behaviour.context and tokens(text) > behaviour.context:
        return error(400, "context_length_exceeded")
    is_over_limit = (behaviour.ceiling and in_flight > behaviour.ceiling) or (
        behaviour.per_minute and this_minute > behaviour.per_minute
    )
    draw = chance.random()
    if is_over_limit or draw < behaviour.rate_limited:
        limited = error(429, "rate_limit_exceeded")
        limited.headers.update(retry_headers)
        return limited
    draw -= behaviour.rate_limited
    if draw < behaviour.failing:
        return error(500)
    draw -= behaviour.failing
    if draw < behaviour.dropped:
        return Reply(drop=True, seconds=seconds / 2)
    draw -= behaviour.dropped
    reply = rated(request, behaviour.rating)
    if draw < behaviour.garbled:
        return Reply(body=json.dumps(reply.answer)[:60], seconds=seconds)
    draw -= behaviour.garbled
    reply.seconds = seconds + (behaviour.slow_seconds if draw < behaviour.slow else 0.0)
    return reply


def rated(request: Request, rating: int = 3, **message: Any) -> Reply:
    """An answer by the schema: the same rating for all criteria, a line of the résumé as quote."""
    schema = schema_of(request)
    lines = request["messages"][2]["content"].splitlines()[1:-1] if len(
        request["messages"]
    ) > 2 else []  # fmt: skip
    line = next((line for line in lines if len(line) > 20), "")
    return completion_reply(json.dumps(filled(schema, line, rating)), **message)


def schema_of(request: Request) -> dict[str, Any]:
    """The requested schema: of the request, or of the prompt where the API accepts no schema."""
    response_format = request.get("response_format") or {}
    if response_format.get("type") == "json_schema":
        return cast(dict[str, Any], response_format["json_schema"]["schema"])
    content = request["messages"][1]["content"]
    line = next(line for line in content.splitlines() if line.startswith('{"type": "object"'))
    return cast(dict[str, Any], json.loads(line))


def filled(schema: dict[str, Any], line: str, rating: int) -> Any:
    """A valid value of the schema."""
    kind = schema["type"]
    if kind == "object":
        return {
            name: line if name == "quote" else filled(property_schema, line, rating)
            for name, property_schema in schema["properties"].items()
        }
    if kind == "array":
        property_schema = schema["items"]
        return [line] if property_schema["type"] == "string" and line else (
            [filled(property_schema, line, rating)] if property_schema["type"] == "object" else []
        )  # fmt: skip
    if kind == "integer":
        return rating
    if kind == "boolean":
        return False
    return schema["enum"][0] if "enum" in schema else "The line says so."


def completion_reply(text: str | None, finish: str = "stop", **message: Any) -> Reply:
    """A complete answer of the protocol with this content."""
    return Reply(
        answer={
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "scripted",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": finish,
                    "message": {"role": "assistant", "content": text, "refusal": None, **message},
                }
            ],
        }
    )


def usage(prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": cached_tokens},
    }


def charged(usage: dict[str, Any] | None) -> tuple[int, int, int]:
    usage = usage or {}
    details = usage.get("prompt_tokens_details") or {}
    return (
        usage.get("prompt_tokens") or 0,
        usage.get("completion_tokens") or 0,
        details.get("cached_tokens") or 0,
    )


def error(status: int, code: str = "", message: str = "scripted", **headers: str) -> Reply:
    """An error of the protocol."""
    content = {"error": {"message": message, "type": "scripted", "param": None, "code": code}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=json.dumps(content), headers=named)
