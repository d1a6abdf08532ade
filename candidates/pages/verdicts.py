"""How each verdict about a candidate is shown: its button, key and sign, and its past tense."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy, pgettext_lazy

from candidates.models.candidate import Verdict


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """A verdict on a page. The enum's own label is its name in a list or beside a candidate."""

    verdict: Verdict
    button: Any  # what the button that decides so says
    decided: Any  # what it is called once it is decided
    key: str = ""  # on the keyboard
    sign: str = ""  # on a small button


VERDICT_WORDS = {
    words.verdict: words
    for words in (
        VerdictWords(
            Verdict.SHORTLIST,
            pgettext_lazy("verb", "Shortlist"),
            gettext_lazy("Shortlisted"),
            key="s",
            sign="✓",
        ),
        VerdictWords(
            Verdict.MAYBE,
            pgettext_lazy("decision", "Maybe"),
            pgettext_lazy("decision", "Maybe"),
            key="m",
            sign="~",
        ),
        VerdictWords(
            Verdict.REJECT,
            pgettext_lazy("verb", "Reject"),
            gettext_lazy("Rejected"),
            key="x",
            sign="✕",
        ),
        VerdictWords(Verdict.OPEN, gettext_lazy("Clear"), gettext_lazy("Not decided")),
    )
}
# Those with a button of their own; a second press of it clears the decision.
CHOICES = tuple(words for words in VERDICT_WORDS.values() if words.key)


def shown_verdict(verdict: str) -> str:
    """The verdict beside a candidate; "" where nothing is decided."""
    return "" if verdict == Verdict.OPEN else str(Verdict(verdict).label)
