"""Blind mode: a candidate's identity is hidden in pages, exports and e-mails until a decision about
them, or until a member of the draft reveals it, which is recorded.

Engines never see the identity, blind or not: this hides what `scoring.redact` removes for them.
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
# Words in the name of a file that are no part of the person's name.
_FILE_WORDS = """
and application bewerbung copy curriculum cv doc docx eml final for htm html jpeg jpg lebenslauf msg
new odt of pdf png resume resumé résumé rtf scan the tiff txt vitae
"""
FILE_WORDS = frozenset(_FILE_WORDS.split())
WORD = re.compile(r"[^\W\d_]{3,}")

Spans = Sequence[tuple[int, int]]


def is_hidden(candidate: Candidate, draft: Draft) -> bool:
    """Whether pages may not yet show who the candidate is."""
    return draft.blind and candidate.verdict == Verdict.OPEN and candidate.revealed_at is None


def pseudonym(candidate: Candidate) -> str:
    """The name of a hidden candidate: the same everywhere, and short enough to say aloud."""
    return _("Candidate %(id)s") % {"id": candidate.public_id.hex[:6].upper()}


def shown_name(candidate: Candidate, draft: Draft) -> str:
    return pseudonym(candidate) if is_hidden(candidate, draft) else str(candidate)


def shown_filename(candidate: Candidate, draft: Draft) -> str:
    """The name of the file; "" for a hidden candidate, since people name files after themselves."""
    return "" if is_hidden(candidate, draft) else candidate.filename


def identity_spans(candidate: Candidate) -> Spans:
    """The spans of the candidate's text that reveal who it is, in order. About a millisecond for a
    thousand characters, and next to nothing where they are stored."""
    prepared = candidate.prepared
    if candidate.name and prepared.get("version") == prepare.VERSION:
        return [(start, end) for start, end in prepared["traces"]]
    return traces(candidate.text, _probable_name(candidate))


def mask_identity(text: str, candidate: Candidate) -> str:
    """Mask what reveals the candidate in any text about them, such as a sentence of a flag."""
    for detail in filter(None, (candidate.filename, candidate.email, candidate.phone)):
        text = text.replace(detail, MASK)
    return mask_spans(text, traces(text, _probable_name(candidate)))


def identity_mask(candidate: Candidate, draft: Draft) -> Callable[[str], str]:
    """The function that makes text about the candidate fit to show: `hide`, or none needed."""
    return partial(mask_identity, candidate=candidate) if is_hidden(candidate, draft) else str


def mask_spans(text: str, spans: Iterable[tuple[int, int]], start: int = 0) -> str:
    """`text` with a mask in place of each span. The spans are in order, and are counted from
    `start` characters before the text."""
    parts: list[str] = []
    position = 0
    for first, last in spans:
        begin, end = max(first - start, 0), min(last - start, len(text))
        if begin < end:
            parts += (text[position:begin], MASK)
            position = end
    return "".join((*parts, text[position:]))


def reveal(candidate: Candidate, user: "User") -> bool:
    """Show all members of the draft who it is, before a decision; False if it was shown already."""
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


def set_blind_mode(draft: Draft, user: "User", *, on: bool) -> bool:
    """Turn blind mode on or off; False if nothing changed. Turning it on hides candidates again who
    were revealed before."""
    with transaction.atomic():
        if not Draft.objects.filter(pk=draft.pk, blind=not on).update(blind=on):
            return False
        if on:
            revealed = draft.candidates.filter(revealed_at__isnull=False)
            revealed.update(revealed_at=None)
        verb = EventVerb.BLIND_MODE_ENABLED if on else EventVerb.BLIND_MODE_DISABLED
        Event.objects.record(draft.pk, verb, actor=user, about=draft.public_id)
    return True


def _probable_name(candidate: Candidate) -> str:
    """The person's name; where reading found none, the words of the file name that may be it."""
    if candidate.name:
        return candidate.name
    stem = candidate.filename.rpartition(".")[0] or candidate.filename
    words = WORD.findall(re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])", " ", stem))
    return " ".join(
        word[0].upper() + word[1:] for word in words if word.casefold() not in FILE_WORDS
    )
