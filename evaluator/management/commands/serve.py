"""Web server and workers together, for one container. Either one's end ends the other."""

import signal
import subprocess
import sys
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from jobs.management.commands.worker import DATABASE_SECONDS
from jobs.workers import processes
from jobs.workers.watchdog import await_database

MIGRATION_LOCK = (
    0x5EEA  # of PostgreSQL's advisory locks: containers that start together migrate in turn
)
GRACE_SECONDS = 25.0  # for both; each allows itself 20
TICK_SECONDS = 0.25
# As a module, so that it is the one of this environment, whatever PATH says.
WEB_SERVER = [sys.executable, "-m", "gunicorn", "evaluator.wsgi"]


class Command(BaseCommand):
    help = "Migrate, then run the web server and the workers until SIGTERM or Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        self.signals = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._count_signal)
        if not await_database(DATABASE_SECONDS):
            raise CommandError(
                f"The database did not answer within {DATABASE_SECONDS:.0f} seconds. See that it "
                "runs and can be reached from here, and that DATABASE_URL is right."
            )
        _migrate()
        started: dict[str, subprocess.Popen[bytes]] = {}
        try:
            if not self.signals:
                started["workers"] = processes.start_worker(settings.Q_WORKERS)
                started["web server"] = processes.start_process(WEB_SERVER)
            ended = self._wait(started)
        finally:
            self._stop(list(started.values()))
        if ended:
            code = started[ended].returncode
            raise CommandError(
                f"The {ended} ended by itself with code {code}; it says why above.",
                returncode=code if code and code > 0 else 1,
            )

    def _count_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1

    def _wait(self, started: "dict[str, subprocess.Popen[bytes]]") -> str:
        """Until a signal comes, or one of them ends by itself: its name."""
        while not self.signals:
            for name, process in started.items():
                if process.poll() is not None:
                    return name
            processes.reap_adopted(*(process.pid for process in started.values()))
            time.sleep(TICK_SECONDS)
        return ""

    def _stop(self, started: "list[subprocess.Popen[bytes]]") -> None:
        """SIGTERM to both; SIGKILL to what is left by the deadline, or at a second signal."""
        for process in started:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        while any(process.poll() is None for process in started):
            if self.signals > 1 or time.monotonic() > deadline:
                break
            time.sleep(TICK_SECONDS / 5)
        for process in started:
            processes.kill_group(process)


def _migrate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0; SET statement_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
    try:
        call_command("migrate", interactive=False, verbosity=1)
    finally:
        connection.close()  # frees the lock, also where a migration failed
