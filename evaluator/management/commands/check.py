"""Django's own check, which with --deploy asks the surrounding servers too (evaluator.doctor)."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import check
from django.db import DEFAULT_DB_ALIAS


class Command(check.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--static",
            action="store_true",
            help="with --deploy: ask no database, queue, model, mail server or storage",
        )

    def handle(self, *app_labels: Any, static: bool = False, **options: Any) -> None:
        if options["deploy"] and not static and not options["databases"]:
            options["databases"] = [DEFAULT_DB_ALIAS]
        super().handle(*app_labels, **options)
