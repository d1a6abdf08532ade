"""Everything known about one candidate, as a ZIP for whoever asks to see it."""

import json
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q

from candidates.models import Call, Candidate, Decision, Event, FollowUp, Likeness, Note

PERSON = "filename source size sha256 created_at status problem detail media_type reader pages"
PERSON += " read_at language name email phone links confidence sections flags hidden verdict"
PERSON += " decided_at decided_by__username revealed_at"
EVALUATION = "public_id analysis__public_id analysis__title analysis__engine analysis__model"
EVALUATION += (
    " analysis__version analysis__criteria analysis__created_at status scored_at error_code"
)
EVALUATION += " error_params score rank ratings insights flags must_haves_met strong reused"
CALL = "purpose model answered_by status created_at settled_at prompt_tokens completion_tokens"
CALL += " cost mode error_code http_status"
FOLLOW_UP = "kind status score result error_code error_params done_at"
EVENT = "actor__username verb detail reason_code reason_params at"


def dossier(candidate: Candidate) -> BytesIO:
    """The ZIP, open at its beginning: the original (25 MB at the most), its text, and JSON of all
    the rest. Eleven queries."""
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for name, told in _told(candidate).items():
            text = json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
            archive.writestr(f"{name}.json", text)
        archive.writestr("text.txt", Candidate.objects.values_list("text").get(pk=candidate.pk)[0])
        if candidate.file:
            with candidate.file.open("rb") as original, archive.open("original", "w") as into:
                for part in original.chunks():
                    into.write(part)
    made.seek(0)
    return made


def _told(candidate: Candidate) -> dict[str, Any]:
    evaluations = candidate.evaluations.order_by("pk")
    ids = list(evaluations.values_list("pk", flat=True))
    about = [candidate.public_id, *evaluations.values_list("public_id", flat=True)]
    asked = FollowUp.objects.filter(evaluation__in=ids).order_by("pk")
    like = Likeness.objects.filter(Q(first=candidate) | Q(second=candidate))
    notes = Note.objects.filter(candidate=candidate)
    decisions = Decision.objects.filter(candidate=candidate)
    events = Event.objects.filter(draft=candidate.draft_id, about__in=about)
    calls = Call.objects.filter(evaluation__in=ids).order_by("pk")
    [person] = Candidate.objects.filter(pk=candidate.pk).values(*PERSON.split())
    return {
        "candidate": {"draft": candidate.draft.title, **person},
        "evaluations": list(evaluations.values(*EVALUATION.split())),
        "followups": list(asked.values(*FOLLOW_UP.split())),
        "notes": list(notes.values("author__username", "text", "created_at")),
        "decisions": list(decisions.values("by__username", "before", "verdict", "at")),
        "likenesses": list(like.values("why", "share", "decision", "decided_at")),
        "events": list(events.values(*EVENT.split())),
        "calls": list(calls.values(*CALL.split())),
    }
