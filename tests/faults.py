"""Real faults and how soon they are reported: `make faults`, or
`python -m tests.faults --only F1,F12`.

A supervisor with real workers, a separate PostgreSQL, a model server and a mail server over real
connections. Each fault is caused once and repaired as soon as the list of problems has it; then the
time until the list is clear again is measured. The table goes into docs/operations.md.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tests import chaos

if TYPE_CHECKING:
    from jobs.monitoring.problems import SystemProblem

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "operations.md"
HEADING = "## What the program notices"
MAX_NOTICE_SECONDS = 15.0  # in which it must be named
MAX_GONE_SECONDS = 150.0  # in which it must be gone
OF_ITSELF = "by itself"


@dataclass(frozen=True, slots=True)
class Noticed:
    fault: str
    cause: str
    name: str
    words: str
    seconds: float
    mended: str
    gone: float


class Stage(chaos.Chaos):
    """One supervisor, and one fault at a time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 1, "")
        self.job: Any = None
        self.healthy_behaviour = self.model.behaviour
        self.faults: dict[str, tuple[str, str, Callable[[], float | None], str]] = {
            "F1": ("a busy worker killed", "process-died", self.kill_busy, OF_ITSELF),
            "F2": ("all idle workers killed", "process-died", self.kill_idle, OF_ITSELF),
            "F3": ("the queue's monitor killed", "process-died", self.kill_part(1), OF_ITSELF),
            "F4": ("the queue's pusher killed", "process-died", self.kill_part(2), OF_ITSELF),
            "F5": ("the sentinel killed", "workers-replaced", self.kill_sentinel, OF_ITSELF),
            "F6": ("the supervisor killed", "no-worker", self.kill_supervisor, "started again"),
            "F6 main": ("the first process killed", "workers-replaced", self.kill_main, OF_ITSELF),
            "F10": ("the queue's pusher frozen", "wedged", self.freeze_pusher, OF_ITSELF),
            "F12": ("PostgreSQL killed and started", "database-restarted", self.crash, OF_ITSELF),
            "F28": ("429 with Retry-After: 30", "model-busy", self.limit, "answers again"),
            "F30": ("insufficient_quota", "quota-gone", self.spend, "raised, job resumed"),
            "F30 key": ("status 401", "key-refused", self.refuse, "mended, job resumed"),
            "F31": ("the model server gone", "model-down", self.unplug, "started again"),
            "F49": ("the mail server answers 451", "mail-down", self.bounce, "answers 250 again"),
        }
        self.mend: dict[str, Callable[[], None]] = {
            "F6": self.begin,
            "F28": self.answer,
            "F30": self.resume,
            "F30 key": self.resume,
            "F31": lambda: chaos.void(self.model_up.enter_context(self.again())),
            "F49": self.mail.refused.clear,
        }

    def notice(self, fault: str) -> Noticed:
        cause, name, trigger, mended = self.faults[fault]
        self.recover()
        self.begin()
        self.wait(
            lambda: not self.named(name), f"{name} to be gone before {fault}", 2 * MAX_GONE_SECONDS
        )
        started_at = trigger() or time.monotonic()
        problem = self.wait(
            lambda: self.named(name), f"{fault} to be named {name}", 4 * MAX_NOTICE_SECONDS
        )
        seconds = time.monotonic() - started_at
        self.mend.get(fault, lambda: None)()
        mended_at = time.monotonic()
        self.wait(
            lambda: not self.named(name), f"{name} to be gone after {fault}", MAX_GONE_SECONDS
        )
        gone = time.monotonic() - mended_at
        return Noticed(fault, cause, name, problem.title, seconds, mended, gone)

    def named(self, name: str) -> "SystemProblem | None":
        from jobs.monitoring import problems

        current = problems.system_problems()
        return next((problem for problem in current if problem.name == name), None)

    def wait(self, condition: Callable[[], Any], description: str, seconds: float) -> Any:
        end = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > end:
                raise TimeoutError(f"waited {seconds:.0f} s in vain for {description}")
            time.sleep(0.1)
        return value

    def begin(self) -> None:
        """Start a supervisor in good health, in place of the last one."""
        for worker in self.workers:
            worker.close()
        self.workers = [self.start(0)]
        self.workers[0].wait_until_alive()

    def work(self, size: int) -> None:
        from jobs.execution import submit

        user = chaos.chaos_user()
        self.job = submit.submit(self.draft(user, size), user, mode="none")

    # The faults. Each may return the time at which it began.

    def kill_busy(self) -> None:
        self.model.behaviour = type(self.healthy_behaviour)(latency=3.0)
        self.work(40)
        worker = self.workers[0]
        busy = self.wait(lambda: self.victims(worker, "busy worker"), "a busy worker", 30.0)
        busy[0].kill()

    def kill_idle(self) -> None:
        workers, _, _ = self.workers[0].parts()
        for each in workers:
            each.kill()

    def kill_part(self, number: int) -> Callable[[], None]:
        def kill() -> None:
            part = self.workers[0].parts()[number]
            assert isinstance(part, psutil.Process)
            part.kill()

        return kill

    def kill_sentinel(self) -> None:
        self.workers[0].sentinel.kill()

    def kill_main(self) -> None:
        self.workers[0].main.kill()

    def kill_supervisor(self) -> None:
        self.workers[0].look()
        self.workers[0].process.kill()

    def freeze_pusher(self) -> None:
        self.workers[0].parts()[2].suspend()

    def crash(self) -> float:
        began = time.monotonic()
        self.restart()
        return began

    def limit(self) -> None:
        self.model.behaviour = type(self.healthy_behaviour)(rate_limited=1.0, retry_after="30")
        self.work(40)

    def spend(self) -> None:
        from tests.servers import model

        self.model.script[:] = [model.error(429, "insufficient_quota")]
        self.work(8)

    def refuse(self) -> None:
        from tests.servers import model

        self.model.script[:] = [model.error(401, "invalid_api_key")]
        self.work(8)

    def unplug(self) -> None:
        self.model_up.close()
        self.model_up = ExitStack()
        self.work(40)

    def bounce(self) -> float:
        from jobs.models import Notification

        self.mail.refused["chaos@example.com"] = "451 try later"
        self.work(2)
        notifications = Notification.objects.filter(job=self.job)
        self.wait(notifications.exists, "the job's e-mail", 60.0)
        return time.monotonic()

    # Mending

    def again(self) -> Any:
        from tests.servers import model

        return model.serve_model(again=self.model)

    def recover(self) -> None:
        """Bring all servers into good health, and cancel open jobs."""
        from jobs.execution import submit
        from jobs.models import Job

        self.model.behaviour = self.healthy_behaviour
        self.model.script.clear()
        self.mail.refused.clear()
        if self.job is not None:
            for job in Job.objects.open():
                submit.cancel(job, chaos.chaos_user())

    def answer(self) -> None:
        self.model.behaviour = self.healthy_behaviour

    def resume(self) -> None:
        from jobs.execution import pause

        self.model.script.clear()
        pause.resume_job(self.job, chaos.chaos_user())


def table(rows: list[Noticed]) -> str:
    lines = [
        "| fault | caused by | named after | as | mended | gone after |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.fault} | {row.cause} | {row.seconds:.1f} s | {row.words} | {row.mended} "
        f"| {row.gone:.0f} s |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def write(rows: list[Noticed]) -> None:
    """Replace the table in the document; the text around it stays."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, heading, after = text.partition(f"{HEADING}\n")
    if not heading:
        raise SystemExit(f"{DOCUMENT.name} has no part '{HEADING}'.")
    words, _, rest = after.partition("| fault |")
    rest = rest.partition("\n\n")[2]
    DOCUMENT.write_text(
        f"{before}{heading}{words}{table(rows)}" + (f"\n{rest}" if rest else ""), encoding="utf-8"
    )


def run(only: str) -> tuple[list[Noticed], list[str]]:
    """Run the faults; needs a separate process, since it sets Django up on a separate database."""
    rows, failures = [], []
    with (
        tempfile.TemporaryDirectory(
            prefix="evaluator-faults-", ignore_cleanup_errors=True
        ) as place,
        chaos.database(Path(place)),
    ):
        stage = Stage(Path(place))
        try:
            for fault in only.split(",") if only else stage.faults:
                try:
                    rows.append(stage.notice(fault))
                except TimeoutError as error:
                    failures.append(f"{fault}: {error}")
                else:
                    row = rows[-1]
                    print(f"{fault}: {row.words} after {row.seconds:.1f} s, gone {row.gone:.0f} s")
                    if row.seconds > MAX_NOTICE_SECONDS:
                        after = f"{row.seconds:.1f} s, not {MAX_NOTICE_SECONDS:.0f}"
                        failures.append(f"{fault}: named after {after}")
        finally:
            stage.close()
    return rows, failures + stage.outcome.wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", help="such faults alone: F1,F12; the table stays")
    options = parser.parse_args()
    rows, wrong = run(options.only)
    print(table(rows), *wrong, sep="\n")
    if not wrong and not options.only:
        write(rows)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
