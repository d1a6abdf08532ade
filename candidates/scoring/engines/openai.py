"""The `openai` engine: one structured call per résumé to any endpoint that speaks the OpenAI API.

What all résumés of an analysis share comes first and is the same byte for byte, the résumé comes
last, so that endpoints that cache a prompt's beginning can. Quotes are checked against the résumé;
the overall score is not asked for.
"""

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from candidates.scoring.evidence import ground
from candidates.scoring.rubric import Criterion, Rubric
from candidates.scoring.scorecard import EngineUnavailable, Scorecard, ScoringFailed, Usage

from . import OPENAI, VERSIONS

PROMPT = Path(__file__).parent.parent / "prompts" / f"{VERSIONS[OPENAI]}.txt"
TIMEOUT = openai.Timeout(60.0, connect=10.0)
TRIES = 4  # of one call; then the résumé is put off
PAUSE = 0.5  # seconds before the second try, doubled with each
LONGEST_PAUSE = 20.0
LONGEST_ASKED = 60.0  # of what a server asks for; beyond, another try later is better
HIGHEST = 4
AGAIN = frozenset({408, 409, 429})


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    trouble: str  # why it cannot be used, as the server says; empty when it can be looked at


class OpenAIEngine:
    """Keeps the contract `Engine`. Its client belongs to the event loop it is first used in."""

    name = OPENAI
    version = VERSIONS[OPENAI]

    def __init__(self, model: str, *, api_key: str = "", base_url: str = "") -> None:
        if not api_key:
            raise EngineUnavailable(
                "OPENAI_API_KEY is not set. Set it (any text for a server that asks for none), "
                "or choose the engine local."
            )
        self.model = model
        self._api_key = api_key
        self._base_url = base_url or None
        self._client: openai.AsyncOpenAI | None = None

    async def score(self, document: str, rubric: Rubric) -> Scorecard:
        messages = _messages(document, rubric)
        schema = _schema(rubric)
        usage = Usage()
        answer = Answer("", "")
        for _ in range(2):  # the second is to mend the first
            response = await self._ask(messages, schema)
            usage = _add(usage, response)
            answer = _read(response)
            trouble = answer.trouble
            if not trouble:
                try:
                    return _card(answer.text, rubric, document, usage)
                except ValueError as error:
                    trouble = str(error)
            messages = [
                *messages,
                {"role": "assistant", "content": answer.text or "(nothing)"},
                {"role": "user", "content": f"That cannot be used: {trouble}. Answer again."},
            ]
        raise ScoringFailed(f"The model's answer cannot be used: {trouble}.")

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _ask(
        self, messages: list[ChatCompletionMessageParam], schema: dict[str, Any]
    ) -> ChatCompletion:
        """One call, tried again where that may help. Raises EngineUnavailable, ScoringFailed."""
        tries = 0
        while True:
            tries += 1
            try:
                return await self._connected().chat.completions.create(
                    model=self.model,
                    messages=messages,
                    response_format={
                        "type": "json_schema",
                        "json_schema": {"name": "scorecard", "strict": True, "schema": schema},
                    },
                )
            except openai.APIStatusError as error:
                why, wait = _judge(error, self.model), _asked_pause(error.response.headers)
            except openai.APITimeoutError:
                why, wait = "The model did not answer in time", None
            except openai.APIConnectionError:
                why, wait = "The model server cannot be reached", None
            except (openai.APIError, ValueError):  # an answer that is no JSON, or of another shape
                why, wait = "The model server's answer is not understood", None
            if tries == TRIES or (wait or 0.0) > LONGEST_ASKED:
                raise ScoringFailed(f"{why}; {tries} tries.", again=True, after=wait)
            pause = min(PAUSE * 2 ** (tries - 1), LONGEST_PAUSE) * random.uniform(0.5, 1.5)  # noqa: S311
            await asyncio.sleep(pause if wait is None else wait + pause / 4)

    def _connected(self) -> openai.AsyncOpenAI:
        if self._client is None:
            self._client = openai.AsyncOpenAI(
                api_key=self._api_key,
                base_url=self._base_url,
                max_retries=0,  # there is one retry loop, and it is ours
                timeout=TIMEOUT,
                # A redirect would carry résumé and key to somebody else.
                http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False),
            )
        return self._client


def _messages(document: str, rubric: Rubric) -> list[ChatCompletionMessageParam]:
    """What all résumés share first, the résumé last."""
    role = {
        "title": rubric.title,
        "description": rubric.description,
        "criteria": [_told(criterion) for criterion in rubric.criteria],
    }
    # A résumé cannot end its own block.
    inside = document.replace("<resume>", "(resume)").replace("</resume>", "(/resume)")
    return [
        {"role": "system", "content": PROMPT.read_text(encoding="utf-8")},
        {"role": "user", "content": json.dumps(role, ensure_ascii=False, indent=1)},
        {"role": "user", "content": f"<resume>\n{inside}\n</resume>"},
    ]


def _told(criterion: Criterion) -> dict[str, str]:
    told = {"key": criterion.key, "name": criterion.name, "good looks like": criterion.looks_for}
    return {key: value for key, value in told.items() if value}


def _schema(rubric: Rubric) -> dict[str, Any]:
    rating = {
        "type": "object",
        "properties": {
            "quotes": {"type": "array", "items": {"type": "string"}},
            "reason": {"type": "string"},
            "rating": {"type": "integer", "enum": list(range(HIGHEST + 1))},
        },
        "required": ["quotes", "reason", "rating"],
        "additionalProperties": False,
    }
    keys = [criterion.key for criterion in rubric.criteria]
    return {
        "type": "object",
        "properties": dict.fromkeys(keys, rating),
        "required": keys,
        "additionalProperties": False,
    }


def _read(response: ChatCompletion) -> Answer:
    if not response.choices:
        return Answer("", "it holds no choices")
    choice = response.choices[0]
    text = choice.message.content or ""
    if choice.message.refusal:
        return Answer(text, "the model refused")
    if choice.finish_reason == "length":
        return Answer(text, "it was cut off at the model's limit")
    if choice.finish_reason == "content_filter":
        return Answer(text, "the server's content filter held it back")
    return Answer(text, "" if text.strip() else "it is empty")


def _card(text: str, rubric: Rubric, document: str, usage: Usage) -> Scorecard:
    """Raises ValueError that says what is wrong with the answer, without repeating it."""
    found = _json(text)
    ratings = []
    for criterion in rubric.criteria:
        one = found.get(criterion.key)
        if not isinstance(one, dict):
            raise ValueError(f"it has no rating for '{criterion.key}'")
        rating, reason, quotes = one.get("rating"), one.get("reason"), one.get("quotes")
        if type(rating) is not int or not 0 <= rating <= HIGHEST:
            raise ValueError(f"the rating for '{criterion.key}' is no whole number from 0 to 4")
        if not isinstance(reason, str) or not isinstance(quotes, list):
            raise ValueError(f"reason or quotes for '{criterion.key}' are missing")
        texts = [quote for quote in quotes if isinstance(quote, str)]
        clean = " ".join(reason.replace("\0", "").split())
        ratings.append(ground(criterion.key, float(rating), clean, texts, document))
    return Scorecard(tuple(ratings), usage)


def _json(text: str) -> dict[str, Any]:
    inner = text.strip()
    if inner.startswith("```"):
        inner = inner.strip("`").removeprefix("json").strip()
    try:
        found = json.loads(inner)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")
    return found


def _judge(error: openai.APIStatusError, model: str) -> str:
    """What to say of an answer after which another try may help; raises for the others."""
    status, code = error.status_code, str(error.code or "")
    if status in (401, 403):
        raise EngineUnavailable(
            f"The model server refuses the key ({status}). Set OPENAI_API_KEY to a valid one."
        ) from error
    if status == 404 or code == "model_not_found":
        raise EngineUnavailable(
            f"The model server does not know the model '{model}' or the address (404). "
            "Set EVALUATOR_MODEL and OPENAI_BASE_URL to what it offers."
        ) from error
    if code in ("insufficient_quota", "billing_hard_limit_reached"):
        raise EngineUnavailable(
            "The account at the model server has no quota left. Raise it, then retry the job."
        ) from error
    if 300 <= status < 400:
        raise EngineUnavailable(
            f"The model server sends us elsewhere ({status}), which is not followed. "
            "Set OPENAI_BASE_URL to the final address."
        ) from error
    if code == "context_length_exceeded" or status == 413:
        raise ScoringFailed("The résumé is longer than the model can take in.") from error
    if status in AGAIN or status >= 500:
        return f"The model server answered {status}"
    raise ScoringFailed(f"The model server refused the request: {code or status}.")


def _asked_pause(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asks us to wait; None when it does not, or asks for nonsense."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / scale
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def _add(usage: Usage, response: ChatCompletion) -> Usage:
    spent = response.usage
    details = spent.prompt_tokens_details if spent else None
    return Usage(
        calls=usage.calls + 1,
        prompt_tokens=usage.prompt_tokens + max(0, spent.prompt_tokens if spent else 0),
        completion_tokens=usage.completion_tokens + max(0, spent.completion_tokens if spent else 0),
        cached_tokens=usage.cached_tokens + max(0, (details and details.cached_tokens) or 0),
    )
