"""A row in every table of ours, as the program leaves it."""

from datetime import timedelta
from uuid import uuid4

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from candidates.facts.flags import Flag, FlagKind
from candidates.models import (
    Archive,
    Criterion,
    Decision,
    DescriptionFile,
    Draft,
    Evaluation,
    Event,
    EventVerb,
    Membership,
    Piece,
    PossibleDuplicate,
    Preference,
    RankingVisit,
    Receipt,
    SavedFilter,
    Suggestion,
)
from candidates.models.candidate import Verdict
from evaluator.models import FailedLogIn
from jobs.models import (
    BadAddress,
    Delivery,
    Halt,
    Heartbeat,
    Incident,
    Job,
    JobStatus,
    Lane,
    MailEvent,
    Notice,
    Notification,
    NotificationKind,
    Period,
    Purge,
    RetentionWarning,
    RunningTask,
    Schedule,
    ScheduledRun,
    Webhook,
)
from tests.makers import rows


def fill() -> None:
    """Fill the connected database, which has no rows of ours."""
    alice = User.objects.create_user("alice", "alice@example.com", "alice-pass")
    bob = User.objects.create_user("bob", "bob@example.com", "bob-pass")
    Preference.objects.create(user=alice, language="de", time_zone="Europe/Berlin")
    FailedLogIn.objects.create(name="0" * 64)
    draft = _draft(alice)
    _people(draft, alice, bob)
    job = _run(draft, alice)
    _candidates_acts(draft, alice)
    _messages(draft, job, alice, bob)
    _scheduled(draft, job, alice)
    _workers(draft, job, alice)


def _draft(owner: User) -> Draft:
    draft = Draft.objects.create(
        owner=owner,
        title="Backend engineer · Zürich",
        description="We build payment systems in Python.\nTabs\tand back\\slashes stay.",
        role_weight=3,
    )
    draft.refresh_from_db()
    Criterion.objects.create(
        draft=draft, position=0, name="Python", looks_for="services in production", must_have=True
    )
    Criterion.objects.create(draft=draft, position=1, name="PostgreSQL", weight=2)
    for number in range(3):
        flag = Flag(FlagKind.PAGE_UNREADABLE, page=1)
        rows.candidate(draft, number, flags=[flag.to_json()], email="a@example.com")
    rows.unreadable(draft, 3)
    rows.waiting(draft, 4)
    archive = Archive(draft=draft, filename="all.zip", size=4, sha256="a" * 64)
    archive.file.save("archive", ContentFile(b"PK\x03\x04"), save=False)
    archive.save()
    Piece.objects.create(draft=draft, upload=uuid4(), number=0, content=b"\x00piece\xff")
    DescriptionFile.objects.create(draft=draft, filename="role.pdf", content=b"%PDF\x00")
    Suggestion.objects.create(draft=draft, requested_by=owner, engine="openai", model="a-model")
    return draft


def _people(draft: Draft, owner: User, colleague: User) -> None:
    for user in (colleague, None):
        Membership.objects.create(
            draft=draft,
            email=user.email if user else "invited@example.com",
            user=user,
            invited_by=owner,
        )
    Event.objects.create(draft=draft, actor=owner, verb=EventVerb.DRAFT_CREATED)
    Receipt.objects.create(
        candidate=uuid4(), draft=draft, owner=owner, by=owner, erased={"notes": 2}
    )


def _run(draft: Draft, owner: User) -> Job:
    analysis = rows.analysis(draft, owner)
    rows.evaluate(analysis)
    first = analysis.evaluations.filter(rank=1).get()
    Evaluation.objects.filter(pk=first.pk).update(insights={"summary": "Fits."}, band=1)
    rows.repeat(first, 88.5)
    rows.call(analysis, evaluation=first)
    RankingVisit.objects.create(analysis=analysis, user=owner)
    return rows.job(analysis)


def _candidates_acts(draft: Draft, owner: User) -> None:
    first, second, *_ = draft.candidates.order_by("pk")
    rows.note(first, owner, "Call back.\nBefore Friday.")
    decision = Decision.objects.create(
        batch=uuid4(),
        candidate=first,
        before=Verdict.OPEN,
        verdict=Verdict.SHORTLIST,
        decided_by=owner,
    )
    Decision.objects.create(
        batch=uuid4(),
        candidate=first,
        before=Verdict.SHORTLIST,
        verdict=Verdict.OPEN,
        decided_by=owner,
        restores=decision,
    )
    draft.candidates.filter(pk=second.pk).update(
        verdict=Verdict.MAYBE, decided_by=owner, decided_at=timezone.now()
    )
    PossibleDuplicate.objects.create(
        draft=draft, first=first, second=second, evidence="similar-text", share=0.75
    )
    SavedFilter.objects.create(draft=draft, user=owner, name="The best", query="verdict=shortlist")


def _messages(draft: Draft, job: Job, owner: User, colleague: User) -> None:
    completed = Notification.objects.create(
        job=job, user=owner, kind=NotificationKind.COMPLETED, recipient=owner.email
    )
    for membership in draft.memberships.all():
        Notification.objects.create(
            membership=membership, kind=NotificationKind.SHARED, recipient=membership.email
        )
    Notification.objects.create(
        draft=draft, user=owner, kind=NotificationKind.EXPIRING, recipient=owner.email
    )
    MailEvent.objects.create(
        notification=completed, message_id="<1@example.com>", event_id="e1", kind="delivered"
    )
    BadAddress.objects.create(address="gone@example.com", kind="bounced", detail="550")
    Notice.objects.create(
        user=colleague, draft=draft, job=job, actor=owner, kind=NotificationKind.COMPLETED
    )
    webhook = Webhook.objects.create(user=owner, url="https://hooks.example.com/in")
    Delivery.objects.create(webhook=webhook, job=job, kind="run.completed", body='{"a": "ü"}')


def _scheduled(draft: Draft, job: Job, owner: User) -> None:
    schedule = Schedule.objects.create(
        draft=draft, frequency="cron", cron="0 6 * * 1", next_at=timezone.now()
    )
    ScheduledRun.objects.create(
        schedule=schedule,
        due_at=timezone.now(),
        requested_by=owner,
        outcome="ran",
        job=job,
        previous_analysis=job.analysis,
        has_changes=True,
    )
    RetentionWarning.objects.create(draft=draft, due_at=timezone.now() + timedelta(days=14))
    Purge.objects.create(completed_at=timezone.now(), warnings=1, drafts=1, candidates=3)


def _workers(draft: Draft, job: Job, staff: User) -> None:
    heartbeat = Heartbeat.objects.create(host="worker-1", pid=7, workers=2, busy_at=timezone.now())
    RunningTask.objects.create(worker=heartbeat, pid=8, name="deliver", due_at=timezone.now())
    Incident.objects.create(
        host="worker-1",
        heartbeat=heartbeat.pk,
        kind="workers",
        reason_code="cluster_ended",
        reason_params={"exit_code": -9},
    )
    Lane.objects.create(draft=draft)
    now = timezone.now()
    running = rows.job(rows.analysis(draft, staff), JobStatus.PROCESSING)
    Lane.objects.create(
        draft=draft, job=running, token=uuid4(), worker=heartbeat, pid=8, started_at=now
    )
    Halt.objects.create(by=staff, reason="The model server moves.")
    Period.objects.create(grain="day", start=now, counted_until=now, counts={"jobs": 1})
    with connection.cursor() as cursor:
        for name in ("calls", "tokens"):  # of a library, which has no model for them
            cursor.execute(
                f"INSERT INTO ratelimit___{name} VALUES ('calls', 1, now())"  # noqa: S608
            )
