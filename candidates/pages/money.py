"""Amounts of money."""

from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext


def money(cost: Decimal | float | None) -> str:
    """US dollars, with as many decimals as a small amount needs; "" where it is not known."""
    if cost is None:
        return ""
    digits = 2 if cost >= 1 or not cost else 4 if cost >= 0.01 else 6
    amount = number_format(f"{cost:.{digits}f}", digits, use_l10n=True, force_grouping=True)
    return gettext("$%(amount)s") % {"amount": amount}
