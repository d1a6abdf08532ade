"""Engines by name. An engine's module is imported when the engine is made, not before."""

from dataclasses import dataclass
from typing import Any, Literal

from candidates.facts.reason import FailureCode, Reason
from candidates.scoring.catalogue import ModelFacts
from candidates.scoring.contract import Engine
from candidates.scoring.rubric import Rubric
from candidates.scoring.scorecard import EngineUnavailable

from .names import (
    DEFAULT_MODELS,
    ENGINE_NAMES,
    LOCAL,
    OPENAI,
    VERSIONS,
    WITH_INSIGHTS,
    default_model,
    version,
)

__all__ = [
    "DEFAULT_MODELS",
    "ENGINE_NAMES",
    "LOCAL",
    "OPENAI",
    "VERSIONS",
    "WITH_INSIGHTS",
    "Forecast",
    "default_model",
    "forecast",
    "make",
    "version",
]


@dataclass(frozen=True, slots=True)
class Forecast:
    """An estimate of the tokens that each call of a kind takes, besides the résumé's own."""

    shared: int  # of the prompt, the same for all calls
    cached: int  # of these, where the first call warms the cache for the others
    answer: int
    room: int  # bytes of a résumé that fit; 0 where the model's context is not known


def forecast(
    name: str, rubric: Rubric, facts: ModelFacts, kind: Literal["score", "score+insight", "insight"]
) -> Forecast | None:
    """Estimate calls of this kind; None where the engine makes none. Imports no client."""
    if name != OPENAI:
        return None
    from .openai import prompt

    if kind == "insight":
        request = prompt.narrating(rubric)
    else:
        request = prompt.scoring(rubric, with_insights=kind == "score+insight")
    warm = facts.warms and request.shared_tokens >= prompt.MIN_CACHED_TOKENS
    return Forecast(
        shared=request.shared_tokens,
        cached=request.shared_tokens if warm else 0,
        answer=request.answer_tokens,
        room=max(1, request.room(facts.context)) if facts.context else 0,
    )


def make(name: str, model: str = "", **settings: Any) -> Engine:
    """Make the engine `name`.

    `settings` are `api_key`, `base_url`, `concurrency`, `calls` and `facts`, for engines that take
    them. Raises EngineUnavailable when the engine cannot work with its configuration.
    """
    model = model or DEFAULT_MODELS.get(name, "")
    if name == LOCAL:
        from .local import LocalEngine

        return LocalEngine()
    if name == OPENAI:
        from .openai.engine import OpenAIEngine

        return OpenAIEngine(model, **settings)
    raise EngineUnavailable(Reason(FailureCode.ENGINE_UNKNOWN, {"engine": name}))
