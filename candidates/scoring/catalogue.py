"""What is known of models: how much they take in, what they cost, whether warming a prompt pays.

Prices are in US dollars per million tokens as their makers published them, and change: whoever runs
the program can give facts of their own, and a model that is not listed is used all the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .scorecard import Usage

MILLION = 1_000_000
A_TOKEN = 3  # bytes: fewer than any text has in practice, so that estimates err on the long side


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one model; 0 tokens and None for a price mean that nobody has said.

    `warms`: cached tokens are so much cheaper that one call goes ahead of the others, alone.
    """

    context: int = 0  # tokens of a prompt
    input: float | None = None
    cached: float | None = None
    output: float | None = None
    warms: bool = False

    def cost(self, usage: Usage) -> float | None:
        """US dollars; None where a price is not known."""
        if self.input is None or self.output is None:
            return None
        cached = self.input if self.cached is None else self.cached
        fresh = usage.prompt_tokens - usage.cached_tokens
        return (
            fresh * self.input
            + usage.cached_tokens * cached
            + usage.completion_tokens * self.output
        ) / MILLION


UNKNOWN = Facts()
# A name stands for all that begin with it and go on with a hyphen: "gpt-5-mini-2025-08-07".
KNOWN: Mapping[str, Facts] = {
    "gpt-5": Facts(272_000, 1.25, 0.125, 10.0, warms=True),
    "gpt-5-mini": Facts(272_000, 0.25, 0.025, 2.0, warms=True),
    "gpt-5-nano": Facts(272_000, 0.05, 0.005, 0.40, warms=True),
    "gpt-4.1": Facts(1_047_576, 2.0, 0.50, 8.0, warms=True),
    "gpt-4.1-mini": Facts(1_047_576, 0.40, 0.10, 1.60, warms=True),
    "gpt-4.1-nano": Facts(1_047_576, 0.10, 0.025, 0.40, warms=True),
    "gpt-4o": Facts(128_000, 2.50, 1.25, 10.0),
    "gpt-4o-mini": Facts(128_000, 0.15, 0.075, 0.60),
    "o3": Facts(200_000, 2.0, 0.50, 8.0, warms=True),
    "o4-mini": Facts(200_000, 1.10, 0.275, 4.40, warms=True),
}


def facts(model: str, given: Mapping[str, Mapping[str, Any]] | None = None) -> Facts:
    """The facts of `model`; `given` adds models, and changes single facts of known ones.

    Raises ValueError when `given` names a fact that does not exist.
    """
    name = model.rsplit("/", 1)[-1]  # "openai/gpt-4o" is what routers call it
    found = _longest(KNOWN, name) or UNKNOWN
    changed = _longest(given or {}, model) or _longest(given or {}, name)
    if not changed:
        return found
    try:
        return replace(found, **changed)
    except TypeError as error:
        raise ValueError(
            f"The facts given for the model '{model}' have a name that is not known. "
            "Use context, input, cached, output and warms."
        ) from error


def _longest[Kind](among: Mapping[str, Kind], name: str) -> Kind | None:
    fitting = [key for key in among if name == key or name.startswith(f"{key}-")]
    return among[max(fitting, key=len)] if fitting else None


def is_same(asked: str, answered: str) -> bool:
    """Whether a server that was asked for the one model means it by the name of the other.

    Servers answer with a dated name, with a tag, or without the router's folder.
    """
    one, other = (name.rsplit("/", 1)[-1].casefold() for name in (asked, answered))
    return bool(re.fullmatch(rf"{re.escape(one)}(?:-\d[\d-]*|[:@].+)?", other))


def tokens(text: str) -> int:
    """About how many tokens `text` is, rather more than fewer."""
    return -(-len(text.encode("utf-8", "replace")) // A_TOKEN)
