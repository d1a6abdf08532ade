"""Reading in a child process, so that a hostile file costs one file and never its reader.

The child has limits on memory, time, files and processes, an empty environment and, where the
system allows it, no network (see `child`). This side keeps the time, kills and replaces the child,
and checks the shape of everything that comes back.
"""

import contextlib
import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from candidates.reading.document import Document, Member, PageLayout
from candidates.reading.limits import (
    ADDRESS_SPACE_BYTES,
    MAX_ANSWER_BYTES,
    MAX_ARCHIVE_BYTES,
    MAX_BYTES,
    MAX_FILES_PER_CHILD,
    MAX_QUOTES,
    READING_SECONDS,
    recognise_seconds,
)
from candidates.reading.ocr import tesseract
from candidates.reading.problems import Problem, Unreadable

from . import wire

log = logging.getLogger(__name__)

START_SECONDS = 30.0
GRACE_SECONDS = 5.0  # a child that recognises ends by itself, and then hands its text over
TICK_SECONDS = 1.0
TESSERACT_VARIABLES = ("PATH", "TESSDATA_PREFIX")
REMEDY = "Install it (Debian: tesseract-ocr and tesseract-ocr-LANGUAGE), or switch recognition off."
ROOT = Path(__file__).resolve().parents[3]
CHUNK_BYTES = 256 * 1024
# Protections that this system does not allow are reported once for each process.
_reported_protections: set[str] = set()


class SandboxFailed(RuntimeError):
    """The child cannot be started here at all; no file is to blame."""


class _ChildDied(Exception):
    """The child ended, or its answer has not the form that the protocol gives it."""


class _ChildLate(Exception):
    """The child did not answer in time."""


class Sandbox:
    """One child process, started at the first file and replaced after a death.

    A context manager, or `close()` it. Not for several threads at once. The child also dies when
    the thread that started it ends; the next file then starts another one.

    `ocr` switches text recognition on, for languages as tesseract names them ("eng+deu").
    """

    def __init__(self, seconds: float = READING_SECONDS, ocr: str = "") -> None:
        self.seconds = seconds
        self.ocr = ocr
        self.deaths = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._files = 0
        self._baseline = 0  # peak memory in kB that the child began with

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is one."""
        return None if self._child is None else self._child.pid

    def read(self, data: bytes, name: str, tick: Callable[[], None] | None = None) -> Document:
        """The text of `data`, within `seconds` of wall time (and the start of a child); text
        recognition adds to that what `limits.recognise_seconds` says.

        `tick` is called about every second while the child starts and works, for heartbeats that
        are due. Raises Unreadable with the reason when there is none, and SandboxFailed when no
        child can be started.
        """
        if not data:
            raise Unreadable(Problem.EMPTY)
        if len(data) > MAX_BYTES:
            raise Unreadable(Problem.TOO_LARGE, f"{len(data)} bytes")
        with self._child_at_work(data, name, wire.READ, tick=tick) as (child, deadline):
            value = _receive(child, deadline, tick)
            recognising_since = 0.0
            while self.ocr and "recognising" in value:
                recognising_since = recognising_since or time.monotonic()
                deadline = recognising_since + _seconds_for(value["recognising"]) + GRACE_SECONDS
                value = _receive(child, deadline, tick)
            self._files += 1
            return _document(value)

    def unpack(
        self, data: bytes, name: str, skip: int = 0, tick: Callable[[], None] | None = None
    ) -> Iterator[Member]:
        """The files in a ZIP, within `seconds` for each; without the first `skip`.

        `tick` is called as by `read`. Raises Unreadable where the archive as a whole is to blame,
        also after some members, and SandboxFailed. A caller that stops half-way ends the child.
        """
        if not data:
            raise Unreadable(Problem.EMPTY)
        if len(data) > MAX_ARCHIVE_BYTES:
            raise Unreadable(Problem.ARCHIVE_TOO_LARGE, f"{len(data)} bytes")
        with self._child_at_work(data, name, wire.UNPACK, skip, tick) as (child, deadline):
            while "member" in (value := _receive(child, deadline, tick)):
                yield _member(value, child, deadline)
                deadline = time.monotonic() + self.seconds
            if value != {"end": True}:
                _document(value)

    def draw(self, data: bytes, index: int) -> bytes:
        """A page of a PDF or of a picture as WebP, counted from 0, within `seconds`.

        Raises Unreadable and SandboxFailed.
        """
        with self._child_at_work(data, "", wire.DRAW, index) as (child, deadline):
            value = _receive(child, deadline)
            if "size" not in value:
                _document(value)
                raise _ChildDied
            drawn = _exactly(child, _size_of(value["size"]), deadline)
            if drawn[:4] != b"RIFF" or drawn[8:12] != b"WEBP":
                raise _ChildDied
            return drawn

    def layout(self, data: bytes, quotes: Sequence[tuple[str, int]] = ()) -> list[PageLayout]:
        """The pages as `draw` draws them, and where on them the quotes stand, each given with how
        often it has stood in the text before; within `seconds`.

        Raises Unreadable and SandboxFailed.
        """
        quotes_as_json = json.dumps(list(quotes)[:MAX_QUOTES])
        with self._child_at_work(data, quotes_as_json, wire.LAYOUT) as (child, deadline):
            value = _receive(child, deadline)
            if "pages" not in value:
                _document(value)
            try:
                return [PageLayout.from_json(page) for page in value["pages"]]
            except (KeyError, TypeError, ValueError, OverflowError) as error:
                raise _ChildDied from error

    @contextmanager
    def _child_at_work(
        self,
        data: bytes,
        name: str,
        action: int,
        skip: int = 0,
        tick: Callable[[], None] | None = None,
    ) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
        """A child that has got the request, and its deadline."""
        child = self._ready(tick)
        begun = time.monotonic()
        try:
            deadline = begun + self.seconds
            _write(child, wire.request(data, name, action, skip), data, deadline)
            yield child, deadline
        except _ChildLate:
            self._stop()
            self.deaths += 1
            waited = time.monotonic() - begun
            raise Unreadable(Problem.TOO_SLOW, f"no answer in {waited:.4g} s") from None
        except _ChildDied:
            self.deaths += 1
            raise self._reason_of_death() from None
        except Unreadable:
            raise
        except BaseException:
            # Interrupted half-way, by a signal perhaps: the pipe holds the rest of an answer.
            self._stop()
            raise

    def close(self) -> None:
        """End the child; reading again would start another."""
        self._stop()

    def _ready(self, tick: Callable[[], None] | None) -> subprocess.Popen[bytes]:
        if self._child is not None and (self._files >= MAX_FILES_PER_CHILD or _ended(self._child)):
            self._stop()
        if self._child is None:
            self._child = _start(self.ocr)
            self._files = 0
            try:
                self._baseline = self._greet(self._child, tick)
            except BaseException:
                self._stop()  # interrupted before the greeting was read
                raise
        return self._child

    def _greet(self, child: subprocess.Popen[bytes], tick: Callable[[], None] | None) -> int:
        try:
            hello = _receive(child, time.monotonic() + START_SECONDS, tick)
            missing, baseline = (
                [str(protection) for protection in hello["missing"]],
                int(hello["max_rss"]),
            )
        except (_ChildDied, _ChildLate, KeyError, TypeError, ValueError) as error:
            child.kill()
            output = _pipe(child.stderr).read().decode(errors="replace").strip()
            raise SandboxFailed(
                f"The process that reads files does not start ({type(error).__name__.strip('_')}): "
                f"{output[-500:] or 'it said nothing'}. "
                f"Try `{sys.executable} -m candidates.reading` "
                f"on a small text file in {ROOT}."
            ) from None
        for protection in missing:
            if protection not in _reported_protections:
                _reported_protections.add(protection)
                log.warning("Files are read without this protection: %s", protection)
        _pipe(child.stderr).close()
        return baseline

    def _reason_of_death(self) -> Unreadable:
        code, peak = self._stop()
        if code == -signal.SIGXCPU:
            return Unreadable(Problem.TOO_SLOW, "CPU limit")
        # Under the limit, an allocation that fails ends libraries in C++ by abort(). One large one
        # can fail with little in use, so the peak alone does not decide.
        if code == -signal.SIGABRT or peak > max(self._baseline, ADDRESS_SPACE_BYTES // 1024 * 0.6):
            return Unreadable(Problem.TOO_MUCH_MEMORY, f"peak {peak} kB, exit {code}")
        return Unreadable(Problem.CRASHED, f"the reader ended with {code}")

    def _stop(self) -> tuple[int, int]:
        """Kill and reap; returns exit code (minus the signal) and peak memory in kB."""
        child, self._child = self._child, None
        if child is None:
            return 0, 0
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
        if child.returncode is not None:  # reaped before
            return child.returncode, 0
        # The whole group, also after the child's own end: a tesseract it started is in there.
        # Its leader is not reaped yet, so the number is still the group's.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        try:
            # Not Popen.wait, which throws the use of memory away.
            _, status, usage = os.wait4(child.pid, 0)
        except ChildProcessError:  # a parent that ignores SIGCHLD reaps of itself
            child.returncode = -signal.SIGKILL
            return child.returncode, 0
        child.returncode = os.waitstatus_to_exitcode(status)
        return child.returncode, usage.ru_maxrss


def _start(ocr: str) -> subprocess.Popen[bytes]:
    environment = {"PYTHONUTF8": "1"}  # and nothing else: no keys, no addresses
    if ocr:
        if lacking := tesseract.missing(ocr):
            raise SandboxFailed(
                f"Text recognition is on for '{ocr}', and cannot work here: {lacking} {REMEDY}"
            )
        environment |= {key: os.environ[key] for key in TESSERACT_VARIABLES if key in os.environ}
    child = subprocess.Popen(
        [
            *(sys.executable, "-s", "-m", "candidates.reading.sandbox.child", str(os.getpid())),
            *([ocr] if ocr else []),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        cwd=ROOT,
        env=environment,
        start_new_session=True,  # Ctrl-C in the terminal is for the parent, who then ends it
    )
    os.set_blocking(_pipe(child.stdin).fileno(), False)
    os.set_blocking(_pipe(child.stdout).fileno(), False)
    return child


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    if end is None:
        raise TypeError("The child was started without this pipe.")
    return end


def _ended(child: subprocess.Popen[bytes]) -> bool:
    try:
        state = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return state is not None


def _wait(pipe: Any, event: int, deadline: float, tick: Callable[[], None] | None = None) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)
        while (left := deadline - time.monotonic()) > 0:
            if selector.select(min(left, TICK_SECONDS)):
                return
            if tick is not None:
                tick()
    raise _ChildLate


def _seconds_for(pages: object) -> float:
    """The time that the child may take for the pages that it has announced."""
    if not isinstance(pages, int) or pages < 0:
        raise _ChildDied
    return recognise_seconds(pages)


def _write(child: subprocess.Popen[bytes], head: bytes, data: bytes, deadline: float) -> None:
    pipe = _pipe(child.stdin)
    for part in (head, data):
        left = memoryview(part)
        while left:
            try:
                left = left[os.write(pipe.fileno(), left[:CHUNK_BYTES]) :]
            except BlockingIOError:
                _wait(pipe, selectors.EVENT_WRITE, deadline)
            except BrokenPipeError:
                raise _ChildDied from None


def _receive(
    child: subprocess.Popen[bytes], deadline: float, tick: Callable[[], None] | None = None
) -> dict[str, Any]:
    (length,) = wire.ANSWER.unpack(_exactly(child, wire.ANSWER.size, deadline, tick))
    if length > MAX_ANSWER_BYTES:
        raise _ChildDied
    try:
        value = json.loads(_exactly(child, length, deadline, tick))
    except ValueError:
        raise _ChildDied from None
    if not isinstance(value, dict):
        raise _ChildDied
    return value


def _exactly(
    child: subprocess.Popen[bytes],
    length: int,
    deadline: float,
    tick: Callable[[], None] | None = None,
) -> bytes:
    pipe = _pipe(child.stdout)
    parts = []
    while length:
        _wait(pipe, selectors.EVENT_READ, deadline, tick)
        part = os.read(pipe.fileno(), min(length, CHUNK_BYTES))
        if not part:
            raise _ChildDied
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _size_of(size: object) -> int:
    if not isinstance(size, int) or not 0 <= size <= MAX_ANSWER_BYTES:
        raise _ChildDied
    return size


def _member(value: dict[str, Any], child: subprocess.Popen[bytes], deadline: float) -> Member:
    """One member as the child sent it, checked."""
    try:
        name, size = value["member"], int(value["size"])
        problem = Problem(value["problem"]) if "problem" in value else None
        if not isinstance(name, str) or not 0 <= size <= MAX_BYTES:
            raise _ChildDied
        name.encode()
    except (KeyError, TypeError, ValueError) as error:
        raise _ChildDied from error
    return Member(name, _exactly(child, size, deadline), problem, str(value.get("detail", "")))


def _document(value: dict[str, Any]) -> Document:
    """The answer of the child, checked; raises Unreadable for a refusal."""
    try:
        if "problem" in value:
            raise Unreadable(Problem(value["problem"]), str(value["detail"])[:500])
        return Document.from_json(value["document"])
    except (KeyError, TypeError, ValueError) as error:
        raise _ChildDied from error
