"""Broken files without end: `make fuzz`, or `python -m tests.fuzz --minutes 1 --seed 7`.

Takes the files of the tests, the samples, and files beside the checkout where there are any,
breaks them at random by seed, and reads them in the sandbox, a child on each processor. Required:
every file ends with text or a reason within its time; only Unreadable is raised; no error in our
readers (such as a TypeError); the reading process neither grows nor leaves files open.
"""

import argparse
import hashlib
import io
import os
import random
import re
import resource
import sys
import threading
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from candidates.reading import Problem, Unreadable
from candidates.reading.limits import READING_SECONDS
from candidates.reading.sandbox.parent import Sandbox
from candidates.reading.sniff import ENDINGS
from tests.makers import archives, files, hidden, layouts

ROOT = Path(__file__).resolve().parent.parent
FAULTS_FOLDER = ROOT / "var" / "fuzz"
FOLDERS = (
    ROOT / "candidates" / "samples",
    ROOT.parent / "shared" / "resumes",
    ROOT.parent / "shared" / "hostile",
)
MAX_LATE_SECONDS = 2.0  # seconds past its time in which a child must be gone
MAX_GROWTH_KB = 400 * 1024  # kB; most of it is the copies that are being broken
# What breaks parsers, by family.
TOKENS = (
    b"/Kids[1 0 R]", b"/Length 999999999", b"endstream", b"<<" * 200, b"/Rotate 45", b"q " * 500,
    b"BT /F1 1e9 Tf (x) Tj ET", b"/MediaBox[0 0 0 0]", b"/MediaBox[-1e30 0 1e30 1]", b"%%EOF",
    b"<w:p>" * 300, b"<w:t>&#0;</w:t>", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"</w:document>",
    b"w:val=\"-1\"", b"w:val=\"99999999999\"", b"\\'ff" * 50, b"{" * 500, b"}" * 50, b"\\u-1?",
    b"\\bin99999999 ", b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n", b"=?utf-8?b?",
    b"PK\x03\x04", b"PK\x01\x02", b"\xff\xfe", b"\x00" * 64, b"\xd0\xcf\x11\xe0", b"<div " * 300,
)  # fmt: skip


def seeds() -> list[tuple[str, bytes]]:
    """(name, bytes) of all files to start from."""
    seeds = [(name, make()) for name, (make, _) in files.REFUSED.items()]
    seeds += [(f"hidden {n}.pdf", make()) for n, (_, make) in enumerate(hidden.HIDDEN.values())]
    seeds += [(f"layout {n}.pdf", make()[0]) for n, make in enumerate(layouts.TWO_COLUMNS.values())]
    seeds += [(f"cv.{ENDINGS[kind]}", make()) for kind, (make, _) in files.SAMPLES.items()]
    seeds += [("message.eml", files.eml()), ("message.msg", files.msg())]
    seeds.append(("cvs.zip", archives.resumes(5)))
    for folder in FOLDERS:
        if folder.is_dir():
            paths = sorted(path for path in folder.rglob("*") if path.is_file())
            seeds += [(path.name, path.read_bytes()) for path in paths]
    return [(name, data) for name, data in seeds if 0 < len(data) < 3_000_000]


def broken(data: bytes, chance: random.Random) -> bytes:
    """The bytes after one to four random changes."""
    ways: tuple[Callable[[bytes, random.Random], bytes], ...] = (
        _flipped, _flipped, _cut, _doubled, _with_token, _numbers_changed, _inside_zip,
        _inside_streams,
    )  # fmt: skip
    for _ in range(chance.choice((1, 1, 2, 4))):
        data = chance.choice(ways)(data, chance) or data
    return data


def _flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 10, 60))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[:start] + data[end:] if chance.random() < 0.7 else data[: max(end, 1)]


def _doubled(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.choice((8, 100, 5_000))]
    position = chance.randrange(len(data))
    return data[:position] + piece * chance.choice((1, 2, 20)) + data[position:]


def _with_token(data: bytes, chance: random.Random) -> bytes:
    position = chance.randrange(len(data))
    return data[:position] + chance.choice(TOKENS) + data[position:]


def _numbers_changed(data: bytes, chance: random.Random) -> bytes:
    digits = [place for place, byte in enumerate(data[:200_000]) if 48 <= byte <= 57]
    changed = bytearray(data)
    for _ in range(min(len(digits), 5)):
        changed[chance.choice(digits)] = chance.randrange(48, 58)
    return bytes(changed)


def _inside_zip(data: bytes, chance: random.Random) -> bytes:
    """Break a member and pack it again, so that the change gets past the ZIP."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()[:200]}
    except Exception:  # noqa: BLE001 -- no ZIP, or one that is broken already
        return data
    if not members:
        return data
    name = chance.choice(sorted(members))
    if members[name]:
        members[name] = chance.choice((_flipped, _cut, _doubled, _with_token))(
            members[name], chance
        )
    return archives.packed(members)


def _inside_streams(data: bytes, chance: random.Random) -> bytes:
    """Break a compressed stream of a PDF and compress it again."""
    starts = [match.start() for match in re.finditer(rb"stream\n", data)][:200]
    if not data.startswith(b"%PDF") or not starts:
        return data
    start = chance.choice(starts) + 7
    end = data.find(b"endstream", start)
    if end < 0:
        return data
    try:
        content = zlib.decompressobj().decompress(data[start:end], 2_000_000)
    except zlib.error:
        return data
    if not content:
        return data
    content = chance.choice((_flipped, _cut, _doubled, _with_token))(content, chance)
    return data[:start] + zlib.compress(content) + b"\n" + data[end:]


@dataclass
class Outcome:
    """The results of all files; `faults` has each violation."""

    files: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    deaths: int = 0
    slowest: tuple[float, str] = (0.0, "")
    faults: list[str] = field(default_factory=list)


def run(
    seconds: float, seed: int, max_files: int | None = None, threads: int | None = None
) -> Outcome:
    """Break and read files for so many seconds, or `max_files` files."""
    started = seeds()
    outcome = Outcome()
    lock = threading.Lock()
    until = time.monotonic() + seconds
    numbers = iter(range(sys.maxsize))

    def work() -> None:
        with Sandbox() as sandbox:
            while time.monotonic() < until:
                with lock:
                    number = next(numbers)
                if max_files is not None and number >= max_files:
                    break
                chance = random.Random(f"{seed} {number}")
                name, data = chance.choice(started)
                _read_file(sandbox, name, broken(data, chance), outcome, lock)
            with lock:
                outcome.deaths += sandbox.deaths

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    files_before = len(list(Path("/proc/self/fd").iterdir()))
    all_threads = [
        threading.Thread(target=work) for _ in range(threads or len(os.sched_getaffinity(0)))
    ]
    for thread in all_threads:
        thread.start()
    for thread in all_threads:
        thread.join()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if grown > MAX_GROWTH_KB:
        outcome.faults.append(f"the reader's own memory grew by {grown // 1024} MB")
    if len(list(Path("/proc/self/fd").iterdir())) > files_before:
        outcome.faults.append("files were left open")
    return outcome


def _read_file(
    sandbox: Sandbox, name: str, data: bytes, outcome: Outcome, lock: threading.Lock
) -> None:
    began = time.monotonic()
    reason, fault = "text", ""
    try:
        if name.endswith(".zip"):
            for _ in sandbox.unpack(data, name):
                pass
        else:
            sandbox.read(data, name)
    except Unreadable as error:
        reason = error.problem.value
        if error.problem is Problem.CRASHED and " at " in error.detail:
            fault = error.detail  # an exception of our own code, and where
    except Exception as error:  # noqa: BLE001 -- that is what is looked for
        reason, fault = "fault", f"{type(error).__name__} came out of the sandbox"
    seconds = time.monotonic() - began
    if seconds > READING_SECONDS + MAX_LATE_SECONDS:
        fault = fault or f"took {seconds:.1f} s"
    with lock:
        outcome.files += 1
        outcome.reasons[reason] += 1
        outcome.slowest = max(outcome.slowest, (round(seconds, 2), name))
        if fault:
            FAULTS_FOLDER.mkdir(parents=True, exist_ok=True)
            path = FAULTS_FOLDER / f"{hashlib.sha256(data).hexdigest()[:12]}-{name}"
            path.write_bytes(data)
            outcome.faults.append(f"{fault}: {path.relative_to(ROOT)}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    outcome = run(60 * options.minutes, options.seed)
    print(f"{outcome.files} files, seed {options.seed}, {outcome.deaths} children ended by them")
    for reason, count in outcome.reasons.most_common():
        print(f"{count:8} {reason}")
    print(f"slowest: {outcome.slowest[1]}, {outcome.slowest[0]} s")
    for fault in outcome.faults:
        print(f"FAULT {fault}")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
