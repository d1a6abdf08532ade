"""A job on the terminal: its progress, its ranking as a table, as JSON and as CSV.

`evaluate` and `demo` are two ways to the same pages and the same queue.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from candidates import exports
from candidates.exports import reason
from candidates.models import Analysis, Draft
from candidates.models.analysis import OPEN_EVALUATION_STATUSES
from candidates.pages.words import doubt, money
from candidates.reasons import sentence
from candidates.scoring import protected
from candidates.scoring.engines import LOCAL
from candidates.scoring.rubric import RubricCriterion
from jobs.execution.estimate import Estimate
from jobs.models import Job, JobStatus

LETTERS = "abcdefghijklmnopqrstuvwxyz"
LOOK = 0.2  # seconds between looks at the database


def ensure_tables() -> None:
    """Make the tables in the embedded database; in production say that they are missing."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return
    if connection.settings_dict["ENGINE"] != "evaluator.database":
        raise CommandError("The database lacks tables. Run `python manage.py migrate` first.")
    call_command("migrate", verbosity=0, interactive=False)


def follow(job: Job, console: Console, still_alive: Callable[[], object] = lambda: True) -> Job:
    """Show the job's progress until it is over or paused; returns it as it then is.

    `still_alive` is asked now and then and may raise to end the wait.
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
            tally = job.analysis.evaluations.tally()
            done = tally["total"] - sum(tally[status] for status in OPEN_EVALUATION_STATUSES)
            if tally["total"]:
                progress.update(bar, total=tally["total"], completed=done, description="scoring")
            if not job.is_open or job.is_paused:
                told = "paused" if job.is_paused else job.get_status_display()
                progress.update(bar, description=told)
                return job
            still_alive()
            time.sleep(LOOK)


def wait_until_read(
    draft: Draft, console: Console, still_alive: Callable[[], object] = lambda: True
) -> None:
    """Show how far the reading of the draft's files is, until all are read."""
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("reading", total=None)
        while True:
            total, left = draft.candidates.count(), draft.candidates.all().open().count()
            progress.update(bar, total=total, completed=total - left)
            if not left and not draft.archives.open().exists():
                return
            still_alive()
            time.sleep(LOOK)


def before(told: Estimate) -> str:
    """One line before a run; of what the built-in engine has not read yet it need not wait."""
    if told.is_local and (told.unread or told.is_unpacking):
        return f"{told.engine} ({told.model}): no calls, nothing to pay."
    return str(told)


def warn_of(criteria: Iterable[RubricCriterion], console: Console) -> None:
    """Point out the criteria that ask for what nobody may be chosen by."""
    for one in criteria:
        if concern := protected.find(one.name, one.looks_for):
            console.print(f"The criterion '{one.name}': {concern.sentence}", highlight=False)


def why_not_completed(job: Job) -> str:
    """Why there is no whole ranking, and what to do about it; empty when there is one."""
    if job.is_paused:
        page = f"{settings.SITE_URL}{job.get_absolute_url()}"
        return f"The job is paused: {sentence(job.pause_reason)} Then press Resume on {page}"
    if job.status == JobStatus.COMPLETED:
        return ""
    return sentence(job.error) or f"The job was {job.status}."


def show(console: Console, analysis: Analysis) -> None:
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
    without = []
    tied = analysis.evaluations.tied()
    for evaluation in _evaluations(analysis):
        if evaluation.rank is None:
            without.append(evaluation)
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
    if told := doubt(analysis.followups.repeat_error()):
        console.print(told, highlight=False)
    if analysis.engine != LOCAL:
        console.print(_took(usage(analysis)), highlight=False)
    for evaluation in without:
        why = sentence(reason(evaluation)) or evaluation.get_status_display()
        console.print(f"{evaluation.candidate.filename}: {why}", highlight=False)


def _took(spent: dict[str, Any]) -> str:
    """What the analysis took, in one line."""
    tokens = spent["prompt_tokens"] + spent["completion_tokens"]
    told = f"{spent['calls']:,} calls, {spent['reused']:,} scores reused, {tokens:,} tokens"
    if spent["calls"]:
        told += f", {money(spent['cost']) or 'price unknown: set EVALUATOR_PRICES'}"
    if spent["unknown"]:
        told += f"; of {spent['unknown']:,} more calls nobody knows whether they were answered"
    return f"It took {told}."


def as_dict(job: Job, files: Mapping[int, str] | None = None) -> dict[str, Any]:
    """The job and its ranking as plain values; `files` names candidates' files by their id."""
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
        "candidates": list(exports.rows(analysis, analysis.evaluations.ranked(), files)),
    }


def usage(analysis: Analysis) -> dict[str, Any]:
    """What the analysis cost: calls, tokens, US dollars; and scores that were reused instead."""
    spent = analysis.calls.usage()
    cost = spent["cost"]
    return {
        **spent,
        "cost": None if cost is None else float(cost),
        "reused": analysis.evaluations.filter(reused=True).count(),
    }


def as_json(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def as_csv(told: dict[str, Any]) -> str:
    """One line a candidate, in rank order; a rating for each criterion."""
    ratings = [rating for one in told["candidates"] for rating in one["ratings"]]
    criteria = list(dict.fromkeys(rating["criterion"] for rating in ratings))
    must_have = list(dict.fromkeys(r["criterion"] for r in ratings if r["must_have"]))
    return "".join(exports.csv_lines(told["candidates"], criteria, must_have))


def _evaluations(analysis: Analysis) -> Any:
    """Scored by rank, then what has no score; the unreadable last."""
    return analysis.evaluations.select_related("candidate").defer("candidate__text").ranked()


def _repeat_error(analysis: Analysis) -> dict[str, Any] | None:
    found = analysis.followups.repeat_error()
    return {"points": round(found[0], 2), "resumes": found[1]} if found else None


def _time(moment: Any) -> str | None:
    return moment.isoformat() if moment else None
