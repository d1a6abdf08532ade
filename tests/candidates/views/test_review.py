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
def one(draft: Draft) -> Candidate:
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
    as_alice: Client, alice: User, one: Candidate
) -> None:
    for verdict in ("shortlist", "reject", "undo"):
        page = as_alice.post(url("judge", one), {"verdict": verdict}, follow=True)

    one.refresh_from_db()
    assert (one.verdict, one.decided_by) == (Verdict.SHORTLIST, alice)
    assert "<strong>Shortlisted</strong>" in words(page) and "3 decisions so far" in words(page)
    told = Event.objects.filter(about=one.public_id, verb="candidate decided")
    assert list(told.values_list("detail", flat=True)) == ["shortlist", "reject", "shortlist"]


def test_nobody_undoes_what_a_colleague_has_decided_since(
    as_alice: Client, as_eve: Client, eve: User, draft: Draft, one: Candidate
) -> None:
    Membership.objects.create(draft=draft, email=eve.email, user=eve, role=Role.EDITOR)
    as_alice.post(url("judge", one), {"verdict": "shortlist"})
    as_eve.post(url("judge", one), {"verdict": "reject"})

    page = as_alice.post(url("judge", one), {"verdict": "undo"}, headers=HTMX)

    one.refresh_from_db()
    assert (one.verdict, one.decided_by) == (Verdict.REJECT, eve)
    assert "decide-undo" not in page.text


def test_the_part_of_the_page_comes_alone_when_only_it_is_asked_for(
    as_alice: Client, one: Candidate
) -> None:
    part = as_alice.post(url("judge", one), {"verdict": "maybe"}, headers=HTMX)

    assert part.text.startswith("\n<section") or part.text.startswith("<section")
    assert "<html" not in part.text and "<strong>Maybe</strong>" in part.text


@pytest.mark.parametrize("verdict", ["", "hire", "open"])
def test_nothing_else_is_a_decision(as_alice: Client, one: Candidate, verdict: str) -> None:
    page = as_alice.post(url("judge", one), {"verdict": verdict}, follow=True)

    one.refresh_from_db()
    assert one.verdict == Verdict.OPEN
    assert ("Choose shortlist, maybe or reject." in page.text) == (verdict != "")


def test_after_a_decision_one_is_where_one_was_and_nowhere_else(
    as_alice: Client, one: Candidate
) -> None:
    for back, there in (("/drafts/?page=2", "/drafts/?page=2"), ("https://evil.example", None)):
        answer = as_alice.post(url("judge", one), {"verdict": "maybe", "back": back})
        assert answer.headers["Location"] == (there or one.get_absolute_url())


def test_a_note_is_shown_with_its_author_and_deleted_by_nobody_else(
    as_alice: Client, alice: User, one: Candidate, draft: Draft, as_eve: Client, eve: User
) -> None:
    Membership.objects.create(draft=draft, email=eve.email, user=eve, role=Role.EDITOR)
    page = as_alice.post(url("note", one), {"text": "Call <b>back</b>.\nSoon."}, follow=True)
    note = Note.objects.get()
    assert "Call &lt;b&gt;back&lt;/b&gt;." in page.text and "alice," in words(page)

    theirs = as_eve.post(url("delete-note", note), follow=True)
    assert "Only who wrote a note can delete it." in theirs.text and Note.objects.exists()
    assert url("delete-note", note) not in theirs.text

    as_alice.post(url("delete-note", note))
    assert not Note.objects.exists()
    verbs = Event.objects.filter(about=one.public_id).values_list("verb", flat=True)
    assert list(verbs) == ["note added", "note deleted"]


@pytest.mark.parametrize(
    ("text", "why"),
    [("  ", "Write something first."), ("x" * 5_001, "A note has 5,000 characters at the most.")],
)
def test_a_note_that_cannot_be_kept_says_why(
    as_alice: Client, one: Candidate, text: str, why: str
) -> None:
    assert why in as_alice.post(url("note", one), {"text": text}, follow=True).text
    part = as_alice.post(url("note", one), {"text": text}, headers=HTMX)
    assert why in part.text and 'aria-invalid="true"' in part.text
    assert not Note.objects.exists()


def test_who_may_only_look_sees_decision_and_notes_and_no_buttons(
    as_alice: Client, as_viewer: Client, one: Candidate
) -> None:
    as_alice.post(url("judge", one), {"verdict": "reject"})
    as_alice.post(url("note", one), {"text": "Too far away."})

    page = as_viewer.get(one.get_absolute_url()).text

    assert "Rejected" in page and "Too far away." in page
    assert url("judge", one) not in page and url("note", one) not in page
    assert reverse("jobs:erase-candidate", args=[one.public_id]) not in page
