"""The personal data of a candidate as a ZIP, for a person who asks for their data."""

import json
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q, QuerySet

from candidates.models import Call, Candidate, Decision, Event, FollowUp, Note, PossibleDuplicate
from candidates.pages.activity import describe, names_for

PERSON_FIELDS = """
filename source size sha256 created_at status problem media_type reader pages read_at
language name email phone links confidence sections flags hidden verdict decided_at
decided_by__username revealed_at
"""
EVALUATION_FIELDS = """
public_id analysis__public_id analysis__title analysis__engine analysis__model analysis__version
analysis__criteria analysis__created_at status scored_at error_code error_params score rank
ratings insights flags must_haves_met strong reused
"""
CALL_FIELDS = """
purpose model answered_by status created_at settled_at prompt_tokens completion_tokens cost mode
error_code http_status
"""
FOLLOW_UP_FIELDS = "kind status score result error_code error_params done_at"


def personal_data_zip(candidate: Candidate) -> BytesIO:
    """The ZIP, open at its beginning: the original (25 MB at the most), its text, and JSON of all
    the rest. Eleven queries."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, data in _personal_data(candidate).items():
            text = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
            archive.writestr(f"{name}.json", text)
        archive.writestr("text.txt", Candidate.objects.values_list("text").get(pk=candidate.pk)[0])
        if candidate.file:
            with candidate.file.open("rb") as original, archive.open("original", "w") as copy:
                for part in original.chunks():
                    copy.write(part)
    file.seek(0)
    return file


def _personal_data(candidate: Candidate) -> dict[str, Any]:
    evaluations = candidate.evaluations.order_by("pk")
    ids = list(evaluations.values_list("pk", flat=True))
    about = [candidate.public_id, *evaluations.values_list("public_id", flat=True)]
    followups = FollowUp.objects.filter(evaluation__in=ids).order_by("pk")
    duplicates = PossibleDuplicate.objects.filter(Q(first=candidate) | Q(second=candidate))
    notes = Note.objects.filter(candidate=candidate)
    decisions = Decision.objects.filter(candidate=candidate)
    events = Event.objects.filter(draft=candidate.draft_id, about__in=about)
    calls = Call.objects.filter(evaluation__in=ids).order_by("pk")
    [person] = Candidate.objects.filter(pk=candidate.pk).values(*PERSON_FIELDS.split())
    return {
        "candidate": {"draft": candidate.draft.title, **person},
        "evaluations": list(evaluations.values(*EVALUATION_FIELDS.split())),
        "followups": list(followups.values(*FOLLOW_UP_FIELDS.split())),
        "notes": list(notes.values("author__username", "text", "created_at")),
        "decisions": list(
            decisions.values("decided_by__username", "before", "verdict", "decided_at")
        ),
        "possible_duplicates": list(
            duplicates.values("evidence", "share", "decision", "decided_at")
        ),
        "events": _events(events),
        "calls": list(calls.values(*CALL_FIELDS.split())),
    }


def _events(events: QuerySet[Event]) -> list[dict[str, Any]]:
    """Each with its code and parameters, and in words in the reader's language."""
    rows = list(events.select_related("actor"))
    names = names_for(rows)
    return [
        {
            "actor": event.actor.get_username() if event.actor else None,
            "verb": event.verb,
            "params": event.params,
            "reason_code": event.reason_code,
            "reason_params": event.reason_params,
            "description": describe(event, names),
            "created_at": event.created_at,
        }
        for event in rows
    ]
