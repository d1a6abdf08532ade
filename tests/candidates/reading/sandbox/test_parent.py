"""The child process: its limits, and what happens when it dies, hangs or is left alone."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from candidates.reading import Problem, Unreadable
from candidates.reading.limits import ADDRESS_SPACE_BYTES, MAX_BYTES
from candidates.reading.sandbox import parent
from candidates.reading.sandbox.parent import Sandbox, SandboxFailed
from tests.makers import files

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[4]
linux = pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="looks into /proc")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def child_of(sandbox: Sandbox) -> Path:
    """The child's folder in /proc; starts it."""
    sandbox.read(b"Jane", "cv.txt")
    return Path(f"/proc/{sandbox.pid}")


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "this did not come true in time"
        time.sleep(0.005)


def test_a_child_that_starts_slowly_leaves_time_for_heartbeats(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parent, "TICK_SECONDS", 0.001)
    is_ready: list[bool] = []  # False at a tick, True when the child has said so
    greet = sandbox._greet

    def greeted(*args: Any) -> int:
        baseline = greet(*args)
        is_ready.append(True)
        return baseline

    monkeypatch.setattr(sandbox, "_greet", greeted)
    sandbox.read(b"Jane", "cv.txt", lambda: is_ready.append(False))

    assert is_ready.index(True) > 0


def cpu_ticks(process: Path) -> int:
    return int((process / "stat").read_text().rpartition(")")[2].split()[11])


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_one_child_reads_many_files(sandbox: Sandbox) -> None:
    assert sandbox.read(files.pdf(), "one.pdf").contact.name == "Jane Example"
    first = sandbox.pid

    assert sandbox.read(files.docx("Two"), "two.docx").text == "Two"
    with pytest.raises(Unreadable) as refused:
        sandbox.read(files.png(), "three.pdf")

    assert refused.value.problem is Problem.PICTURE
    assert (sandbox.pid, sandbox.deaths) == (first, 0)


def test_the_largest_file_gets_through(sandbox: Sandbox) -> None:
    with pytest.raises(Unreadable) as refused:
        sandbox.read(b"a" * MAX_BYTES, "cv.txt")
    assert refused.value.problem is Problem.TOO_LONG

    with pytest.raises(Unreadable) as refused:
        sandbox.read(b"a" * (MAX_BYTES + 1), "cv.txt")
    assert refused.value.problem is Problem.TOO_LARGE


@pytest.mark.parametrize("name", ["", "a\nb.txt", "naïve \udcff.txt", "x" * 5000, "../../etc"])
def test_any_name_gets_through(sandbox: Sandbox, name: str) -> None:
    assert sandbox.read(b"Jane", name).text == "Jane"


def test_a_file_that_takes_too_long_is_stopped_and_the_next_one_read() -> None:
    with Sandbox(seconds=1.5) as sandbox:
        sandbox.read(b"Jane", "first.txt")
        first = sandbox.pid

        with pytest.raises(Unreadable) as refused:
            sandbox.read(files.bomb_pdf(100), "slow.pdf")

        assert refused.value.problem is Problem.TOO_SLOW
        assert sandbox.read(b"Jane", "next.txt").text == "Jane"
        assert sandbox.pid != first
        assert sandbox.deaths == 1


@linux
def test_a_file_that_takes_all_memory_costs_only_itself(sandbox: Sandbox) -> None:
    with pytest.raises(Unreadable) as refused:
        sandbox.read(files.bomb_pdf(600), "bomb.pdf")

    assert refused.value.problem is Problem.TOO_MUCH_MEMORY
    assert sandbox.read(b"Jane", "next.txt").text == "Jane"


@linux
@pytest.mark.parametrize(
    ("ended_by", "problem"),
    [
        (signal.SIGSEGV, Problem.CRASHED),
        # What libraries in C++ do when the limit leaves no memory, with however little in use.
        (signal.SIGABRT, Problem.TOO_MUCH_MEMORY),
        (signal.SIGXCPU, Problem.TOO_SLOW),
    ],
)
def test_a_child_that_crashes_costs_one_file(
    sandbox: Sandbox, ended_by: signal.Signals, problem: Problem
) -> None:
    process = child_of(sandbox)
    before = cpu_ticks(process)
    refusals: list[Unreadable] = []

    def read() -> None:
        with pytest.raises(Unreadable) as refused:
            sandbox.read(files.bomb_pdf(100), "crash.pdf")
        refusals.append(refused.value)

    reading = threading.Thread(target=read)
    reading.start()
    wait_until(lambda: cpu_ticks(process) > before + 5)
    os.kill(int(process.name), ended_by)
    reading.join()

    assert refusals[0].problem is problem
    assert sandbox.read(b"Jane", "next.txt").text == "Jane"


@linux
def test_a_child_that_died_while_idle_costs_nothing(sandbox: Sandbox) -> None:
    process = child_of(sandbox)
    os.kill(int(process.name), signal.SIGKILL)
    wait_until(lambda: not alive(int(process.name)))

    assert sandbox.read(b"Jane", "next.txt").text == "Jane"
    assert sandbox.deaths == 0


@linux
def test_an_interrupted_read_leaves_no_half_answer(sandbox: Sandbox) -> None:
    class Alarm(Exception):
        pass

    def ring(_: int, __: object) -> None:
        raise Alarm

    bomb = files.bomb_pdf(100)
    first = child_of(sandbox)
    previous = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(Alarm):
            sandbox.read(bomb, "slow.pdf")
    finally:
        signal.signal(signal.SIGALRM, previous)

    assert not alive(int(first.name))
    assert sandbox.read(b"Jane", "next.txt").text == "Jane"


def test_a_child_that_cannot_start_blames_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("candidates.reading.sandbox.parent.ROOT", tmp_path)

    with Sandbox() as sandbox, pytest.raises(SandboxFailed) as failed:
        sandbox.read(b"Jane", "cv.txt")

    assert "does not start" in str(failed.value) and "candidates" in str(failed.value)


@linux
def test_the_child_sees_no_secret(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary-in-the-environment")
    monkeypatch.setenv("DATABASE_URL", "canary-in-the-environment")

    environment = (child_of(sandbox) / "environ").read_bytes()

    assert b"canary" not in environment
    assert b"SECRET_KEY" not in environment and b"DATABASE_URL" not in environment


@linux
def test_the_child_has_limits(sandbox: Sandbox) -> None:
    limits = {
        line[:26].strip(): line[26:].split()[0]
        for line in (child_of(sandbox) / "limits").read_text().splitlines()
    }

    assert limits["Max address space"] == str(ADDRESS_SPACE_BYTES)
    assert limits["Max file size"] == "0"
    assert limits["Max core file size"] == "0"
    assert limits["Max processes"] == "0"
    assert int(limits["Max open files"]) <= 64
    assert limits["Max cpu time"] != "unlimited"


@linux
def test_the_child_goes_behind_its_parent(sandbox: Sandbox) -> None:
    child = int(child_of(sandbox).name)

    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, child) == min(ours + 5, 19)


@linux
def test_the_child_holds_its_pipes_and_nothing_else(sandbox: Sandbox, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        process = child_of(sandbox)

        held = sorted(str(each.readlink()) for each in (process / "fd").iterdir())

    assert [each for each in held if not each.startswith("pipe:")] == ["/dev/null"] * 3
    assert len(held) == 5


@linux
def test_the_child_is_in_a_session_of_its_own(sandbox: Sandbox) -> None:
    process = child_of(sandbox)

    assert os.getsid(int(process.name)) == int(process.name) != os.getsid(0)


def _may_unshare() -> bool:
    code = "import os; os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    return done.returncode == 0


@linux
def test_the_child_has_no_network_where_the_system_allows(sandbox: Sandbox) -> None:
    if not _may_unshare():
        pytest.skip("this system allows no network namespace")

    process = child_of(sandbox)

    assert (process / "ns/net").readlink() != Path("/proc/self/ns/net").readlink()


HOSTILE = """
import ctypes, os, socket, subprocess, sys, threading
from candidates.reading.sandbox.child import _confine
missing = _confine(os.getppid(), starts_processes=False)
try:
    {attempt}
except (OSError, MemoryError) as error:
    print(type(error).__name__, missing)
else:
    print("done", missing)
"""


@linux
@pytest.mark.parametrize(
    ("attempt", "ends"),
    [
        ("socket.socket()", "PermissionError"),
        ("socket.socket(socket.AF_UNIX)", "PermissionError"),
        ("os.fork()", "PermissionError"),
        ("subprocess.run(['true'])", "PermissionError"),
        ("os.execv('/bin/true', ['true'])", "PermissionError"),
        ("os.kill(os.getppid(), 0)", "PermissionError"),
        ("os.unlink('{there}')", "PermissionError"),
        ("os.rename('{there}', '{there}.new')", "PermissionError"),
        ("os.mkdir('{there}.new')", "PermissionError"),
        ("os.symlink('{there}', '{there}.new')", "PermissionError"),
        ("os.chmod('{there}', 0)", "PermissionError"),
        ("open('{there}.new', 'w')", "PermissionError"),
        ("open('{there}', 'r+')", "PermissionError"),
        ("os.truncate('{there}', 0)", "PermissionError"),
        ("bytes(1_200_000_000)", "MemoryError"),
        ("[os.open('/dev/null', os.O_RDONLY) for _ in range(64)]", "OSError"),
        # What readers do need.
        ("open('{there}').read()", "done"),
        ("threading.Thread(target=print, args=['']).start()", "done"),
    ],
)
def test_a_parser_that_was_taken_over_can_do_little(
    tmp_path: Path, attempt: str, ends: str
) -> None:
    there = tmp_path / "file"
    there.write_text("kept")
    code = HOSTILE.format(attempt=attempt.format(there=there))

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.stdout.split() == [ends, "[]"], done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert there.read_text() == "kept"


PARENT = """
import sys, signal
from candidates.reading.sandbox.parent import Sandbox, SandboxFailed
sandbox = Sandbox()
sandbox.read(b"Jane", "cv.txt")
print(sandbox.pid, flush=True)
signal.pause()
"""


@linux
def test_the_child_dies_with_its_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)

        parent.kill()

    wait_until(lambda: not alive(child))


@linux
def test_the_child_ends_with_the_sandbox() -> None:
    with Sandbox() as sandbox:
        child = int(child_of(sandbox).name)
        assert alive(child)

    assert not alive(child)
    assert sandbox.pid is None


def _read_in_daemon(pipe: Connection) -> None:
    with Sandbox() as sandbox:
        pipe.send(sandbox.read(files.pdf(), "cv.pdf").contact.name)


def test_it_works_in_a_daemonic_process() -> None:
    ours, theirs = multiprocessing.Pipe()
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=_read_in_daemon, args=(theirs,), daemon=True)
    process.start()

    assert ours.poll(30)
    assert ours.recv() == "Jane Example"
    process.join()
