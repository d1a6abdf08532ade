"""Amounts of money in words."""

import pytest

from candidates.pages.money import money


@pytest.mark.parametrize(
    ("cost", "shown"),
    [(None, ""), (0, "$0.00"), (0.00031, "$0.000310"), (0.0312, "$0.0312"), (1234.5, "$1,234.50")],
)
def test_money_has_as_many_decimals_as_it_needs(cost: float | None, shown: str) -> None:
    assert money(cost) == shown
