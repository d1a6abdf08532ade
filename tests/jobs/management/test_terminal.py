"""The command line's contract: JSON and CSV of a job, and exit codes."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from rich.console import Console

from candidates import exports
from candidates.facts.reason import FailureCode, Reason
from candidates.models import Analysis, Draft, Evaluation
from candidates.reading import Problem
from jobs.execution import pause
from jobs.management import terminal
from jobs.models import Job, JobStatus
from tests.makers import rows


@pytest.fixture
def job(alice: User, draft: Draft) -> Job:
    for number in range(3):
        rows.candidate(draft, number)
    rows.candidate(draft, 5, name='=HYPERLINK("http://evil.example")')
    rows.unreadable(draft, 6)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    Evaluation.objects.filter(rank=3).update(
        **rows.failure(),
        ratings=[],
    )
    return rows.job(analysis)


def test_the_job_is_told_by_contract(job: Job) -> None:
    result = json.loads(terminal.as_json(terminal.as_dict(job)))

    assert set(result) == {"job", "analysis", "usage", "candidates"}
    assert set(result["job"]) == {
        "id",
        "status",
        "created_at",
        "started_at",
        "completed_at",
        "error",
        "error_code",
    }
    assert result["job"]["id"] == str(job.public_id)
    assert (result["job"]["error"], result["job"]["error_code"]) == (None, None)
    assert set(result["analysis"]) == {"id", "engine", "model", "version", "repeat_error"}
    assert set(result["usage"]) == {
        "calls",
        "unknown",
        "reused",
        "prompt_tokens",
        "completion_tokens",
        "cached_tokens",
        "cost",
    }
    best = result["candidates"][0]
    assert set(best) == {
        "rank",
        "band",
        "file",
        "name",
        "score",
        "status",
        "flags",
        "error",
        "error_code",
        "ratings",
    }
    assert set(best["ratings"][0]) == {
        "key",
        "criterion",
        "rating",
        "must_have",
        "reason",
        "reason_code",
        "supported",
        "quotes",
    }
    assert best["ratings"][0]["key"] == "role"
    assert best["ratings"][1]["criterion"] == "Python"
    assert best["ratings"][1]["quotes"] == [rows.QUOTE]


def test_candidates_come_in_rank_order_the_unreadable_last(job: Job) -> None:
    candidates = terminal.as_dict(job)["candidates"]

    assert [candidate["rank"] for candidate in candidates] == [1, 2, 4, None, None]
    assert [candidate["status"] for candidate in candidates[3:]] == ["failed", "unreadable"]
    assert (candidates[3]["error"], candidates[3]["error_code"]) == (
        "The model did not answer in time; 4 tries.",
        "timed_out",
    )
    assert "password" in candidates[4]["error"] and candidates[4]["error_code"] == Problem.ENCRYPTED


def test_a_spreadsheet_gets_text_and_no_formula(job: Job) -> None:
    table = list(csv.DictReader(io.StringIO(terminal.as_csv(terminal.as_dict(job)))))

    assert [row["rank"] for row in table] == ["1", "2", "4", "", ""]
    assert table[2]["name"].startswith("'=HYPERLINK")
    assert table[0]["Python"] == "3.0"


def test_must_haves_read_met_unclear_or_not_found(job: Job) -> None:
    for rank, rating in ((1, 3.0), (2, 1.0), (4, 0.0)):
        ratings = rows.ratings(job.analysis, rating)
        Evaluation.objects.filter(rank=rank).update(ratings=ratings)

    result = terminal.as_dict(job)
    table = list(csv.DictReader(io.StringIO(terminal.as_csv(result))))

    assert [
        [rating["must_have"] for rating in candidate["ratings"]]
        for candidate in result["candidates"][:3]
    ] == [[None, "met", None], [None, "unclear", None], [None, "not found", None]]
    assert [row["Python: must have"] for row in table] == ["met", "unclear", "not found", "", ""]
    assert "PostgreSQL: must have" not in table[0]


def test_those_in_one_band_share_a_place(job: Job) -> None:
    Evaluation.objects.filter(rank=1).update(band=1)
    Evaluation.objects.filter(rank__in=(2, 4)).update(band=2)
    rows.repeat(Evaluation.objects.get(rank=1), 86)
    out = io.StringIO()

    terminal.print_ranking(Console(file=out, width=160), job.analysis)
    result = terminal.as_dict(job)

    places = re.findall(r"^│ +(\d+=?) ", out.getvalue(), re.MULTILINE)
    assert places == ["1", "2=", "2="]
    assert "differs by 2.1 points" in out.getvalue() and "from 1 résumé)" in out.getvalue()
    assert result["analysis"]["repeat_error"] == {"points": 2.12, "resumes": 1}
    assert [candidate["band"] for candidate in result["candidates"]] == [1, 2, 2, None, None]
    table = list(csv.DictReader(io.StringIO(terminal.as_csv(result))))
    assert [row["band"] for row in table] == ["1", "2", "2", "", ""]


def test_what_a_model_took_is_told_in_one_line(job: Job) -> None:
    Analysis.objects.filter(pk=job.analysis.pk).update(engine="openai")
    job.refresh_from_db()
    for _ in range(2):
        rows.call(job.analysis)
    rows.call(
        job.analysis,
        status="unknown",
        error_code="call_aborted",
        prompt_tokens=0,
        completion_tokens=0,
        cost=None,
    )
    out = io.StringIO()

    terminal.print_ranking(Console(file=out, width=160), job.analysis)

    assert (
        "It took 2 calls, 0 scores reused, 2,400 tokens, $0.0200; of 1 more calls nobody knows"
    ) in out.getvalue()


def test_who_follows_a_job_that_pauses_is_told_why_and_where_to_resume(
    draft: Draft, alice: User
) -> None:
    job = rows.job(rows.analysis(draft, alice), JobStatus.PROCESSING)
    pause.pause_for_problem(job, Reason(FailureCode.KEY_REFUSED, {"status": 401}))

    followed = terminal.follow(job, Console(file=io.StringIO()))

    why = terminal.why_not_completed(followed)
    assert "refuses the key (401). Set OPENAI_API_KEY to a valid one." in why
    assert f"press Resume on http://localhost:8000{job.get_absolute_url()}" in why


@pytest.mark.parametrize("value", ["=1", "+1", "-1", "@a", "\t=1", "\r=1"])
def test_every_beginning_of_a_formula_is_disarmed(value: str) -> None:
    assert exports.safe_cell(value) == f"'{value}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("job_md", "options", "words"),
    [
        (None, {}, "cannot be read"),
        ("no title", {}, "no title"),
        ("# T\nx", {"resumes": ["nowhere"]}, "nowhere does not exist"),
        ("# T\nx", {}, "No worker is alive"),
        ("# T\nx", {"workers": 0}, "--workers is 0"),
        ("# T\nx", {"output": "no/such/folder/x.json"}, "folder of no/such/folder/x.json"),
        ("# T\nx", {"criteria": "nothing.md"}, "nothing.md cannot be read"),
    ],
)
def test_unusable_input_ends_with_two_and_a_sentence(
    tmp_path: Path, job_md: str | None, options: dict[str, object], words: str
) -> None:
    role = tmp_path / "JOB.md"
    if job_md is not None:
        role.write_text(job_md)
    resume = tmp_path / "cv.txt"
    resume.write_text("Ada Example, Python engineer")
    resumes = options.pop("resumes", [str(resume)])

    with pytest.raises(CommandError) as error:
        call_command("evaluate", str(role), *resumes, **options)  # type: ignore[misc]

    assert error.value.returncode == 2
    assert words in str(error.value)
