"""E-mails and a real mail server: sent once, with reasons, and retried where that can help."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone, translation

from candidates.facts.reason import DeliveryCode, FailureCode, Reason
from candidates.models import Candidate, Draft, Membership, Preference
from candidates.models.candidate import Verdict
from candidates.models.reason import error_columns
from candidates.reading import Problem
from candidates.scoring.retry import EMAIL
from jobs.models import Job, JobStatus, Notice, Notification, NotificationKind, OutgoingStatus
from jobs.notifications import email, recipients
from jobs.notifications.compose import compose
from tests.makers import rows
from tests.servers.mail import MailServer, serve_mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mail(settings: LazySettings) -> Iterator[MailServer]:
    with serve_mail() as server:
        settings.MAILERS = _smtp(server.port)
        yield server


def _smtp(port: int) -> dict[str, object]:
    backend = "django.core.mail.backends.smtp.EmailBackend"
    options = {"host": "127.0.0.1", "port": port, "timeout": 5}
    return {"default": {"BACKEND": backend, "OPTIONS": options}}


@pytest.fixture
def job(alice: User, draft: Draft) -> Job:
    for number in range(7):
        rows.candidate(draft, number)
    rows.unreadable(draft, 8)
    rows.unreadable(draft, 9, Problem.NO_TEXT)
    rows.unreadable(draft, 10, Problem.NO_TEXT)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    return rows.job(analysis)


def posted(job: Job, kind: NotificationKind = NotificationKind.COMPLETED) -> Notification:
    recipients.queue_for_job(job, kind)
    return Notification.objects.get()


def test_a_finished_job_is_told_once_with_link_best_five_and_reasons(
    job: Job, mail: MailServer, settings: LazySettings
) -> None:
    notification = posted(job)

    assert email.deliver(notification.pk)
    assert not email.deliver(notification.pk)

    message = mail.messages[0]
    assert len(mail.messages) == 1
    assert message["To"] == "alice@example.com"
    assert str(notification.public_id) in message["Message-ID"]
    text, html = (message.get_body([kind]) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    for body in (text.get_content(), html.get_content()):
        assert settings.SITE_URL + job.analysis.get_absolute_url() in body
        assert "Person 0" in body
        assert "Person 4" in body
        assert "Person 5" not in body
        assert Problem.ENCRYPTED.sentence.split(".")[0] in " ".join(body.split())
    notification.refresh_from_db()
    assert (notification.status, notification.attempts) == (OutgoingStatus.SENT, 1)
    assert notification.sent_at is not None


def test_posting_twice_is_one_email(job: Job) -> None:
    recipients.queue_for_job(job, NotificationKind.COMPLETED)
    recipients.queue_for_job(job, NotificationKind.COMPLETED)

    assert Notification.objects.count() == 1


def test_a_failed_job_is_told_with_its_reason(job: Job, mail: MailServer) -> None:
    Job.objects.filter(pk=job.pk).update(
        status=JobStatus.FAILED, **error_columns(Reason(FailureCode.NO_CANDIDATES_LEFT))
    )
    notification = posted(job, NotificationKind.FAILED)

    assert email.deliver(notification.pk)

    body = mail.messages[0].get_body(["plain"])
    assert body is not None
    assert "The draft has no candidates any more." in body.get_content()
    assert str(job.public_id) in body.get_content()


def test_a_dead_mail_server_puts_it_off_for_longer_each_time_and_harms_no_job(
    job: Job, settings: LazySettings
) -> None:
    with serve_mail() as gone:
        settings.MAILERS = _smtp(gone.port)
    notification = posted(job)

    waits = []
    for _ in range(3):
        assert not email.deliver(notification.pk)
        notification.refresh_from_db()
        assert notification.status == OutgoingStatus.WAITING
        assert notification.error == Reason(
            DeliveryCode.MAIL_SERVER_UNREACHABLE, {"error_class": "ConnectionRefusedError"}
        )
        waits.append(notification.due_at - notification.created_at)

    assert waits == sorted(waits)
    assert waits[2] - waits[0] > timedelta(seconds=EMAIL.delays[1])
    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED


def test_it_is_sent_when_the_server_is_back(job: Job, settings: LazySettings) -> None:
    with serve_mail() as gone:
        settings.MAILERS = _smtp(gone.port)
    notification = posted(job)
    assert not email.deliver(notification.pk)

    with serve_mail() as back:
        settings.MAILERS = _smtp(back.port)
        assert email.deliver(notification.pk)
        assert len(back.messages) == 1


def test_a_refused_recipient_is_given_up_in_the_end_with_the_reason(
    job: Job, mail: MailServer
) -> None:
    mail.refused["alice@example.com"] = "550 no such box"
    notification = posted(job)
    Notification.objects.update(attempts=len(EMAIL.delays))

    assert not email.deliver(notification.pk)

    notification.refresh_from_db()
    assert notification.status == OutgoingStatus.FAILED
    assert notification.error == Reason(
        DeliveryCode.MAIL_REFUSED, {"status": 550, "error_class": "SMTPRecipientsRefused"}
    )


def test_deliveries_at_the_same_time_send_one(job: Job, mail: MailServer) -> None:
    notification = posted(job)

    def deliver() -> None:
        email.deliver(notification.pk)
        connections.close_all()

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(mail.messages) == 1


def test_a_title_cannot_write_headers(job: Job, draft: Draft, mail: MailServer) -> None:
    job.analysis.title = "Engineer\r\nBcc: everybody@example.com"
    job.analysis.save(update_fields=["title"])
    Draft.objects.filter(pk=draft.pk).update(title="Engineer\nBcc: everybody@example.com")
    notification = posted(job)

    assert email.deliver(notification.pk)

    assert mail.messages[0]["Bcc"] is None


def test_a_user_without_an_address_is_not_written_to(job: Job, alice: User) -> None:
    alice.email = ""
    alice.save(update_fields=["email"])
    job.requested_by.refresh_from_db()

    recipients.queue_for_job(job, NotificationKind.COMPLETED)

    assert not Notification.objects.exists()


class TestWhoIsTold:
    def kinds(self, user: User) -> list[str]:
        return list(Notice.objects.filter(user=user).values_list("kind", flat=True))

    def test_who_asked_is_told_behind_the_bell_too_and_once(self, job: Job, alice: User) -> None:
        recipients.queue_for_job(job, NotificationKind.COMPLETED)
        recipients.queue_for_job(job, NotificationKind.COMPLETED)

        assert self.kinds(alice) == ["completed"]

    def test_each_chooses_what_and_how(self, job: Job, alice: User) -> None:
        Preference.objects.create(user=alice, mail_paused=False, in_app=False)

        recipients.queue_for_job(job, NotificationKind.PAUSED)
        recipients.queue_for_job(job, NotificationKind.COMPLETED)

        assert list(Notification.objects.values_list("kind", flat=True)) == ["completed"]
        assert self.kinds(alice) == []

    def test_those_it_is_shared_with_are_told_if_they_ask(
        self, job: Job, draft: Draft, eve: User, sam: User
    ) -> None:
        for user in (eve, sam):
            Membership.objects.create(draft=draft, email=user.email, user=user)
        Preference.objects.create(user=eve, runs_of_others=True)

        recipients.queue_for_job(job, NotificationKind.COMPLETED)

        recipients_of_emails = set(Notification.objects.values_list("recipient", flat=True))
        assert recipients_of_emails == {"alice@example.com", "eve@example.com"}
        assert self.kinds(eve) == ["completed"] and self.kinds(sam) == []

    def test_a_stranger_who_asks_and_a_member_who_is_out_are_not_told(
        self, job: Job, alice: User, draft: Draft, eve: User, sam: User
    ) -> None:
        Preference.objects.create(user=eve, runs_of_others=True)
        Draft.objects.filter(pk=draft.pk).update(owner=sam)
        job.analysis.draft.refresh_from_db()

        recipients.queue_for_job(job, NotificationKind.COMPLETED)

        assert not Notification.objects.exists() and not Notice.objects.exists()

    @pytest.mark.parametrize("account", [True, False])
    def test_who_a_draft_is_shared_with_is_told(
        self, draft: Draft, alice: User, eve: User, mail: MailServer, account: bool
    ) -> None:
        membership = Membership.objects.create(
            draft=draft, email="eve@example.com", user=eve if account else None, invited_by=alice
        )
        recipients.queue_invitation(membership)
        recipients.queue_invitation(membership)

        assert email.deliver(Notification.objects.get().pk)
        text = " ".join(plain(mail).split())
        assert "alice shares this draft with you. You may look" in text
        assert ("There is no account with this address yet." in text) != account
        assert self.kinds(eve) == ["shared"] * account


def plain(mail: MailServer) -> str:
    body = mail.messages[0].get_body(["plain"])
    assert body is not None
    return str(body.get_content())


def test_the_best_come_with_a_bar_and_a_reason(job: Job, mail: MailServer) -> None:
    assert email.deliver(posted(job).pk)

    html = mail.messages[0].get_body(["html"])
    assert html is not None
    assert html.get_content().count('width="89%"') == 1  # of the best, who has 89
    assert plain(mail).count("Says so plainly.") == 5
    assert "/settings/" in plain(mail)


def test_a_blind_draft_names_nobody_until_it_is_decided(
    job: Job, draft: Draft, mail: MailServer
) -> None:
    Draft.objects.filter(pk=draft.pk).update(blind=True)
    best = job.analysis.evaluations.get(rank=1).candidate
    Candidate.objects.filter(pk=best.pk).update(
        verdict=Verdict.SHORTLIST, decided_by=draft.owner, decided_at=timezone.now()
    )

    assert email.deliver(posted(job).pk)

    html = mail.messages[0].get_body(["html"])
    assert html is not None
    for body in (plain(mail), html.get_content()):
        assert "Person 0" in body and "Person 1" not in body
        assert body.count("Candidate ") >= 4


def test_it_is_written_in_the_language_of_who_gets_it(
    job: Job, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    Preference.objects.create(user=alice, language="de")
    languages = []

    def render(*_: object) -> str:
        languages.append(translation.get_language())
        return ""

    monkeypatch.setattr("jobs.notifications.compose.render_to_string", render)

    compose(posted(job))

    assert languages == ["de"] * 3
    assert translation.get_language() == "en"
