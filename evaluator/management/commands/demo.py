"""The whole main job on the sample résumés: no key, no services, nothing to install by hand."""

import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from types import FrameType
from typing import Any
from urllib.request import urlopen

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import BaseCommand, CommandError
from rich.console import Console

from candidates.models import Draft
from jobs.execution import samples, submit
from jobs.management import terminal
from jobs.models import Heartbeat, Job, OutgoingStatus
from jobs.workers import processes

MANAGER = ("manager", "manager-demo", "manager@example.com")
STAFF = ("staff", "staff-demo", "staff@example.com")
START_SECONDS = 60.0


class Command(BaseCommand):
    help = "Rank the sample résumés and serve the pages until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="exit when all is done")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo has well-known passwords; it does not run with DEBUG off.")
        # Both end it through the same `finally`; a shell starts background jobs deaf to SIGINT.
        signal.signal(signal.SIGINT, _interrupt)
        signal.signal(signal.SIGTERM, _interrupt)
        _require_free_port(settings.PORT)
        console = Console()
        started: list[subprocess.Popen[bytes]] = []
        try:
            terminal.ensure_tables()
            draft = samples.sample_draft(_user(*MANAGER))
            _user(*STAFF, is_staff=True, is_superuser=True)
            started.append(_web_server())
            started.append(processes.start_worker(settings.Q_WORKERS, quiet=True))
            _wait_until_ready(started)
            self._run(draft, console, lambda: _all_alive(started))
            if not once:
                console.print("Serving until Ctrl-C.")
                while True:
                    _all_alive(started)
                    time.sleep(1)
        except KeyboardInterrupt:
            console.print("\nStopping …")
        finally:
            for process in reversed(started):
                processes.stop_process(process, grace=10)

    def _run(self, draft: Draft, console: Console, still_alive: Callable[[], None]) -> None:
        job = terminal.follow(submit.submit(draft, draft.owner), console, still_alive)
        terminal.print_ranking(console, job.analysis)
        if why := terminal.why_not_completed(job):
            raise CommandError(why)
        site = settings.SITE_URL
        lines = (
            ("The ranking", f"{site}{job.analysis.get_absolute_url()}"),
            ("The job", f"{site}{job.get_absolute_url()}"),
            ("All drafts", f"{site}/drafts/   log in: {MANAGER[0]} / {MANAGER[1]}"),
            ("The admin", f"{site}/admin/   log in: {STAFF[0]} / {STAFF[1]}"),
            ("The e-mail", _wait_for_email(job, still_alive)),
        )
        for label, value in lines:
            console.print(f"{label:13}{value}", soft_wrap=True, highlight=False)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _require_free_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"The port {port} cannot be used ({error.strerror}). "
                f"Name another: `make demo PORT={port + 1}`."
            ) from error


def _user(username: str, password: str, email: str, **rights: bool) -> User:
    user, is_new = User.objects.get_or_create(
        username=username, defaults={"email": email, **rights}
    )
    if is_new:
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def _web_server() -> "subprocess.Popen[bytes]":
    gunicorn = [sys.executable, "-m", "gunicorn", "evaluator.wsgi", "--threads", "8"]
    options = ["--bind", f"127.0.0.1:{settings.PORT}", "--log-level", "warning"]
    return processes.start_process([*gunicorn, *options])


def _wait_until_ready(started: "list[subprocess.Popen[bytes]]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        _all_alive(started)
        if _web_answers() and Heartbeat.objects.alive().exists():
            return
        time.sleep(0.1)
    raise CommandError(f"Web server and workers are not ready after {START_SECONDS:.0f} seconds.")


def _web_answers() -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{settings.PORT}/healthz", timeout=5):
            return True
    except OSError:
        return False


def _all_alive(started: "list[subprocess.Popen[bytes]]") -> None:
    for process in started:
        if process.poll() is not None:
            # gunicorn says its own name after `-m`, manage.py its command after the script.
            name = process.args[2]  # type: ignore[index]
            raise CommandError(f"A process of the demo has stopped: {name!s}.")


def _wait_for_email(job: Job, still_alive: Callable[[], None]) -> str:
    """Wait for the e-mail; where it is."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        notification = job.notifications.get()
        if notification.status == OutgoingStatus.SENT:
            return _email_place(notification.recipient)
        still_alive()
        time.sleep(0.1)
    raise CommandError(f"The e-mail is not sent: {notification.error or 'no reason is known'}.")


def _email_place(recipient: str) -> str:
    if settings.EMAIL_PROVIDER != "file":
        return f"was sent to {recipient}"
    newest = max(settings.MAIL_FOLDER.iterdir(), key=lambda path: path.stat().st_mtime)
    return os.path.relpath(newest)
