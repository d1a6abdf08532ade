"""Erase one candidate everywhere, in one transaction, and create a receipt.

It is in `jobs` because the queue keeps error messages, in which the database may have quoted a row.
What remains: the tokens and the cost of calls, and that something happened, when and by whom; never
its content.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
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
    CandidateCount,
    Draft,
    Evaluation,
    EvaluationCount,
    Event,
    EventVerb,
    FollowUp,
    FollowUpCount,
    PossibleDuplicate,
    Receipt,
    SavedFilter,
)
from candidates.models.archive import ArchiveStatus

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MIN_WORD_LENGTH = 4  # of a name that is searched for elsewhere; a shorter one is in everything


class CannotEraseYet(Exception):
    """The candidate cannot be erased now. The message says why, and what to do."""


def other_files(candidate: Candidate, user: "User") -> QuerySet[Candidate, Candidate]:
    """The same person's other files, in drafts that the user may change: those merged with this
    candidate, the same file in other drafts, and files with the same text."""
    same = Q(sha256=candidate.sha256)
    if candidate.text_key:
        same |= Q(text_key=candidate.text_key)
    head = candidate.same_as_id or candidate.pk
    same |= Q(pk=head) | Q(same_as=head)
    candidates = Candidate.objects.filter(same, draft__in=Draft.objects.editable_by(user))
    return candidates.exclude(pk=candidate.pk).select_related("draft").defer("text").order_by("pk")


def erase_candidates(candidates: Iterable[Candidate], user: "User") -> list[Receipt]:
    """Erase all of the candidates or none; returns the receipts. Raises CannotEraseYet."""
    with transaction.atomic():
        ids = [candidate.pk for candidate in candidates]
        _lock(ids)
        receipts = [_erase(pk, user) for pk in ids]
    return [receipt for receipt in receipts if receipt]


def _lock(ids: list[int]) -> None:
    """Lock all rows that erasing these candidates changes, those of one table by key.

    Lanes that write answers lock theirs in the same order, and so do two erasures: each waits for
    the other, and never both.
    """
    drafts = set(_locked(Candidate.objects.filter(pk__in=ids), "draft"))
    evaluations = Evaluation.objects.filter(candidate__in=ids)
    evaluation_ids = list(evaluations.values_list("pk", flat=True))
    _locked(Call.objects.filter(evaluation__in=evaluation_ids))
    _locked(FollowUp.objects.filter(evaluation__in=evaluation_ids))
    analyses = set(_locked(evaluations, "analysis"))
    _locked(CandidateCount.objects.filter(pk__in=drafts))
    _locked(EvaluationCount.objects.filter(pk__in=analyses))
    _locked(FollowUpCount.objects.filter(pk__in=analyses))


def _locked(rows: QuerySet[Any], field: str = "pk") -> list[int]:
    rows = rows.order_by("pk").select_for_update(of=("self",))
    return list(rows.values_list(field, flat=True))


def _erase(pk: int, user: "User") -> Receipt | None:
    locked = Candidate.objects.select_for_update(of=("self",)).select_related("draft")
    candidate = locked.annotate(characters=Length("text")).defer("text").filter(pk=pk).first()
    if candidate is None:
        return None  # another request was faster
    archives = _archives(candidate)
    evaluations = list(candidate.evaluations.values_list("pk", "public_id"))
    ids = [evaluation for evaluation, _public_id in evaluations]
    words = _identifying_words(candidate)
    erased = {
        "files": int(bool(candidate.file)),
        "bytes": candidate.size if candidate.file else 0,
        "characters": candidate.characters,  # type: ignore[attr-defined]
        "evaluations": len(ids),
        "followups": FollowUp.objects.filter(evaluation__in=ids).count(),
        "notes": candidate.notes.count(),
        "decisions": candidate.decisions.count(),
        "possible_duplicates": PossibleDuplicate.objects.filter(
            Q(first=candidate) | Q(second=candidate)
        ).count(),
        "events": _clear_events(candidate, [public_id for _id, public_id in evaluations]),
        "errors": _clear_errors(words),
        "saved_filters": _remove_saved_filters(candidate, words),
        "archives": len(archives),
    }
    files = [str(candidate.file.name or ""), *(str(archive.file.name) for archive in archives)]
    public_id, draft = candidate.public_id, candidate.draft
    Candidate.objects.filter(pk=pk).delete()
    Archive.objects.filter(pk__in=[archive.pk for archive in archives]).delete()
    discard(files)
    # Without name and file name: what is erased must not remain in the events.
    Event.objects.record(draft.pk, EventVerb.CANDIDATE_ERASED, actor=user, about=public_id)
    receipt = Receipt.objects.create(
        candidate=public_id, draft=draft, owner_id=draft.owner_id, by=user, erased=erased
    )
    receipt.refresh_from_db()
    return receipt


def _archives(candidate: Candidate) -> list[Archive]:
    """The stored ZIPs that hold the file: those that could not be unpacked completely."""
    name = candidate.source.partition(" › ")[0]
    if not name:
        return []
    archives = list(
        Archive.objects.filter(draft=candidate.draft_id, filename=name).select_for_update()
    )
    if any(archive.status != ArchiveStatus.UNREADABLE for archive in archives):
        raise CannotEraseYet(
            _("The archive “%s” is still being unpacked. Erase the candidate when that is over.")
            % name
        )
    return archives


def _identifying_words(candidate: Candidate) -> list[str]:
    """What identifies the candidate, in lower case."""
    words = {candidate.name, candidate.email, candidate.phone, candidate.filename}
    return [word.lower() for word in words if len(word) >= MIN_WORD_LENGTH]


def _contains_any(text: str, words: list[str]) -> bool:
    return any(word in text.lower() for word in words)


def _clear_events(candidate: Candidate, evaluations: list[UUID]) -> int:
    """Clear what events about the candidate say. No other event names them: events hold ids,
    numbers and codes."""
    about = [candidate.public_id, *evaluations]
    events = Event.objects.filter(draft=candidate.draft_id, about__in=about)
    return events.exclude(params={}).update(params={})


def _clear_errors(words: list[str]) -> int:
    """Clear errors that name the candidate: a database quotes the row that it refuses, and the
    queue keeps its message for a week."""
    failures = Task.objects.filter(success=False)
    named = [task.pk for task in failures.iterator() if _contains_any(str(task.result), words)]
    Task.objects.filter(pk__in=named).delete()
    return len(named)


def _remove_saved_filters(candidate: Candidate, words: list[str]) -> int:
    filters = SavedFilter.objects.filter(draft=candidate.draft_id).values_list(
        "pk", "name", "query"
    )
    named = [
        pk
        for pk, name, query in filters
        if _contains_any(name, words) or _contains_any(unquote_plus(query), words)
    ]
    SavedFilter.objects.filter(pk__in=named).delete()
    return len(named)
