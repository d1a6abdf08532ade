"""The process that parses: it limits itself, then reads one file after the other from a pipe.

The parent starts it as `python -m candidates.reading.sandbox.child PARENT_PID [LANGUAGES]`. With
languages, text recognition is on, and the child may start processes: tesseract needs one a page.
They are bound by the same limits and end with the child.
"""

import contextlib
import json
import logging
import os
import resource
import sys
import traceback
from collections.abc import Callable
from typing import Any

from candidates.reading import read
from candidates.reading.containers.archive import members
from candidates.reading.limits import (
    ADDRESS_SPACE_BYTES,
    MAX_OPEN_FILES,
    READING_CPU_SECONDS,
    recognise_seconds,
)
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.processes import ending_with

from . import seccomp
from .wire import DRAW, LAYOUT, REQUEST, UNPACK, answer

NICENESS = 5  # reading thousands of files must not slow the web server down


def main() -> None:
    requests, answers, nowhere = _take_pipes()
    ocr = sys.argv[2] if len(sys.argv) > 2 else ""
    missing = _confine(parent=int(sys.argv[1]), starts_processes=bool(ocr))
    baseline = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _send(answers, {"missing": missing, "max_rss": baseline})
    # From here on the output of parsers, which may quote the résumé, is discarded.
    os.dup2(nowhere, 2)
    os.close(nowhere)
    logging.disable(logging.CRITICAL)

    def announce(pages: int) -> None:
        _allow_more_cpu(int(recognise_seconds(pages)))
        _send(answers, {"recognising": pages})

    while head := _receive(requests, REQUEST.size):
        action, skip, name_length, data_length = REQUEST.unpack(head)
        name = _receive(requests, name_length).decode("utf-8", "surrogatepass")
        data = _receive(requests, data_length)
        _allow_more_cpu(READING_CPU_SECONDS)
        if action == UNPACK:
            _unpack(answers, data, name, skip)
        elif action == DRAW:
            _draw(answers, data, skip)
        elif action == LAYOUT:
            _send(answers, _guarded(lambda data=data, name=name: _layout(data, name)))  # type: ignore[misc]
        else:
            _send(answers, _answer(data, name, ocr, announce))


def _unpack(pipe: int, data: bytes, name: str, skip: int) -> None:
    """Send the members of an archive, each as an answer and its bytes."""

    def send() -> dict[str, Any]:
        for member in members(data, name, skip):
            head: dict[str, Any] = {"member": member.name, "size": len(member.data)}
            if member.problem is not None:
                head |= {"problem": member.problem.value, "detail": member.detail}
            _send(pipe, head)
            _write(pipe, member.data)
            _allow_more_cpu(READING_CPU_SECONDS)
        return {"end": True}

    _send(pipe, _guarded(send))


def _draw(pipe: int, data: bytes, index: int) -> None:
    drawn = b""

    def act() -> dict[str, Any]:
        nonlocal drawn
        from candidates.reading.page_images import draw

        drawn = draw(data, index)
        return {"size": len(drawn)}

    _send(pipe, _guarded(act))
    _write(pipe, drawn)


def _layout(data: bytes, quotes: str) -> dict[str, Any]:
    from candidates.reading.page_images import layout

    return {"pages": layout(data, json.loads(quotes))}


def _answer(data: bytes, name: str, ocr: str, announce: Callable[[int], None]) -> dict[str, Any]:
    return _guarded(lambda: {"document": read(data, name, ocr, announce).to_json()})


def _guarded(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer of `act`, or the problem that it raised."""
    try:
        return act()
    except Unreadable as refused:
        return {"problem": refused.problem.value, "detail": refused.detail}
    except Exception as error:  # noqa: BLE001
        # The last guard around parsers: whatever they raise costs this file only. The message of
        # an unforeseen error may quote the résumé, so only its type and place go on.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(place.filename)}:{place.lineno}"  # noqa: PTH119
        return {"problem": Problem.CRASHED.value, "detail": f"{type(error).__name__} at {where}"}


def _take_pipes() -> tuple[int, int, int]:
    """Move the two pipes to other numbers, so that 0 and 1 are harmless for parsers. The last
    number is that of /dev/null."""
    requests, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return requests, answers, nowhere


def _confine(parent: int, *, starts_processes: bool) -> list[str]:
    """Give up all rights that parsing does not need; returns those that the system would not take
    away."""
    missing: list[str] = []

    def attempt(protection: str, act: Callable[[], object]) -> None:
        try:
            act()
        except (OSError, ValueError, AttributeError) as error:
            missing.append(f"{protection} ({error})")

    attempt("end with its parent", lambda: _end_with(parent))
    attempt("behind the pages", lambda: os.nice(NICENESS))
    attempt("no network", lambda: os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET))
    for protection, limit, value in (
        ("no core dump", resource.RLIMIT_CORE, 0),
        ("no file written", resource.RLIMIT_FSIZE, 0),
        ("few open files", resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
        ("no child process", resource.RLIMIT_NPROC, 0),
        ("limited memory", resource.RLIMIT_AS, ADDRESS_SPACE_BYTES),
    ):
        if limit == resource.RLIMIT_NPROC and starts_processes:
            continue  # it would count all processes of this user
        attempt(protection, lambda limit=limit, value=value: _lower(limit, value))  # type: ignore[misc]
    known = len(missing)
    protection = "no network, files or processes by a filter of calls"
    attempt(protection, lambda: seccomp.confine(starts_processes=starts_processes))
    if len(missing) == known:  # which refuses a network as well
        missing = [entry for entry in missing if not entry.startswith("no network")]
    return missing


def _lower(limit: int, value: int) -> None:
    hard = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))


def _end_with(parent: int) -> None:
    """End when the parent does, also where the end of the pipe would not say it."""
    if not ending_with(parent)():
        raise SystemExit("The process that started this reader is gone.")


def _allow_more_cpu(seconds: int) -> None:
    """Raise the limit of the system, which holds for the life of a process, for one more file."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    allowed = used + seconds + 1
    if hard != resource.RLIM_INFINITY:
        allowed = min(allowed, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, hard))


def _receive(pipe: int, length: int) -> bytes:
    """Exactly `length` bytes; ends the process when the other side is gone."""
    parts = []
    while length:
        part = os.read(pipe, min(length, 1024 * 1024))
        if not part:
            raise SystemExit(0)
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _send(pipe: int, value: dict[str, Any]) -> None:
    _write(pipe, answer(value))


def _write(pipe: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(pipe, left) :]


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):  # the parent has stopped listening
        main()
