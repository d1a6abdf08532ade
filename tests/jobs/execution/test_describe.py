"""A job description that comes as a file: read by a worker, taken over by a person."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from candidates.intake import Incoming
from candidates.models import DescriptionFile, Draft
from jobs import queue, tasks
from jobs.execution import describe
from jobs.workers import sweep
from tests.candidates.views.test_drafts import posted
from tests.makers.files import docx

HTMX = {"HX-Request": "true"}
NEW = reverse("jobs:describe-new")


def url(name: str, draft: Draft) -> str:
    return reverse(f"jobs:{name}", args=[draft.public_id])


def file(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


@pytest.mark.processes
def test_a_new_draft_begins_with_a_file(as_alice: Client, alice: User) -> None:
    data = docx("We look for a nurse.", "Night shifts.")
    sent = posted({"name": "Care"}, title=" ", description="", file=file("Ward_nurse.docx", data))

    answer = as_alice.post(NEW, sent)

    draft = Draft.objects.get(owner=alice)
    edit = reverse("candidates:edit", args=[draft.public_id])
    assert answer.headers["Location"] == f"{edit}#described"
    assert draft.title == "Ward nurse" and draft.criteria.get().name == "Care"
    waiting = as_alice.get(url("described", draft), headers=HTMX)
    same = as_alice.get(url("described", draft), {"seen": waiting.context["state"]}, headers=HTMX)
    assert "Ward_nurse.docx is being read" in waiting.text and "every 1s" in waiting.text
    assert same.status_code in (204, 304)

    tasks.describe(DescriptionFile.objects.get().pk)

    part = as_alice.get(url("described", draft), headers=HTMX)
    assert "We look for a nurse." in part.text and "every 1s" not in part.text
    assert not bytes(DescriptionFile.objects.get().content)
    page = as_alice.post(url("described", draft), follow=True)
    assert "The text is taken over." in page.text
    draft.refresh_from_db()
    assert draft.description.startswith("We look for a nurse.")
    verbs = list(draft.events.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["draft_created", "description_uploaded", "draft_changed"]


@pytest.mark.processes
def test_the_text_is_added_behind_what_is_there(as_alice: Client, draft: Draft) -> None:
    Draft.objects.filter(pk=draft.pk).update(description="Mine.")
    describe.upload_description(draft, draft.owner, Incoming("a.txt", 6, lambda: b"Theirs"))
    tasks.describe(DescriptionFile.objects.get().pk)

    as_alice.post(url("described", draft), {"append": "1"})

    draft.refresh_from_db()
    assert draft.description == "Mine.\n\nTheirs"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.pdf", b"", "The file is empty."),
        ("...", b"x", "The file has no usable name."),
        ("a.txt", b"x" * (8 * 1024 * 1024 + 1), "The file is larger than 8 MB."),
        (None, b"", "No file came along. Choose the job description first."),
    ],
)
def test_a_file_that_is_not_taken_says_why_and_the_form_is_kept(
    as_alice: Client, draft: Draft, name: str | None, data: bytes, reason: str
) -> None:
    sent = posted({"name": "Care"}, title="Kept")
    page = as_alice.post(
        url("describe", draft), sent | ({"file": file(name, data)} if name else {}), follow=True
    )

    assert reason in page.text
    assert Draft.objects.get().title == "Kept" and not DescriptionFile.objects.exists()


@pytest.mark.processes
def test_a_file_that_cannot_be_read_says_why(as_alice: Client, draft: Draft) -> None:
    describe.upload_description(
        draft, draft.owner, Incoming("a.pdf", 9, lambda: b"\x7fELF\x00\x00\x00")
    )
    tasks.describe(DescriptionFile.objects.get().pk)

    part = as_alice.get(url("described", draft), headers=HTMX)
    nothing = as_alice.post(url("described", draft), follow=True)

    assert "a.pdf: The file is" in part.text and "what you typed is still there" in part.text
    assert "There is no text to take over." in nothing.text


def test_the_sweep_asks_again_and_throws_away_what_is_old(
    draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(queue, "send", lambda task, *ids, **_: sent.append((task, *ids)))
    monkeypatch.setattr(queue, "is_empty", lambda: True)
    file = DescriptionFile.objects.create(draft=draft, filename="a.txt", content=b"x")

    sweep.sweep()
    assert ("describe", file.pk) in sent
    DescriptionFile.objects.update(created_at=Now() - timedelta(days=2))
    sweep.sweep()

    assert not DescriptionFile.objects.exists()
