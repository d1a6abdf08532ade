"""Engines are found by name and cost nothing until one is made."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.utils.translation import override

from candidates.scoring import engines
from candidates.scoring.contract import Engine
from candidates.scoring.scorecard import EngineUnavailable
from tests.reasons import raises_saying

METHODS = [name for name, _ in inspect.getmembers(Engine, inspect.isfunction) if name[0] != "_"]


def test_an_unknown_engine_is_named() -> None:
    with raises_saying(EngineUnavailable, "'magic'"):
        engines.make("magic")


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
@pytest.mark.parametrize("name", engines.ENGINE_NAMES)
def test_the_sentence_on_an_unknown_engine_names_each(name: str, language: str) -> None:
    with override(language), raises_saying(EngineUnavailable, rf"\b{name}\b"):
        engines.make("magic")


@pytest.mark.parametrize("name", engines.ENGINE_NAMES)
def test_each_engine_has_its_name_model_and_version(name: str) -> None:
    engine = engines.make(name, engines.default_model(name), api_key="key", base_url="")

    assert (engine.name, engine.model) == (name, engines.default_model(name))
    assert engine.version == engines.version(name)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", engines.ENGINE_NAMES)
def test_each_engine_has_the_methods_of_the_protocol(name: str, method: str) -> None:
    engine = engines.make(name, engines.default_model(name), api_key="key", base_url="")
    promised: Callable[..., Any] = getattr(Engine, method)
    actual: Callable[..., Any] = getattr(type(engine), method)

    assert inspect.signature(actual) == inspect.signature(promised)
    assert inspect.iscoroutinefunction(actual) == inspect.iscoroutinefunction(promised)


@pytest.mark.processes
def test_importing_scoring_loads_no_model_and_no_client() -> None:
    code = (
        "import sys; from candidates.scoring import engines, evidence, insights, rank, redact;"
        "print(*{'numpy', 'wordllama', 'wordfreq', 'openai', 'django'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout.split() == []
