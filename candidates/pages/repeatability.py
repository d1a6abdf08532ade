"""How far two scorings of the same résumé lie apart."""

from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext


def repeatability(repeat_error: tuple[float, int] | None) -> str:
    """How far two scorings of the same résumé lie apart, and what consequence; "" where unknown."""
    if repeat_error is None:
        return ""
    error, number = repeat_error
    difference = ngettext(
        "Scored twice, the same résumé differs by %(error)s points (standard deviation of the "
        "overall score, from %(number)d résumé).",
        "Scored twice, the same résumé differs by %(error)s points (standard deviation of the "
        "overall score, from %(number)d résumés).",
        number,
    ) % {"error": number_format(round(error, 1), 1), "number": number}
    if round(error, 1) == 0:
        consequence = gettext("Only candidates with the same score share a place.")
    else:
        consequence = gettext(
            "Candidates within that of the best of their group share a place, such as 2=."
        )
    return f"{difference} {consequence}"
