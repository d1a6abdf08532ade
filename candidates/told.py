"""Sentences that are made where no reader is, in the language of who reads them.

Workers and engines write them in English into rows. One without a gap is looked up as it stands;
one with something filled in is recognised by what is listed here. What others said, such as a model
server or a person, stays as it came.
"""

import re
from functools import cache

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from candidates.scoring.rubric import ROLE, ROLE_NAME, RubricCriterion

# Of the gaps `why` and `said` hold a sentence of their own without its full stop, `words` a list in
# quotation marks, `number` a number; the others hold what is no sentence of ours.
WITH_GAPS = (
    # What holds another sentence: before those that might take it for a word
    _(
        "%(why)s. It has been so for about an hour. Resume the job when the model server answers "
        "again."
    ),
    _("%(why)s; %(number)s tries."),
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
    # Why there is no score
    _("Scoring this résumé stopped the worker %(number)s times."),
    _("Suggesting criteria stopped the worker %(number)s times."),
    _("The model's answer cannot be used: %(detail)s."),
    _("The model server refused the request: %(detail)s."),
    _("The model server answered %(code)s."),
    # Why a job failed, or pauses
    _("None of the %(number)s résumés could be scored: %(bad)s unreadable and %(failed)s failed."),
    _("None of the %(number)s résumés could be scored: %(bad)s unreadable."),
    _("None of the %(number)s résumés could be scored: %(failed)s failed."),
    _(
        "The job has taken %(spent)s of the %(budget)s tokens that a job may take, and the next "
        "call would pass that. Raise EVALUATOR_MAX_TOKENS_PER_JOB, then resume the job."
    ),
    _("Paused by %(who)s."),
    _("The model server refuses the key (%(code)s). Set OPENAI_API_KEY to a valid one."),
    _(
        "The model server sends us elsewhere (%(code)s), which is not followed. Set "
        "OPENAI_BASE_URL to the final address."
    ),
    _(
        "The model server does not know the model '%(model)s' or the address (%(code)s). Set "
        "EVALUATOR_MODEL and OPENAI_BASE_URL to what it offers."
    ),
    _(
        "Description and criteria alone fill the %(tokens)s tokens that the model '%(model)s' "
        "takes in. Shorten them, or set EVALUATOR_MODEL to a larger model."
    ),
    # What happened to a job
    _("%(number)s failed: %(why)s."),
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
    _("The account at the model server has no quota left. Raise it, then resume the job."),
    _(
        "The certificate of the model server is not valid for its address, or has run out. Set "
        "OPENAI_BASE_URL to the right address, or renew the certificate."
    ),
    _("The model server cannot be reached."),
    _("The connection to the model server broke."),
    _("The model did not answer in time."),
    _("The model server's answer is too large or packed."),
    _("The model server's answer is not understood."),
    _("The model server asked for a pause."),
    _("The résumé is longer than the model can take in."),
    _("The description is longer than the model can take in."),
    _("The limit of calls or tokens a minute is used up."),
    _(
        "OPENAI_API_KEY is not set. Set it (any text for a server that asks for none), or choose "
        "the engine local."
    ),
    _("The role has no title. Give it one."),
    _("There is nothing to rate by. Write a description or a criterion."),
    _("All weights are 0. Give at least one criterion a weight."),
    _("The role as described"),
    _("the file carries a program (macros), which was not run"),
    _("the file ends before its text does"),
    _("UTF-8 and Windows-1252"),
)


SHAPES = {"code": r"\d+", "number": r"\d[\d,]*(?:\.\d+)?", "words": "“.+”"}


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


def called(criterion: RubricCriterion) -> str:
    """Its name, which is its author's word, or ours for the role as a whole."""
    return gettext(ROLE_NAME) if criterion.key == ROLE else criterion.name


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
    if gap == "why":
        return told(f"{said}.").removesuffix(".")
    if gap == "said":
        inner = told(f"{said[0].upper()}{said[1:]}.").removesuffix(".")
        return f"{inner[0].lower()}{inner[1:]}"
    if gap == "words":
        *most, last = [gettext("“%(word)s”") % {"word": one} for one in re.findall("“(.+?)”", said)]
        if most:
            return gettext("%(most)s and %(last)s") % {"most": ", ".join(most), "last": last}
        return last
    return said
