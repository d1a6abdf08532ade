"""Real workers, and things that really break: docs/reliability.md has the list."""

import html
import os
import pwd
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Timer
from typing import Any

import psutil
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core import signing
from django.core.files.base import ContentFile
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.tasks import async_task

from candidates.models import Call, Candidate, Draft, Evaluation
from candidates.models.analysis import EvaluationStatus
from candidates.models.call import CallStatus
from candidates.scoring.retry import doubling
from evaluator.models import StoredFile
from jobs import queue
from jobs.execution import submit
from jobs.models import Heartbeat, Job, JobStatus, Lane, Notification, OutgoingStatus
from jobs.queue.broker import own_key
from jobs.workers.processes import MANAGE
from jobs.workers.sweep import sweep
from tests import workers_here
from tests.makers import rows
from tests.retries import shorten_retries_within_calls
from tests.servers import mail
from tests.servers.model import ModelServer, Reply, Request, error, rated, serve_model
from tests.workers import cut_connections, running, until
from tests.workers_here import work_off

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(240),
]

SERVER_USER = pwd.getpwnam("nobody")  # whom PostgreSQL runs as
TEXT = "Built Python services, for the {}th time."


def engine(model: ModelServer, concurrency: int = 4) -> dict[str, str]:
    """The environment of workers that ask this model."""
    return {
        "EVALUATOR_ENGINE": "openai",
        "EVALUATOR_CONCURRENCY": str(concurrency),
        "OPENAI_API_KEY": "key",
        "OPENAI_BASE_URL": model.url,
    }


def over(job: Job) -> bool:
    return not Job.objects.get(pk=job.pk).is_open


def check_whole(job: Job, number: int) -> None:
    """Everybody has one score and one place; the job ended once, with one e-mail."""
    job.refresh_from_db()
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    assert job.analysis.tally()[EvaluationStatus.SCORED] == number
    places = job.analysis.evaluations.order_by("rank").values_list("rank", flat=True)
    assert list(places) == list(range(1, number + 1))
    assert Notification.objects.filter(job=job).count() == 1


def check_ledger(job: Job, model: ModelServer) -> None:
    """What the server says it answered is in the ledger: as answered, or as nobody knows."""
    answered = sum(request.prompt_tokens > 0 for request in model.log)
    usage = job.analysis.calls.usage()
    assert usage["calls"] <= answered <= usage["calls"] + usage["unknown"]
    assert not job.analysis.calls.open().exists()


def test_a_host_that_slept_past_its_leases_overwrites_nothing_when_it_wakes_up(
    alice: User, draft: Draft, tmp_path: Path
) -> None:
    woken = Event()

    def late_at_first(request: Request) -> Reply:
        if request["_nonce"] <= 4:
            woken.wait(60)
            return rated(request, rating=0)
        return rated(request, rating=3)

    for number in range(4):
        rows.candidate(draft, number, text=TEXT.format(number))
    with serve_model(late_at_first) as model, ExitStack() as hosts:
        first = hosts.enter_context(running(tmp_path / "1", 1, beat=8.0, env=engine(model)))
        job = submit.submit(draft, alice, engine="openai", mode="none")
        until(lambda: model.in_flight == 4, "four calls in flight")
        supervisor = psutil.Process(first.pid)
        processes = supervisor.children(recursive=True)
        for each in (supervisor, *processes):
            each.suspend()
        Lane.objects.update(due_at=Now())  # its leases are over
        Evaluation.objects.update(due_at=Now())
        hosts.enter_context(running(tmp_path / "2", 1, env=engine(model)))
        until(lambda: over(job), "another does its work")
        before = list(Evaluation.objects.order_by("pk").values())
        woken.set()
        until(lambda: model.in_flight == 0, "the late answers are sent")
        for each in processes:
            each.resume()
        again = Heartbeat.objects.create(host="sings when it is idle again", pid=1, workers=0)
        async_task("jobs.tasks.canary", again.pk, cluster=own_key(first.heartbeat.pk))
        until(lambda: Heartbeat.objects.get(pk=again.pk).canary_at, "it is through with them")
        supervisor.resume()

    assert list(Evaluation.objects.order_by("pk").values()) == before
    assert {rating["rating"] for row in before for rating in row["ratings"]} == {3.0}
    check_whole(job, 4)
    check_ledger(job, model)
    # The double calls have a line each: paid for, and nobody saw the answers.
    assert len(model.requests) == 8
    assert job.analysis.calls.filter(status=CallStatus.UNKNOWN).count() == 4


def test_connections_cut_again_and_again_lose_and_double_nothing(
    alice: User, draft: Draft, tmp_path: Path
) -> None:
    for number in range(60):
        rows.candidate(draft, number, text=TEXT.format(number))
    with serve_model(latency=0.3) as model, running(tmp_path, env=engine(model)) as worker:
        job = submit.submit(draft, alice, engine="openai", mode="none")
        for share in (0.1, 0.3, 0.5, 0.7):
            until(lambda share=share: scored(job) >= 60 * share, "some are scored")  # type: ignore[misc]
            cut_connections()
        until(lambda: over(job), "the end")
        assert worker.heartbeat.restarts == 0

    check_whole(job, 60)
    check_ledger(job, model)
    # Four times at most what two workers have in flight, or have claimed and not yet written.
    assert len(model.requests) <= 60 + 4 * 2 * 6


def test_a_lane_whose_connection_is_cut_is_free_at_once(
    alice: User, draft: Draft, model: ModelServer, impatient: None
) -> None:
    """And not only when its lease runs out, as for a worker that is gone."""

    def cuts(request: Request) -> Reply:
        cut_connections()
        return rated(request)

    model.script = [cuts, rated]
    rows.candidate(draft)
    job = submit.submit(draft, alice, engine="openai", mode="none")
    with pytest.raises(OperationalError):
        workers_here.score(Lane.objects.get().pk)

    assert Lane.objects.all().lost().count() == 1
    sweep()
    work_off()
    check_whole(job, 1)
    check_ledger(job, model)


def scored(job: Job) -> int:
    return job.analysis.tally()[EvaluationStatus.SCORED]


@pytest.fixture
def short(impatient: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lanes in this process with short slices and pauses."""
    settings.LANE_SLICE = 1
    settings.EVALUATOR_CONCURRENCY = 2
    workers_here.shorten_retries(monkeypatch, *doubling(0.02, 300.0))
    shorten_retries_within_calls(monkeypatch, 0.01, 0.02)


@pytest.mark.usefixtures("short")
def test_a_model_that_answers_nobody_for_many_slices_fails_nobody(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    def broken_for_a_while(request: Request) -> Reply:
        return error(500) if 4 < request["_nonce"] <= 100 else rated(request)

    model.script = [broken_for_a_while]
    for number in range(12):
        rows.candidate(draft, number, text=TEXT.format(number))
    job = submit.submit(draft, alice, engine="openai", mode="none")

    work_off()

    check_whole(job, 12)
    check_ledger(job, model)


@pytest.mark.usefixtures("short")
def test_a_model_that_cannot_be_reached_is_waited_for(
    alice: User, draft: Draft, settings: LazySettings
) -> None:
    with serve_model() as model:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "key", model.url
    for number in range(12):
        rows.candidate(draft, number, text=TEXT.format(number))
    job = submit.submit(draft, alice, engine="openai", mode="none")
    lane = Lane.objects.get()
    back = ExitStack()
    timer = Timer(1.5, lambda: back.enter_context(serve_model(again=model)))
    timer.start()
    try:
        work_off()
    finally:
        timer.join()
        back.close()

    assert not Lane.objects.filter(pk=lane.pk).exists()
    assert Call.objects.filter(status=CallStatus.FAILED).exists()
    check_whole(job, 12)
    check_ledger(job, model)


def test_a_mail_server_that_is_down_then_slow_then_refuses_gets_each_e_mail_once(
    alice: User, eve: User, sam: User, tmp_path: Path
) -> None:
    people = [alice, eve, sam]
    with ExitStack() as both:
        model = both.enter_context(serve_model())
        with mail.serve_mail() as box:
            pass
        place = {"EMAIL_PROVIDER": "smtp", "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(box.port)}
        both.enter_context(running(tmp_path, env=engine(model) | place))
        jobs = []
        for user in people:
            draft = Draft.objects.create(owner=user, title="Role", description="Python services")
            rows.candidate(draft, text=TEXT.format(user.pk))
            jobs.append(submit.submit(draft, user, engine="openai", mode="none"))
        until(lambda: all(map(over, jobs)), "the jobs, whatever becomes of their e-mails")
        waiting = Notification.objects.filter(status=OutgoingStatus.WAITING)
        until(lambda: waiting.exclude(error_code="").count() == 3, "three tries in vain")

        box.seconds = 1.0
        box.refused["eve@example.com"] = "451 not now"
        with mail.serve_mail(again=box):
            again(waiting)
            until(
                lambda: Notification.objects.filter(status=OutgoingStatus.SENT).count() == 2, "two"
            )
            until(lambda: waiting.filter(error_params__status=451).exists(), "a refusal")
            box.refused.clear()
            again(waiting)
            until(
                lambda: Notification.objects.filter(status=OutgoingStatus.SENT).count() == 3, "all"
            )

    assert sorted(str(message["To"]) for message in box.messages) == sorted(
        user.email for user in people
    )


def again(waiting: Any) -> None:
    """Try them now; the pauses between tries are tested elsewhere."""
    until(lambda: not Notification.objects.filter(status=OutgoingStatus.SENDING).exists())
    waiting.make_due()
    sweep()


@pytest.fixture
def small_disk(transactional_db: None) -> Iterator[Path]:
    """Stored files on a disk of their own, of 8 MB."""
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("only root may mount a disk")
    folder = Path(tempfile.mkdtemp(prefix="evaluator-small-"))
    options = f"size=8m,mode=0700,uid={SERVER_USER.pw_uid}"
    mounted = subprocess.run(
        [
            "mount",
            "-t",
            "tmpfs",
            "-o",
            options,
            "none",
            folder,
        ],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"a disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    table = StoredFile._meta.db_table
    name = folder.name.replace("-", "_")
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table}")  # what was deleted takes room as well
            cursor.execute(f"CREATE TABLESPACE {name} LOCATION '{folder}'")
            cursor.execute(f"ALTER TABLE {table} SET TABLESPACE {name}")
        yield folder
    finally:
        with connection.cursor() as cursor:
            # First, for even an empty table finds no room there.
            cursor.execute(f"ALTER TABLE {table} SET TABLESPACE pg_default")
            cursor.execute("CHECKPOINT")  # removed files are kept until then
            cursor.execute(f"DROP TABLESPACE {name}")
        # A backend may hold a removed file open for a while.
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


@pytest.mark.parametrize("scripted", [True, False], ids=["from the script", "from the form"])
def test_a_full_disk_refuses_the_upload_whole_and_says_so(
    small_disk: Path, as_alice: Client, draft: Draft, *, scripted: bool
) -> None:
    def upload(number: int, size: int) -> Any:
        noise = random.Random(number).randbytes(size)
        files = [ContentFile(noise[at::2], f"cv {number} {at}.pdf") for at in range(2)]
        return as_alice.post(
            reverse("jobs:upload", args=[draft.public_id]),
            {"files": files},
            headers={"accept": "application/json"} if scripted else {},
        )

    taken = 0
    while (answer := upload(taken, 1_500_000)).status_code in (200, 302):
        taken += 1
        assert taken < 10

    assert answer.status_code == 507
    message = answer.json()["error"] if scripted else html.unescape(answer.text)
    assert "There is no room left on the server, so nothing of this upload was kept." in message
    assert Candidate.objects.count() == StoredFile.objects.count() == 2 * taken > 0
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    assert upload(99, 20_000).status_code in (200, 302)


SHIFTED = """
import datetime, os, time
by = float(os.environ["SHIFTED_BY"])
now = time.time
time.time = lambda: now() + by
class Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)
    @classmethod
    def utcnow(cls):
        return cls.fromtimestamp(time.time(), datetime.timezone.utc).replace(tzinfo=None)
datetime.datetime = Shifted
"""


def test_hosts_whose_clocks_are_two_hours_apart_share_a_job(
    alice: User, draft: Draft, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SHIFTED)
    for number in range(48):
        rows.candidate(draft, number, text=TEXT.format(number))
    with serve_model(latency=1.0) as model, ExitStack() as hosts:
        for hours in (-1, 1):
            shifted = {"PYTHONPATH": str(tmp_path), "SHIFTED_BY": str(3600 * hours)}
            hosts.enter_context(
                running(tmp_path / str(hours), 1, env=engine(model) | shifted, beat=2.0)
            )
        assert Heartbeat.objects.workers() == 2
        job = submit.submit(draft, alice, engine="openai", mode="none")
        until(lambda: len(set(lanes_at(job))) == 2, "both at it")
        until(lambda: over(job), "the end")
        assert Heartbeat.objects.workers() == 2
        assert set(Heartbeat.objects.values_list("restarts", flat=True)) == {0}

    check_whole(job, 48)
    assert set(job.analysis.evaluations.values_list("attempts", flat=True)) == {1}
    assert len(model.requests) == 48
    assert job.created_at <= job.started_at <= job.completed_at  # type: ignore[operator]


def lanes_at(job: Job) -> list[int | None]:
    return list(Lane.objects.running().filter(job=job).values_list("worker", flat=True))


def test_what_another_version_or_another_key_left_in_the_queue_does_no_harm(
    alice: User, draft: Draft, tmp_path: Path
) -> None:
    """Old and new workers at once, as during a deploy."""
    rows.candidate(draft, text=TEXT.format(1))
    reading = Lane.objects.create(draft=draft)  # as old workers knew no other kind
    with serve_model() as model:
        foreign = signing.dumps({"func": "os.abort"}, key="another key", salt=Conf.PREFIX)
        OrmQ.objects.create(key=Conf.PREFIX, payload=foreign, lock=Now())
        OrmQ.objects.create(key=Conf.PREFIX, payload="no message at all", lock=Now())
        async_task("jobs.tasks.renamed_since", 1)
        async_task("jobs.tasks.score")  # which takes an id now
        async_task("jobs.tasks.score", 987_654)
        async_task("jobs.tasks.score", reading.pk)  # which is to be read
        with running(tmp_path, env=engine(model)) as worker:
            before = {worker.sentinel.pid, *(each.pid for each in worker.sentinel.children())}
            job = submit.submit(draft, alice, engine="openai", mode="none")
            until(lambda: over(job), "the job behind them")
            until(lambda: queue.is_empty() and not Lane.objects.exists(), "the rest")
            worker.wait_for_messages(1)

            assert worker.heartbeat.restarts == 0
            after = {worker.sentinel.pid, *(each.pid for each in worker.sentinel.children())}
            assert before == after

    check_whole(job, 1)


def test_killing_postgresql_in_the_middle_loses_and_doubles_nothing() -> None:
    """On a server of its own, by what `make chaos` is made of."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--minutes=0.1", "--seed=1", "--only=restart"],
        cwd=MANAGE.parent,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "kill PostgreSQL" in done.stdout
    assert "lost 0, doubled 0, " in done.stdout  # how late it was is for `make chaos` to say
