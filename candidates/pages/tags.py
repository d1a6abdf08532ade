"""What flags are called where there is little room, and the sentence behind each."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from candidates.models import Evaluation
from candidates.ranking import ANY, HIDDEN, NONE

from .words import KINDS, words

SHORT = {
    "mislabelled": gettext_lazy("other file type"),
    "mixed-encodings": gettext_lazy("mixed encodings"),
    "hidden-characters": gettext_lazy("hidden characters"),
    "look-alike-letters": gettext_lazy("look-alike letters"),
    "macros": gettext_lazy("macros"),
    "attachment-unreadable": gettext_lazy("attachment not read"),
    "part-unreadable": gettext_lazy("piece not read"),
    "incomplete": gettext_lazy("incomplete file"),
    "page-unreadable": gettext_lazy("page not read"),
    "recognised": gettext_lazy("recognised text"),
    "recognised-badly": gettext_lazy("badly recognised"),
    "pages-not-recognised": gettext_lazy("pages not recognised"),
    "unchecked": gettext_lazy("not checked for hidden text"),
    "letters-lost": gettext_lazy("letters lost"),
    "no-resume": gettext_lazy("no résumé?"),
    "two-people": gettext_lazy("two people?"),
    "copies-description": gettext_lazy("copies the description"),
    "instructs-the-model": gettext_lazy("speaks to the machine"),
    "fake-turn": gettext_lazy("fake conversation"),
    "fake-delimiter": gettext_lazy("fake end of text"),
    "fake-answer": gettext_lazy("ready-made answer"),
    "encoded-instructions": gettext_lazy("encoded instructions"),
    "remote-image": gettext_lazy("picture elsewhere"),
    "keyword-stuffing": gettext_lazy("keyword stuffing"),
    "invisible-characters": gettext_lazy("invisible characters"),
    "shortened": gettext_lazy("shortened"),
    HIDDEN: gettext_lazy("hidden text"),
}


@dataclass(frozen=True, slots=True)
class Tag:
    short: str
    sentence: str


def tags(evaluation: Evaluation) -> list[Tag]:
    """What is worth knowing about a candidate, each kind once."""
    candidate = evaluation.candidate
    kinds = dict.fromkeys(flag["kind"] for flag in [*evaluation.flags, *candidate.flags])
    found = [Tag(str(SHORT.get(kind, words(kind))), words(kind)) for kind in kinds]
    if candidate.hidden:
        left_out = _("Text that nobody would see was left out")
        found.append(Tag(str(SHORT[HIDDEN]), left_out))
    return found


def choices() -> list[tuple[str, Any]]:
    """To filter by."""
    kinds = sorted(((kind, str(SHORT[kind])) for kind in KINDS), key=lambda one: one[1].casefold())
    general = [(ANY, _("with a flag")), (NONE, _("without a flag"))]
    return [*general, (HIDDEN, str(SHORT[HIDDEN])), *kinds]
