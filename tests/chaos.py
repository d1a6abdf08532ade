"""Random faults over a long time: `make chaos`, or `python -m tests.chaos --minutes 1 --seed 7`.

Two supervisors with real workers, a PostgreSQL of its own, a model server and a mail server over
real connections. Seeded faults: processes killed and frozen, connections cut, PostgreSQL killed,
model and mail down, slow and refusing; while users submit, cancel, pause, resume, retry and halt.
Then the faults end, all work has to drain, and the promises are checked against three witnesses:
triggers in the database, the log of the model server, the messages of the mail server.

The seed decides the faults and their targets; the time of each depends on the machine.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psutil
import psycopg

from evaluator.database import server

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from candidates.models import Draft
    from jobs.models import Job
    from tests.workers import Worker

SUPERVISORS = 2
WORKERS = 2  # each
CONCURRENCY = 4
MAX_STANDSTILL_SECONDS = 30.0  # with work to do and nothing written; more is late
MAX_DRAIN_SECONDS = 240.0  # for all work to end, after the end of the faults
MIN_OPEN_JOBS = 4
MARK = re.compile(r"([a-p]{16}) is the reference")
MARK_VARIABLE = (
    "EVALUATOR_CHAOS"  # in the environment of all processes that must be gone at the end
)
# Triggers that record each write, whatever the program does.
WITNESS_SQL = """
CREATE TABLE witness (what text, id bigint, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO witness (what, id) VALUES (TG_ARGV[0], NEW.id); RETURN NEW; END $$;
CREATE TRIGGER scored AFTER UPDATE ON candidates_evaluation FOR EACH ROW
WHEN (NEW.status = 'scored' AND OLD.status <> 'scored') EXECUTE FUNCTION witness('scored');
CREATE TRIGGER overwritten AFTER UPDATE ON candidates_evaluation FOR EACH ROW
WHEN (OLD.status = 'scored' AND (NEW.status <> 'scored' OR NEW.score <> OLD.score
      OR NEW.ratings <> OLD.ratings OR NEW.scored_at <> OLD.scored_at))
EXECUTE FUNCTION witness('overwritten');
CREATE TRIGGER ended AFTER UPDATE ON jobs_job FOR EACH ROW
WHEN (OLD.status IN ('completed', 'failed', 'cancelled') AND NEW.status <> OLD.status)
EXECUTE FUNCTION witness('ended again');
"""


@dataclass
class Outcome:
    """The faults and their results; `wrong` has each violation of a promise."""

    done: Counter[str] = field(default_factory=Counter)
    jobs: Counter[str] = field(default_factory=Counter)
    evaluations: int = 0
    restarts: int = 0
    answered: int = 0
    again: int = 0
    unknown: int = 0
    mails: int = 0
    mails_again: int = 0
    lost: int = 0
    doubled: int = 0
    late: int = 0
    longest: float = 0.0
    drained: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return sum(count for deed, count in self.done.items() if deed.startswith("kill "))


@contextmanager
def database(folder: Path) -> Iterator[None]:
    """A separate PostgreSQL, which workers find in DATABASE_URL as in production."""
    place = folder / "postgres"
    server.ensure_running(place)
    host = quote(str(server.socket_folder(place)), safe="")
    os.environ |= {
        "DATABASE_URL": f"postgres://postgres@{host}/{server.DATABASE_NAME}",
        "DJANGO_SETTINGS_MODULE": "evaluator.settings",
        "DEBUG": "1",
        "SECRET_KEY": "chaos",
        "EVALUATOR_VAR": str(folder),
        "EVALUATOR_ENGINE": "openai",
        "OPENAI_API_KEY": "key",
        "LOG_LEVEL": "ERROR",
    }
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, connections

    settings.DEBUG = False
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(WITNESS_SQL)
    try:
        yield
    finally:
        connections.close_all()
        with suppress(server.CannotStart):
            server._run(place, ["pg_ctl", "-D", str(place / "data"), "-w", "-m", "fast", "stop"])


class Chaos:
    """The servers and workers, the faults, and the counts."""

    def __init__(self, folder: Path, seed: int, only: str) -> None:
        from tests.servers import mail, model

        self.folder = folder
        self.chance = random.Random(seed)
        self.outcome = Outcome()
        self.stack = ExitStack()
        self.model_up, self.mail_up = ExitStack(), ExitStack()
        self.model = self.model_up.enter_context(model.serve_model(latency=0.3, jitter=0.2))
        self.mail = self.mail_up.enter_context(mail.serve_mail())
        self.workers: list[Worker] = []
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.marks: dict[str, int] = {}  # candidate ids by the mark in their résumé
        self.moved = time.monotonic()
        self.seen = -1
        self.deeds: dict[str, tuple[int, Callable[[], str]]] = {
            "kill": (9, self.kill),
            "stop": (1, self.stop),
            "freeze": (2, self.freeze),
            "cut": (2, self.cut),
            "restart": (1, self.restart),
            "model": (3, self.spoil_model),
            "mail": (2, self.spoil_mail),
            "people": (4, self.people),
        }
        if only:
            self.deeds = {name: self.deeds[name] for name in only.split(",")}

    # The stage

    def run(self, seconds: float) -> Outcome:
        try:
            for number in range(SUPERVISORS):
                self.workers.append(self.start(number))
            for worker in self.workers:
                worker.wait_until_alive()
            for _ in range(MIN_OPEN_JOBS):
                self.db(self.submit)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self.strike()
                self.live(self.chance.uniform(0.3, 3.0))
            self.end_faults()
            self.drain()
            self.count()
        finally:
            self.close()
        return self.outcome

    def start(self, number: int) -> "Worker":
        from tests import workers

        return workers.start(
            self.folder / f"host {number}",
            WORKERS,
            env={
                "EMAIL_PROVIDER": "smtp",
                "EMAIL_HOST": "127.0.0.1",
                "EMAIL_PORT": str(self.mail.port),
                "EVALUATOR_CONCURRENCY": str(CONCURRENCY),
                "OPENAI_BASE_URL": self.model.url,
                "LOG_LEVEL": "INFO",
                MARK_VARIABLE: str(os.getpid()),
            },
        )

    def strike(self) -> None:
        names = list(self.deeds)
        (name,) = self.chance.choices(names, [self.deeds[deed_name][0] for deed_name in names])
        with suppress(psutil.NoSuchProcess, StopIteration, ValueError):  # it is being replaced
            if deed := self.deeds[name][1]():
                self.outcome.done[deed] += 1

    def live(self, seconds: float) -> None:
        """Wait, with deferred actions, restarts of supervisors and checks of progress."""
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            due = [each for each in self.later if each[0] <= now]
            self.later = [each for each in self.later if each[0] > now]
            for _, act in due:
                act()
            for number, worker in enumerate(self.workers):
                worker.look()
                if worker.process.poll() is not None:
                    self.outcome.done[f"supervisor ended with {worker.process.returncode}"] += 1
                    worker.close()
                    self.workers[number] = self.start(number)
            self.db(self.look)
            if now >= end:
                return
            time.sleep(0.2)

    def look(self) -> None:
        """Check that work goes on where there is work to do and no halt."""
        from candidates.models import Evaluation
        from jobs.models import Halt, Job

        written = Evaluation.objects.exclude(scored_at=None).count()
        due = Evaluation.objects.of_read_files().filter(analysis__jobs__in=Job.objects.active())
        to_do = due.due().exists() or due.filter(status="scoring").exists()
        now = time.monotonic()
        if written != self.seen or Halt.objects.exists() or not to_do or self.model_is_ill:
            self.seen, self.moved = written, now
            return
        self.outcome.longest = max(self.outcome.longest, now - self.moved)
        if now - self.moved > MAX_STANDSTILL_SECONDS:
            self.outcome.late += 1
            self.moved = now

    model_is_ill = False

    def db[Value](self, act: Callable[[], Value]) -> Value:
        """Query, with retries on a new connection: faults cut these connections too."""
        from django.db import InterfaceError, OperationalError, connection

        until = time.monotonic() + 30
        while True:
            try:
                return act()
            except (OperationalError, InterfaceError):
                connection.close()
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def put_off(self, seconds: float, act: Callable[[], None]) -> None:
        self.later.append((time.monotonic() + seconds, act))

    # Processes

    def kill(self) -> str:
        worker = self.chance.choice(self.workers)
        kinds = ("busy worker", "busy worker", "any part", "any part", "sentinel", "main")
        kind = self.chance.choice((*kinds, "supervisor"))
        victims = self.victims(worker, kind)
        if not victims:
            return ""
        worker.look()
        self.chance.choice(victims).kill()
        return f"kill {kind}"

    def victims(self, worker: "Worker", kind: str) -> list[psutil.Process]:
        if kind == "supervisor":
            return [psutil.Process(worker.pid)]
        if kind == "main":
            return [worker.main]
        if kind == "sentinel":
            return [worker.sentinel]
        parts = sorted(worker.sentinel.children(), key=lambda each: each.pid)
        if kind == "any part":  # workers, monitor, pusher, those that replaced them
            return parts
        busy = self.db(busy_pids)
        return [each for each in parts if each.pid in busy]

    def stop(self) -> str:
        self.chance.choice(self.workers).process.terminate()
        return "stop supervisor"  # `live` starts it again, as a platform does

    def freeze(self) -> str:
        worker = self.chance.choice(self.workers)
        whole = self.chance.random() < 0.4
        seconds = self.chance.choice((2.0, 8.0, 20.0))
        busy = self.victims(worker, "busy worker")
        tree = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
        frozen = tree if whole else busy[:1]
        for process in frozen:
            process.suspend()

        def thaw() -> None:
            for process in frozen:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

        self.put_off(seconds, thaw)
        target = "a whole host" if whole else "a busy worker"
        return f"freeze {target} for {seconds:.0f} s" if frozen else ""

    # PostgreSQL

    def cut(self) -> str:
        for _ in range(self.chance.choice((1, 3))):
            with suppress(psycopg.OperationalError):
                cut_connections(self.folder / "postgres")
            self.live(0.5)
        return "cut all connections"

    def restart(self) -> str:
        from django.db import connection

        connection.close()
        place = self.folder / "postgres"
        with suppress(server.CannotStart):  # looked at below: it has to answer
            server._run(place, [
                "pg_ctl", "-D", str(place / "data"), "-w", "-t", "60", "-m", "immediate",
                "-l", str(place / "data" / "server.log"), "restart",
            ])  # fmt: skip
        self.db(busy_pids)
        return "kill PostgreSQL"

    # Other servers

    def spoil_model(self) -> str:
        from tests.servers import model

        if self.model_is_ill:
            return ""
        self.model_is_ill = True
        mood = self.chance.choice(("down", "failing", "limited", "dropping", "slow", "broken"))
        seconds = self.chance.choice((3.0, 8.0, 25.0))
        healthy = self.model.behaviour
        if mood == "down":
            self.model_up.close()
            self.model_up = ExitStack()
            restarted = model.serve_model(again=self.model)
            self.put_off(seconds, lambda: void(self.model_up.enter_context(restarted)))
        else:
            shares: dict[str, dict[str, Any]] = {
                "failing": {"failing": 0.5},
                "broken": {"failing": 1.0},
                "limited": {"rate_limited": 0.6, "retry_after": "1"},
                "dropping": {"dropped": 0.4, "garbled": 0.1},
                "slow": {"slow": 0.5, "slow_seconds": 6.0},
            }
            self.model.behaviour = type(healthy)(latency=0.3, jitter=0.2, **shares[mood])

            def mend() -> None:
                self.model.behaviour = healthy

            self.put_off(seconds, mend)

        def recovered() -> None:
            self.model_is_ill = False
            self.moved = time.monotonic()

        self.put_off(seconds + 10.0, recovered)  # those put off come back a little later
        return f"model {mood} for {seconds:.0f} s"

    def spoil_mail(self) -> str:
        from tests.servers import mail

        mood = self.chance.choice(("down", "slow", "refusing"))
        if mood == "down":
            self.mail_up.close()
            self.mail_up = ExitStack()
            restarted = mail.serve_mail(again=self.mail)
            self.live(self.chance.uniform(1.0, 4.0))
            self.mail_up.enter_context(restarted)
        elif mood == "slow":
            self.mail.seconds = 3.0
            self.put_off(8.0, lambda: setattr(self.mail, "seconds", 0.0))
        else:
            self.mail.refused["chaos@example.com"] = "451 try later"
            self.put_off(5.0, self.mail.refused.clear)
        return f"mail {mood}"

    # People

    def people(self) -> str:
        from jobs.execution import pause, submit
        from jobs.models import Job

        user = self.db(chaos_user)
        jobs = self.db(lambda: list(Job.objects.select_related("analysis__draft").order_by("pk")))
        still_open = [job for job in jobs if job.is_open]
        if len(still_open) < MIN_OPEN_JOBS:
            self.db(self.submit)
            return "submit"
        deed = self.chance.choice(("cancel", "pause", "resume", "retry", "halt", "submit again"))
        job = self.chance.choice(still_open)
        if deed == "cancel":
            self.db(lambda: submit.cancel(job, user))
        elif deed == "pause":
            self.db(lambda: pause.pause_job(job, user))
            self.put_off(4.0, lambda: void(self.db(lambda: pause.resume_job(job, user))))
        elif deed == "resume":
            self.db(lambda: [pause.resume_job(each, user) for each in still_open])
        elif deed == "retry":
            job = self.chance.choice(jobs)
            with suppress(submit.CannotRun):
                self.db(lambda: submit.retry(job, user))
        elif deed == "halt":
            self.db(lambda: pause.halt_queue(user, "chaos"))
            self.put_off(2.0, lambda: void(self.db(lambda: pause.lift_halt(user))))
        else:
            self.db(lambda: submit.submit(job.analysis.draft, user, mode="none"))
        return deed

    def submit(self) -> "Job":
        """Submit a new draft with résumés, in half of the cases not read yet."""
        from jobs.execution import submit

        user = chaos_user()
        mode, repeats = self.chance.choice(("none", "top", "all")), self.chance.random() < 0.3
        draft = self.draft(user, self.chance.randrange(8, 60))
        return submit.submit(draft, user, mode=mode, top_n=3, repeats=repeats)

    def draft(self, user: "User", size: int) -> "Draft":
        from django.db import transaction

        from candidates import intake
        from candidates.models import Criterion, Draft
        from jobs.execution import submit
        from tests.makers import rows

        with transaction.atomic():
            draft = Draft.objects.create(
                owner=user, title="Backend engineer", description="We build payments in Python."
            )
            draft.refresh_from_db()
            Criterion.objects.create(draft=draft, position=0, name="Python", looks_for="services")
            texts = {"".join(self.chance.choices("abcdefghijklmnop", k=16)): n for n in range(size)}
            are_read = self.chance.random() < 0.5
            incoming = []
            for mark, number in texts.items():
                text = f"Ada Example\n\nBuilt payment services in Python.\n{mark} is the reference."
                if are_read:
                    rows.candidate(draft, number, text=text)
                else:
                    data = text.encode()
                    incoming.append(
                        intake.Incoming(f"{mark}.txt", len(data), lambda data=data: data)  # type: ignore[misc]
                    )
            if incoming:
                intake.accept(draft, user, incoming)
                submit.wake_readers(draft.pk)
        return draft

    # The end

    def end_faults(self) -> None:
        for _, act in sorted(self.later, key=lambda each: each[0]):
            act()
        self.later = []
        self.model_is_ill = False
        self.mail.seconds = 0.0
        self.mail.refused.clear()
        self.moved = time.monotonic()

    def drain(self) -> None:
        """Wait until all work has ended, without faults; retry what failed."""
        from candidates.models import Call
        from jobs.execution import pause
        from jobs.models import Job, Lane, Notification, OutgoingStatus

        user = self.db(chaos_user)
        self.db(lambda: pause.lift_halt(user))
        started_at = time.monotonic()

        def is_over() -> bool:
            open_mail = Notification.objects.filter(
                status__in=[OutgoingStatus.WAITING, OutgoingStatus.SENDING]
            )
            open_mail.filter(status=OutgoingStatus.WAITING).make_due()
            if Job.objects.open().exists():
                for job in Job.objects.open():  # with the pauses between tries taken away
                    pause.resume_job(job, user)
                    job.analysis.evaluations.make_due()
                    job.analysis.followups.make_due()
                return False
            if Lane.objects.exists() or open_mail.exists() or Call.objects.all().open().exists():
                return False
            return not self.retry_failed(user)

        while not self.db(is_over):
            if time.monotonic() - started_at > MAX_DRAIN_SECONDS:
                still_open = self.db(what_is_open)
                self.wrong(f"not everything ended within {MAX_DRAIN_SECONDS:.0f} s: {still_open}")
                break
            self.live(1.0)
        self.outcome.drained = time.monotonic() - started_at

    def retry_failed(self, user: "User") -> bool:
        """Retry failed evaluations; return whether there were any."""
        from candidates.models import Evaluation
        from jobs.execution import submit
        from jobs.models import Job, JobStatus

        failed = Evaluation.objects.filter(status="failed")
        failed = failed.exclude(analysis__jobs__status=JobStatus.CANCELLED)
        jobs = Job.objects.filter(analysis__evaluations__in=failed).distinct()
        for job in {job.analysis_id: job for job in jobs.order_by("pk")}.values():
            codes = job.analysis.evaluations.filter(status="failed").values_list("error_code")
            for (code,) in codes:
                self.outcome.done[f"retried: {code}"] += 1
            submit.retry(job, user)
        return bool(jobs)

    def wrong(self, message: str) -> None:
        self.outcome.wrong.append(message)

    def close(self) -> None:
        tree = [psutil.Process(each.pid) for each in self.workers if each.process.poll() is None]
        seen = [each for root in tree for each in (root, *root.children(recursive=True))]
        for worker in self.workers:
            worker.process.send_signal(signal.SIGTERM)
        for worker in self.workers:
            with suppress(subprocess.TimeoutExpired):
                worker.process.wait(20)
        _, left = psutil.wait_procs(seen, timeout=5)
        left += [each for each in psutil.process_iter() if each not in left and is_ours(each)]
        if left:
            self.wrong(f"processes were left over: {left}")
        for each in left:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        for worker in self.workers:
            worker.close()
        self.model_up.close()
        self.mail_up.close()

    # The witnesses

    def count(self) -> None:
        from tests import counting

        counting.count(self)


def void(value: object) -> None:
    """Discard a return value."""


def busy_pids() -> set[int]:
    from jobs.models import Lane

    return {pid for pid in Lane.objects.running().values_list("pid", flat=True) if pid}


def chaos_user() -> "User":
    from django.contrib.auth.models import User

    return User.objects.get_or_create(username="chaos", email="chaos@example.com")[0]


def what_is_open() -> str:
    from candidates.models import Call, Evaluation
    from jobs.models import Job, Lane, Notification

    counts = {
        "jobs": Counter(Job.objects.values_list("status", flat=True)),
        "lanes": Lane.objects.count(),
        "evaluations": Counter(Evaluation.objects.values_list("status", flat=True)),
        "mails": Counter(Notification.objects.values_list("status", flat=True)),
        "calls": Counter(Call.objects.values_list("status", flat=True)),
    }
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def cut_connections(place: Path) -> None:
    with psycopg.connect(
        host=str(server.socket_folder(place)), user="postgres", dbname="postgres", autocommit=True
    ) as elsewhere:
        elsewhere.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [server.DATABASE_NAME],
        )


def is_ours(process: psutil.Process) -> bool:
    """Whether the process belongs to a worker of this run."""
    with suppress(psutil.Error, OSError):
        if process.status() != psutil.STATUS_ZOMBIE:
            mark: str | None = process.environ().get(MARK_VARIABLE)
            return mark == str(os.getpid())
    return False


def run(seconds: float, seed: int, only: str = "") -> Outcome:
    """Run the test; needs a separate process, since it sets Django up on a separate database."""
    with (
        tempfile.TemporaryDirectory(prefix="evaluator-chaos-", ignore_cleanup_errors=True) as place,
        database(Path(place)),
    ):
        return Chaos(Path(place), seed, only).run(seconds)


def report(outcome: Outcome) -> Iterator[str]:
    yield f"{outcome.kills} kills, and what else was done:"
    for line, count in sorted(outcome.done.items()):
        yield f"{count:8} {line}"
    jobs = ", ".join(f"{count} {status}" for status, count in sorted(outcome.jobs.items()))
    yield f"{sum(outcome.jobs.values())} jobs ({jobs}), {outcome.evaluations} evaluations"
    yield (
        f"{outcome.answered} answers paid for, {outcome.again} of them once more than needed; "
        f"{outcome.unknown} calls of unknown outcome in the ledger"
    )
    yield f"{outcome.mails} e-mails, {outcome.mails_again} of them repeated under the same id"
    yield f"{outcome.restarts} restarts of a cluster by its supervisor"
    yield f"longest standstill {outcome.longest:.1f} s; drained in {outcome.drained:.0f} s"
    yield f"lost {outcome.lost}, doubled {outcome.doubled}, late {outcome.late}"
    for line in outcome.wrong:
        yield f"WRONG {line}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="such faults alone, by name: kill,restart")
    options = parser.parse_args()
    outcome = run(60 * options.minutes, options.seed, options.only)
    print("\n".join(report(outcome)))
    return 1 if outcome.lost or outcome.doubled or outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
