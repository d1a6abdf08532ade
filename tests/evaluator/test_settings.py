"""What an operator can get wrong in the environment, each with its one sentence."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.makers import scans

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = {"SECRET_KEY": "of-a-test"}
CLEAN = {"PATH": os.environ["PATH"]}


def manage(*command: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *command],
        env={**CLEAN, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"DEBUG": "0"}, "DATABASE_URL is not set and DEBUG is off."),
        ({"DEBUG": "maybe"}, "DEBUG is 'maybe'. Set it to 1 or 0."),
        (
            {"Q_WORKERS": "many"},
            "Q_WORKERS is 'many'. Set it to a whole number of at least 1, or unset it for 2.",
        ),
        ({"EVALUATOR_CONCURRENCY": "0"}, "EVALUATOR_CONCURRENCY is '0'."),
        ({"EVALUATOR_CALL_SECONDS": "0"}, "EVALUATOR_CALL_SECONDS is '0'."),
        ({"EVALUATOR_ENGINE": "magic"}, "EVALUATOR_ENGINE is 'magic'. Set it to one of:"),
        ({"EVALUATOR_OCR": "yes"}, "EVALUATOR_OCR is 'yes'. Set it to languages as tesseract"),
        ({"EVALUATOR_OCR": "eng deu"}, "EVALUATOR_OCR is 'eng deu'."),
        ({"JOBS_ENGINE": "huey"}, "JOBS_ENGINE is 'huey'. Set it to one of: django-q2, celery."),
        (
            {"JOBS_ENGINE": "celery"},
            "JOBS_ENGINE is 'celery' and CELERY_BROKER_URL is not set.",
        ),
        ({"QUEUE_BROKER": "kafka"}, "QUEUE_BROKER is 'kafka'. Set it to one of: postgres, stock,"),
        ({"QUEUE_BROKER": "redis"}, "QUEUE_BROKER is 'redis' and REDIS_URL is not set."),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL is not an address of a server"),
        ({"CELERY_BROKER_URL": "nonsense://x"}, "CELERY_BROKER_URL is not an address of a server"),
        (
            {"BACKGROUND_FROM": "-1"},
            "BACKGROUND_FROM is '-1'. Set it to a whole number of at least 0",
        ),
        ({"MAX_BATCH": "none"}, "MAX_BATCH is 'none'. Set it to a whole number of at least 1"),
        ({"WEB_THREADS": "0"}, "WEB_THREADS is '0'."),
        ({"SENTRY_DSN": "sentry.example.com"}, "SENTRY_DSN is no address of a project of Sentry."),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT is 'xml'. Set it to one of: json, text."),
        ({"WORKER_PORT": "-1"}, "WORKER_PORT is '-1'."),
        ({"EMAIL_PROVIDER": "pigeon"}, "EMAIL_PROVIDER is 'pigeon'. Set it to one of:"),
        (
            {"DATABASE_URL": "mysql://localhost/x", **KEY},
            "DATABASE_URL names a database that is not",
        ),
        ({"DATABASE_URL": "rubbish", **KEY}, "DATABASE_URL is not an address."),
        ({"DATABASE_URL": "postgres://localhost/x"}, "SECRET_KEY is not set and DEBUG is off."),
        ({"SITE_URL": "hire.example.com"}, "SITE_URL is 'hire.example.com'."),
        ({"RETENTION_DAYS": "forever=1"}, "RETENTION_DAYS is 'forever=1'. Set it to days for each"),
        ({"RETENTION_DAYS": "ranked=0"}, "RETENTION_DAYS is 'ranked=0'."),
        ({"PORT": "80a"}, "PORT is '80a'."),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_program_with_a_sentence(
    tmp_path: Path, env: dict[str, str], sentence: str
) -> None:
    done = manage("check", EVALUATOR_VAR=str(tmp_path), **env)

    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"EMAIL_PROVIDER": "sendgrid"}, "SENDGRID_API_KEY is not set"),
        ({"EMAIL_PROVIDER": "mailgun", "MAILGUN_API_KEY": "k"}, "MAILGUN_SENDER_DOMAIN is not set"),
        ({"EMAIL_PROVIDER": "ses"}, "AWS_SES_REGION_NAME is not set"),
        ({"ANYMAIL_WEBHOOK_SECRET": "word"}, "ANYMAIL_WEBHOOK_SECRET has no colon"),
    ],
)
def test_a_provider_of_e_mail_without_its_key_is_told_at_the_start(
    tmp_path: Path, env: dict[str, str], sentence: str
) -> None:
    done = manage("check", EVALUATOR_VAR=str(tmp_path), **env)

    assert done.returncode == 1 and sentence in done.stderr and "HINT: Set" in done.stderr


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")

    done = manage("check", EVALUATOR_VAR=str(blocked / "var"))

    assert done.returncode == 1
    assert done.stderr.startswith(f"The folder {blocked / 'var'} cannot be written")


def test_in_development_a_secret_key_is_made_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    ask = "from django.conf import settings; print(settings.SECRET_KEY)"
    outputs = [manage("shell", "-v0", "-c", ask, EVALUATOR_VAR=str(tmp_path)) for _ in range(2)]

    assert outputs[0].stdout == outputs[1].stdout
    assert len(outputs[0].stdout) > 50
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


def test_a_bucket_takes_the_files_by_one_variable(tmp_path: Path) -> None:
    ask = "from django.conf import settings; print(settings.STORAGES['default']['BACKEND'])"
    at_home = manage("shell", "-v0", "-c", ask, EVALUATOR_VAR=str(tmp_path))
    away = manage(
        "shell", "-v0", "-c", ask, EVALUATOR_VAR=str(tmp_path), AWS_STORAGE_BUCKET_NAME="b"
    )

    assert at_home.stdout.split() == ["evaluator.storage.DatabaseStorage"]
    assert away.stdout.split() == ["storages.backends.s3.S3Storage"]


def test_recognition_without_its_program_is_said_at_the_start(tmp_path: Path) -> None:
    nowhere = {"PATH": str(tmp_path), "EVALUATOR_VAR": str(tmp_path)}
    ask = "from django.conf import settings; print(repr(settings.OCR))"

    on = manage("check", EVALUATOR_OCR="eng", **nowhere)
    off = manage("check", EVALUATOR_OCR="off", **nowhere)

    assert on.returncode == 1
    assert "EVALUATOR_OCR is 'eng'" in on.stderr and "tesseract is not found" in on.stderr
    assert "evaluator.E002" in on.stderr and "Install tesseract" in on.stderr
    assert off.returncode == 0
    assert manage("shell", "-v0", "-c", ask, **nowhere).stdout == "''\n"


def test_a_language_of_recognition_without_data_is_named(tmp_path: Path) -> None:
    scans.slow_tesseract(tmp_path, 0)
    here = {"PATH": str(tmp_path), "EVALUATOR_VAR": str(tmp_path)}

    assert manage("check", EVALUATOR_OCR="eng", **here).returncode == 0
    assert "no data for: deu" in manage("check", EVALUATOR_OCR="eng+deu", **here).stderr
