"""What an error of a model server calls for: a person, a retry, a shorter prompt, or another mode.

OpenAI, Azure, vLLM, Ollama and LiteLLM name the same errors differently, so status, code and, last,
the words of the message are looked at. No message of a server is passed on: it may hold the résumé.
"""

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from candidates.facts.reason import FailureCode, Param, Reason
from candidates.scoring.engines.pace import MAX_SERVER_PAUSE_SECONDS
from candidates.scoring.scorecard import EngineUnavailable, ScoringFailed

RETRIED_STATUSES = frozenset({408, 409, 425, 429, 499})  # and every status from 500
BUSY_STATUSES = frozenset({429, 503, 529})
QUOTA_CODES = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "insufficient_credits",
    }
)
MODEL_CODES = frozenset(
    {"model_not_found", "deploymentnotfound", "invalid_model", "model_not_supported"}
)
TOO_LONG_PATTERN = re.compile(
    r"context[_ ]length|context[_ ]window|maximum context|too many (?:input )?tokens"
    r"|prompt is too long|reduce the length|exceeds? the (?:available )?context|max_model_len",
    re.IGNORECASE,
)
LIMIT_PATTERN = re.compile(
    r"(?:maximum (?:context|model|input) length|context (?:length|window|size)|limit)\D{0,30}?"
    r"(\d[\d,]{2,})",
    re.IGNORECASE,
)
FORMAT_PATTERN = re.compile(
    r"response_?format|json_?schema|json_?object|json mode|structured|guided|schema|grammar",
    re.IGNORECASE,
)
MODEL_PATTERN = re.compile(
    r"\bmodel\b.{0,80}(?:not (?:exist|found|available|supported)|unknown|invalid)"
    r"|(?:invalid|unknown|no such) model",
    re.IGNORECASE,
)
CODE_PATTERN = re.compile(r"[\w.-]{1,60}")


@dataclass(frozen=True, slots=True)
class ServerError:
    """An error as the server reports it."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RetryableFailure:
    """Another try may help.

    `code` and `params` say why, without the number of tries. `is_busy`: nothing is wrong with the
    document. `wait` is what the server asks for, in seconds; None when it asks for nothing.
    """

    code: FailureCode
    params: Mapping[str, Param] = field(default_factory=dict)
    is_busy: bool = False
    wait: float | None = None

    def reason(self, tries: int) -> Reason:
        return Reason(self.code, {**self.params, "tries": tries})


class TooLong(Exception):
    """The prompt does not fit; `limit` is how many tokens do, 0 where the server does not say."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"longer than {limit} tokens")
        self.limit = limit


class Filtered(Exception):
    """A content filter rejected the call."""


class Unsupported(Exception):
    """The server may not support the way in which the answer was asked for.

    `is_certain`: the server named it; else it refused the request for a reason that is not known.
    """

    def __init__(self, reason: Reason, *, is_certain: bool) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.is_certain = is_certain


def classify(error: ServerError, model: str) -> FailureCode:
    """What kind of error it is: from the status, the code and, last, the words of the message."""
    status, code = error.status, error.code.lower()
    if code in QUOTA_CODES or status == 402:
        return FailureCode.QUOTA_GONE
    if status in (401, 403):
        return FailureCode.KEY_REFUSED
    if 300 <= status < 400:
        return FailureCode.REDIRECTED
    is_wrong_model = not _is_about_format(error, model) and MODEL_PATTERN.search(error.message)
    if status == 404 or code in MODEL_CODES or (status == 400 and is_wrong_model):
        return FailureCode.MODEL_UNKNOWN
    if status in RETRIED_STATUSES or status >= 500:
        return FailureCode.SERVER_ERROR
    if status == 413 or TOO_LONG_PATTERN.search(f"{code} {error.message}"):
        return FailureCode.PROMPT_TOO_LONG
    if "content_filter" in code or "content_policy" in code:
        return FailureCode.CONTENT_FILTERED
    return FailureCode.REQUEST_REFUSED


def judge(error: ServerError, model: str) -> RetryableFailure:
    """What to do about an error. Raises EngineUnavailable, TooLong, Filtered, Unsupported and
    ScoringFailed where another try of the same makes no sense."""
    status, code = error.status, error.code.lower()
    kind = classify(error, model)
    match kind:
        case FailureCode.QUOTA_GONE:
            raise EngineUnavailable(Reason(kind))
        case FailureCode.KEY_REFUSED | FailureCode.REDIRECTED:
            raise EngineUnavailable(Reason(kind, {"status": status}))
        case FailureCode.MODEL_UNKNOWN:
            raise EngineUnavailable(Reason(kind, {"model": model, "status": status}))
        case FailureCode.SERVER_ERROR:
            is_busy = status in BUSY_STATUSES
            return RetryableFailure(
                kind, {"status": status}, is_busy, requested_wait(error.headers)
            )
        case FailureCode.PROMPT_TOO_LONG:
            limit = LIMIT_PATTERN.search(error.message)
            raise TooLong(int(limit[1].replace(",", "")) if limit else 0)
        case FailureCode.CONTENT_FILTERED:
            raise Filtered
    server_code = code if CODE_PATTERN.fullmatch(code) else str(status)
    reason = Reason(FailureCode.REQUEST_REFUSED, {"server_code": server_code})
    if status in (400, 415, 422):
        raise Unsupported(reason, is_certain=_is_about_format(error, model))
    raise ScoringFailed(reason)


def requested_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, at most MAX_SERVER_PAUSE_SECONDS.

    None when it asks for nothing, or for nonsense. A date counts from the server's own clock where
    it sends that.
    """
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if not value:
            continue
        try:
            seconds = float(value) / scale
        except ValueError:
            seconds = _seconds_until(value, headers.get("date", ""))
        if math.isfinite(seconds) and seconds >= 0:
            return min(seconds, MAX_SERVER_PAUSE_SECONDS)
    return None


def _is_about_format(error: ServerError, model: str) -> bool:
    # "Model x: no JSON schema" is about the schema, unless that is the model's name.
    words = f"{error.code.lower()} {error.message}".replace(model, "")
    return bool(FORMAT_PATTERN.search(words))


def _seconds_until(value: str, now: str) -> float:
    """Seconds from `now` to `value`, both HTTP dates; not a number where `value` is none."""
    try:
        moment = parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return math.nan
    try:
        return max(0.0, moment - parsedate_to_datetime(now).timestamp())
    except (ValueError, TypeError, OverflowError):
        return max(0.0, moment - time.time())
