"""What the doctor finds, on servers that are really there, and really not."""

from collections import namedtuple
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.checks import CheckMessage
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.test import Client
from django.utils import timezone

from candidates.models import Draft
from evaluator import checks, doctor, health
from jobs.models import Halt, Heartbeat, Lane
from tests.servers import mail, model
from tests.servers.redis import free_port
from tests.workers import outage


def ids(check: Callable[[], Iterator[CheckMessage]]) -> list[str | None]:
    messages = list(check())
    assert all(message.hint for message in messages)
    return [message.id for message in messages]


@pytest.fixture
def alive(db: None) -> Heartbeat:
    return Heartbeat.objects.create(host="a", pid=1, workers=2, canary_at=timezone.now())


@pytest.mark.django_db
class TestTheDatabase:
    def test_without_a_problem_yields_no_message(self, alive: Heartbeat) -> None:
        for check in (doctor.database, *doctor.DATABASE_CHECKS):
            assert ids(check) == []

    def test_that_lacks_a_migration(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM django_migrations WHERE id ="
                " (SELECT max(id) FROM django_migrations WHERE app = 'jobs')"
            )

        assert ids(doctor.tables) == ["evaluator.E103"]

    def test_whose_clock_is_another(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(timezone, "now", lambda: datetime(2020, 1, 1, tzinfo=UTC))

        assert ids(doctor.clock) == ["evaluator.W104"]

    def test_in_which_nobody_works_and_work_waits(self, draft: Draft) -> None:
        lane = Lane.objects.create(draft=draft)
        Lane.objects.filter(pk=lane.pk).update(created_at=timezone.now() - timedelta(minutes=7))

        assert ids(doctor.workers) == ["evaluator.W111"]
        [late] = doctor.waiting_work()
        assert (
            late.id == "evaluator.W114"
            and "1 lane of work has waited for more than 2 minutes" in late.msg
        )

        Halt.objects.create(reason="a new release")
        [halted] = doctor.waiting_work()
        assert halted.id == "evaluator.W113" and "a new release" in halted.msg


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_gone_is_reported_once_and_not_asked_further(
    settings: LazySettings,
) -> None:
    settings.EVALUATOR_ENGINE = "local"
    with outage():
        ids = [message.id for message in doctor.run_all_checks()]

    assert ids == ["evaluator.E101"]


def test_a_queue_that_is_gone(settings: LazySettings, db: None) -> None:
    from jobs.queue import redis

    settings.QUEUE_BROKER = "redis"
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    redis._client.cache_clear()
    try:
        assert ids(doctor.message_queue) == ["evaluator.E112"]
    finally:
        redis._client.cache_clear()


class TestTheModel:
    @pytest.fixture(autouse=True)
    def engine(self, settings: LazySettings) -> None:
        settings.EVALUATOR_ENGINE = "openai"
        settings.OPENAI_API_KEY = "key"
        settings.EVALUATOR_MODEL = "scripted"

    def test_that_answers(self, settings: LazySettings) -> None:
        with model.serve_model() as server:
            settings.OPENAI_BASE_URL = server.url
            assert ids(doctor.model) == []
            settings.EVALUATOR_MODEL = "other"
            [unknown] = doctor.model()

        assert unknown.id == "evaluator.W123" and "scripted" in str(unknown.hint)

    def test_that_is_not_there(self, settings: LazySettings) -> None:
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{free_port()}/v1"

        assert ids(doctor.model) == ["evaluator.E121"]

    def test_that_is_not_used(self, settings: LazySettings) -> None:
        settings.EVALUATOR_ENGINE = "local"

        assert ids(doctor.model) == []


def test_a_mail_server(settings: LazySettings) -> None:
    options: dict[str, Any] = {**settings.EMAIL_BACKENDS["smtp"]["OPTIONS"], "host": "127.0.0.1"}
    settings.EMAIL_PROVIDER = "smtp"
    with mail.serve_mail() as server:
        settings.MAILERS = smtp(settings, {**options, "port": server.port})
        assert ids(doctor.mail_server) == []
    settings.MAILERS = smtp(settings, {**options, "port": free_port()})

    assert ids(doctor.mail_server) == ["evaluator.E131"]


def smtp(settings: LazySettings, options: dict[str, Any]) -> dict[str, Any]:
    return {"default": {**settings.EMAIL_BACKENDS["smtp"], "OPTIONS": options}}


def test_a_disk_that_is_nearly_full(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**11, 10**11, 5 * 1024**2))

    assert ids(doctor.storage) == ["evaluator.W142"]


@pytest.mark.django_db
def test_the_doctor_is_what_a_deployment_is_checked_by(settings: LazySettings) -> None:
    settings.ALLOWED_HOSTS = ["elsewhere.example"]

    with pytest.raises(SystemCheckError) as deploy:
        call_command("check", "--deploy", stdout=StringIO(), stderr=(output := StringIO()))
    messages = f"{deploy.value}{output.getvalue()}"
    assert "evaluator.E003" in messages and "evaluator.W111" in messages

    with pytest.raises(SystemCheckError) as static:
        call_command("check", "--deploy", "--static", stdout=StringIO(), stderr=StringIO())
    assert "evaluator.E003" in str(static.value) and "W111" not in str(static.value)
    call_command("check", stdout=StringIO())


def test_mail_that_reaches_nobody_is_a_warning(settings: LazySettings) -> None:
    settings.EMAIL_PROVIDER = "console"
    assert [message.id for message in checks.mail_has_a_sender()] == ["evaluator.W002"]
    settings.EMAIL_PROVIDER = "smtp"
    assert [message.id for message in checks.mail_has_a_sender()] == ["evaluator.W003"]
    settings.DEFAULT_FROM_EMAIL = "Hiring <hiring@example.com>"
    assert checks.mail_has_a_sender() == []


@pytest.mark.django_db(transaction=True)
def test_the_site_says_whether_it_is_of_use(
    alive: Heartbeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CACHE_SECONDS", 0.0)
    probe = Client(headers={"host": "10.0.0.7:8000"})

    assert probe.get("/readyz").status_code == 200
    with outage():
        down = probe.get("/readyz")
        assert probe.get("/healthz").status_code == 200
    Heartbeat.objects.all().delete()
    idle = probe.get("/readyz")

    assert down.status_code == idle.status_code == 503
    assert down.text.startswith("The database does not answer")
    assert idle.text.startswith("No worker is alive. Start `manage.py worker`;")


@pytest.mark.django_db
def test_many_who_look_ask_the_database_once(
    alive: Heartbeat, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(health, "CACHE_SECONDS", 60.0)
    monkeypatch.setattr(health, "_cached", [])

    with django_assert_num_queries(3):
        for _ in range(5):
            assert Client().get("/readyz").status_code == 200
