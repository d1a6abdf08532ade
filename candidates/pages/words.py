"""What flags and must-haves are called on a page."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import get_language_info, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from candidates.scoring import rank
from candidates.told import told

KINDS = {
    "mislabelled": _("The file is not what its name says"),
    "mixed-encodings": _("The text mixes two encodings"),
    "hidden-characters": _("Characters that cannot be seen were removed"),
    "look-alike-letters": _(
        "Words were written with letters of another alphabet that look the same"
    ),
    "macros": _("The file carries a program, which was not run"),
    "attachment-unreadable": _("Something attached to the message was not read"),
    "part-unreadable": _("A piece inside the document was not read"),
    "incomplete": _("The file is incomplete; its end is missing"),
    "page-unreadable": _("A page could not be read"),
    "recognised": _("The page is a picture, in which the text was recognised"),
    "recognised-badly": _(
        "The page is a picture in which the text was recognised badly: compare it with the original"
    ),
    "pages-not-recognised": _("Pages are pictures whose text was not recognised"),
    "unchecked": _("Hidden text could not be looked for: compare with the original"),
    "letters-lost": _("Some letters could not be told"),
    "no-resume": _("The file looks like something other than a résumé"),
    "two-people": _("The file looks like the résumés of two people"),
    "copies-description": _(
        "A large part of the job description stands in the résumé word for word"
    ),
    "instructs-the-model": _("The résumé speaks to a machine that judges it"),
    "fake-turn": _("The résumé imitates a conversation with a model"),
    "fake-delimiter": _("The résumé imitates the end of its own text"),
    "fake-answer": _("The résumé holds a ready-made answer"),
    "encoded-instructions": _("The résumé holds encoded instructions"),
    "remote-image": _("The résumé points to a picture elsewhere, which was not fetched"),
    "keyword-stuffing": _("A word is said over and over"),
    "invisible-characters": _("The text holds characters that cannot be seen"),
    "shortened": _("The résumé is longer than the model takes in"),
}
SAID_BY_US = frozenset({"shortened"})  # what is found is no text of the résumé
HIDDEN = {
    "low-contrast": _("in the colour of the paper"),
    "covered": _("under something else"),
    "clipped": _("outside the part that is shown"),
    "transparent": _("transparent"),
    "off-page": _("off the page"),
    "tiny": _("too small to read"),
    "squeezed": _("squeezed until nobody can read it"),
    "replaced": _("told to programs in place of what is shown"),
    "invisible": _("set to be invisible"),
    "hidden-layer": _("on a layer that is switched off"),
    "hidden-field": _("in a field that is switched off"),
    "vanished": _("marked as hidden"),
}
MODES = {
    "json_schema": _("by a strict JSON schema"),
    "json_object": _("in JSON mode, since the server takes no schema"),
    "text": _("as JSON in a block of text, since the server has no JSON mode"),
}
SURE = 0.7  # below it a page says that a finding may be wrong
STANDINGS = {
    rank.Met.MET: ("met", _("met")),
    rank.Met.UNCLEAR: ("unclear", _("unclear")),
    rank.Met.NOT_FOUND: ("missing", _("not found")),
}


@dataclass(frozen=True, slots=True)
class Note:
    """A flag in words: what it is, what exactly was found, and on which page."""

    what: str
    found: str = ""
    page: int | None = None


def words(kind: str) -> str:
    """The sentence for a kind of flag; a kind without one is shown as its own words."""
    return str(KINDS.get(kind) or kind.replace("-", " ").capitalize())


def standing(met: rank.Met) -> tuple[str, str]:
    """Of a must-have: the CSS class, and the words."""
    style, said = STANDINGS[met]
    return style, str(said)


def reading_flags(
    flags: list[dict[str, Any]], hidden: list[dict[str, Any]] | None = None
) -> list[Note]:
    """What reading noticed, and each run of text that it left out because nobody would see it."""
    return [Note(words(flag["kind"]), told(flag["found"]), flag["page"]) for flag in flags] + [
        Note(
            gettext("Left out: text %(how)s") % {"how": HIDDEN.get(run["kind"], run["kind"])},
            run["text"],
            run["page"],
        )
        for run in hidden or ()
    ]


def language(code: str) -> str:
    """The name of a language by its code of ISO 639-1; the code where Django has none."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def scoring_flags(flags: list[dict[str, Any]]) -> list[Note]:
    """What scoring noticed, with the words of the résumé; those of ours are no quote."""
    return [
        Note(f"{words(flag['kind'])}. {told(flag['found'])}".strip())
        if flag["kind"] in SAID_BY_US
        else Note(words(flag["kind"]), told(flag["found"]))
        for flag in flags
    ]


def doubt(repeat_error: tuple[float, int] | None) -> str:
    """How far two scorings of the same résumé lie apart, and what follows; "" where unknown."""
    if repeat_error is None:
        return ""
    error, number = repeat_error
    twice = ngettext(
        "Scored twice, the same résumé differs by %(error)s points (standard deviation of the "
        "overall score, from %(number)d résumé).",
        "Scored twice, the same résumé differs by %(error)s points (standard deviation of the "
        "overall score, from %(number)d résumés).",
        number,
    ) % {"error": number_format(round(error, 1), 1), "number": number}
    if round(error, 1) == 0:
        follows = gettext("Only candidates with the same score share a place.")
    else:
        follows = gettext(
            "Candidates within that of the best of their group share a place, such as 2=."
        )
    return f"{twice} {follows}"


def money(cost: Decimal | float | None) -> str:
    """US dollars, with as many decimals as a small amount needs; "" where it is not known."""
    if cost is None:
        return ""
    digits = 2 if cost >= 1 or not cost else 4 if cost >= 0.01 else 6
    amount = number_format(f"{cost:.{digits}f}", digits, use_l10n=True, force_grouping=True)
    return gettext("$%(amount)s") % {"amount": amount}
