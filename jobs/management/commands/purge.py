"""Erase the drafts that RETENTION_DAYS says have been kept for long enough, or show which."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

from jobs.models.retention import Purge, RetentionWarning
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
            report = purge.run_purge(Purge.objects.create())
            self.stdout.write(
                f"{report.drafts} drafts with {report.candidates} candidates erased, "
                f"{report.warnings} owners warned. The report is in the admin under Purges."
            )

    def _show(self) -> None:
        grace = timedelta(days=settings.RETENTION_WARNING_DAYS)
        due_dates = dict(RetentionWarning.objects.values_list("draft", "due_at"))
        drafts = purge.drafts_to_purge(grace)
        for draft in drafts:
            due_at = due_dates.get(draft.pk)
            outcome = f"goes after {due_at:%Y-%m-%d}" if due_at else "its owner is warned"
            self.stdout.write(
                f"draft {draft.public_id}: {draft.state}, idle since {draft.idle_since:%Y-%m-%d}, "
                f"{draft.candidates} candidates: {outcome}"
            )
        self.stdout.write(f"{len(drafts)} drafts. Nothing was erased, nobody was told.")
