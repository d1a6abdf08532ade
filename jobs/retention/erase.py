"""Erase one candidate everywhere, in one transaction, and leave a receipt that says so.

It stands above the candidates' room because the queue keeps messages of errors, in which the
database may have quoted a row. What is kept: how many tokens a call took and what it cost, and that
something happened, when and by whose hand; never what it said.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext as _
from django_q.models import Task

from candidates.intake import discard
from candidates.models import (
    Archive,
    Call,
    Candidate,
    Draft,
    Event,
    EventVerb,
    FollowUp,
    PossibleDuplicate,
    Receipt,
    SavedFilter,
)
from candidates.models.archive import ArchiveStatus
from jobs.models import Job

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SHORTEST = 4  # letters of a word that is looked for elsewhere; a shorter one is in everything


class CannotEraseYet(Exception):
    """It cannot be erased now. The message says why, and what to do."""


def other_files(candidate: Candidate, user: "User") -> QuerySet[Candidate, Candidate]:
    """The same person's other files, in drafts that the user may change: those merged with this
    one, the same file in other drafts, and the same text."""
    same = Q(sha256=candidate.sha256)
    if candidate.text_key:
        same |= Q(text_key=candidate.text_key)
    head = candidate.same_as_id or candidate.pk
    same |= Q(pk=head) | Q(same_as=head)
    mine = Candidate.objects.filter(same, draft__in=Draft.objects.editable_by(user))
    return mine.exclude(pk=candidate.pk).select_related("draft").defer("text").order_by("pk")


def erase_candidates(candidates: Iterable[Candidate], user: "User") -> list[Receipt]:
    """Erase them, all or none; returns the receipts. Raises NotYet."""
    with transaction.atomic():
        receipts = [_erase(candidate.pk, user) for candidate in candidates]
    return [receipt for receipt in receipts if receipt]


def _erase(pk: int, user: "User") -> Receipt | None:
    found = Candidate.objects.select_for_update(of=("self",)).select_related("draft")
    one = found.annotate(characters=Length("text")).defer("text").filter(pk=pk).first()
    if one is None:
        return None  # somebody else was faster
    archives = _archives(one)
    evaluations = list(one.evaluations.values_list("pk", "public_id"))
    ids = [each for each, _public in evaluations]
    words = _words(one)
    erased = {
        "files": int(bool(one.file)),
        "bytes": one.size if one.file else 0,
        "characters": one.characters,  # type: ignore[attr-defined]
        "evaluations": len(ids),
        "followups": FollowUp.objects.filter(evaluation__in=ids).count(),
        "notes": one.notes.count(),
        "decisions": one.decisions.count(),
        "possible_duplicates": PossibleDuplicate.objects.filter(
            Q(first=one) | Q(second=one)
        ).count(),
        "calls": Call.objects.filter(evaluation__in=ids).exclude(detail="").update(detail=""),
        "events": _clear_events(one, [public for _id, public in evaluations], words),
        "errors": _clear_errors(one, words),
        "saved_filters": _remove_saved_filters(one, words),
        "archives": len(archives),
    }
    names = [str(one.file.name or ""), *(str(each.file.name) for each in archives)]
    owner = one.draft.owner_id
    Candidate.objects.filter(pk=pk).delete()
    Archive.objects.filter(pk__in=[each.pk for each in archives]).delete()
    discard(names)
    # Neither name nor file name: what is erased shall not live on in the log of events.
    Event.objects.record(one.draft_id, EventVerb.CANDIDATE_ERASED, actor=user, about=one.public_id)
    receipt = Receipt.objects.create(
        candidate=one.public_id, draft_id=one.draft_id, owner_id=owner, by=user, erased=erased
    )
    receipt.refresh_from_db()
    return receipt


def _archives(candidate: Candidate) -> list[Archive]:
    """The ZIPs that are kept and hold the file: those that could be unpacked in part only."""
    name = candidate.source.partition(" › ")[0]
    if not name:
        return []
    held = list(Archive.objects.filter(draft=candidate.draft_id, filename=name).select_for_update())
    if any(each.status != ArchiveStatus.UNREADABLE for each in held):
        raise CannotEraseYet(
            _("The archive “%s” is still being unpacked. Erase the candidate when that is over.")
            % name
        )
    return held


def _words(candidate: Candidate) -> list[str]:
    """What would tell who it was, in lower case."""
    told = {candidate.name, candidate.email, candidate.phone, candidate.filename}
    return [word.lower() for word in told if len(word) >= SHORTEST]


def _says(text: str, words: list[str]) -> bool:
    return any(word in text.lower() for word in words)


def _clear_events(candidate: Candidate, evaluations: list[UUID], words: list[str]) -> int:
    """Clear what events about the candidate say, and reasons that name them. Everything else in
    events is ids, numbers and codes."""
    events = Event.objects.filter(draft=candidate.draft_id)
    reasons = events.filter(params__has_key="reason").values_list("pk", "params__reason")
    named = [pk for pk, reason in reasons if _says(reason, words)]
    about = [candidate.public_id, *evaluations]
    events = events.filter(Q(pk__in=named) | Q(about__in=about))
    return events.exclude(params={}).update(params={})


def _clear_errors(candidate: Candidate, words: list[str]) -> int:
    """A database quotes the row that it refuses, and the queue keeps what it said for a week."""
    failures = Task.objects.filter(success=False)
    named = [task.pk for task in failures.iterator() if _says(str(task.result), words)]
    Task.objects.filter(pk__in=named).delete()
    jobs = Job.objects.filter(analysis__draft=candidate.draft_id).exclude(error="")
    told = [pk for pk, error in jobs.values_list("pk", "error") if _says(error, words)]
    without = _("The reason named somebody who has been erased since.")
    return len(named) + Job.objects.filter(pk__in=told).update(error=without)


def _remove_saved_filters(candidate: Candidate, words: list[str]) -> int:
    filters = SavedFilter.objects.filter(draft=candidate.draft_id).values_list(
        "pk", "name", "query"
    )
    named = [
        pk for pk, name, query in filters if _says(name, words) or _says(unquote_plus(query), words)
    ]
    SavedFilter.objects.filter(pk__in=named).delete()
    return len(named)
