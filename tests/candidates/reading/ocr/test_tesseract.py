"""tesseract in the sandbox: how long it may take, and that it never outlives its parent."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from candidates.reading import Problem, Unreadable, read
from candidates.reading.limits import ADDRESS_SPACE_BYTES
from candidates.reading.ocr import tesseract
from candidates.reading.sandbox.parent import Sandbox, SandboxFailed
from tests.candidates.reading.sandbox.test_parent import ROOT, alive, linux, wait_until
from tests.makers import files, mails, scans
from tests.makers.scans import needs_tesseract

pytestmark = pytest.mark.processes


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A tesseract that takes a minute."""
    scans.on_the_path(monkeypatch, scans.slow_tesseract(tmp_path, 60))


def started_by(pid: int) -> list[int]:
    """Processes whose parent is `pid`."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            children.append(int(stat.parent.name))
    return children


class Reading:
    """A scan on its way through a sandbox, in a thread of its own."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(ocr="eng")
        self.refused: list[Unreadable] = []
        self.thread = threading.Thread(target=self._read)
        self.thread.start()
        wait_until(lambda: bool(self.sandbox.pid and started_by(self.sandbox.pid)))
        assert self.sandbox.pid is not None
        self.child = self.sandbox.pid
        [self.tesseract] = started_by(self.child)

    def _read(self) -> None:
        with self.sandbox, pytest.raises(Unreadable) as refused:
            self.sandbox.read(scans.scanned_pdf(), "scan.pdf")
        self.refused.append(refused.value)


@pytest.fixture
def reading(slow: None) -> Iterator[Reading]:
    reading = Reading()
    yield reading
    if alive(reading.child):
        os.kill(reading.child, signal.SIGKILL)
    reading.thread.join()


@needs_tesseract
def test_the_child_recognises_and_reads_on() -> None:
    with Sandbox(ocr="eng") as sandbox:
        scan = sandbox.read(scans.picture("PNG"), "scan.png")
        first = sandbox.pid
        text = sandbox.read(files.pdf(), "cv.pdf")
        assert (sandbox.pid, sandbox.deaths) == (first, 0)

    assert scan.contact.email == text.contact.email == "jane.example@example.com"


def test_a_scan_may_take_longer_than_other_files_and_we_are_told_that_time_goes_by(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scans.on_the_path(monkeypatch, scans.slow_tesseract(tmp_path, 3.5))
    ticks: list[None] = []

    with Sandbox(seconds=2.0, ocr="eng") as sandbox:
        sandbox.read(b"Jane", "first.txt")  # the child is there
        assert sandbox.read(scans.picture("PNG"), "scan.png", lambda: ticks.append(None)).text

    assert len(ticks) >= 2


def test_every_scan_of_a_message_adds_to_its_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scans.on_the_path(monkeypatch, scans.slow_tesseract(tmp_path, 0.2))
    letter = mails.eml(
        attachments=[("cv.png", scans.picture("PNG")), ("more.pdf", scans.scanned_pdf())]
    )
    announced: list[int] = []

    assert read(letter, "mail.eml", "eng", announced.append).pages[:2] == ("seen", "seen")
    assert announced == [1, 2]
    with Sandbox(ocr="eng") as sandbox:
        assert sandbox.read(letter, "mail.eml").pages[:2] == ("seen", "seen")


def test_other_files_keep_their_time(slow: None) -> None:
    with Sandbox(seconds=1.5, ocr="eng") as sandbox:
        sandbox.read(b"Jane", "first.txt")
        with pytest.raises(Unreadable) as refused:
            sandbox.read(files.bomb_pdf(100), "slow.pdf")

    assert refused.value.problem is Problem.TOO_SLOW


@linux
def test_tesseract_has_the_limits_of_the_child(reading: Reading) -> None:
    limits = Path(f"/proc/{reading.tesseract}/limits").read_text()
    limit_of = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()}

    assert limit_of["Max address space"] == str(ADDRESS_SPACE_BYTES)
    assert limit_of["Max file size"] == limit_of["Max core file size"] == "0"
    assert int(limit_of["Max cpu time"]) < 60


@linux
def test_tesseract_sees_no_secret(monkeypatch: pytest.MonkeyPatch, slow: None) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary-in-the-environment")
    reading = Reading()
    try:
        seen = Path(f"/proc/{reading.tesseract}/environ").read_bytes()
    finally:
        os.kill(reading.child, signal.SIGKILL)
        reading.thread.join()

    assert b"canary" not in seen and b"OMP_THREAD_LIMIT=1" in seen


@linux
def test_tesseract_dies_with_the_child(reading: Reading) -> None:
    os.kill(reading.child, signal.SIGKILL)

    wait_until(lambda: not alive(reading.tesseract))
    reading.thread.join()
    assert reading.refused[0].problem is Problem.CRASHED


@linux
def test_a_sandbox_that_is_interrupted_leaves_no_tesseract(slow: None) -> None:
    class Enough(Exception):
        pass

    seen: list[int] = []

    def stop_when_it_runs() -> None:
        assert sandbox.pid is not None
        seen.extend(started_by(sandbox.pid))
        if seen:
            raise Enough

    with Sandbox(ocr="eng") as sandbox, pytest.raises(Enough):
        sandbox.read(scans.picture("PNG"), "scan.png", stop_when_it_runs)

    wait_until(lambda: not any(map(alive, seen)))


PARENT = """
from candidates.reading.sandbox.parent import Sandbox
from tests.makers import scans
sandbox = Sandbox(ocr="eng")
sandbox.read(b"Jane", "cv.txt")
print(sandbox.pid, flush=True)
sandbox.read(scans.picture("PNG"), "scan.png")
"""


@linux
def test_child_and_tesseract_die_with_the_worker(slow: None) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        wait_until(lambda: bool(started_by(child)))
        processes = [child, *started_by(child)]

        parent.kill()

    wait_until(lambda: not any(map(alive, processes)))


def test_tesseract_is_stopped_when_its_time_is_over(slow: None) -> None:
    before = set(started_by(os.getpid()))

    with pytest.raises(tesseract.OutOfTime):
        tesseract.recognise(bytes(100), 10, 10, "eng", 0.3)

    assert set(started_by(os.getpid())) <= before


def test_without_tesseract_no_file_is_to_blame(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with Sandbox(ocr="eng") as sandbox, pytest.raises(SandboxFailed) as failed:
        sandbox.read(files.pdf(), "cv.pdf")

    assert "tesseract is not found" in str(failed.value) and "Install it" in str(failed.value)
    with Sandbox() as sandbox:
        assert sandbox.read(files.pdf(), "cv.pdf").text


def test_a_language_without_data_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scans.on_the_path(monkeypatch, scans.slow_tesseract(tmp_path, 0))

    assert tesseract.missing("eng") == ""
    assert tesseract.missing("eng+deu+fra").endswith("has no data for: deu, fra.")


@needs_tesseract
def test_the_real_program_knows_what_it_lacks() -> None:
    assert tesseract.missing("eng") == "" or "eng" in tesseract.missing("eng")
    assert tesseract.missing("xyz").endswith("has no data for: xyz.")


@needs_tesseract
def test_tesseract_without_a_language_gives_no_answer() -> None:
    with pytest.raises(tesseract.NotRecognised):
        tesseract.recognise(bytes(100), 10, 10, "xyz", 20)


def run(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "candidates.reading", *map(str, arguments)]
    environment = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_shell_has_a_switch_for_it(slow: None, tmp_path: Path) -> None:
    scan = tmp_path / "scan.png"
    scan.write_bytes(scans.picture("PNG"))
    scans.slow_tesseract(tmp_path, 0)

    assert run(scan).stdout.endswith(f"{Problem.PICTURE.sentence}\n\n")
    assert run(scan, "--ocr", "eng").stdout.endswith("seen\n\n")


@pytest.mark.parametrize("languages", ["--help me", "eng,deu", "xyz"])
def test_languages_that_cannot_be_used_end_with_2(tmp_path: Path, languages: str) -> None:
    (tmp_path / "cv.txt").write_text("Jane")
    scans.slow_tesseract(tmp_path, 0)

    done = run(tmp_path / "cv.txt", f"--ocr={languages}", PATH=str(tmp_path))

    assert done.returncode == 2
    assert languages in done.stderr and "Traceback" not in done.stderr
