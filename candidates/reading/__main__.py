"""Read résumés from a shell: `python -m candidates.reading FILE…`."""

import argparse
import json
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from candidates.reading.ocr.tesseract import LANGUAGES
from candidates.reading.sandbox.parent import Sandbox, SandboxFailed

from .document import ZIP, Document, Member
from .limits import MAX_ARCHIVE_BYTES, MAX_BYTES
from .problems import Problem, Unreadable

MAX_JOBS = 64


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m candidates.reading",
        description="Reads files in a child process with limits; folders in the order of names. "
        "Ends with 0 even when some files cannot be read.",
    )
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="FILE", help="a file, a folder or a ZIP"
    )
    parser.add_argument(
        "--format",
        choices=("jsonl", "text"),
        default="text",
        help="one JSON object a line, or the text itself (default)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=len(os.sched_getaffinity(0)),
        metavar="N",
        help="files read at the same time (default: one for each processor, here %(default)s)",
    )
    parser.add_argument(
        "--ocr",
        default="",
        metavar="LANGUAGES",
        help="recognise the text of scans and pictures with tesseract, for example eng or eng+deu",
    )
    options = parser.parse_args(arguments)
    if options.ocr and not LANGUAGES.fullmatch(options.ocr):
        parser.exit(2, f"--ocr is '{options.ocr}'. Name languages such as eng or eng+deu.\n")
    if not 1 <= options.jobs <= MAX_JOBS:
        parser.exit(2, f"--jobs is {options.jobs}. Set it to a number from 1 to {MAX_JOBS}.\n")
    for path in options.paths:
        if not path.exists():
            parser.exit(2, f"{path} does not exist. Name files or folders that do.\n")
    show = _as_json if options.format == "jsonl" else _as_text
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        for record in _records(_files(options.paths), options.jobs, options.ocr):
            print(show(record), flush=True)  # noqa: T201
    except SandboxFailed as error:
        parser.exit(2, f"{error}\n")
    except BrokenPipeError:
        # The reader of the output has closed it; the interpreter must not flush into it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 0


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path):
                folders.sort()
                yield from (Path(folder, name) for name in sorted(names))
        else:
            yield path


Record = dict[str, Any]


def _records(paths: Iterator[Path], jobs: int, ocr: str) -> Iterator[Record]:
    """One for each file, in their order, `jobs` of them read at a time by a child each."""
    thread = threading.local()
    sandboxes: list[Sandbox] = []

    def begin() -> None:
        thread.sandbox = Sandbox(ocr=ocr)
        sandboxes.append(thread.sandbox)

    def read(name: str, load: Callable[[], bytes]) -> Record:
        return _record(thread.sandbox, name, load)

    def everything() -> Iterator[tuple[str, Callable[[], bytes]]]:
        with Sandbox() as unpacker:
            for path in paths:
                yield from _unpacked(unpacker, path)

    with ThreadPoolExecutor(jobs, initializer=begin) as threads:
        try:
            waiting: deque[Future[Record]] = deque()
            for name, load in everything():
                waiting.append(threads.submit(read, name, load))
                # Not all at once: records that wait for a slow file before them take memory.
                if len(waiting) >= 8 * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            threads.shutdown(wait=True, cancel_futures=True)
            for sandbox in sandboxes:
                sandbox.close()


def _unpacked(sandbox: Sandbox, path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """The file, or the files in it, each with a function that loads it or raises Unreadable."""
    if path.suffix.lower() != ".zip" or not _begins_as_zip(path):
        yield str(path), partial(_bytes, path)
        return
    try:
        for member in sandbox.unpack(_bytes(path, MAX_ARCHIVE_BYTES), path.name):
            if member.name == path.stem:  # a document that is named .zip
                yield str(path), partial(_member, member)
            else:
                yield f"{path}/{member.name}", partial(_member, member)
    except Unreadable as refused:
        yield str(path), partial(_refuse, refused)


def _begins_as_zip(path: Path) -> bool:
    """Whether it is a ZIP; other files that are named so are read as what they are."""
    try:
        return _bytes(path, 3).startswith(ZIP)
    except Unreadable:
        return False


def _member(member: Member) -> bytes:
    if member.problem is not None:
        raise Unreadable(member.problem, member.detail)
    return member.data


def _refuse(refused: Unreadable) -> bytes:
    raise refused


def _record(sandbox: Sandbox, name: str, load: Callable[[], bytes]) -> Record:
    begun = time.perf_counter()
    document, error = Document("", "", ()), None
    try:
        document = sandbox.read(load(), Path(name).name)
    except Unreadable as refused:
        error = {"problem": refused.problem.value, "message": refused.problem.sentence}
    return {
        "file": name,
        "media_type": document.media_type,
        "reader": document.reader,
        "pages": len(document.pages),
        "text": document.text,
        "language": document.language,
        "hidden": [hidden.to_json() for hidden in document.hidden],
        "flags": [flag.to_json() for flag in document.flags],
        "error": error,
        "contact": document.contact.to_json(),
        "sections": [section.to_json() for section in document.sections],
        "seconds": round(time.perf_counter() - begun, 4),
    }


def _bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """The file, or Unreadable; never more of it than may be read."""
    try:
        if not path.is_file():  # reading a pipe or a device may never end
            raise Unreadable(Problem.NOT_OPENED, "not a regular file")
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise Unreadable(Problem.NOT_OPENED, type(error).__name__) from error


def _as_json(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False)


def _as_text(record: dict[str, Any]) -> str:
    shown = record["error"]["message"] if record["error"] else record["text"]
    return f"==> {record['file']} <==\n{shown}\n"


if __name__ == "__main__":
    sys.exit(main())
