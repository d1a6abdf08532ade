"""The program tesseract: whether it is installed, its languages, and one picture through it.

`recognise` decides which pictures it gets; a start-up check uses this module too. It loads no
parser and writes no file: the picture goes in by a pipe as bare grey levels, and the words come
out by another.
"""

import os
import re
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from candidates.reading.limits import recognise_seconds
from candidates.reading.processes import ending_with

LANGUAGES = re.compile(r"[A-Za-z0-9_/]+(\+[A-Za-z0-9_/]+)*")
DPI = 300  # of the pages as they are rendered, which tesseract is given as well
LANGUAGE_LIST_SECONDS = 20.0  # for the list of languages
# The columns of its table (tesseract's man page, "tsv").
LEVEL, BLOCK, PARAGRAPH, LINE, CONFIDENCE, TEXT = 0, 2, 3, 4, 10, 11
WORD_LEVEL = "5"


class Ocr:
    """Text recognition is on for one file, in `languages` as tesseract names them ("eng+deu").

    `announce` is called with the number of pages that will be recognised before the first of them
    is; where a message has several scans attached, again with the new sum.
    """

    def __init__(self, languages: str, announce: Callable[[int], None] | None = None) -> None:
        self.languages = languages
        self.announce = announce
        self.pages = 0
        self.begun = 0.0

    def allow(self, pages: int) -> float:
        """The deadline (by the monotonic clock) for `pages` more pages."""
        if not self.pages:
            self.begun = time.monotonic()
        self.pages += pages
        if self.announce is not None:
            self.announce(self.pages)
        return self.begun + recognise_seconds(self.pages)


class NotRecognised(Exception):
    """tesseract ended without an answer; the message is its exit code, never text of the page."""


class OutOfTime(Exception):
    """tesseract was stopped at its time limit."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """The words of one page in reading order: a line each, a blank line between blocks.

    `confidence` is tesseract's own, 0.0 to 100.0, the mean over letters; 0.0 without any.
    """

    text: str
    confidence: float


def missing(languages: str) -> str:
    """The reason why tesseract cannot read `languages` (such as "eng+deu") here, as one sentence;
    "" where it can. Starts a process."""
    program = shutil.which("tesseract")
    if program is None:
        return "The program tesseract is not found on the PATH."
    try:
        done = subprocess.run(
            [program, "--list-langs"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LANGUAGE_LIST_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{program} does not run ({type(error).__name__})."
    # The first line is a heading; releases before 4 print the list as an error.
    known = set((done.stdout or done.stderr).split("\n")[1:])
    lacking = [each for each in languages.split("+") if each not in known]
    if lacking:
        return f"{program} has no data for: {', '.join(lacking)}."
    return ""


def recognise(grey: bytes, width: int, height: int, languages: str, seconds: float) -> Recognised:
    """The words in a picture of `width` × `height` bytes, 0 for black to 255 for white.

    Raises OutOfTime after `seconds`, and NotRecognised where tesseract gives no answer.
    """
    command = [
        *(shutil.which("tesseract") or "tesseract", "stdin", "stdout", "-l", languages),
        *("--dpi", str(DPI), "--psm", "1", "tsv"),  # 1: pages, turned if need be, in any layout
    ]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},  # more threads gain nothing on a page
            preexec_fn=_before_exec(seconds),  # safe: the process has one thread
        )
    except OSError as error:
        raise NotRecognised(f"tesseract: {type(error).__name__}") from error
    with process:
        try:
            table, _ = process.communicate(b"P5 %d %d 255\n" % (width, height) + grey, seconds)
        except subprocess.TimeoutExpired:
            raise OutOfTime from None
        finally:
            process.kill()  # has no effect where it has ended
    if process.returncode == -signal.SIGXCPU:
        raise OutOfTime
    if process.returncode != 0:
        raise NotRecognised(f"tesseract ended with {process.returncode}")
    return _page(table.decode("utf-8", "replace"))


def _before_exec(seconds: float) -> Callable[[], None]:
    """The function that the new process runs before it becomes tesseract: so it ends with its
    parent, however that ends, and has CPU time of its own. It inherits the other limits."""
    parent_is_there = ending_with(os.getpid())

    def prepare() -> None:
        if not parent_is_there():
            os._exit(1)
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        allowed = int(seconds) + 1
        if hard != resource.RLIM_INFINITY:
            allowed = min(allowed, hard)
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, hard))

    return prepare


def _page(table: str) -> Recognised:
    lines: list[str] = []
    words: list[str] = []
    place: tuple[str, ...] = ()
    weighed = letters = 0.0
    for row in table.split("\n"):
        cells = row.split("\t")
        if len(cells) <= TEXT or cells[LEVEL] != WORD_LEVEL or not cells[TEXT].strip():
            continue
        here = (cells[BLOCK], cells[PARAGRAPH], cells[LINE])
        if here != place:
            if words:
                lines.append(" ".join(words))
            if place and here[0] != place[0]:
                lines.append("")
            words, place = [], here
        word = cells[TEXT].strip()
        words.append(word)
        weighed += float(cells[CONFIDENCE]) * len(word)
        letters += len(word)
    lines.append(" ".join(words))
    return Recognised("\n".join(lines), weighed / letters if letters else 0.0)
