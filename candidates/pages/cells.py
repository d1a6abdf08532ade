"""The parts of a ranking's row that come by the hundred, as markup.

A page has 50 rows with a cell for each criterion and three buttons: templates take a tenth of a
second for what takes a few milliseconds here.
"""

from collections.abc import Iterable
from typing import Any

from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from candidates.models.candidate import Verdict
from candidates.ranking import UNDECIDED
from candidates.reasons import criterion_name
from candidates.scoring import rank
from candidates.scoring.rubric import Rubric
from candidates.scoring.scorecard import MAX_RATING, Rating

from .words import standing

SIGNS = {Verdict.SHORTLIST: "✓", Verdict.MAYBE: "~", Verdict.REJECT: "✕"}
STANDS = {rank.Met.UNCLEAR: "?", rank.Met.NOT_FOUND: "✕"}


def width(percent: float) -> str:
    """The class that draws a bar of so much of its track (static/css/results.css)."""
    return f"w{round(percent)}"


class Cells:
    """Of the rows of one page: the same rating of the same criterion is drawn once."""

    def __init__(self, rubric: Rubric) -> None:
        self.rubric = rubric
        self.drawn: dict[tuple[str, float, bool], SafeString] = {}
        self.must = _("must have: %(standing)s")
        self.unsupported = _("unsupported")

    def of(self, ratings: Iterable[dict[str, Any]]) -> SafeString:
        """In the rubric's order; a criterion without a rating has a dash."""
        by_key = {one["criterion"]: one for one in ratings}
        return mark_safe(  # noqa: S308 - joined from what format_html made
            "".join(
                self._cell(at, by_key[one.key]["rating"], by_key[one.key]["supported"])
                if one.key in by_key
                else format_html('<td class="by" data-label="{}">–</td>', criterion_name(one))
                for at, one in enumerate(self.rubric.criteria)
            )
        )

    def _cell(self, at: int, value: float, supported: bool) -> SafeString:  # noqa: FBT001
        criterion = self.rubric.criteria[at]
        key = (criterion.key, value, supported)
        if key not in self.drawn:
            met = rank.met(Rating(criterion.key, value, "", (), supported))
            style, told = standing(met)
            stands: SafeString | str = ""
            if criterion.must_have:
                stands = format_html(
                    '<span class="hidden"> {}</span>', self.must % {"standing": told}
                )
            if criterion.must_have and met in STANDS:
                stands += format_html(
                    '<span class="stands" aria-hidden="true" title="{}">{}</span>',
                    told,
                    STANDS[met],
                )
            if not supported:
                stands += format_html(
                    '<span class="stands" aria-hidden="true" title="{0}">*</span>'
                    '<span class="hidden"> {0}</span>',
                    self.unsupported,
                )
            self.drawn[key] = format_html(
                '<td class="by drawn {}{}" data-label="{}">{}{}</td>',
                width(100 * value / MAX_RATING),
                f" {style}" if criterion.must_have else "",
                criterion_name(criterion),
                number_format(value, 1),
                stands,
            )
        return self.drawn[key]


class Choices:
    """The buttons that decide about one row; the one that holds is pressed, and lets go."""

    def __init__(self, verdicts: Iterable[tuple[str, Any, str]]) -> None:
        self.verdicts = [(value, str(label), key) for value, label, key in verdicts]
        self.group = _("Decide about %(name)s")

    def of(self, public_id: Any, name: str, verdict: str) -> SafeString:
        buttons = [
            format_html(
                '<button type="submit" name="one" id="{0}-{1}" value="{2}:{1}" class="choice {0}" '
                'data-key="{3}" aria-pressed="{4}" aria-label="{5}" title="{5}">{6}</button>',
                value,
                public_id,
                UNDECIDED if verdict == value else value,
                key,
                "true" if verdict == value else "false",
                label,
                SIGNS[Verdict(value)],
            )
            for value, label, key in self.verdicts
        ]
        return format_html(
            '<span class="choices" role="group" aria-label="{}">{}</span>',
            self.group % {"name": name},
            mark_safe("".join(buttons)),  # noqa: S308 - joined from what format_html made
        )
