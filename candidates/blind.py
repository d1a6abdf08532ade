"""Blind mode: who a candidate is stays hidden until somebody has decided about them."""

from django.utils.translation import gettext as _

from .models import Candidate, Draft
from .models.candidate import Verdict


def is_hidden(candidate: Candidate, draft: Draft) -> bool:
    return draft.blind and candidate.verdict == Verdict.OPEN


def shown_name(candidate: Candidate, draft: Draft) -> str:
    """What a page calls the candidate."""
    if is_hidden(candidate, draft):
        return _("Candidate %(id)s") % {"id": str(candidate.public_id)[:8]}
    return str(candidate)
