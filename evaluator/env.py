"""Typed readers of the environment.

A value that cannot be used stops the program with one sentence that names the variable, the value
and the remedy; nothing falls back silently to a default.
"""

import json
import math
import os
import re
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = ("1", "true", "yes", "on")
FALSE_WORDS = ("0", "false", "no", "off")
TESSERACT_LANGUAGES = re.compile(r"[A-Za-z0-9_/]+(\+[A-Za-z0-9_/]+)*")


def text(name: str, default: str = "") -> str:
    """The variable without white space around it; `default` when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def switch(name: str, *, default: bool) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value in TRUE_WORDS:
        return True
    if value in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name} is '{value}'. Set it to 1 or 0.")


def whole(name: str, default: int, *, at_least: int = 1) -> int:
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        number = at_least - 1
    if number < at_least:
        raise ImproperlyConfigured(
            f"{name} is '{value}'. Set it to a whole number of at least {at_least}, "
            f"or unset it for {default}."
        )
    return number


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is '{value}'. Set it to one of: {', '.join(allowed)}.")
    return value


MODEL_FACTS = {"context": int, "input": float, "cached": float, "output": float, "warms": bool}


def prices(name: str) -> dict[str, dict[str, Any]]:
    """What models cost and take in, as JSON: {"my-model": {"input": 0.5, "output": 2}}.

    Prices are in US dollars for a million tokens; `context` is in tokens, and `warms` says whether
    sending one call ahead pays.
    """
    value = text(name, "{}")
    remedy = (
        'Set it to JSON such as {"my-model": {"input": 0.5, "cached": 0.1, "output": 2, '
        '"context": 128000}}, prices in US dollars for a million tokens.'
    )
    try:
        models = json.loads(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is no JSON. {remedy}") from error
    if not isinstance(models, dict) or not all(isinstance(each, dict) for each in models.values()):
        raise ImproperlyConfigured(f"{name} names no models with their facts. {remedy}")
    for model, facts in models.items():
        for fact, given in facts.items():
            if not _is_fact(fact, given):
                raise ImproperlyConfigured(
                    f"{name} gives the model '{model}' the fact '{fact}' as {given!r}, which "
                    f"cannot be used. {remedy}"
                )
    return models


def _is_fact(fact: str, value: object) -> bool:
    kind = MODEL_FACTS.get(fact)
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if isinstance(value, int) or (kind is float and isinstance(value, float)):
        return kind is not None and math.isfinite(value) and value >= 0
    return False


def languages(name: str) -> str:
    """Languages as tesseract names them, joined by +; "" for off, which is the default."""
    value = text(name, "off")
    if value == "off":
        return ""
    if value.lower() in (*TRUE_WORDS, *FALSE_WORDS) or not TESSERACT_LANGUAGES.fullmatch(value):
        raise ImproperlyConfigured(
            f"{name} is '{value}'. Set it to languages as tesseract names them, such as eng or "
            "eng+deu, or to off."
        )
    return value


def server(name: str, schemes: tuple[str, ...]) -> str:
    """The address of a server; empty when it is unset."""
    value = text(name)
    if value:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not (parts.netloc or parts.path):
            known = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ImproperlyConfigured(
                f"{name} is not an address of a server: it has to begin with {known}, as in "
                f"{schemes[0]}://localhost:6379/0."
            )
    return value


def dsn(name: str) -> str:
    """The address of a Sentry project; empty when it is unset."""
    value = text(name)
    if value:
        from sentry_sdk.utils import BadDsn, Dsn

        try:
            Dsn(value)
        except BadDsn as error:
            raise ImproperlyConfigured(
                f"{name} is no address of a project of Sentry. Copy it from the project's "
                "settings: it looks like https://key@host/number."
            ) from error
    return value


def names(name: str, default: list[str]) -> list[str]:
    """A list separated by commas."""
    parts = [part.strip() for part in text(name).split(",") if part.strip()]
    return parts or default


def days(name: str, states: tuple[str, ...]) -> dict[str, int]:
    """Days for each state, as in "unrun=90,ranked=365"; one number is for all of them."""
    value = text(name)
    parts = [f"{state}={value}" for state in states] if value.isdecimal() else names(name, [])
    days_by_state: dict[str, int] = {}
    for part in parts:
        state, _sign, number = (each.strip() for each in part.partition("="))
        if state not in states or not number.isdecimal() or not 0 < int(number) < 100_000:
            known = ",".join(f"{state}=365" for state in states)
            raise ImproperlyConfigured(
                f"{name} is '{value}'. Set it to days for each state, such as {known}, to one "
                "number of days for all of them, or unset it to keep everything."
            )
        days_by_state[state] = int(number)
    return days_by_state
