"""Rank résumés from a shell, through the same submit, queue and lanes as the pages."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import BaseCommand, CommandError
from django.db import transaction
from rich.console import Console

from candidates import intake, posting
from candidates.models import Draft
from candidates.models.analysis import InsightsMode
from candidates.reasons import sentence
from candidates.scoring.engines import LOCAL
from candidates.scoring.rubric import InvalidRubric
from candidates.scoring.scorecard import EngineUnavailable
from jobs.execution import estimate, submit, suggest
from jobs.execution.runtime import Runtime
from jobs.management import terminal
from jobs.models import Heartbeat, Job
from jobs.workers import processes

AT_A_TIME = 50  # files stored in one transaction
UNUSABLE = 2


class Command(BaseCommand):
    help = "Rank RESUMES against the role in JOB.md. Exit: 0 completed, 1 failed, 2 unusable input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("job", metavar="JOB.md", help="Markdown: # title, text, ## Criteria")
        parser.add_argument("resumes", nargs="*", metavar="RESUMES", help="files, folders and ZIPs")
        parser.add_argument("--criteria", metavar="FILE", help="a list in place of JOB.md's own")
        parser.add_argument("--insights", choices=InsightsMode.values, default=InsightsMode.TOP)
        parser.add_argument(
            "--repeat", action="store_true", help="score a few twice, to see how far that differs"
        )
        parser.add_argument("--engine", choices=["local", "openai"], default="")
        parser.add_argument(
            "--estimate", action="store_true", help="print what it would take, and do not run"
        )
        parser.add_argument(
            "--suggest-criteria",
            action="store_true",
            help="print criteria for JOB.md, to be pasted into it; takes no RESUMES",
        )
        parser.add_argument("--workers", type=int, metavar="N", help="start N workers for this run")
        parser.add_argument("--format", choices=["table", "json", "csv"], default="table")
        parser.add_argument("--output", metavar="FILE", help="write there instead of to stdout")
        parser.add_argument("--user", default="command-line", help="who owns the draft")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(stderr=True)
        role = _role(options["job"], options["criteria"])
        if options["suggest_criteria"]:
            terminal.ensure_tables()
            self.stdout.write(_suggested(options["user"], role, options["engine"], console))
            return
        if not options["resumes"]:
            raise _unusable("No RESUMES are given. Name files, folders or ZIPs after JOB.md.")
        terminal.warn_of(posting.criteria_of(role), console)
        paths = _files(options["resumes"], role_file=Path(options["job"]))
        if options["output"] and not Path(options["output"]).resolve().parent.is_dir():
            raise _unusable(f"The folder of {options['output']} does not exist. Make it first.")
        workers = options["workers"]
        if workers is not None and workers < 1:
            raise _unusable(f"--workers is {workers}. Give a whole number of at least 1.")
        terminal.ensure_tables()
        if workers is None and not Heartbeat.objects.alive().exists():
            raise _unusable(
                "No worker is alive. Start `python manage.py worker`, or add `--workers 2`."
            )
        draft = _draft(options["user"], role)
        files, refused = _take_in(draft, paths, console)
        worker = processes.start_worker(workers, quiet=True) if workers else None

        def still_alive() -> None:
            if worker is not None and worker.poll() is not None:
                raise CommandError("The workers stopped; `manage.py worker` says why.")

        try:
            told_before = self._estimate(draft, options, console, still_alive)
            if options["estimate"]:
                self.stdout.write(told_before)
                return
            console.print(told_before, highlight=False)
            job = submit.submit(
                draft,
                draft.owner,
                mode=options["insights"],
                engine=options["engine"],
                repeats=options["repeat"],
            )
            job = terminal.follow(job, console, still_alive)
        except (submit.CannotRun, EngineUnavailable) as error:
            raise _unusable(sentence(error.reason)) from error
        finally:
            if worker is not None:
                processes.stop_process(worker, grace=10)
        told = terminal.as_dict(job, files)
        told["candidates"] += refused
        self._write(options["format"], options["output"], job, told)
        console.print(f"{settings.SITE_URL}{job.analysis.get_absolute_url()}", style="dim")
        if why := terminal.why_not_completed(job):
            raise CommandError(why)

    def _estimate(
        self, draft: Draft, options: dict[str, Any], console: Console, alive: Callable[[], None]
    ) -> str:
        """What the run will take. Where that is money, the files are read first: what cannot be
        read is known before anybody pays."""
        engine = options["engine"] or settings.EVALUATOR_ENGINE
        if options["estimate"] or engine != LOCAL:
            terminal.wait_until_read(draft, console, alive)
        try:
            told = estimate.estimate_run(
                draft, mode=options["insights"], engine=engine, repeats=options["repeat"]
            )
        except InvalidRubric as error:
            raise _unusable(sentence(error.reason)) from error
        return terminal.before(told)

    def _write(self, kind: str, output: str | None, job: Job, told: dict[str, Any]) -> None:
        if kind == "table" and output is None:
            terminal.show(Console(), job.analysis)
            return
        if kind == "table":
            with Path(str(output)).open("w", encoding="utf-8") as file:
                terminal.show(Console(file=file, width=160), job.analysis)
            return
        text = terminal.as_json(told) if kind == "json" else terminal.as_csv(told)
        if output is None:
            sys.stdout.write(text)
        else:
            Path(output).write_text(text, encoding="utf-8")


def _unusable(message: str) -> CommandError:
    return CommandError(message, returncode=UNUSABLE)


def _role(job: str, criteria: str | None) -> posting.Posting:
    try:
        return posting.parse(_text(job), _text(criteria) if criteria else "")
    except InvalidRubric as error:
        raise _unusable(f"{job}: {sentence(error.reason)}") from error
    except ValueError as error:
        raise _unusable(f"{job}: {error}") from error


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise _unusable(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise _unusable(f"{path} is not UTF-8 text. Save it as UTF-8.") from error


def _files(given: list[str], role_file: Path) -> list[Path]:
    """Files as given, and those of folders in order of their names, but for the role's own."""
    found: dict[Path, None] = {}
    for each in map(Path, given):
        if not each.exists():
            raise _unusable(f"{each} does not exist.")
        inside = sorted(path for path in each.rglob("*") if path.is_file()) if each.is_dir() else []
        visible = [
            path
            for path in inside
            if not path.name.startswith(".") and not path.samefile(role_file)
        ]
        found.update(dict.fromkeys(visible if each.is_dir() else [each]))
    if not found:
        raise _unusable("There are no files in the folders given.")
    return list(found)


def _draft(username: str, role: posting.Posting) -> Draft:
    user, _ = User.objects.get_or_create(username=username, defaults={"is_active": False})
    return Draft.objects.all().write(user, role)


def _suggested(username: str, role: posting.Posting, engine: str, console: Console) -> str:
    """Criteria for the role, as JOB.md has them; made here and now, without a worker.

    The draft is there for the ledger, and goes again; what was paid stays in it.
    """
    draft = _draft(username, role)
    try:
        suggestion = suggest.create_suggestion(draft, draft.owner, engine=engine)
        with Runtime() as runtime:
            while suggestion.is_open:
                suggest.make_suggestion(suggestion.pk, runtime)
                suggestion.refresh_from_db()
                if suggestion.is_open:
                    time.sleep(terminal.LOOK)
    finally:
        Draft.objects.filter(pk=draft.pk).delete()
    if suggestion.error:
        raise CommandError(sentence(suggestion.error))
    found = suggestion.suggested()
    if not found:
        raise CommandError(
            "The description has no list to take criteria from. Write what the person has to bring "
            "as a list, each point in a line that begins with '-'."
        )
    terminal.warn_of(found, console)
    return posting.written(found)


def _take_in(
    draft: Draft, paths: list[Path], console: Console
) -> tuple[dict[int, str], list[dict[str, Any]]]:
    """Store the files; returns their paths by candidate, and rows for those that were refused."""
    files: dict[int, str] = {}
    refused: list[dict[str, Any]] = []
    for start in range(0, len(paths), AT_A_TIME):
        batch = paths[start : start + AT_A_TIME]
        with transaction.atomic():
            outcomes = intake.accept(draft, draft.owner, [intake.from_path(path) for path in batch])
            submit.wake_readers(draft.pk)
        for path, outcome in zip(batch, outcomes, strict=True):
            if outcome.refused:
                refused.append(_refused(path, outcome))
            elif outcome.duplicate_of:
                console.print(f"{path}: the same file as {outcome.duplicate_of}; counted once.")
            elif outcome.candidate is not None:
                files[outcome.candidate.pk] = str(path)
    return files, refused


def _refused(path: Path, outcome: intake.UploadOutcome) -> dict[str, Any]:
    nothing = dict.fromkeys(("rank", "band", "score"))
    return {
        **nothing,
        "file": str(path),
        "name": "",
        "status": "unreadable",
        "flags": [],
        "error": outcome.refused,
        "error_code": outcome.problem,
        "ratings": [],
    }
