"""Facts of models: context size, prices, whether warming a prompt's cache pays.

Prices are in US dollars per million tokens as their makers published them, and change: an operator
can configure other facts. A model that is not listed can be used all the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .scorecard import Usage

MILLION = 1_000_000
BYTES_PER_TOKEN = 3  # fewer than any text has in practice, so that estimates are rather too high


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Facts of one model; a context of 0 and a price of None are unknown.

    `warms`: cached tokens are so much cheaper that the first call goes ahead of the others, alone.
    """

    context: int = 0  # tokens of a prompt
    input: float | None = None
    cached: float | None = None
    output: float | None = None
    warms: bool = False

    def cost(self, usage: Usage) -> float | None:
        """Return the cost in US dollars; None where a price is unknown."""
        if self.input is None or self.output is None:
            return None
        cached = self.input if self.cached is None else self.cached
        fresh = usage.prompt_tokens - usage.cached_tokens
        return (
            fresh * self.input
            + usage.cached_tokens * cached
            + usage.completion_tokens * self.output
        ) / MILLION


UNKNOWN = ModelFacts()
# A name covers all that continue it with a hyphen: "gpt-5-mini-2025-08-07".
KNOWN: Mapping[str, ModelFacts] = {
    "gpt-5": ModelFacts(272_000, 1.25, 0.125, 10.0, warms=True),
    "gpt-5-mini": ModelFacts(272_000, 0.25, 0.025, 2.0, warms=True),
    "gpt-5-nano": ModelFacts(272_000, 0.05, 0.005, 0.40, warms=True),
    "gpt-4.1": ModelFacts(1_047_576, 2.0, 0.50, 8.0, warms=True),
    "gpt-4.1-mini": ModelFacts(1_047_576, 0.40, 0.10, 1.60, warms=True),
    "gpt-4.1-nano": ModelFacts(1_047_576, 0.10, 0.025, 0.40, warms=True),
    "gpt-4o": ModelFacts(128_000, 2.50, 1.25, 10.0),
    "gpt-4o-mini": ModelFacts(128_000, 0.15, 0.075, 0.60),
    "o3": ModelFacts(200_000, 2.0, 0.50, 8.0, warms=True),
    "o4-mini": ModelFacts(200_000, 1.10, 0.275, 4.40, warms=True),
}


def facts(model: str, configured: Mapping[str, Mapping[str, Any]] | None = None) -> ModelFacts:
    """Return the facts of `model`.

    `configured` adds models and overrides single facts of known ones. Raises ValueError when it
    names a fact that does not exist.
    """
    name = model.rsplit("/", 1)[-1]  # routers prefix a folder: "openai/gpt-4o"
    known = _longest_match(KNOWN, name) or UNKNOWN
    overrides = _longest_match(configured or {}, model) or _longest_match(configured or {}, name)
    if not overrides:
        return known
    try:
        return replace(known, **overrides)
    except TypeError as error:
        raise ValueError(
            f"The facts given for the model '{model}' have a name that is not known. "
            "Use context, input, cached, output and warms."
        ) from error


def _longest_match[Entry](entries: Mapping[str, Entry], name: str) -> Entry | None:
    keys = [key for key in entries if name == key or name.startswith(f"{key}-")]
    return entries[max(keys, key=len)] if keys else None


def is_same(requested: str, answered: str) -> bool:
    """Whether both are names of one model: the requested one, and the one in a server's answer.

    Servers answer with a dated name, with a tag, or without the router's folder.
    """
    requested, answered = (name.rsplit("/", 1)[-1].casefold() for name in (requested, answered))
    return bool(re.fullmatch(rf"{re.escape(requested)}(?:-\d[\d-]*|[:@].+)?", answered))


def tokens(text: str) -> int:
    """Estimate the tokens of `text`, rather too many than too few."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)
