"""What is still stored as an English sentence, in the language of the reader.

Reasons of ratings, insights, flags and details of events are written as sentences; each becomes a
value as `candidates.reasons` knows, and this module goes with the last of them. A sentence without
a gap is looked up as it stands; one with a gap is recognised by what is listed here. The words of
others, such as a model, stay as they came.
"""

import re
from functools import cache

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

# Of the gaps `said` holds a sentence of its own without its full stop, `words` a list in quotation
# marks, `number` a number; the others hold what is no sentence of the program.
WITH_GAPS = (
    # Reasons of ratings
    _("No sentence of the résumé speaks of “%(name)s”."),
    _("As a whole the résumé is close to the role; %(said)s."),
    _("As a whole the résumé is partly like the role; %(said)s."),
    _("As a whole the résumé is far from the role; %(said)s."),
    _("Only a list of keywords holds %(words)s."),
    _("Only lists of keywords hold %(words)s."),
    _("One sentence speaks of %(words)s."),
    _("Two sentences speak of %(words)s."),
    _("Three sentences speak of %(words)s."),
    # Insights
    _("Strong evidence of %(name)s (%(number)s of 4)."),
    _("Evidence of %(name)s (%(number)s of 4)."),
    _("The must-have %(name)s has no evidence in the résumé."),
    _("The criterion %(name)s has no evidence in the résumé."),
    _("The must-have %(name)s has thin evidence (%(number)s of 4)."),
    _("The criterion %(name)s has thin evidence (%(number)s of 4)."),
    _(
        "Have you worked with %(name)s? Where, and what was your own part? "
        "What good looks like: %(good)s"
    ),
    _("Have you worked with %(name)s? Where, and what was your own part?"),
    _("The résumé touches %(name)s: what did you do yourself, and what came of it?"),
    # Flags
    _("The model saw %(share)s of the text."),
    _("confidence %(share)s"),
    _("%(word)s, %(number)s times"),
    # What happened to a job
    _("%(number)s failed"),
    _("%(number)s résumés"),
    _("%(scored)s of %(total)s scored"),
)
# Without a gap, from where no Django is known.
WHOLE = (
    _("No sentence of the résumé speaks of what the description asks for."),
    _("As a whole the résumé is close to the role."),
    _("As a whole the résumé is partly like the role."),
    _("As a whole the résumé is far from the role."),
    _("Only a list of keywords holds something near."),
    _("Only lists of keywords hold something near."),
    _("One sentence comes near, in other words."),
    _("Two sentences come near, in other words."),
    _("Three sentences come near, in other words."),
    _("the file carries a program (macros), which was not run"),
    _("the file ends before its text does"),
    _("UTF-8 and Windows-1252"),
)


SHAPES = {"number": r"\d[\d,]*(?:\.\d+)?", "words": "“.+”"}


def told(sentence: str) -> str:
    """The sentence in the language of the moment; as it is where it is not one of ours."""
    if not sentence or get_language() == settings.LANGUAGE_CODE:
        return sentence
    known = gettext(sentence)
    if known != sentence:
        return known
    for english, pattern in _patterns():
        if found := pattern.fullmatch(sentence):
            return gettext(english) % {
                gap: _filled(gap, said) for gap, said in found.groupdict().items()
            }
    return sentence


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    found = []
    for english in WITH_GAPS:
        parts = re.split(r"%\((\w+)\)s", english)
        parts[::2] = map(re.escape, parts[::2])
        parts[1::2] = [f"(?P<{gap}>{SHAPES.get(gap, '.+?')})" for gap in parts[1::2]]
        found.append((english, re.compile("".join(parts), re.DOTALL)))
    return found


def _filled(gap: str, said: str) -> str:
    if gap == "number" and "," not in said:
        return number_format(said)
    if gap == "said":
        inner = told(f"{said[0].upper()}{said[1:]}.").removesuffix(".")
        return f"{inner[0].lower()}{inner[1:]}"
    if gap == "words":
        *most, last = [gettext("“%(word)s”") % {"word": one} for one in re.findall("“(.+?)”", said)]
        if most:
            return gettext("%(most)s and %(last)s") % {"most": ", ".join(most), "last": last}
        return last
    return said
