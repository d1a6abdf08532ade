"""Start this host's workers under a supervisor that replaces them when they die or hang."""

import sys
from argparse import SUPPRESS, ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from jobs.management import terminal
from jobs.models.worker import CANARY_SECONDS
from jobs.workers.health_port import PortTaken
from jobs.workers.supervisor import Supervisor
from jobs.workers.watchdog import await_database

DATABASE_SECONDS = 60.0  # for the database to answer at the start


class Command(BaseCommand):
    help = "Run the workers of this host until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workers", type=int, metavar="N", default=settings.Q_WORKERS)
        parser.add_argument(
            "--grace",
            type=float,
            metavar="SECONDS",
            default=20.0,
            help="for work in hand at a stop",
        )
        parser.add_argument("--beat", type=float, default=CANARY_SECONDS, help=SUPPRESS)

    def handle(self, *args: Any, workers: int, grace: float, beat: float, **options: Any) -> None:
        if workers < 1:
            raise CommandError(f"--workers is {workers}. Give a whole number of at least 1.")
        if not await_database(DATABASE_SECONDS):
            raise CommandError(
                f"The database did not answer within {DATABASE_SECONDS:.0f} seconds. See that it "
                "runs and can be reached from here, and that DATABASE_URL is right."
            )
        terminal.ensure_tables()
        supervisor = Supervisor(workers, grace, beat, settings.WORKER_PORT)
        try:
            code = supervisor.run()
        except PortTaken as error:
            raise CommandError(
                f"WORKER_PORT is {settings.WORKER_PORT}, which cannot be had: {error}. "
                "Set it to a port that is free, or unset it."
            ) from error
        sys.exit(code)
