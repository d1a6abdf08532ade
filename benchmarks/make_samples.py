"""Make the sample drafts again: `python benchmarks/make_samples.py`, or `--check` what is there.

Writes every résumé of benchmarks/samples/people/ into candidates/samples/ in the layout that it
names, and labels.csv with the grades. JOB.md and README.md there are written by hand.

`--check` writes nothing, and compares the words, not the bytes: another version of a library may
lay out the same résumé with other bytes. Exit code 1 names each file that differs.
"""

import argparse
import csv
import io
import re
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pypdfium2 as pdfium

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the script is run by its path

from benchmarks.samples import bare, columns, pages, troubled, word  # noqa: E402
from benchmarks.samples.bank import DRAFTS, Person, everybody  # noqa: E402

SAMPLES = ROOT / "candidates" / "samples"
BY_HAND = {"JOB.md", "README.md"}
SCALES = (1.22, 1.16, 1.1, 1.05, 1.0, 0.96)  # the largest that fits one page, else two pages
PENS = {
    "pdf": {
        "classic": pages.classic,
        "modern": pages.modern,
        "band": pages.band,
        "timeline": pages.timeline,
        "academic": pages.academic,
        "typewriter": pages.typewriter,
        "grid": pages.grid,
        "bars": pages.bars,
        "cards": pages.cards,
        "sidebar_left": columns.sidebar_left,
        "sidebar_right": columns.sidebar_right,
        "two_columns": columns.two_columns,
    },
    "docx": {
        "docx_plain": word.plain,
        "docx_table": word.table,
        "docx_header": word.header,
        "docx_textbox": word.textbox,
        "docx_shaded": word.shaded,
        "docx_dates": word.dates,
    },
    "txt": {"txt": bare.txt},
    "md": {"md": bare.md},
    "html": {"html": bare.html},
}


def draw(person: Person) -> bytes:
    """The file of one person. ValueError where the layout does not make that kind of file."""
    kind = person.file.rpartition(".")[2]
    if person.layout not in PENS.get(kind, {}):
        raise ValueError(f"{person.file}: there is no layout {person.layout!r} for .{kind} files.")
    pen = PENS[kind][person.layout]
    if kind != "pdf":
        return pen(person)
    for scale in SCALES:
        sheet = pen(replace(person, scale=scale))
        if len(pdfium.PdfDocument(sheet)) == 1:
            return sheet
    return pen(person)


def labels(everyone: list[Person]) -> bytes:
    """labels.csv: every readable résumé against every draft."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["draft", "file", "grade"])
    for draft in DRAFTS.values():
        rows.writerows(
            [draft, f"{person.draft}/{person.file}", person.grades[draft]] for person in everyone
        )
    return out.getvalue().encode()


def make() -> dict[str, bytes]:
    """Path below candidates/samples/ to content, for all that is generated."""
    everyone = everybody()
    made = {f"{person.draft}/{person.file}": draw(person) for person in everyone}
    if len(made) != len(everyone):
        raise ValueError("Two people of one draft have the same file name.")
    lender = next(person for person in everyone if person.layout == "classic")
    for name, content in troubled.files(lender).items():
        made[f"{troubled.DRAFT}/{name}"] = content
    made["labels.csv"] = labels(everyone)
    return made


def words(name: str, content: bytes) -> str:
    """What `--check` compares: the words of a PDF or DOCX, else the content itself."""
    if name.endswith(".docx") and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            inside = [n for n in sorted(parts.namelist()) if re.match(r"word/(doc|head|foot)", n)]
            raw = " ".join(parts.read(part).decode() for part in inside)
        return " ".join(re.sub(r"<[^>]+>", " ", raw).split())
    if name.endswith(".pdf") and content:
        try:
            sheets = list(pdfium.PdfDocument(content))
        except pdfium.PdfiumError:
            return "a PDF that cannot be opened"
        return " ".join(
            " ".join(sheet.get_textpage().get_text_bounded().split()) for sheet in sheets
        )
    if name.endswith(".docx"):
        return "a DOCX that cannot be opened"
    return content.decode()


def check(made: dict[str, bytes]) -> list[str]:
    """One sentence for each file that is missing, unknown or says something else."""
    there = {
        path.relative_to(SAMPLES).as_posix()
        for path in SAMPLES.rglob("*")
        if path.is_file() and path.name not in BY_HAND
    }
    wrong = [f"{name} is missing." for name in sorted(made.keys() - there)]
    wrong += [f"{name} is made by nobody." for name in sorted(there - made.keys())]
    for name in sorted(made.keys() & there):
        if words(name, made[name]) != words(name, (SAMPLES / name).read_bytes()):
            wrong.append(f"{name} differs.")
    return wrong


def main() -> int:
    """Make or check; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    options = parser.parse_args()
    made = make()
    if options.check:
        wrong = check(made)
        sys.stdout.write("".join(f"{line}\n" for line in wrong))
        if wrong:
            sys.stdout.write("Run `python benchmarks/make_samples.py` and commit the result.\n")
        return 1 if wrong else 0
    for name, content in made.items():
        (SAMPLES / name).parent.mkdir(parents=True, exist_ok=True)
        (SAMPLES / name).write_bytes(content)
    total = sum(map(len, made.values()))
    sys.stdout.write(f"{len(made)} files, {total / 1e6:.2f} MB, in {SAMPLES.relative_to(ROOT)}/\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
