"""The outbox before a real mail server: once, with reasons, and again when it has to be."""

import threading
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connections

from candidates.models import Draft
from candidates.reading import Problem
from jobs import notify
from jobs.models import Job, Kind, Mail, Notification, Status
from tests.makers import rows
from tests.servers.mail import MailServer, serving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mail(settings: LazySettings) -> Iterator[MailServer]:
    with serving() as server:
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


def posted(job: Job, kind: Kind = Kind.COMPLETED) -> Notification:
    notify.post(job, kind)
    return Notification.objects.get()


def test_a_finished_job_is_told_once_with_link_best_five_and_reasons(
    job: Job, mail: MailServer, settings: LazySettings
) -> None:
    notification = posted(job)

    assert notify.deliver(notification.pk)
    assert not notify.deliver(notification.pk)

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
    assert (notification.status, notification.attempts) == (Mail.SENT, 1)
    assert notification.sent_at is not None


def test_posting_twice_is_one_email(job: Job) -> None:
    notify.post(job, Kind.COMPLETED)
    notify.post(job, Kind.COMPLETED)

    assert Notification.objects.count() == 1


def test_a_failed_job_is_told_with_its_reason(job: Job, mail: MailServer) -> None:
    Job.objects.filter(pk=job.pk).update(status=Status.FAILED, error="The key is refused.")
    notification = posted(job, Kind.FAILED)

    assert notify.deliver(notification.pk)

    body = mail.messages[0].get_body(["plain"])
    assert body is not None
    assert "The key is refused." in body.get_content()
    assert str(job.public_id) in body.get_content()


def test_a_dead_mail_server_puts_it_off_for_longer_each_time_and_harms_no_job(
    job: Job, settings: LazySettings
) -> None:
    with serving() as gone:
        settings.MAILERS = _smtp(gone.port)
    notification = posted(job)

    waits = []
    for _ in range(3):
        assert not notify.deliver(notification.pk)
        notification.refresh_from_db()
        assert notification.status == Mail.WAITING
        assert "refused" in notification.error.lower()
        waits.append(notification.due_at - notification.created_at)

    assert waits == sorted(waits)
    assert waits[2] - waits[0] > notify.PAUSES[1]
    job.refresh_from_db()
    assert job.status == Status.COMPLETED


def test_it_is_sent_when_the_server_is_back(job: Job, settings: LazySettings) -> None:
    with serving() as gone:
        settings.MAILERS = _smtp(gone.port)
    notification = posted(job)
    assert not notify.deliver(notification.pk)

    with serving() as back:
        settings.MAILERS = _smtp(back.port)
        assert notify.deliver(notification.pk)
        assert len(back.messages) == 1


def test_a_refused_recipient_is_given_up_in_the_end_with_the_reason(
    job: Job, mail: MailServer
) -> None:
    mail.refused["alice@example.com"] = "550 no such box"
    notification = posted(job)
    Notification.objects.update(attempts=len(notify.PAUSES))

    assert not notify.deliver(notification.pk)

    notification.refresh_from_db()
    assert notification.status == Mail.FAILED
    assert "no such box" in notification.error


def test_deliveries_at_the_same_time_send_one(job: Job, mail: MailServer) -> None:
    notification = posted(job)

    def deliver() -> None:
        notify.deliver(notification.pk)
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

    assert notify.deliver(notification.pk)

    assert mail.messages[0]["Bcc"] is None


def test_a_user_without_an_address_is_not_written_to(job: Job, alice: User) -> None:
    alice.email = ""
    alice.save(update_fields=["email"])
    job.requested_by.refresh_from_db()

    notify.post(job, Kind.COMPLETED)

    assert not Notification.objects.exists()
