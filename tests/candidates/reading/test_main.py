"""`python -m candidates.reading`: one line a file, in order, whatever the files are."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from candidates.reading import Problem
from tests.makers import archives, files, hidden

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "candidates.reading", *map(str, arguments)]
    environment = {"PATH": os.environ["PATH"]}  # no Django settings, nothing of the tests
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def records(*arguments: str | Path) -> list[dict[str, Any]]:
    done = run(*arguments, "--format", "jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deeper").mkdir()
    (tmp_path / "b.pdf").write_bytes(files.pdf(pages=2))
    (tmp_path / "a.txt").write_bytes(files.text())
    (tmp_path / "deeper" / "c.docx").write_bytes(files.docx("Jane Example"))
    return tmp_path


def test_a_line_says_what_was_found(folder: Path) -> None:
    [record] = records(folder / "b.pdf")

    assert record["seconds"] > 0
    contact = record.pop("contact")
    assert (contact["name"], contact["phone"]) == ("Jane Example", "+44 20 7946 0958")
    assert [section["kind"] for section in record.pop("sections")][:2] == ["contact", "experience"]
    assert {**record, "text": "", "seconds": 0} == {
        "file": str(folder / "b.pdf"),
        "media_type": "application/pdf",
        "reader": "pypdfium2",
        "pages": 2,
        "text": "",
        "language": "en",
        "hidden": [],
        "flags": [],
        "error": None,
        "seconds": 0,
    }
    assert record["text"].startswith("Jane Example\n")


def test_hidden_text_is_told_by_kind_and_page(folder: Path) -> None:
    kind, make = hidden.HIDDEN["white"]
    (folder / "white.pdf").write_bytes(make())

    [record] = records(folder / "white.pdf")

    assert record["hidden"] == [{"kind": kind, "text": hidden.SECRET, "page": 1}]
    assert hidden.SECRET not in record["text"]


def test_the_order_is_kept_however_many_are_read_at_a_time(folder: Path) -> None:
    names = [f"{number:02}.txt" for number in range(30)]
    for name in names:
        (folder / name).write_text(f"Jane Example {name}")

    lines = records(*(folder / name for name in names), "--jobs", "3")

    assert [Path(record["file"]).name for record in lines] == names
    assert all(record["text"].endswith(Path(record["file"]).name) for record in lines)


def test_what_is_only_named_zip_is_read_as_what_it_is(folder: Path) -> None:
    (folder / "cv.zip").write_bytes(files.pdf())
    (folder / "empty.zip").write_bytes(archives.packed({}))

    pdf, empty = records(folder / "cv.zip", folder / "empty.zip")

    assert pdf["reader"] == "pypdfium2"
    assert [flag["kind"] for flag in pdf["flags"]] == ["mislabelled"]
    assert (empty["file"], empty["error"]["problem"]) == (f"{folder}/empty.zip", "no-files")


def test_a_zip_is_read_member_by_member(folder: Path) -> None:
    (folder / "all.zip").write_bytes(archives.with_locked_member())
    (folder / "torn.zip").write_bytes(archives.resumes()[:-30])

    first, second, torn = records(folder / "all.zip", folder / "torn.zip")

    assert first["file"] == f"{folder}/all.zip/locked.txt"
    assert first["error"]["problem"] == "encrypted"
    assert second["file"] == f"{folder}/all.zip/open.txt"
    assert second["text"].startswith("Jane Example")
    assert (torn["file"], torn["error"]["problem"]) == (f"{folder}/torn.zip", "damaged")


@pytest.mark.parametrize("jobs", ["0", "-1", "65", "many"])
def test_an_unusable_number_of_jobs_is_refused(folder: Path, jobs: str) -> None:
    done = run(folder, "--jobs", jobs)

    assert (done.returncode, done.stdout) == (2, "")
    assert "--jobs" in done.stderr and "Traceback" not in done.stderr


def test_an_unreadable_file_is_a_line_with_its_reason(folder: Path) -> None:
    (folder / "z.pdf").write_bytes(files.encrypted_pdf())

    [refused, read] = records(folder / "z.pdf", folder / "a.txt")

    assert refused["error"] == {"problem": "encrypted", "message": Problem.ENCRYPTED.sentence}
    assert (refused["text"], refused["pages"]) == ("", 0)
    assert read["error"] is None


def test_folders_are_walked_by_name_and_arguments_in_their_order(folder: Path) -> None:
    lines = [record["file"] for record in records(folder / "deeper", folder)]

    assert lines == [
        str(folder / name) for name in ("deeper/c.docx", "a.txt", "b.pdf", "deeper/c.docx")
    ]


def test_text_is_the_other_format(folder: Path) -> None:
    (folder / "z.png").write_bytes(files.png())

    done = run(folder / "a.txt", folder / "z.png", "--format", "text")

    assert done.returncode == 0
    assert "Built payment services in Python" in done.stdout
    assert Problem.PICTURE.sentence in done.stdout


def test_a_pipe_in_a_folder_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")

    assert records(folder / "pipe")[0]["error"]["problem"] == "not-opened"


def test_a_file_over_the_limit_is_a_reason(folder: Path) -> None:
    with (folder / "large.pdf").open("wb") as file:
        file.truncate(30 * 1024 * 1024)

    assert records(folder / "large.pdf")[0]["error"]["problem"] == "too-large"


@pytest.mark.parametrize("arguments", [[], ["no-such-file.pdf"], [".", "--format", "xml"]])
def test_unusable_arguments_end_with_2(arguments: list[str]) -> None:
    done = run(*arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip() and "Traceback" not in done.stderr


def test_whoever_stops_listening_gets_no_traceback(folder: Path) -> None:
    command = f"{sys.executable} -m candidates.reading {folder} {folder} | head -c 5"

    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.stderr == ""


@pytest.mark.skipif(not SHARED.exists(), reason="no folder of hostile files beside the project")
def test_hostile_files_from_elsewhere_end_with_text_or_a_reason() -> None:
    lines = records(SHARED / "hostile")

    assert len(lines) > 100
    assert all(bool(record["text"]) != bool(record["error"]) for record in lines)
    assert not [record for record in lines if (record["error"] or {}).get("problem") == "crashed"]
    # Stopped after 20, on however busy a machine; seen a moment later.
    assert max(record["seconds"] for record in lines) < 60


@pytest.mark.skipif(not SHARED.exists(), reason="no folder of real résumés beside the project")
def test_real_resumes_are_readable() -> None:
    lines = records(SHARED / "resumes")

    assert lines and all(record["text"] for record in lines)
    assert not [record["file"] for record in lines if record["hidden"]]
    noted = {Path(record["file"]).stem for record in lines if record["flags"]}
    assert noted <= {"MANIFEST", "awesomecv-coverletter", "moderncv-moderncv_userguide"}
