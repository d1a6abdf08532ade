"""What a person reads for what happened."""

import re
from typing import Any
from uuid import uuid4

import polib
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.translation import override

from candidates.facts.reason import FailureCode, Reason
from candidates.models import (
    Archive,
    Criterion,
    DescriptionFile,
    Draft,
    Event,
    EventVerb,
    Membership,
    SavedFilter,
)
from candidates.models.candidate import Verdict
from candidates.models.draft import Role
from candidates.pages.activity import FREQUENCIES, PRIORITIES, describe, details, names_for
from candidates.reasons import sentence
from jobs.models.job import Priority
from jobs.models.schedule import Frequency

pytestmark = pytest.mark.django_db

COUNT = {"count": 7}
CRON = "0 6 * * 1"
# What each verb is recorded with; the others have no parameters.
PARAMS: dict[EventVerb, list[dict[str, Any]]] = {
    EventVerb.RETRIED: [{"failed": 3}],
    EventVerb.REPEATS_REQUESTED: [COUNT],
    EventVerb.PRIORITY_RAISED: [{"priority": priority.value} for priority in Priority],
    EventVerb.PRIORITY_LOWERED: [{"priority": priority.value} for priority in Priority],
    EventVerb.RESUME_SKIPPED: [{"evaluation": "0198"}],
    EventVerb.COMPLETED: [{"scored": 2, "total": 3}],
    EventVerb.DRAFT_CREATED: [{}, {"copy_of": "0198"}],
    EventVerb.WEIGHTS_CHANGED: [{"weights": [[0, 3, 4]], "role": [5, 6]}],
    EventVerb.RANKING_EXPORTED: [{"format": "xlsx"}],
    EventVerb.FILES_ADDED: [COUNT],
    EventVerb.FILES_READ_AGAIN: [COUNT],
    EventVerb.UNREADABLE_FILES_REMOVED: [COUNT],
    EventVerb.FILES_MERGED: [COUNT],
    EventVerb.FILES_KEPT_APART: [COUNT],
    EventVerb.DECIDED: [{"verdict": verdict.value, **COUNT} for verdict in Verdict],
    EventVerb.DECISION_UNDONE: [COUNT],
    EventVerb.SHARED: [{"role": role.value} for role in Role],
    EventVerb.ROLE_CHANGED: [{"role": role.value} for role in Role],
    EventVerb.SCHEDULE_CHANGED: [
        {"frequency": frequency.value, "cron": "" if frequency == Frequency.OFF else CRON}
        for frequency in Frequency
    ],
}
SAME_IN_GERMAN = ("", "normal", "XLSX")
REASONS = {
    EventVerb.RETRIED: Reason(FailureCode.QUOTA_GONE),
    EventVerb.PAUSED: Reason(FailureCode.UNREACHABLE, {"tries": 4}),
    EventVerb.FAILED: Reason(FailureCode.NO_CANDIDATES_LEFT),
    EventVerb.SCHEDULE_STOPPED: Reason(FailureCode.OWNER_LEFT),
}


@pytest.mark.parametrize("verb", EventVerb)
def test_every_verb_has_its_words(draft: Draft, alice: User, verb: EventVerb) -> None:
    event = Event.objects.record(draft.pk, verb, actor=alice, about=uuid4())

    assert describe(event) == f"{verb.label} by alice"
    with override("de"):
        assert describe(event).endswith("alice") and str(verb.label) in describe(event)


def test_what_the_system_does_has_no_name(draft: Draft) -> None:
    assert describe(Event.objects.record(draft.pk, EventVerb.STARTED)) == "Started"


@pytest.mark.parametrize(
    ("verb", "params", "words"),
    [
        (EventVerb.COMPLETED, {"scored": 2, "total": 1_000}, "2 of 1000 scored"),
        (EventVerb.RETRIED, {"failed": 1_200}, "1200 failed"),
        (EventVerb.REPEATS_REQUESTED, {"count": 8}, "8 résumés"),
        (EventVerb.PRIORITY_RAISED, {"priority": 1}, "high"),
        (EventVerb.RESUME_SKIPPED, {"evaluation": "an-id"}, "evaluation an-id"),
        (EventVerb.DECIDED, {"verdict": "shortlist", "count": 1}, "1 candidate: shortlist"),
        (EventVerb.DECIDED, {"verdict": "open", "count": 2}, "2 candidates: not decided"),
        (EventVerb.DECISION_UNDONE, {"count": 2}, "2 candidates"),
        (EventVerb.FILES_ADDED, {"count": 1}, "1 file"),
        (EventVerb.FILES_MERGED, {"count": 2}, "2 files"),
        (EventVerb.DRAFT_CREATED, {"copy_of": "an-id"}, "a copy"),
        (EventVerb.RANKING_EXPORTED, {"format": "csv"}, "CSV"),
        (
            EventVerb.SCHEDULE_CHANGED,
            {"frequency": "weekly", "cron": "0 9 * * 1"},
            "every week (0 9 * * 1)",
        ),
        (EventVerb.SCHEDULE_CHANGED, {"frequency": "off", "cron": ""}, "off"),
    ],
)
def test_parameters_are_made_into_words(
    draft: Draft, verb: EventVerb, params: dict[str, Any], words: str
) -> None:
    event = Event.objects.record(draft.pk, verb, params=params)

    assert details(event) == words
    assert describe(event) == f"{verb.label}: {words}"


def test_a_reason_is_told_in_the_readers_language(draft: Draft) -> None:
    reason = Reason(FailureCode.QUOTA_GONE)
    retried = Event.objects.record(draft.pk, EventVerb.RETRIED, params={"failed": 3}, reason=reason)
    paused = Event.objects.record(draft.pk, EventVerb.PAUSED, reason=reason)

    assert details(retried) == f"3 failed: {sentence(reason)}"
    assert describe(paused) == f"Paused: {sentence(reason)}"
    with override("de"):
        assert details(retried) == f"3 fehlgeschlagen: {sentence(reason)}"
        assert "quota" not in describe(paused)


def test_priorities_are_those_of_jobs() -> None:
    assert {value: str(label) for value, label in PRIORITIES.items()} == {
        priority.value: str(priority.label) for priority in Priority
    }


def test_frequencies_are_those_of_schedules() -> None:
    for language in ("en", "de"):
        with override(language):
            assert {value: str(label) for value, label in FREQUENCIES.items()} == {
                frequency.value: str(frequency.label) for frequency in Frequency
            }


def enum_codes() -> set[str]:
    """Codes of the enums that verbs and parameters are of, without what is a German word too."""
    enums = (EventVerb, FailureCode, Frequency, Role, Verdict)
    return {str(member.value) for enum in enums for member in enum} - {"cron"}


def english_sentences() -> set[str]:
    """Msgids without a gap whose German differs."""
    path = settings.BASE_DIR / "locale" / "de" / "LC_MESSAGES" / "django.po"
    entries = [entry for entry in polib.pofile(str(path)) if entry.msgid != entry.msgstr]
    german = {entry.msgstr for entry in entries}
    return {entry.msgid for entry in entries if "%" not in entry.msgid} - german


@pytest.mark.parametrize("verb", EventVerb)
def test_no_verb_leaves_a_code_or_english_in_german(draft: Draft, verb: EventVerb) -> None:
    codes, english = enum_codes(), english_sentences()
    for params in PARAMS.get(verb, [{}]):
        event = Event.objects.record(draft.pk, verb, params=params, reason=REASONS.get(verb))
        in_english = details(event)
        with override("de"):
            shown = describe(event)
            in_german = details(event)

        words = re.findall(r"\w+", shown)
        assert not codes & {*words, shown, in_german}, shown
        parts = {part.strip(" ().") for part in re.split(r"[:;,(]", shown)}
        assert not english & {*parts, shown, in_german}, shown
        assert in_german in SAME_IN_GERMAN or in_german != in_english, shown


def test_names_are_shown_while_the_object_exists(draft: Draft, alice: User) -> None:
    membership = Membership.objects.invite(draft, "eve@example.com", Role.VIEWER, alice)
    Membership.objects.change_role(membership, Role.EDITOR, alice)
    saved = SavedFilter.objects.store(draft, alice, "The best", "from=80")
    file = DescriptionFile.objects.create(draft=draft, filename="job.pdf", content=b"x")
    file.refresh_from_db()
    archive = Archive(draft=draft, filename="all.zip", size=1, sha256="0" * 64)
    archive.save()
    archive.refresh_from_db()
    python = Criterion.objects.get(draft=draft, name="Python")
    draft.set_weights({"python": python.weight + 1}, None, alice)
    record = Event.objects.record
    record(draft.pk, EventVerb.DESCRIPTION_UPLOADED, about=file.public_id)
    record(draft.pk, EventVerb.ARCHIVE_ADDED, about=archive.public_id)
    events = list(draft.events.order_by("pk"))

    assert [describe(event, names_for(events)) for event in events] == [
        "Draft shared by alice: eve@example.com, may look",
        "Role changed by alice: eve@example.com, may change it, run it and decide",
        "View saved by alice: The best",
        "Weights changed by alice: Python: 3 to 4",
        "Job description uploaded: job.pdf",
        "Archive added: all.zip",
    ]
    stored = str(list(draft.events.values_list("params", flat=True)))
    assert not any(name in stored for name in ("eve", "best", "Python", "job.pdf", "all.zip"))

    Membership.objects.remove(membership, alice)
    SavedFilter.objects.remove(saved.public_id, alice)
    for thing in (file, archive, python):
        type(thing)._default_manager.filter(pk=thing.pk).delete()
    events = list(draft.events.order_by("pk"))

    assert [describe(event, names_for(events)) for event in events] == [
        "Draft shared by alice: may look",
        "Role changed by alice: may change it, run it and decide",
        "View saved by alice",
        "Weights changed by alice: a criterion that has been removed: 3 to 4",
        "Job description uploaded",
        "Archive added",
        "Access removed by alice",
        "View removed by alice",
    ]


def test_names_cost_a_query_for_each_kind_of_object(
    draft: Draft, alice: User, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        Membership.objects.invite(draft, f"{number}@example.com", Role.VIEWER, alice)
        Event.objects.record(draft.pk, EventVerb.STARTED)
    events = list(draft.events.select_related("actor"))

    with django_assert_num_queries(1):
        names = names_for(events)
        assert all(describe(event, names) for event in events)


def test_no_other_verb_is_stored(draft: Draft) -> None:
    with pytest.raises(IntegrityError, match="event_verb_listed"), transaction.atomic():
        Event.objects.create(draft=draft, verb="danced")
