"""Read résumés from a shell: `python -m candidates.reading FILE… [--format jsonl|text]`."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .document import Document
from .limits import MAX_BYTES
from .problems import Problem, Unreadable
from .sandbox import Sandbox, SandboxFailed


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m candidates.reading",
        description="Reads files in a child process with limits; folders in the order of names. "
        "Ends with 0 even when some files cannot be read.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE", help="a file or a folder")
    parser.add_argument(
        "--format",
        choices=("jsonl", "text"),
        default="text",
        help="one JSON object a line, or the text itself (default)",
    )
    options = parser.parse_args(arguments)
    for path in options.paths:
        if not path.exists():
            parser.exit(2, f"{path} does not exist. Name files or folders that do.\n")
    show = _as_json if options.format == "jsonl" else _as_text
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        with Sandbox() as sandbox:
            for path in _files(options.paths):
                print(show(_record(sandbox, path)), flush=True)  # noqa: T201
    except SandboxFailed as error:
        parser.exit(2, f"{error}\n")
    except BrokenPipeError:
        # Whoever read our lines has enough; the interpreter must not flush into the void.
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


def _record(sandbox: Sandbox, path: Path) -> dict[str, Any]:
    begun = time.perf_counter()
    document, error = Document("", "", ()), None
    try:
        document = sandbox.read(_bytes(path), path.name)
    except Unreadable as refused:
        error = {"problem": refused.problem.value, "message": refused.problem.sentence}
    return {
        "file": str(path),
        "media_type": document.media_type,
        "pages": len(document.pages),
        "text": document.text,
        "error": error,
        "flags": [flag.to_json() for flag in document.flags],
        "reader": document.reader,
        "contact": document.contact.to_json(),
        "seconds": round(time.perf_counter() - begun, 4),
    }


def _bytes(path: Path) -> bytes:
    """The file, or Unreadable; never more of it than may be read."""
    try:
        if not path.is_file():  # a pipe or a device would keep us waiting
            raise Unreadable(Problem.NOT_OPENED, "not a regular file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unreadable(Problem.NOT_OPENED, type(error).__name__) from error


def _as_json(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False)


def _as_text(record: dict[str, Any]) -> str:
    said = record["error"]["message"] if record["error"] else record["text"]
    return f"==> {record['file']} <==\n{said}\n"


if __name__ == "__main__":
    sys.exit(main())
