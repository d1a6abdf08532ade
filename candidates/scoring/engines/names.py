"""The engines' names, default models and versions; here so that an engine need not import its own
factory."""

LOCAL = "local"
OPENAI = "openai"
DEFAULT_MODELS = {LOCAL: "wordllama-256", OPENAI: "gpt-5-mini"}
ENGINE_NAMES = tuple(DEFAULT_MODELS)
# Of the method or the prompt: part of every fingerprint, so that a score of an older version is not
# reused.
VERSIONS = {LOCAL: "local-1", OPENAI: "score-v2"}
WITH_INSIGHTS = "insights-v1"  # the prompt that a scorecard's prompt is extended by


def default_model(name: str) -> str:
    return DEFAULT_MODELS[name]


def version(name: str, *, with_insights: bool = False) -> str:
    """The engine's version; another one where a scorecard brings its insight with it."""
    if name == OPENAI and with_insights:
        return f"{VERSIONS[name]}+{WITH_INSIGHTS}"
    return VERSIONS[name]
