"""Erase the drafts that RETENTION_DAYS says have been kept for long enough, or show which."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

from jobs.models.retention import Purge, Warned
from jobs.retention import purge


class Command(BaseCommand):
    help = "Warn owners of drafts that are due, and erase those warned of long enough ago."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only show what would happen")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        if not settings.RETENTION_DAYS:
            self.stdout.write("RETENTION_DAYS is not set: everything is kept.")
        elif dry_run:
            self._show()
        else:
            done = purge.run_purge(Purge.objects.create())
            self.stdout.write(
                f"{done.drafts} drafts with {done.candidates} candidates erased, "
                f"{done.warned} owners warned. The report is in the admin under Purges."
            )

    def _show(self) -> None:
        grace = timedelta(days=settings.RETENTION_WARNING_DAYS)
        warned = dict(Warned.objects.values_list("draft", "due_at"))
        found = purge.drafts_to_purge(grace)
        for one in found:
            due = warned.get(one.pk)
            what = f"goes after {due:%Y-%m-%d}" if due else "its owner is warned"
            self.stdout.write(
                f"draft {one.public_id}: {one.state}, idle since {one.idle_since:%Y-%m-%d}, "
                f"{one.candidates} candidates: {what}"
            )
        self.stdout.write(f"{len(found)} drafts. Nothing was erased, nobody was told.")
