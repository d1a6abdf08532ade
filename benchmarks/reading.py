"""How fast, how complete and how careful reading is: beside two bare libraries, and over bad files.

Files: the samples, those that the tests make, and whatever lies in `../shared/resumes` and
`../shared/hostile` beside the checkout, or in the folders that BENCH_RESUMES and BENCH_HOSTILE
name.
"""

import io
import os
import resource
import statistics
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from candidates.reading import Document, Unreadable
from candidates.reading.sandbox.parent import Sandbox

ROOT = Path(__file__).resolve().parent.parent
RESUMES = Path(os.environ.get("BENCH_RESUMES", ROOT.parent / "shared" / "resumes"))
HOSTILE = Path(os.environ.get("BENCH_HOSTILE", ROOT.parent / "shared" / "hostile"))
SAMPLES = ROOT / "candidates" / "samples"
RUNS = 7
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

Read = Callable[[bytes], object]


def main() -> None:
    pdfs = [path.read_bytes() for path in paths(".pdf") if _opens(path.read_bytes())]
    _speed(pdfs)
    _order()
    _hidden()
    _word()
    _bad_files()


def paths(ending: str) -> list[Path]:
    folders = [SAMPLES] + ([RESUMES] if RESUMES.is_dir() else [])
    return sorted(path for folder in folders for path in folder.rglob(f"*{ending}"))


# Four ways to read a PDF. Each imports what it needs itself: memory is measured one by one.


def bare_pdfium(data: bytes) -> int:
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    for page in document:
        letters = page.get_textpage()
        letters.get_text_range()
        letters.close()
        page.close()
    count = len(document)
    document.close()
    return count


def bare_pdfminer(data: bytes) -> str:
    from pdfminer.high_level import extract_text

    return extract_text(io.BytesIO(data))


def without_looking(data: bytes) -> list[str]:
    """Our reader as far as the order of the text, hidden text apart."""
    import pypdfium2.raw as raw

    from candidates.reading.pdf import reader
    from candidates.reading.pdf.page import in_order, open_page

    with reader.open_document(data) as document:
        texts = []
        for index in range(raw.FPDF_GetPageCount(document)):
            with open_page(document, index) as page:
                texts.append(in_order(page))
        return texts


def whole(data: bytes) -> object:
    from candidates.reading import read

    try:
        return read(data, "cv.pdf")
    except Unreadable as refused:
        return refused


WAYS: dict[str, Read] = {
    "pypdfium2 alone": bare_pdfium,
    "pdfminer.six alone": bare_pdfminer,
    "ours, in reading order": without_looking,
    "ours, whole: hidden text, clean, contact": whole,
}


def _speed(pdfs: list[bytes]) -> None:
    pages = sum(bare_pdfium(data) for data in pdfs)
    times: dict[str, list[float]] = {way: [] for way in (*WAYS, "ours, through the sandbox")}
    with Sandbox() as sandbox:
        ways: dict[str, Read] = {
            **WAYS,
            "ours, through the sandbox": lambda data: _try(sandbox, data),
        }
        for run in range(RUNS + 1):
            for way, read in ways.items():
                if way.startswith("pdfminer") and run > 2:
                    continue  # it takes as long as all the others together
                began = time.perf_counter()
                for data in pdfs:
                    read(data)
                if run:
                    times[way].append(time.perf_counter() - began)
    base = statistics.median(times["pypdfium2 alone"])
    _say("", f"## {len(pdfs)} PDFs, {pages} pages, one core, medians of {RUNS} runs by turns", "")
    _say(
        "| | pages a second | ms a page | beside pypdfium2 | peak memory MB |",
        "|---|---|---|---|---|",
    )
    for way, seconds in times.items():
        taken = statistics.median(seconds)
        memory = f"{_memory(way):.0f}" if way in WAYS else ""
        _say(
            f"| {way} | {pages / taken:.0f} | {1000 * taken / pages:.1f} | {taken / base:.2f} × "
            f"| {memory} |"
        )
    usable = sum(isinstance(whole(data), Unreadable) for data in pdfs)
    _say("", f"Without usable text: {usable} of {len(pdfs)}.")


def _memory(way: str) -> float:
    """Peak of a process that reads them all this way."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.reading", way],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _order() -> None:
    from tests.makers import layouts

    groups = {"two columns": layouts.TWO_COLUMNS, "one column": layouts.ONE_COLUMN}
    _say("", "## Pages in reading order, word for word", "")
    _say("| | " + " | ".join(f"{name}, {len(group)}" for name, group in groups.items()) + " |")
    _say("|---|---|---|")
    readers: dict[str, Callable[[bytes], str]] = {
        "pypdfium2 alone": _pdfium_text,
        "pdfminer.six alone": bare_pdfminer,
        "ours": lambda data: " ".join(without_looking(data)),
    }
    for name, read in readers.items():
        counts = []
        for group in groups.values():
            pages = [make() for make in group.values()]
            counts.append(
                sum("".join(read(data).split()) == "".join(words) for data, words in pages)
            )
        _say(f"| {name} | " + " | ".join(map(str, counts)) + " |")


def _pdfium_text(data: bytes) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    return " ".join(page.get_textpage().get_text_range() for page in document)


def _hidden() -> None:
    from candidates.reading.registry import new_context
    from candidates.reading.sniff import FileKind
    from tests.makers import hidden

    found_count = sum(
        [hidden_run.kind for hidden_run in new_context().parse(FileKind.PDF, make()).hidden]
        == [kind]
        for kind, make in hidden.HIDDEN.values()
    )
    wrong = sum(
        bool(new_context().parse(FileKind.PDF, make()).hidden) for make in hidden.VISIBLE.values()
    )
    flagged = []
    real = [path for path in paths(".pdf") if _opens(path.read_bytes())]
    for path in real:
        document = whole(path.read_bytes())
        if getattr(document, "hidden", ()):
            flagged.append(path.name)
    _say("", "## Hidden text in PDFs", "")
    _say(f"Found: {found_count} of {len(hidden.HIDDEN)} ways to hide it.")
    _say(f"Wrongly found: {wrong} of {len(hidden.VISIBLE)} pages that only look so.")
    _say(f"Résumés in which some was found: {', '.join(flagged) or 'none'}, of {len(real)}.")


def _word() -> None:
    """Letters that Word shows and that the text of this reader lacks."""
    from candidates.reading.clean import LOOK_ALIKES, clean

    lost = total = 0
    hostile = sorted(HOSTILE.glob("*.docx")) if HOSTILE.is_dir() else []
    several = [*paths(".docx"), *hostile]
    read_files = 0
    for path in several:
        data = path.read_bytes()
        document = _read_here(data, path.name)
        if document is None or not document.media_type.endswith("wordprocessingml.document"):
            continue
        read_files += 1
        read_text = document.text + "".join(run.text for run in document.hidden)
        ours = Counter("".join(read_text.translate(LOOK_ALIKES).split()))
        letters = clean(_shown_letters(data)).text.translate(LOOK_ALIKES)
        shown = Counter("".join(letters.split()))
        lost += sum((shown - ours).values())
        total += sum(shown.values())
    _say("", "## Letters of Word files", "")
    _say(f"{read_files} files, {total} letters in their XML, {lost} not in the text.")


def _shown_letters(data: bytes) -> str:
    """What stands in w:t of the body, headers, footers and notes; deletions, copies and what
    entities would add apart."""
    from lxml import etree

    from candidates.reading.containers.package import own_text

    letters = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            base = name.rpartition("/")[2]
            # Not those of word/glossary, which hold what may be put in.
            if name != f"word/{base}" or not base.endswith(".xml"):
                continue
            if not base.startswith(("document", "header", "footer", "footnotes", "endnotes")):
                continue
            root = etree.fromstring(archive.read(name), etree.XMLParser(resolve_entities=False))
            for element in root.iter(f"{WORD}t"):
                above = {etree.QName(parent).localname for parent in element.iterancestors()}
                if not above & {"del", "moveFrom", "Fallback"}:
                    letters.append(own_text(element))
    return "".join(letters)


def _bad_files() -> None:
    from tests.makers import files

    several: list[tuple[str, bytes]] = [(name, make()) for name, (make, _) in files.REFUSED.items()]
    if HOSTILE.is_dir():
        several += [(path.name, path.read_bytes()) for path in sorted(HOSTILE.iterdir())]
    outcomes: Counter[str] = Counter()
    slowest = ("", 0.0)
    with Sandbox() as sandbox:
        sandbox.read(files.pdf(), "cv.pdf")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for name, data in several:
            began = time.perf_counter()
            try:
                sandbox.read(data, name)
                outcomes["text"] += 1
            except Unreadable as refused:
                outcomes[refused.problem.value] += 1
            slowest = max(slowest, (name, time.perf_counter() - began), key=lambda taken: taken[1])
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        deaths = sandbox.deaths
    _say("", f"## {len(several)} bad and difficult files", "")
    _say("| outcome | files |", "|---|---|")
    for outcome, count in outcomes.most_common():
        _say(f"| {outcome} | {count} |")
    _say(
        "",
        f"Slowest: {slowest[0]}, {slowest[1]:.2f} s. Children that died: {deaths}. "
        f"The memory of who reads grew by {grown / 1024:.1f} MB.",
    )


def _opens(data: bytes) -> bool:
    import pypdfium2

    try:
        bare_pdfium(data)
    except pypdfium2.PdfiumError:
        return False
    return True


def _read_here(data: bytes, name: str) -> Document | None:
    from candidates.reading import read

    try:
        return read(data, name)
    except Unreadable:
        return None


def _try(sandbox: Sandbox, data: bytes) -> None:
    with suppress(Unreadable):
        sandbox.read(data, "cv.pdf")


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _peak_of(way: str, several: Iterable[Path]) -> None:
    for path in several:
        with suppress(Exception):  # files that cannot be opened are in the samples on purpose
            WAYS[way](path.read_bytes())
    # Not getrusage, which counts the memory of the parent at the start.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            _say(str(int(line.split()[1]) / 1024))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _peak_of(sys.argv[1], paths(".pdf"))
    else:
        main()
