"""A job on the terminal: its progress, and its ranking as a table, as JSON and as CSV.

The commands `evaluate` and `demo` use it.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from candidates import exports
from candidates.exports import unscored_reason
from candidates.models import Analysis, Draft, EvaluationQuerySet
from candidates.pages.money import money
from candidates.pages.repeatability import repeatability
from candidates.reasons import sentence
from candidates.scoring import protected
from candidates.scoring.engines import LOCAL
from candidates.scoring.rubric import RubricCriterion
from jobs.execution.estimate import Estimate
from jobs.execution.progress import JobProgress
from jobs.models import Job, JobStatus

LETTERS = "abcdefghijklmnopqrstuvwxyz"
POLL_SECONDS = 0.2  # between queries for the progress


def ensure_tables() -> None:
    """Create the tables of the embedded database. Raises CommandError for another database."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return
    if connection.settings_dict["ENGINE"] != "evaluator.database":
        raise CommandError("The database lacks tables. Run `python manage.py migrate` first.")
    call_command("migrate", verbosity=0, interactive=False)


def follow(job: Job, console: Console, check_worker: Callable[[], object] = lambda: None) -> Job:
    """Show the job's progress until it is over or paused; return it as it is then.

    `check_worker` is called in between and may raise to end the wait.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=not console.is_terminal) as progress:
        bar = progress.add_task("waiting for a worker", total=None)
        while True:
            job.refresh_from_db()
            done = JobProgress.from_tally(job.analysis.tally())
            if done.total:
                progress.update(bar, total=done.total, completed=done.done, description="scoring")
            if not job.is_open or job.is_paused:
                status = "paused" if job.is_paused else job.get_status_display()
                progress.update(bar, description=status)
                return job
            check_worker()
            time.sleep(POLL_SECONDS)


def wait_until_read(
    draft: Draft, console: Console, check_worker: Callable[[], object] = lambda: None
) -> None:
    """Show the progress of reading the draft's files until all are read."""
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("reading", total=None)
        while True:
            files = draft.file_tally()
            progress.update(bar, total=files["total"], completed=files["done"])
            if not files["waiting"] and not draft.archives.open().exists():
                return
            check_worker()
            time.sleep(POLL_SECONDS)


def estimate_line(estimate: Estimate) -> str:
    """A line before a run; the built-in engine is free, whatever is in files not read yet."""
    if estimate.is_local and (estimate.unread or estimate.is_unpacking):
        return f"{estimate.engine} ({estimate.model}): no calls, nothing to pay."
    return str(estimate)


def print_concerns(criteria: Iterable[RubricCriterion], console: Console) -> None:
    """Print a warning for each criterion about a protected characteristic."""
    for criterion in criteria:
        if concern := protected.find(criterion.name, criterion.looks_for):
            warning = f"The criterion '{criterion.name}': {concern.sentence}"
            console.print(warning, highlight=False)


def why_not_completed(job: Job) -> str:
    """Why there is no complete ranking, and what to do about it; "" when there is one."""
    if job.is_paused:
        page = f"{settings.SITE_URL}{job.get_absolute_url()}"
        return f"The job is paused: {sentence(job.pause_reason)} Then press Resume on {page}"
    if job.status == JobStatus.COMPLETED:
        return ""
    return sentence(job.error) or f"The job was {job.status}."


def print_ranking(console: Console, analysis: Analysis) -> None:
    """Print the ranking: place, score, name, file, and a column of ratings for each criterion."""
    criteria = analysis.rubric.criteria
    letters = dict(zip((criterion.key for criterion in criteria), LETTERS, strict=False))
    table = Table(title=f"{analysis.title} · scored by {analysis.engine}, {analysis.model}")
    table.add_column("#", justify="right", min_width=2)
    table.add_column("score", justify="right", min_width=5)
    for key in letters:
        table.add_column(letters[key], justify="right", min_width=3)
    table.add_column("name", no_wrap=True)
    table.add_column("file", no_wrap=True)
    unscored = []
    tied = analysis.evaluations.tied()
    for evaluation in _evaluations(analysis):
        if evaluation.rank is None:
            unscored.append(evaluation)
            continue
        ratings = {rating["criterion"]: rating["rating"] for rating in evaluation.ratings}
        table.add_row(
            evaluation.place(tied),
            str(evaluation.score),
            *(f"{ratings[key]:g}" if key in ratings else "" for key in letters),
            evaluation.candidate.name,
            evaluation.candidate.filename,
        )
    console.print(table)
    legend = (f"{letters[c.key]} {c.name}" for c in criteria if c.key in letters)
    console.print("Ratings 0 to 4: " + " · ".join(legend), highlight=False)
    if uncertainty := repeatability(analysis.followups.repeat_error()):
        console.print(uncertainty, highlight=False)
    if analysis.engine != LOCAL:
        console.print(_usage_line(usage(analysis)), highlight=False)
    for evaluation in unscored:
        problem = (
            sentence(unscored_reason(evaluation), analysis.rubric.by_key())
            or evaluation.get_status_display()
        )
        console.print(f"{evaluation.candidate.filename}: {problem}", highlight=False)


def _usage_line(usage: dict[str, Any]) -> str:
    tokens = usage["prompt_tokens"] + usage["completion_tokens"]
    line = f"It took {usage['calls']:,} calls, {usage['reused']:,} scores reused, {tokens:,} tokens"
    if usage["calls"]:
        line += f", {money(usage['cost']) or 'price unknown: set EVALUATOR_PRICES'}"
    if usage["unknown"]:
        line += f"; of {usage['unknown']:,} more calls nobody knows whether they were answered"
    return f"{line}."


def as_dict(job: Job, files: Mapping[int, str] | None = None) -> dict[str, Any]:
    """The job and its ranking as plain values; `files` has the paths of files by candidate id."""
    analysis = job.analysis
    return {
        "job": {
            "id": str(job.public_id),
            "status": job.status,
            "created_at": _time(job.created_at),
            "started_at": _time(job.started_at),
            "completed_at": _time(job.completed_at),
            "error": sentence(job.error) or None,
            "error_code": job.error_code or None,
        },
        "analysis": {
            "id": str(analysis.public_id),
            "engine": analysis.engine,
            "model": analysis.model,
            "version": analysis.version,
            "repeat_error": _repeat_error(analysis),
        },
        "usage": usage(analysis),
        "candidates": list(exports.export_rows(analysis, analysis.evaluations.ranked(), files)),
    }


def usage(analysis: Analysis) -> dict[str, Any]:
    """The usage of the analysis: calls, tokens, US dollars, and the number of reused scores."""
    values = analysis.calls.usage()
    cost = values["cost"]
    return {
        **values,
        "cost": None if cost is None else float(cost),
        "reused": analysis.evaluations.filter(reused=True).count(),
    }


def as_json(result: dict[str, Any]) -> str:
    return json.dumps(result, ensure_ascii=False, indent=2) + "\n"


def as_csv(result: dict[str, Any]) -> str:
    """A line for each candidate in rank order, with the rating of each criterion."""
    candidates = result["candidates"]
    ratings = [rating for candidate in candidates for rating in candidate["ratings"]]
    names = {rating["key"]: rating["criterion"] for rating in ratings}
    must_have = {r["key"]: r["criterion"] for r in ratings if r["must_have"]}
    return "".join(exports.csv_lines(candidates, names, must_have))


def _evaluations(analysis: Analysis) -> EvaluationQuerySet:
    """Evaluations by rank, then those without a score, the unreadable last."""
    return analysis.evaluations.select_related("candidate").defer("candidate__text").ranked()


def _repeat_error(analysis: Analysis) -> dict[str, Any] | None:
    repeat_error = analysis.followups.repeat_error()
    if not repeat_error:
        return None
    points, resumes = repeat_error
    return {"points": round(points, 2), "resumes": resumes}


def _time(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
