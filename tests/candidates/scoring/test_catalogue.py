"""Facts of known models, and those that an operator configures."""

from typing import Any

import pytest

from candidates.scoring.catalogue import UNKNOWN, ModelFacts, facts, is_same, tokens
from candidates.scoring.scorecard import Usage


@pytest.mark.parametrize("name", ["gpt-5-mini", "gpt-5-mini-2025-08-07", "openai/gpt-5-mini"])
def test_a_model_is_found_by_the_longest_name_that_fits(name: str) -> None:
    assert facts(name) == facts("gpt-5-mini") != facts("gpt-5")


@pytest.mark.parametrize("name", ["llama3.3", "gpt-50", "gpt"])
def test_an_unknown_model_has_no_facts(name: str) -> None:
    assert facts(name) == UNKNOWN
    assert UNKNOWN.cost(Usage(1, 1_000, 100)) is None


def test_the_operator_changes_single_facts_and_adds_models() -> None:
    configured: dict[str, dict[str, Any]] = {
        "gpt-5-mini": {"input": 9.0},
        "qwen": {"context": 32_000, "warms": True},
    }

    assert facts("gpt-5-mini", configured).input == 9.0
    assert facts("gpt-5-mini", configured).output == facts("gpt-5-mini").output
    assert facts("qwen-72b", configured) == ModelFacts(context=32_000, warms=True)


def test_a_fact_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match=r"'gpt-5'.*Use context, input"):
        facts("gpt-5", {"gpt-5": {"price": 1}})


def test_cached_tokens_cost_what_cached_tokens_cost() -> None:
    usage = Usage(1, prompt_tokens=1_000_000, completion_tokens=100_000, cached_tokens=900_000)

    assert ModelFacts(0, 2.0, 0.5, 10.0).cost(usage) == pytest.approx(0.1 * 2 + 0.9 * 0.5 + 1.0)
    assert ModelFacts(0, 2.0, None, 10.0).cost(usage) == pytest.approx(2.0 + 1.0)


def test_tokens_are_estimated_on_the_long_side() -> None:
    assert tokens("Built payment services in Python for nine years.") >= 9
    assert tokens("求人" * 10) >= 20


@pytest.mark.parametrize(
    ("requested", "answered", "same"),
    [
        ("gpt-5-mini", "gpt-5-mini-2025-08-07", True),
        ("openai/gpt-4o", "gpt-4o", True),
        ("llama3", "llama3:latest", True),
        ("gpt-5", "gpt-4o", False),
        ("gpt-5", "gpt-5-mini", False),
        ("gpt-5-mini", "gpt-5", False),
    ],
)
def test_a_dated_name_is_the_same_model(requested: str, answered: str, same: bool) -> None:
    assert is_same(requested, answered) is same
