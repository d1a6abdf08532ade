"""The engines by name. An engine's module is imported when one is made, not before."""

from typing import Any

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
        from .openai import OpenAIEngine

        return OpenAIEngine(model, **settings)
    raise EngineUnavailable(f"There is no engine '{name}'. Choose local or openai.")
