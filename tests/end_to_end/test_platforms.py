"""Each way to start it, as the platform runs it, with the platform's signals."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest
from django.contrib.auth.models import User

from candidates.models import Draft
from candidates.models.analysis import EvaluationStatus
from jobs.execution import submit
from jobs.models import Heartbeat, Job, JobStatus, Notification
from jobs.workers.processes import die_with_parent
from tests.servers.model import serve_model
from tests.servers.redis import free_port
from tests.workers import alive, environment, until, until_dead
from tests.workers_here import upload

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parent.parent.parent
PROCFILE = dict(
    line.split(": ", 1) for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
)
RAILWAY = {
    part: json.loads((ROOT / name).read_text(encoding="utf-8"))["deploy"]
    for part, name in (("web", "railway.json"), ("worker", "railway.worker.json"))
}
WEB, WORKER = PROCFILE["web"], PROCFILE["worker"]


class Started:
    """What a platform started: the process that it knows, and all that came of it."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log
        self.seen: dict[int, psutil.Process] = {}

    def look(self) -> None:
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.process.pid)
            for each in (first, *first.children(recursive=True)):
                self.seen[each.pid] = each

    def until(self, true: object, description: str) -> None:
        def holds() -> bool:
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            self.look()
            return bool(true())  # type: ignore[operator]

        until(holds, description)

    def left(self) -> list[psutil.Process]:
        return alive(self.seen.values())


@contextmanager
def platform(command: str, folder: Path, **env: str) -> Iterator[Started]:
    """Run the line as a platform does; nothing of it is left behind."""
    log = folder / "said.log"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**environment(folder), "DEBUG": "0", "PATH": path, **env},
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
    started = Started(process, log)
    try:
        yield started
    finally:
        started.look()
        process.kill()
        process.wait()
        for each in started.left():
            with suppress(psutil.NoSuchProcess):
                each.kill()


def answers(port: int, path: str = "/healthz") -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


@pytest.mark.parametrize(
    "command", [PROCFILE["release"], *RAILWAY["web"]["preDeployCommand"]], ids=["heroku", "railway"]
)
def test_the_step_before_a_release_ends_well(tmp_path: Path, command: str) -> None:
    with platform(command, tmp_path) as started:
        assert started.process.wait(60) == 0, started.log.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", sorted({WEB, RAILWAY["web"]["startCommand"]}))
def test_the_web_server_alone(tmp_path: Path, command: str) -> None:
    port = free_port()

    for kill_after in (None, 0.0):
        with platform(command, tmp_path, PORT=str(port), SITE_URL="https://a.example") as started:
            started.until(lambda: answers(port), "the first answer")  # over HTTP, by its address
            started.process.terminate()
            if kill_after is None:
                assert started.process.wait(10) == 0
            else:
                started.process.kill()
            until_dead(started.seen.values(), patience=5)

    lines = [json.loads(line) for line in started.log.read_text(encoding="utf-8").splitlines()]
    access = next(line for line in lines if line.get("path") == "/healthz")
    assert access["status_code"] == 200 and access["logger"] == "gunicorn.access"
    assert len(access["request"]) == 32


@pytest.mark.parametrize("command", sorted({WORKER, RAILWAY["worker"]["startCommand"]}))
def test_the_workers_alone(tmp_path: Path, command: str) -> None:
    port = free_port()
    env = {"PORT": str(port), "WORKER_PORT": str(port), "Q_WORKERS": "1"}

    with platform(command, tmp_path, **env) as started:
        started.until(lambda: answers(port), "a test message")
        started.process.terminate()
        assert started.process.wait(15) == 0
        until_dead(started.seen.values(), patience=5)

    assert not Heartbeat.objects.exists()


@pytest.mark.parametrize(
    ("command", "allowed"), [("./start.sh", 0.0), ("./start.sh", 10.0), (WORKER, 0.0)]
)
def test_nothing_is_lost_whatever_time_a_stop_is_given(
    tmp_path: Path, draft: Draft, alice: User, command: str, allowed: float
) -> None:
    number = 60
    upload(draft, {f"{n}.txt": b"Built payments in Python, %d times." % n for n in range(number)})
    with serve_model(latency=0.4) as model:
        env = {
            "PORT": str(free_port()),
            "OPENAI_API_KEY": "key",
            "OPENAI_BASE_URL": model.url,
            "EVALUATOR_CONCURRENCY": "4",
            "Q_WORKERS": "1",
        }
        with platform(command, tmp_path, **env) as started:
            job = submit.submit(draft, alice, engine="openai", model="m", mode="none")
            scored = job.analysis.evaluations.filter(status=EvaluationStatus.SCORED)
            started.until(lambda: scored.count() >= 4, "the first scores")
            started.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                started.process.wait(allowed)
            code = started.process.poll()
            started.process.kill()
            until_dead(started.seen.values(), patience=5)
        assert code == (0 if allowed else None)
        assert Job.objects.get().status == JobStatus.PROCESSING

        with platform(command, tmp_path, **env) as started:
            over = Job.objects.filter(status=JobStatus.COMPLETED)
            started.until(over.exists, "the end of the job")

    assert scored.count() == number
    assert Notification.objects.count() == 1


@pytest.mark.parametrize(("part", "name"), [("gunicorn", "web server"), ("worker", "workers")])
def test_when_either_of_the_two_is_gone_for_good_so_is_the_container(
    tmp_path: Path, part: str, name: str
) -> None:
    port = free_port()
    with platform("./start.sh", tmp_path, PORT=str(port), Q_WORKERS="1") as started:
        started.until(lambda: answers(port, "/readyz"), "web server and workers")
        both = psutil.Process(started.process.pid).children()
        next(each for each in both if part in each.cmdline()).kill()
        assert started.process.wait(30) == 1
        until_dead(started.seen.values(), patience=5)

    assert f"The {name} ended by itself" in started.log.read_text(encoding="utf-8")


def test_a_value_that_cannot_be_used_ends_it_with_its_sentence(tmp_path: Path) -> None:
    with platform("./start.sh", tmp_path, PORT="80a") as started:
        assert started.process.wait(30) == 1

    assert started.log.read_text(encoding="utf-8").startswith("PORT is '80a'.")
