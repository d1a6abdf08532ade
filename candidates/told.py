"""What is still stored as an English sentence, in the language of the reader.

Flags and details of events are written as sentences; each becomes a value as `candidates.reasons`
knows, and this module goes with the last of them. A sentence without
a gap is looked up as it stands; one with a gap is recognised by what is listed here. The words of
others, such as a model, stay as they came.
"""

import re
from functools import cache

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

# The gap `number` holds a number; the others hold what is no sentence of the program.
WITH_GAPS = (
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
    _("the file carries a program (macros), which was not run"),
    _("the file ends before its text does"),
    _("UTF-8 and Windows-1252"),
)


SHAPES = {"number": r"\d[\d,]*(?:\.\d+)?"}


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
    return said
