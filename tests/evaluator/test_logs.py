"""Lines of the log: what they are about, and that nothing of a résumé is in them."""

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from candidates.models import Draft
from evaluator import logs
from jobs import tracing
from jobs.execution import submit
from jobs.models import Job, JobStatus
from tests.servers.answers import error, rated
from tests.servers.model import serve_model
from tests.workers import running, until
from tests.workers_here import upload

MARKER = "Zyxwvutsrq"


def line(**values: Any) -> dict[str, Any]:
    record = logging.LogRecord("jobs.x", logging.ERROR, __file__, 1, "row %d", (7,), None)
    record.__dict__.update(values)
    fields: dict[str, Any] = json.loads(logs.JsonFormatter().format(record))
    return fields


def test_a_line_carries_what_it_is_about() -> None:
    with tracing.about(job="j", lane=5), tracing.about(lane=6):
        fields = line()

    assert (fields["message"], fields["level"], fields["logger"]) == ("row 7", "ERROR", "jobs.x")
    assert (fields["job"], fields["lane"]) == ("j", "6")
    assert "job" not in line()


@pytest.mark.parametrize("formatter", [logs.JsonFormatter, logs.TextFormatter])
def test_of_an_exception_the_place_is_told_and_not_what_it_says(formatter: Any) -> None:
    try:
        try:
            raise KeyError(MARKER)
        except KeyError as error:
            raise ValueError(f"{MARKER} is no number") from error
    except ValueError:
        info = sys.exc_info()
    record = logging.LogRecord("jobs.x", logging.ERROR, __file__, 1, "failed", (), info)

    text = formatter().format(record)

    assert "ValueError" in text and "KeyError" in text and "test_logs.py" in text
    assert MARKER not in text


def test_the_queue_learns_the_place_of_a_fault_alone(caplog: pytest.LogCaptureFixture) -> None:
    @tracing.task
    def stumble(pk: int) -> None:
        raise ValueError(f"{MARKER} {pk}")

    with pytest.raises(
        tracing.TaskFailed, match=r"^ValueError in stumble, test_logs.py:\d+$"
    ) as failure:
        stumble(3)

    assert failure.value.__suppress_context__
    assert MARKER not in logs.JsonFormatter().format(caplog.records[0])


@pytest.mark.parametrize(
    ("given", "is_used"),
    [("0f8fad5b-d9cb-469f-a165-70867728950e", True), ("short", False), ("a b\tc" * 9, False)],
)
def test_a_request_keeps_the_id_of_the_proxy_when_it_is_sane(given: str, is_used: bool) -> None:
    answers = [Client().get("/healthz", headers={"X-Request-ID": given}) for _ in range(2)]
    ids = [answer.headers["X-Request-ID"] for answer in answers]

    assert (ids == [given, given]) == is_used
    assert is_used or (ids[0] != ids[1] and len(ids[0]) == 32)


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_whole_job_leaves_lines_about_it_and_no_word_of_a_resume(
    tmp_path: Path, draft: Draft, alice: User
) -> None:
    text = f"{MARKER} Example\n\nBuilt payments in Python at {MARKER} Ltd.\n" * 20
    upload(draft, {f"{MARKER}.txt": text.encode(), "empty.pdf": MARKER.encode()})
    with serve_model(error(500, message=f"no luck with {MARKER}"), rated) as model:
        env = {
            "DEBUG": "0",
            "LOG_LEVEL": "DEBUG",
            "OPENAI_API_KEY": "key",
            "OPENAI_BASE_URL": model.url,
        }
        os.mkfifo(tmp_path / "mail")  # an e-mail that cannot be written
        with running(tmp_path, workers=1, env=env) as worker:
            job = submit.submit(draft, alice, engine="openai", model="m", mode="all")
            until(Job.objects.filter(status=JobStatus.COMPLETED).exists, "the end of the job")
            until(lambda: "not sent" in worker.output, "the e-mail's failure")
            log = worker.output

    assert MARKER not in log
    lines = [json.loads(each) for each in log.splitlines()]
    over = next(each for each in lines if each["message"].endswith("completed"))
    assert over["job"] == str(job.public_id)
    assert over["analysis"] == str(job.analysis.public_id)
    assert over["lane"] and over["task"] == "score"
