"""Scheduled runs: started once, made up once, only for what changed, and reported if it matters."""

import threading
from datetime import time as clock_time
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection, connections
from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Concat, Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from candidates import movement
from candidates.models import (
    Analysis,
    Candidate,
    Criterion,
    Draft,
    Evaluation,
    Event,
    EventVerb,
    Preference,
)
from candidates.models.analysis import Sha256
from candidates.models.candidate import CandidateStatus
from candidates.scoring import engines
from candidates.scoring.fingerprint import prefix
from jobs.execution import submit
from jobs.models import Job, JobStatus, Lane, Notice, Notification, NotificationKind
from jobs.models.schedule import Frequency, RunOutcome, Schedule, ScheduledRun
from jobs.models.webhook import Delivery, Webhook
from jobs.notifications import email
from jobs.notifications.compose import compose
from jobs.schedules import runs
from jobs.workers.sweep import sweep
from tests.makers import rows
from tests.servers.mail import serve_mail
from tests.servers.model import ModelServer
from tests.workers_here import shorten_waits, work_off

pytestmark = pytest.mark.django_db


def scheduled(draft: Draft, **values: Any) -> Schedule:
    """A schedule of the draft that has been due since yesterday."""
    chosen = {"frequency": Frequency.DAILY, "next_at": timezone.now() - timedelta(days=1), **values}
    return Schedule.objects.create(draft=draft, **chosen)


def come(schedule: Schedule) -> ScheduledRun:
    """It is due again: the sweep takes it up; what came of it."""
    Schedule.objects.filter(pk=schedule.pk).update(next_at=Now() - timedelta(seconds=1))
    sweep()
    run = ScheduledRun.objects.filter(schedule=schedule).first()
    assert run is not None
    return run


@pytest.fixture
def ranked(
    draft: Draft, alice: User, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> Analysis:
    """A ranking of three by the model, as the workers make it; its e-mail is out of the way."""
    shorten_waits(monkeypatch)
    for number in range(3):
        rows.candidate(draft, number, text=f"{rows.TEXT}\nNumber {number}.")
    job = submit.submit(draft, alice, mode="none")
    work_off()
    assert Job.objects.get().status == JobStatus.COMPLETED
    Notification.objects.all().delete()
    Notice.objects.all().delete()
    return job.analysis


@pytest.mark.slow
def test_an_unchanged_draft_of_a_thousand_takes_no_call_and_no_time(
    draft: Draft, alice: User, model: ModelServer
) -> None:
    rows.candidates(draft, 1_000)
    Candidate.objects.update(redacted_key=Sha256(F("filename")))
    before = rows.analysis(draft, alice)
    name = engines.default_model("openai")
    version = engines.version("openai", with_insights=False)
    values = {"engine": "openai", "model": name, "version": version}
    Analysis.objects.filter(pk=before.pk).update(**values)
    before.refresh_from_db()
    Evaluation.objects.enrol(before)
    own = Sha256(Concat(Value(prefix("openai", name, version, draft.rubric())), F("redacted_key")))
    fingerprints = Candidate.objects.filter(pk=OuterRef("candidate")).annotate(own=own)
    Evaluation.objects.update(
        status="scored",
        score=50,
        rank=F("pk"),
        scored_at=Now(),
        fingerprint=Subquery(fingerprints.values("own")),
    )
    rows.job(before)
    schedule = scheduled(draft)

    with CaptureQueriesContext(connection) as queries:
        sweep()

    assert len(queries) < 70  # whatever the number of candidates
    assert ScheduledRun.objects.get(schedule=schedule).outcome == RunOutcome.UNCHANGED
    assert model.count == 0
    assert Analysis.objects.count() == Job.objects.count() == 1
    assert not OrmQ.objects.exists() and not Notification.objects.exists()
    assert not Notice.objects.exists()


def test_only_what_is_new_is_paid_for_and_told(
    draft: Draft, ranked: Analysis, model: ModelServer, settings: LazySettings
) -> None:
    calls = model.count
    newcomer = rows.candidate(draft, 9, text=f"{rows.TEXT}\nNumber nine.", name="New Person")

    run = come(scheduled(draft))

    assert (run.outcome, run.previous_analysis) == (RunOutcome.RAN, ranked)
    assert run.job is not None and run.job.scheduled and run.job.requested_by == draft.owner
    work_off()
    assert model.count == calls + 1
    assert run.job.analysis.evaluations.filter(reused=True).count() == 3
    [mail] = Notification.objects.all()
    assert mail.kind == NotificationKind.DIGEST
    text = " ".join(str(compose(mail).body).split())
    assert "New in the top ten" in text and "New Person" in text and "Down" not in text
    run.refresh_from_db()
    assert run.has_changes
    assert newcomer.evaluations.count() == 1
    assert come(run.schedule).outcome == RunOutcome.UNCHANGED


def test_a_new_file_that_cannot_be_read_is_told_without_a_call(
    draft: Draft, ranked: Analysis, model: ModelServer
) -> None:
    calls = model.count
    rows.unreadable(draft, 9)

    come(scheduled(draft))
    work_off()

    assert model.count == calls
    body = str(compose(Notification.objects.get(kind=NotificationKind.DIGEST)).body)
    assert "1 new file cannot be read." in body and "New in the top ten" not in body


def test_a_quiet_run_sends_nothing(
    draft: Draft, ranked: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(movement, "TOP_RANKS", 0)  # so that whoever comes is behind them
    rows.candidate(draft, 9, text=f"{rows.TEXT}\nNumber nine.")

    run = come(scheduled(draft))
    work_off()

    run.refresh_from_db()
    assert run.job is not None and run.job.status == JobStatus.COMPLETED
    assert run.job.analysis.evaluations.filter(rank__isnull=False).count() == 4
    assert not run.has_changes
    assert not Notification.objects.exists() and not Notice.objects.exists()


def test_other_criteria_score_everybody_anew_and_the_page_says_so_before(
    draft: Draft, ranked: Analysis, model: ModelServer, as_alice: Client
) -> None:
    calls = model.count
    page = as_alice.get(reverse("jobs:schedule", args=[draft.public_id])).text
    assert "nothing has changed since the last ranking" in page
    Criterion.objects.create(draft=draft, position=2, name="Kafka")

    page = as_alice.get(reverse("jobs:schedule", args=[draft.public_id])).text
    assert "Score everybody anew, because the description or the criteria have changed" in page
    assert "3 calls of" in page

    come(scheduled(draft))
    work_off()
    assert model.count == calls + 3


def test_another_model_scores_everybody_anew(
    draft: Draft, ranked: Analysis, settings: LazySettings
) -> None:
    settings.EVALUATOR_MODEL = "another-model"

    assert runs.changes(draft).rescore_reasons == (runs.MODEL,)


def test_a_file_that_is_read_anew_is_scored_anew(draft: Draft, ranked: Analysis) -> None:
    assert not runs.changes(draft)
    candidate = draft.candidates.order_by("pk")[0]
    Candidate.objects.filter(pk=candidate.pk).update(redacted_key="0" * 64)

    assert runs.changes(draft).new_or_changed == 1


def test_a_newer_file_of_somebody_is_a_change(draft: Draft, ranked: Analysis) -> None:
    first, second = draft.candidates.order_by("pk")[:2]
    Candidate.objects.filter(pk=first.pk).update(same_as=second)

    changes = runs.changes(draft)

    assert (changes.new_or_changed, changes.merged) == (0, 1)


def test_missed_runs_are_made_up_once(draft: Draft, alice: User) -> None:
    rows.candidate(draft)
    schedule = scheduled(draft, next_at=timezone.now() - timedelta(days=30))

    assert sweep() == 1
    assert sweep() == 0

    schedule.refresh_from_db()
    assert schedule.next_at is not None and schedule.next_at > timezone.now()
    run = ScheduledRun.objects.get()
    assert run.due_at is not None and run.due_at < timezone.now() - timedelta(days=29)
    assert Job.objects.count() == 1


def test_another_run_that_is_under_way_or_paused_is_not_doubled(draft: Draft, alice: User) -> None:
    rows.candidate(draft)
    submit.submit(draft, alice)

    assert come(scheduled(draft)).outcome == RunOutcome.UNDER_WAY
    assert Job.objects.count() == 1


def test_a_person_who_presses_run_meanwhile_is_told(
    draft: Draft, ranked: Analysis, alice: User
) -> None:
    rows.candidate(draft, 9, text=f"{rows.TEXT}\nNumber nine.")
    run = come(scheduled(draft))

    assert submit.submit(draft, alice, mode="none") == run.job
    work_off()

    assert Notification.objects.get().kind == NotificationKind.COMPLETED


def test_an_expression_that_never_comes_any_more_stops(draft: Draft) -> None:
    rows.candidate(draft)
    schedule = scheduled(draft, frequency=Frequency.CRON, cron="0 6 30 2 *")

    assert sweep() == 0

    schedule.refresh_from_db()
    assert schedule.next_at is None and schedule.stop_code == "cron_day"


def test_people_go_first(draft: Draft, alice: User) -> None:
    rows.candidate(draft)
    come(scheduled(draft))
    other = Draft.objects.create(owner=alice, title="Other", description="Build things in Python.")
    rows.candidate(other)
    submit.submit(other, alice)

    first, second = OrmQ.objects.order_by("-lock")
    assert first.lock > second.lock  # by which the broker puts one behind the other
    assert Job.objects.get(scheduled=True).lanes.count() == 1


def test_a_closed_account_stops_the_schedule(draft: Draft, alice: User) -> None:
    rows.candidate(draft)
    schedule = scheduled(draft)
    User.objects.filter(pk=alice.pk).update(is_active=False)

    sweep()

    schedule.refresh_from_db()
    assert schedule.next_at is None and schedule.stop_reason == runs.OWNER_LEFT
    assert not Job.objects.exists()
    assert Event.objects.get(verb=EventVerb.SCHEDULE_STOPPED).reason == runs.OWNER_LEFT


def test_what_cannot_start_is_told_and_stops_after_three(
    draft: Draft, alice: User, as_alice: Client
) -> None:
    schedule = scheduled(draft)  # without any candidate

    for _ in range(3):
        run = come(schedule)
        assert run.outcome == RunOutcome.FAILED and run.error_code == "no_candidates"
        notices = Notice.objects.filter(user=alice, kind=NotificationKind.UNSTARTED)
        assert notices.unread().mark_read() == 1

    schedule.refresh_from_db()
    assert schedule.next_at is None and schedule.stop_code == "no_candidates"
    page = as_alice.get(schedule.get_absolute_url()).text
    assert "The schedule has stopped by itself: The draft has no candidates yet." in page
    assert "could not start" in as_alice.get(reverse("jobs:notices")).text
    notice = Notice.objects.get()
    answer = as_alice.post(reverse("jobs:open-notice", args=[notice.public_id]))
    assert answer.headers["Location"] == schedule.get_absolute_url()


def test_a_fault_with_one_is_no_matter_of_the_others(
    draft: Draft, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Draft.objects.create(owner=alice, title="Broken", description="Words.")
    rows.candidate(draft)
    scheduled(broken, next_at=timezone.now() - timedelta(days=2))
    scheduled(draft)
    changes = runs.changes

    def faulty(draft: Draft) -> runs.Changes:
        if draft.pk == broken.pk:
            raise RuntimeError("a bug")
        return changes(draft)

    monkeypatch.setattr(runs, "changes", faulty)

    assert sweep() == 2
    assert ScheduledRun.objects.get(schedule__draft=broken).error == runs.PROGRAM_FAILED
    assert ScheduledRun.objects.get(schedule__draft=draft).outcome == RunOutcome.RAN
    assert not Schedule.objects.all().due().exists()


def test_who_moves_to_another_time_zone_takes_the_hour_along(draft: Draft, alice: User) -> None:
    schedule = Schedule(draft=draft, frequency=Frequency.DAILY, time_of_day=clock_time(6))
    runs.save(schedule, alice)
    schedule.refresh_from_db()
    assert schedule.next_at is not None and schedule.next_at.hour == 6
    Preference.objects.create(user=alice, time_zone="Asia/Tokyo")

    sweep()

    schedule.refresh_from_db()
    assert schedule.time_zone == "Asia/Tokyo"
    assert schedule.next_at is not None and schedule.next_at.hour == 21
    assert schedule.next_at.astimezone(ZoneInfo("Asia/Tokyo")).hour == 6


@pytest.mark.django_db(transaction=True)
def test_two_at_once_start_it_once(draft: Draft, alice: User) -> None:
    rows.candidate(draft)
    schedule = scheduled(draft)
    ready = threading.Barrier(4)
    started: list[int] = []

    def start() -> None:
        ready.wait()
        started.append(runs.start_due())
        connections.close_all()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(started) == 1
    assert ScheduledRun.objects.filter(schedule=schedule).count() == Job.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_digest_goes_out_in_the_readers_words(
    draft: Draft, ranked: Analysis, settings: LazySettings
) -> None:
    rows.candidate(draft, 9, text=f"{rows.TEXT}\nNumber nine.", name="New Person")
    come(scheduled(draft))
    Draft.objects.update(blind=True)
    Webhook.objects.create(user=draft.owner, url="https://example.com/", events=["schedule.digest"])
    with serve_mail() as server:
        options = {"host": "127.0.0.1", "port": server.port, "timeout": 5}
        backend = "django.core.mail.backends.smtp.EmailBackend"
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
        work_off()
        assert email.deliver(Notification.objects.get().pk)

    assert Delivery.objects.get().kind == "schedule.digest"
    [message] = server.messages
    assert message["Subject"] == "Ranking changed: Backend engineer"
    analysis = Job.objects.get(scheduled=True).analysis
    for kind in ("plain", "html"):
        part = message.get_body([kind])
        assert part is not None
        body = part.get_content()
        assert reverse("candidates:movement", args=[analysis.public_id]) in body
        assert reverse("jobs:schedule", args=[draft.public_id]) in body
        assert "New Person" not in body and "Candidate " in body


def test_who_wants_no_digest_gets_none(draft: Draft, ranked: Analysis) -> None:
    Preference.objects.create(user=draft.owner, mail_digest=False)
    rows.candidate(draft, 9, text=f"{rows.TEXT}\nNumber nine.")

    come(scheduled(draft))
    work_off()

    assert not Notification.objects.exists()
    assert Notice.objects.get().kind == NotificationKind.DIGEST


def test_files_still_to_be_read_count_as_new(draft: Draft, ranked: Analysis) -> None:
    rows.waiting(draft, 9)

    assert runs.changes(draft).new_or_changed == 1
    assert draft.candidates.filter(status=CandidateStatus.WAITING).exists()
    assert not Lane.objects.exists()
