"""Whether a must-have is met, in words."""

from django.utils.translation import gettext_lazy as _

from candidates.scoring import rank

# Of each: the CSS class, and the words.
MUST_HAVE_WORDS = {
    rank.Met.MET: ("met", _("met")),
    rank.Met.UNCLEAR: ("unclear", _("unclear")),
    rank.Met.NOT_FOUND: ("missing", _("not found")),
}


def must_have_words(met: rank.Met) -> tuple[str, str]:
    """The CSS class, and the words."""
    style, words = MUST_HAVE_WORDS[met]
    return style, str(words)
