"""Drafts go when they have been kept for long enough, after a warning; work in them keeps them."""

import io
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core import mail as box
from django.core.management import call_command
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from candidates.models import Call, Candidate, Draft, Event, EventVerb
from evaluator.models import StoredFile
from jobs.models import (
    Job,
    JobStatus,
    Notification,
    NotificationKind,
    OutgoingStatus,
    Purge,
    RetentionWarning,
)
from jobs.notifications import email
from jobs.retention import purge
from tests.makers import rows


@pytest.fixture(autouse=True)
def rules(settings: LazySettings) -> None:
    settings.RETENTION_DAYS = {"unrun": 30, "ranked": 100, "stopped": 60}
    settings.RETENTION_WARNING_DAYS = 14
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}


def age(draft: Draft, days: float) -> None:
    """Move the draft, and the warning about it, `days` into the past."""
    by = timedelta(days=days)
    Draft.objects.filter(pk=draft.pk).update(updated_at=F("updated_at") - by)
    Candidate.objects.filter(draft=draft).update(created_at=F("created_at") - by)
    Event.objects.filter(draft=draft).update(created_at=F("created_at") - by)
    jobs = Job.objects.filter(analysis__draft=draft)
    jobs.update(created_at=F("created_at") - by, completed_at=F("completed_at") - by)
    warnings = RetentionWarning.objects.filter(draft=draft)
    warnings.update(created_at=F("created_at") - by, due_at=F("due_at") - by)


def run() -> Purge:
    return purge.run_purge(Purge.objects.create())


@pytest.fixture
def ranked(draft: Draft, alice: User) -> Draft:
    rows.candidate(draft, 1)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    rows.call(analysis)
    rows.job(analysis)
    return draft


def test_the_owner_is_warned_and_then_it_goes_with_a_report(ranked: Draft, as_sam: Client) -> None:
    age(ranked, 80)
    assert run().warnings == 0
    age(ranked, 10)  # within the warning's days

    first = run()
    assert (first.warnings, first.drafts) == (1, 0) and run().warnings == 0
    notification = Notification.objects.get()
    assert email.deliver(notification.pk)
    [message] = box.outbox
    assert message.to == ["alice@example.com"] and "Will be erased" in message.subject
    assert "with 1 résumé" in message.body and ranked.get_absolute_url() in message.body

    age(ranked, 15)
    done = run()

    assert not Draft.objects.exists() and not StoredFile.objects.exists()
    assert (done.drafts, done.candidates) == (1, 1) and Call.objects.get().cost
    [entry] = done.erased_drafts
    assert entry["draft"] == str(ranked.public_id) and entry["state"] == "ranked"
    assert ranked.title not in str(done.erased_drafts)
    page = as_sam.get(reverse("admin:jobs_purge_change", args=[done.pk]))
    assert str(ranked.public_id) in page.text


def test_nobody_loses_a_draft_without_the_days_of_warning(ranked: Draft) -> None:
    age(ranked, 1_000)

    assert (run().warnings, run().drafts) == (1, 0)
    age(ranked, 13)
    assert run().drafts == 0
    age(ranked, 2)
    assert run().drafts == 1


def test_work_in_it_keeps_it_and_takes_the_warning_back(ranked: Draft, alice: User) -> None:
    age(ranked, 95)
    assert run().warnings == 1
    age(ranked, 20)
    Event.objects.record(ranked.pk, EventVerb.RANKING_EXPORTED, actor=alice)

    done = run()

    assert done.drafts == 0 and not RetentionWarning.objects.exists()
    assert not email.deliver(Notification.objects.get().pk)
    assert Notification.objects.get().status == OutgoingStatus.FAILED
    age(ranked, 95)
    assert run().warnings == 1


@pytest.mark.parametrize(
    ("status", "state", "days"),
    [
        (None, "unrun", 30),
        (JobStatus.COMPLETED, "ranked", 100),
        (JobStatus.CANCELLED, "stopped", 60),
    ],
)
def test_how_long_depends_on_how_far_it_came(
    draft: Draft, alice: User, status: JobStatus | None, state: str, days: int
) -> None:
    if status:
        rows.job(rows.analysis(draft, alice), status)
    age(draft, days - 0.5)
    assert purge.drafts_to_purge() == []
    age(draft, 1)

    assert [draft.state for draft in purge.drafts_to_purge()] == [state]


def test_a_run_under_way_keeps_it(draft: Draft, alice: User) -> None:
    rows.job(rows.analysis(draft, alice), JobStatus.PROCESSING)
    age(draft, 1_000)

    assert purge.drafts_to_purge() == []


def test_a_state_that_is_not_named_is_kept(draft: Draft, settings: LazySettings) -> None:
    settings.RETENTION_DAYS = {"ranked": 1}
    age(draft, 1_000)

    assert purge.drafts_to_purge() == []


def test_the_dry_run_shows_what_would_go_and_changes_nothing(ranked: Draft) -> None:
    age(ranked, 95)
    output = io.StringIO()

    call_command("purge", "--dry-run", stdout=output)

    assert f"draft {ranked.public_id}: ranked, idle since" in output.getvalue()
    assert "1 candidates: its owner is warned" in output.getvalue()
    assert not RetentionWarning.objects.exists() and not Purge.objects.exists()


def test_the_command_does_it(ranked: Draft, settings: LazySettings) -> None:
    age(ranked, 1_000)
    output = io.StringIO()

    call_command("purge", stdout=output)
    settings.RETENTION_DAYS = {}
    call_command("purge", stdout=output)

    assert "0 drafts with 0 candidates erased, 1 owners warned." in output.getvalue()
    assert "RETENTION_DAYS is not set: everything is kept." in output.getvalue()


def test_the_sweep_asks_for_one_round_a_day(draft: Draft, settings: LazySettings) -> None:
    assert purge.requeue_due() == 1 and purge.requeue_due() == 0
    Purge.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))
    assert purge.requeue_due() == 1
    settings.RETENTION_DAYS = {}
    Purge.objects.all().delete()
    assert purge.requeue_due() == 0


def test_an_owner_without_an_address_harms_nobody(ranked: Draft, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(email="")
    age(ranked, 95)

    assert (
        run().warnings == 1
        and not Notification.objects.filter(kind=NotificationKind.EXPIRING).exists()
    )
