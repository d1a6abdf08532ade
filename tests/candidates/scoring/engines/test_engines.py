"""Engines are found by name and cost nothing until one is made."""

import subprocess
import sys

import pytest

from candidates.scoring import engines
from candidates.scoring.scorecard import EngineUnavailable
from tests.reasons import raises_saying


def test_an_unknown_engine_is_named() -> None:
    with raises_saying(EngineUnavailable, "'magic'"):
        engines.make("magic")


@pytest.mark.parametrize("name", ["local", "openai"])
def test_each_engine_has_its_name_model_and_version(name: str) -> None:
    engine = engines.make(name, engines.default_model(name), api_key="key", base_url="")

    assert (engine.name, engine.model) == (name, engines.default_model(name))
    assert engine.version == engines.version(name)


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
