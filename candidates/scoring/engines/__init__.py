"""The engines by name. An engine's module is imported when one is made, not before."""

from dataclasses import dataclass
from typing import Any, Literal

from candidates.facts.reason import FailureCode, Reason
from candidates.scoring.catalogue import Facts
from candidates.scoring.rubric import Rubric
from candidates.scoring.scorecard import Engine, EngineUnavailable

LOCAL = "local"
OPENAI = "openai"
DEFAULT_MODELS = {LOCAL: "wordllama-256", OPENAI: "gpt-5-mini"}
# Of the method or the prompt: changed with it, so that no old score is taken for a new one.
VERSIONS = {LOCAL: "local-1", OPENAI: "score-v2"}
WITH_INSIGHTS = "insights-v1"  # the prompt added to that of a scorecard


def default_model(name: str) -> str:
    return DEFAULT_MODELS[name]


def version(name: str, *, with_insights: bool = False) -> str:
    """Of the method or the prompt; another where a scorecard brings its insight with it."""
    if name == OPENAI and with_insights:
        return f"{VERSIONS[name]}+{WITH_INSIGHTS}"
    return VERSIONS[name]


@dataclass(frozen=True, slots=True)
class Forecast:
    """About what each call of a kind takes in tokens, beside the résumé's own."""

    shared: int  # of the prompt, the same for all
    cached: int  # of these, where one call warms them for the others
    answer: int
    room: int  # bytes of a résumé that fit; 0 where nobody knows


def forecast(
    name: str, rubric: Rubric, facts: Facts, kind: Literal["score", "score+insight", "insight"]
) -> Forecast | None:
    """What calls of this kind will take; None where the engine makes none. Imports no client."""
    if name != OPENAI:
        return None
    from .openai import prompt

    if kind == "insight":
        asked = prompt.narrating(rubric)
    else:
        asked = prompt.scoring(rubric, with_insights=kind == "score+insight")
    warm = facts.warms and asked.shared_tokens >= prompt.WARM_FROM
    return Forecast(
        shared=asked.shared_tokens,
        cached=asked.shared_tokens if warm else 0,
        answer=asked.answer_tokens,
        room=max(1, asked.room(facts.context)) if facts.context else 0,
    )


def make(name: str, model: str = "", **settings: Any) -> Engine:
    """The engine `name`; `settings` are `api_key`, `base_url`, `concurrency`, `calls` and `facts`,
    for those that take them.

    Raises EngineUnavailable when it cannot work as it is set up.
    """
    model = model or DEFAULT_MODELS.get(name, "")
    if name == LOCAL:
        from .local import LocalEngine

        return LocalEngine()
    if name == OPENAI:
        from .openai.engine import OpenAIEngine

        return OpenAIEngine(model, **settings)
    raise EngineUnavailable(Reason(FailureCode.ENGINE_UNKNOWN, {"engine": name}))
