"""The parts of a ranking's row that come by the hundred, as markup.

A page has 50 rows with a cell for each criterion and three buttons: templates take a tenth of a
second for what takes a few milliseconds here.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from candidates.models.candidate import Verdict
from candidates.reasons import criterion_name
from candidates.scoring import rank
from candidates.scoring.rubric import Rubric
from candidates.scoring.scorecard import MAX_RATING, Rating

from .must_haves import must_have_words
from .verdicts import CHOICES

SIGNS = {rank.Met.UNCLEAR: "?", rank.Met.NOT_FOUND: "✕"}


def width(percent: float) -> str:
    """The class that draws a bar of so much of its track (static/css/results.css)."""
    return f"w{round(percent)}"


class RatingCells:
    """The cells with ratings of one page's rows: the same rating is rendered once."""

    def __init__(self, rubric: Rubric) -> None:
        self.rubric = rubric
        self.rendered: dict[tuple[str, float, bool], SafeString] = {}
        self.must_have = _("must have: %(standing)s")
        self.unsupported = _("unsupported")

    def of(self, ratings: Iterable[dict[str, Any]]) -> SafeString:
        """In the rubric's order; a criterion without a rating has a dash."""
        by_key = {rating["criterion"]: rating for rating in ratings}
        return mark_safe(  # noqa: S308 - joined from what format_html made
            "".join(
                self._cell(
                    place, by_key[criterion.key]["rating"], by_key[criterion.key]["supported"]
                )
                if criterion.key in by_key
                else format_html('<td class="by" data-label="{}">–</td>', criterion_name(criterion))
                for place, criterion in enumerate(self.rubric.criteria)
            )
        )

    def _cell(self, place: int, value: float, supported: bool) -> SafeString:  # noqa: FBT001
        criterion = self.rubric.criteria[place]
        key = (criterion.key, value, supported)
        if key not in self.rendered:
            met = rank.met(Rating(criterion.key, value, "", (), supported))
            style, words = must_have_words(met)
            marks: SafeString | str = ""
            if criterion.must_have:
                marks = format_html(
                    '<span class="hidden"> {}</span>', self.must_have % {"standing": words}
                )
            if criterion.must_have and met in SIGNS:
                marks += format_html(
                    '<span class="stands" aria-hidden="true" title="{}">{}</span>',
                    words,
                    SIGNS[met],
                )
            if not supported:
                marks += format_html(
                    '<span class="stands" aria-hidden="true" title="{0}">*</span>'
                    '<span class="hidden"> {0}</span>',
                    self.unsupported,
                )
            self.rendered[key] = format_html(
                '<td class="by drawn {}{}" data-label="{}">{}{}</td>',
                width(100 * value / MAX_RATING),
                f" {style}" if criterion.must_have else "",
                criterion_name(criterion),
                number_format(value, 1),
                marks,
            )
        return self.rendered[key]


class VerdictButtons:
    """The buttons that decide about one row; the one of the present verdict is pressed, and a
    second press clears it."""

    def __init__(self) -> None:
        self.choices = [(words, str(words.button)) for words in CHOICES]
        self.group_label = _("Decide about %(name)s")

    def of(self, public_id: UUID, name: str, verdict: str) -> SafeString:
        buttons = [
            format_html(
                '<button type="submit" name="candidate" id="{0}-{1}" value="{2}:{1}" '
                'class="choice {0}" data-key="{3}" aria-pressed="{4}" aria-label="{5}" '
                'title="{5}">{6}</button>',
                words.verdict.value,
                public_id,
                (Verdict.OPEN if verdict == words.verdict else words.verdict).value,
                words.key,
                "true" if verdict == words.verdict else "false",
                label,
                words.sign,
            )
            for words, label in self.choices
        ]
        return format_html(
            '<span class="choices" role="group" aria-label="{}">{}</span>',
            self.group_label % {"name": name},
            mark_safe("".join(buttons)),  # noqa: S308 - joined from what format_html made
        )
