"""What an error from a model server means: mend, wait, shorten, or ask in another way.

OpenAI, Azure, vLLM, Ollama and LiteLLM name the same troubles differently, so status, code and,
last, the words of the message are looked at. No message of a server is passed on: it may hold the
résumé.
"""

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from candidates.scoring.engines.pace import MAX_PAUSE_SECONDS
from candidates.scoring.scorecard import EngineUnavailable, ScoringFailed

AGAIN = frozenset({408, 409, 425, 429, 499})
BUSY = frozenset({429, 503, 529})
NO_QUOTA = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "insufficient_credits",
    }
)
NO_MODEL = frozenset(
    {"model_not_found", "deploymentnotfound", "invalid_model", "model_not_supported"}
)
TOO_LONG = re.compile(
    r"context[_ ]length|context[_ ]window|maximum context|too many (?:input )?tokens"
    r"|prompt is too long|reduce the length|exceeds? the (?:available )?context|max_model_len",
    re.IGNORECASE,
)
LIMIT = re.compile(
    r"(?:maximum (?:context|model|input) length|context (?:length|window|size)|limit)\D{0,30}?"
    r"(\d[\d,]{2,})",
    re.IGNORECASE,
)
FORMAT = re.compile(
    r"response_?format|json_?schema|json_?object|json mode|structured|guided|schema|grammar",
    re.IGNORECASE,
)
WRONG_MODEL = re.compile(
    r"\bmodel\b.{0,80}(?:not (?:exist|found|available|supported)|unknown|invalid)"
    r"|(?:invalid|unknown|no such) model",
    re.IGNORECASE,
)
CODE = re.compile(r"[\w.-]{1,60}")


@dataclass(frozen=True, slots=True)
class Told:
    """An error as the server told it."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Again:
    """Another try may help. `wait` is what the server asks for, in seconds, None when nothing."""

    why: str
    busy: bool = False
    wait: float | None = None


class TooLong(Exception):
    """The prompt does not fit; `limit` is how many tokens do, 0 where the server does not say."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"longer than {limit} tokens")
        self.limit = limit


class Filtered(Exception):
    """A content filter held the call back."""


class Unsupported(Exception):
    """The server may not know the way in which the answer was asked for.

    `certain` says that it named it; else it refused the request without a reason we know.
    """

    def __init__(self, why: str, *, certain: bool) -> None:
        super().__init__(why)
        self.certain = certain


def judge(told: Told, model: str) -> Again:
    """What to do about an error. Raises EngineUnavailable, TooLong, Filtered, Unsupported and
    ScoringFailed where another try of the same makes no sense."""
    status, code = told.status, told.code.lower()
    if code in NO_QUOTA or status == 402:
        raise EngineUnavailable(
            "The account at the model server has no quota left. Raise it, then resume the job."
        )
    if status in (401, 403):
        raise EngineUnavailable(
            f"The model server refuses the key ({status}). Set OPENAI_API_KEY to a valid one."
        )
    if 300 <= status < 400:
        raise EngineUnavailable(
            f"The model server sends us elsewhere ({status}), which is not followed. "
            "Set OPENAI_BASE_URL to the final address."
        )
    # "Model x: no JSON schema" is about the schema, unless that is the model's name.
    about_format = bool(FORMAT.search(f"{code} {told.message}".replace(model, "")))
    wrong_model = not about_format and WRONG_MODEL.search(told.message)
    if status == 404 or code in NO_MODEL or (status == 400 and wrong_model):
        raise EngineUnavailable(
            f"The model server does not know the model '{model}' or the address ({status}). "
            "Set EVALUATOR_MODEL and OPENAI_BASE_URL to what it offers."
        )
    if status in AGAIN or status >= 500:
        return Again(
            f"The model server answered {status}", status in BUSY, asked_pause(told.headers)
        )
    if status == 413 or TOO_LONG.search(f"{code} {told.message}"):
        limit = LIMIT.search(told.message)
        raise TooLong(int(limit[1].replace(",", "")) if limit else 0)
    if "content_filter" in code or "content_policy" in code:
        raise Filtered
    shown = code if CODE.fullmatch(code) else str(status)
    why = f"The model server refused the request: {shown}."
    if status in (400, 415, 422):
        raise Unsupported(why, certain=about_format)
    raise ScoringFailed(why)


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asks us to wait, at most MAX_PAUSE_SECONDS; None when it asks for nothing,
    or for nonsense. A date counts from the server's own clock where it tells that."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if not value:
            continue
        try:
            seconds = float(value) / scale
        except ValueError:
            seconds = _until(value, headers.get("date", ""))
        if math.isfinite(seconds) and seconds >= 0:
            return min(seconds, MAX_PAUSE_SECONDS)
    return None


def _until(value: str, now: str) -> float:
    """Seconds from `now` to `value`, both HTTP dates; not a number where `value` is none."""
    try:
        at = parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return math.nan
    try:
        return max(0.0, at - parsedate_to_datetime(now).timestamp())
    except (ValueError, TypeError, OverflowError):
        return max(0.0, at - time.time())
