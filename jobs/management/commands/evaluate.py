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
from candidates.scoring.engines import ENGINE_NAMES, LOCAL
from candidates.scoring.rubric import InvalidRubric
from candidates.scoring.scorecard import EngineUnavailable
from jobs.execution import estimate, submit, suggest
from jobs.execution.runtime import Runtime
from jobs.management import terminal
from jobs.models import Heartbeat, Job
from jobs.workers import processes

FILES_PER_TRANSACTION = 50
UNUSABLE_INPUT_EXIT_CODE = 2


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
        parser.add_argument("--engine", choices=ENGINE_NAMES, default="")
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
        role = _read_role(options["job"], options["criteria"])
        if options["suggest_criteria"]:
            terminal.ensure_tables()
            self.stdout.write(_suggest(options["user"], role, options["engine"], console))
            return
        if not options["resumes"]:
            raise _unusable("No RESUMES are given. Name files, folders or ZIPs after JOB.md.")
        terminal.print_concerns(posting.criteria_of(role), console)
        paths = _list_files(options["resumes"], role_file=Path(options["job"]))
        _check_options(options)
        draft = _create_draft(options["user"], role)
        files, refused = _store_files(draft, paths, console)
        job = self._run(draft, options, console)
        if job is None:
            return
        result = terminal.as_dict(job, files)
        result["candidates"] += refused
        self._write(options["format"], options["output"], job, result)
        console.print(f"{settings.SITE_URL}{job.analysis.get_absolute_url()}", style="dim")
        if problem := terminal.why_not_completed(job):
            raise CommandError(problem)

    def _run(self, draft: Draft, options: dict[str, Any], console: Console) -> Job | None:
        """Print the estimate and run the job until it is over or paused; None with --estimate."""
        workers = options["workers"]
        worker = processes.start_worker(workers, quiet=True) if workers else None

        def check_worker() -> None:
            if worker is not None and worker.poll() is not None:
                raise CommandError("The workers stopped; `manage.py worker` says why.")

        try:
            estimated = self._estimate(draft, options, console, check_worker)
            if options["estimate"]:
                self.stdout.write(estimated)
                return None
            console.print(estimated, highlight=False)
            job = submit.submit(
                draft,
                draft.owner,
                mode=options["insights"],
                engine=options["engine"],
                repeats=options["repeat"],
            )
            return terminal.follow(job, console, check_worker)
        except (submit.CannotRun, EngineUnavailable) as error:
            raise _unusable(sentence(error.reason)) from error
        finally:
            if worker is not None:
                processes.stop_process(worker, grace=10)

    def _estimate(
        self,
        draft: Draft,
        options: dict[str, Any],
        console: Console,
        check_worker: Callable[[], None],
    ) -> str:
        """A line that estimates the run. Where the run costs money, the files are read first, so
        that unreadable files are known before."""
        engine = options["engine"] or settings.EVALUATOR_ENGINE
        if options["estimate"] or engine != LOCAL:
            terminal.wait_until_read(draft, console, check_worker)
        try:
            estimated = estimate.estimate_run(
                draft, mode=options["insights"], engine=engine, repeats=options["repeat"]
            )
        except InvalidRubric as error:
            raise _unusable(sentence(error.reason)) from error
        return terminal.estimate_line(estimated)

    def _write(self, kind: str, output: str | None, job: Job, result: dict[str, Any]) -> None:
        if kind == "table" and output is None:
            terminal.print_ranking(Console(), job.analysis)
            return
        if kind == "table":
            with Path(str(output)).open("w", encoding="utf-8") as file:
                terminal.print_ranking(Console(file=file, width=160), job.analysis)
            return
        text = terminal.as_json(result) if kind == "json" else terminal.as_csv(result)
        if output is None:
            sys.stdout.write(text)
        else:
            Path(output).write_text(text, encoding="utf-8")


def _unusable(message: str) -> CommandError:
    return CommandError(message, returncode=UNUSABLE_INPUT_EXIT_CODE)


def _check_options(options: dict[str, Any]) -> None:
    """Check the output folder, and that there are workers; create the tables if needed."""
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


def _read_role(job: str, criteria: str | None) -> posting.Posting:
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


def _list_files(arguments: list[str], role_file: Path) -> list[Path]:
    """The files named, and those in folders by name; without hidden files and the role's file."""
    files: dict[Path, None] = {}
    for path in map(Path, arguments):
        if not path.exists():
            raise _unusable(f"{path} does not exist.")
        if not path.is_dir():
            files[path] = None
            continue
        for file in sorted(file for file in path.rglob("*") if file.is_file()):
            if not file.name.startswith(".") and not file.samefile(role_file):
                files[file] = None
    if not files:
        raise _unusable("There are no files in the folders given.")
    return list(files)


def _create_draft(username: str, role: posting.Posting) -> Draft:
    user, _ = User.objects.get_or_create(username=username, defaults={"is_active": False})
    return Draft.objects.all().write(user, role)


def _suggest(username: str, role: posting.Posting, engine: str, console: Console) -> str:
    """Criteria for the role, as JOB.md has them; made in this process, without a worker.

    The ledger of model calls needs a draft, which is deleted afterwards; the ledger keeps the
    costs.
    """
    draft = _create_draft(username, role)
    try:
        suggestion = suggest.create_suggestion(draft, draft.owner, engine=engine)
        with Runtime() as runtime:
            while suggestion.is_open:
                suggest.make_suggestion(suggestion.pk, runtime)
                suggestion.refresh_from_db()
                if suggestion.is_open:
                    time.sleep(terminal.POLL_SECONDS)
    finally:
        Draft.objects.filter(pk=draft.pk).delete()
    if suggestion.error:
        raise CommandError(sentence(suggestion.error))
    criteria = suggestion.suggested()
    if not criteria:
        raise CommandError(
            "The description has no list to take criteria from. Write what the person has to bring "
            "as a list, each point in a line that begins with '-'."
        )
    terminal.print_concerns(criteria, console)
    return posting.to_markdown(criteria)


def _store_files(
    draft: Draft, paths: list[Path], console: Console
) -> tuple[dict[int, str], list[dict[str, Any]]]:
    """Store the files; return their paths by candidate id, and result rows of refused files."""
    files: dict[int, str] = {}
    refused: list[dict[str, Any]] = []
    for start in range(0, len(paths), FILES_PER_TRANSACTION):
        batch = paths[start : start + FILES_PER_TRANSACTION]
        with transaction.atomic():
            outcomes = intake.accept(draft, draft.owner, [intake.from_path(path) for path in batch])
            submit.wake_readers(draft.pk)
        for path, outcome in zip(batch, outcomes, strict=True):
            if outcome.refused:
                refused.append(_refused_row(path, outcome))
            elif outcome.duplicate_of:
                console.print(f"{path}: the same file as {outcome.duplicate_of}; counted once.")
            elif outcome.candidate is not None:
                files[outcome.candidate.pk] = str(path)
    return files, refused


def _refused_row(path: Path, outcome: intake.UploadOutcome) -> dict[str, Any]:
    return {
        **dict.fromkeys(("rank", "band", "score")),
        "file": str(path),
        "name": "",
        "status": "unreadable",
        "flags": [],
        "error": outcome.refused,
        "error_code": outcome.problem,
        "ratings": [],
    }
