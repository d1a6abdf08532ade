"""Blind mode: who a candidate is stays hidden in pages, exports and e-mails until somebody has
decided about them, or has revealed them, which is an act that is recorded.

Engines never see any of it, blind or not: what is hidden here is what `scoring.redact` takes out.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from candidates.models import Candidate, Draft, Event, EventVerb
from candidates.models.candidate import Verdict
from candidates.scoring import prepare
from candidates.scoring.redact import traces

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MASK = "[…]"
# In the name of a file beside the person's.
_PLAIN = """
and application bewerbung copy curriculum cv doc docx eml final for htm html jpeg jpg lebenslauf msg
new odt of pdf png resume resumé résumé rtf scan the tiff txt vitae
"""
PLAIN = frozenset(_PLAIN.split())
WORD = re.compile(r"[^\W\d_]{3,}")

Spans = Sequence[tuple[int, int]]


def is_hidden(candidate: Candidate, draft: Draft) -> bool:
    """Whether pages may not yet tell who it is."""
    return draft.blind and candidate.verdict == Verdict.OPEN and candidate.revealed_at is None


def stand_in(candidate: Candidate) -> str:
    """What a hidden candidate is called: the same everywhere, and short enough to be said."""
    return _("Candidate %(id)s") % {"id": candidate.public_id.hex[:6].upper()}


def shown_name(candidate: Candidate, draft: Draft) -> str:
    return stand_in(candidate) if is_hidden(candidate, draft) else str(candidate)


def shown_file(candidate: Candidate, draft: Draft) -> str:
    """The name of the file; "" where it is hidden, since people name files after themselves."""
    return "" if is_hidden(candidate, draft) else candidate.filename


def spans_of(candidate: Candidate) -> Spans:
    """What of the candidate's text is hidden: spans in its order. About a millisecond for each
    thousand characters, and next to nothing where they were kept."""
    kept = candidate.prepared
    if candidate.name and kept.get("version") == prepare.VERSION:
        return [(start, end) for start, end in kept["traces"]]
    return traces(candidate.text, _called(candidate))


def hide(text: str, candidate: Candidate) -> str:
    """Any text about the candidate without what tells who it is, such as a sentence of a flag."""
    for name in filter(None, (candidate.filename, candidate.email, candidate.phone)):
        text = text.replace(name, MASK)
    return masked(text, traces(text, _called(candidate)))


def voice(candidate: Candidate, draft: Draft) -> Callable[[str], str]:
    """How text about the candidate is shown: as it is, or as `hide` leaves it."""
    return partial(hide, candidate=candidate) if is_hidden(candidate, draft) else str


def masked(text: str, spans: Iterable[tuple[int, int]], start: int = 0) -> str:
    """`text` with a mask for each of the spans, which are in its order.

    It begins at `start` of what they are counted in.
    """
    parts: list[str] = []
    at = 0
    for first, last in spans:
        begin, end = max(first - start, 0), min(last - start, len(text))
        if begin < end:
            parts += (text[at:begin], MASK)
            at = end
    return "".join((*parts, text[at:]))


def reveal(candidate: Candidate, user: "User") -> bool:
    """Let everybody of the draft see who it is, before a decision; False if they could already."""
    with transaction.atomic():
        hidden = Candidate.objects.filter(pk=candidate.pk, revealed_at=None, verdict=Verdict.OPEN)
        if not hidden.filter(draft__blind=True).update(revealed_at=Now()):
            return False
        Event.objects.record(
            candidate.draft_id,
            EventVerb.CANDIDATE_REVEALED,
            actor=user,
            about=candidate.public_id,
        )
    return True


def switch(draft: Draft, user: "User", *, on: bool) -> bool:
    """Turn blind mode on or off; False if it was so already. Turned on again, it hides again
    whoever had been revealed."""
    with transaction.atomic():
        if not Draft.objects.filter(pk=draft.pk, blind=not on).update(blind=on):
            return False
        if on:
            revealed = draft.candidates.filter(revealed_at__isnull=False)
            revealed.update(revealed_at=None)
        verb = EventVerb.BLIND_MODE_ENABLED if on else EventVerb.BLIND_MODE_DISABLED
        Event.objects.record(draft.pk, verb, actor=user, about=draft.public_id)
    return True


def _called(candidate: Candidate) -> str:
    """The person's name; where reading found none, the words of the file's name that may be it."""
    if candidate.name:
        return candidate.name
    stem = candidate.filename.rpartition(".")[0] or candidate.filename
    words = WORD.findall(re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])", " ", stem))
    return " ".join(word[0].upper() + word[1:] for word in words if word.casefold() not in PLAIN)
