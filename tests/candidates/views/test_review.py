"""Decisions with their history, notes, and who may do what."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from candidates.models import Candidate, Draft, Event, Membership, Note
from candidates.models.candidate import Verdict
from candidates.models.draft import Role
from tests.makers import rows

HTMX = {"HX-Request": "true"}


@pytest.fixture
def candidate(draft: Draft) -> Candidate:
    return rows.candidate(draft, 1)


@pytest.fixture
def as_viewer(draft: Draft, eve: User, as_eve: Client) -> Client:
    Membership.objects.create(draft=draft, email=eve.email, user=eve, role=Role.VIEWER)
    return as_eve


def url(name: str, thing: Any) -> str:
    return reverse(f"candidates:{name}", args=[thing.public_id])


def words(page: Any) -> str:
    return " ".join(page.text.split())


def test_a_decision_is_made_changed_and_undone_with_its_history(
    as_alice: Client, alice: User, candidate: Candidate
) -> None:
    for verdict in ("shortlist", "reject", "undo"):
        page = as_alice.post(url("judge", candidate), {"verdict": verdict}, follow=True)

    candidate.refresh_from_db()
    assert (candidate.verdict, candidate.decided_by) == (Verdict.SHORTLIST, alice)
    assert "<strong>Shortlisted</strong>" in words(page) and "3 decisions so far" in words(page)
    events = Event.objects.filter(about=candidate.public_id, actor=alice)
    assert list(events.values_list("verb", "params")) == [
        ("decided", {"verdict": "shortlist", "count": 1}),
        ("decided", {"verdict": "reject", "count": 1}),
        ("decision_undone", {"count": 1}),
    ]


def test_nobody_undoes_what_a_colleague_has_decided_since(
    as_alice: Client, as_eve: Client, eve: User, draft: Draft, candidate: Candidate
) -> None:
    Membership.objects.create(draft=draft, email=eve.email, user=eve, role=Role.EDITOR)
    as_alice.post(url("judge", candidate), {"verdict": "shortlist"})
    as_eve.post(url("judge", candidate), {"verdict": "reject"})

    page = as_alice.post(url("judge", candidate), {"verdict": "undo"}, headers=HTMX)

    candidate.refresh_from_db()
    assert (candidate.verdict, candidate.decided_by) == (Verdict.REJECT, eve)
    assert "decide-undo" not in page.text


def test_the_part_of_the_page_comes_alone_when_only_it_is_asked_for(
    as_alice: Client, candidate: Candidate
) -> None:
    part = as_alice.post(url("judge", candidate), {"verdict": "maybe"}, headers=HTMX)

    assert part.text.startswith("\n<section") or part.text.startswith("<section")
    assert "<html" not in part.text and "<strong>Maybe</strong>" in part.text


@pytest.mark.parametrize("verdict", ["", "hire", "none"])
def test_nothing_else_is_a_decision(as_alice: Client, candidate: Candidate, verdict: str) -> None:
    page = as_alice.post(url("judge", candidate), {"verdict": verdict}, follow=True)

    candidate.refresh_from_db()
    assert candidate.verdict == Verdict.OPEN
    assert "Choose shortlist, maybe or reject." in page.text


def test_a_decision_is_cleared(as_alice: Client, candidate: Candidate) -> None:
    for verdict in ("reject", "open"):
        as_alice.post(url("judge", candidate), {"verdict": verdict})

    candidate.refresh_from_db()
    assert candidate.verdict == Verdict.OPEN
    assert (candidate.decided_by, candidate.decided_at) == (None, None)


def test_after_a_decision_one_is_where_one_was_and_nowhere_else(
    as_alice: Client, candidate: Candidate
) -> None:
    for back, there in (("/drafts/?page=2", "/drafts/?page=2"), ("https://evil.example", None)):
        answer = as_alice.post(url("judge", candidate), {"verdict": "maybe", "back": back})
        assert answer.headers["Location"] == (there or candidate.get_absolute_url())


def test_a_note_is_shown_with_its_author_and_deleted_by_nobody_else(
    as_alice: Client, alice: User, candidate: Candidate, draft: Draft, as_eve: Client, eve: User
) -> None:
    Membership.objects.create(draft=draft, email=eve.email, user=eve, role=Role.EDITOR)
    page = as_alice.post(url("note", candidate), {"text": "Call <b>back</b>.\nSoon."}, follow=True)
    note = Note.objects.get()
    assert "Call &lt;b&gt;back&lt;/b&gt;." in page.text and "alice," in words(page)

    theirs = as_eve.post(url("delete-note", note), follow=True)
    assert "Only who wrote a note can delete it." in theirs.text and Note.objects.exists()
    assert url("delete-note", note) not in theirs.text

    as_alice.post(url("delete-note", note))
    assert not Note.objects.exists()
    verbs = Event.objects.filter(about=candidate.public_id).values_list("verb", flat=True)
    assert list(verbs) == ["note_added", "note_deleted"]


@pytest.mark.parametrize(
    ("text", "why"),
    [("  ", "Write something first."), ("x" * 5_001, "A note has 5,000 characters at the most.")],
)
def test_a_note_that_cannot_be_kept_says_why(
    as_alice: Client, candidate: Candidate, text: str, why: str
) -> None:
    assert why in as_alice.post(url("note", candidate), {"text": text}, follow=True).text
    part = as_alice.post(url("note", candidate), {"text": text}, headers=HTMX)
    assert why in part.text and 'aria-invalid="true"' in part.text
    assert not Note.objects.exists()


def test_who_may_only_look_sees_decision_and_notes_and_no_buttons(
    as_alice: Client, as_viewer: Client, candidate: Candidate
) -> None:
    as_alice.post(url("judge", candidate), {"verdict": "reject"})
    as_alice.post(url("note", candidate), {"text": "Too far away."})

    page = as_viewer.get(candidate.get_absolute_url()).text

    assert "Rejected" in page and "Too far away." in page
    assert url("judge", candidate) not in page and url("note", candidate) not in page
    assert reverse("jobs:erase-candidate", args=[candidate.public_id]) not in page
