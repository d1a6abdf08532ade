"""`manage.py evaluate` before and around a run, with real workers on the same database."""

import re
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from candidates.models import Analysis
from jobs.models import Job


@pytest.fixture
def role(tmp_path: Path) -> str:
    path = tmp_path / "JOB.md"
    path.write_text("# Engineer\n\nPayments.\n## Criteria\n- Young and dynamic people\n- Python\n")
    return str(path)


@pytest.fixture
def resumes(tmp_path: Path) -> str:
    folder = tmp_path / "resumes"
    folder.mkdir()
    for number in range(3):
        text = f"Person {number}\n\nBuilt payment service number {number} in Python.\n"
        (folder / f"{number}.txt").write_text(text)
    return str(folder)


@pytest.mark.usefixtures("worker")
def test_an_estimate_is_printed_and_nothing_is_run(
    role: str, resumes: str, settings: LazySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.EVALUATOR_MODEL = "gpt-5-mini"

    call_command("evaluate", role, resumes, engine="openai", estimate=True, insights="none")

    output = capsys.readouterr()
    assert re.fullmatch(
        r"openai \(gpt-5-mini\): 3 résumés, 0 scores reused, 3 calls, about [\d,]+ tokens, "
        r"about \$0\.\d+\.\n",
        output.out,
    )
    assert "The criterion 'Young and dynamic people': This asks for an age." in output.err
    assert not Job.objects.exists()


@pytest.mark.usefixtures("worker")
def test_one_line_is_told_before_a_run_and_a_few_may_be_scored_twice(
    role: str, resumes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("evaluate", role, resumes, engine="local", repeat=True)

    output = capsys.readouterr()
    assert "local (wordllama-256):" in output.err and "no calls, nothing to pay" in output.err
    assert "differs by 0.0 points" in output.out
    assert Analysis.objects.get().repeats


@pytest.mark.usefixtures("worker")
def test_a_job_that_pauses_by_itself_ends_with_one_and_where_to_resume(
    role: str, resumes: str
) -> None:
    with pytest.raises(CommandError) as error:
        call_command("evaluate", role, resumes, engine="openai")  # its workers have no key

    page = Job.objects.get().get_absolute_url()
    assert error.value.returncode == 1
    assert "The job is paused: OPENAI_API_KEY is not set." in str(error.value)
    assert f"Then press Resume on http://localhost:8000{page}" in str(error.value)
