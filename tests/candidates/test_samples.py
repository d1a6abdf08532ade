"""The shipped sample drafts are complete, readable, and told apart by grades."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.make_samples import BY_HAND, SAMPLES, draw, labels, words
from benchmarks.samples import troubled
from benchmarks.samples.bank import DRAFTS, Person, everybody, people

ITEM = re.compile(
    r"- (?P<name>[^(:]+) \(weight (?P<weight>\d+)(?P<must>, must have)?\): (?P<what>.+)"
)
EVERYBODY = everybody()
# One of each layout stands for the others where a check costs time.
ONE_OF_EACH = list({person.layout: person for person in EVERYBODY}.values())


def folder(draft: str) -> set[str]:
    return {path.name for path in (SAMPLES / draft).iterdir()} - BY_HAND


def words_of(person: Person) -> list[str]:
    lines = [line for part in person.sections for line in part.lines]
    lines += [line for part in person.sections for entry in part.entries for line in entry.lines]
    return [line.removeprefix("- ") for line in lines]


@pytest.mark.parametrize("draft", DRAFTS.values())
def test_a_role_has_title_description_and_weighted_criteria(draft: str) -> None:
    text = (SAMPLES / draft / "JOB.md").read_text(encoding="utf-8")
    top, _, listed = text.partition("\n## Criteria\n")
    items = [ITEM.fullmatch(line) for line in listed.strip().splitlines()]

    assert re.match(r"# \S.+\n", top)
    assert 200 <= len(top.split()) <= 400
    assert len(re.findall(r"^- ", top, re.MULTILINE)) >= 5
    assert len(items) >= 5
    assert all(item and 1 <= int(item["weight"]) <= 10 for item in items)
    assert any(item and item["must"] for item in items)


def test_every_draft_has_enough_people() -> None:
    readable = {draft: len(people(draft)) for draft in DRAFTS.values()}

    assert readable["backend-engineer"] >= 48
    assert min(readable.values()) >= 16


@pytest.mark.parametrize("draft", DRAFTS.values())
def test_a_folder_holds_its_people_and_nobody_else(draft: str) -> None:
    expected = {person.file for person in people(draft)}
    if draft == troubled.DRAFT:
        expected |= troubled.NAMES

    assert folder(draft) == expected


def test_labels_grade_everybody_against_every_draft() -> None:
    with (SAMPLES / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    pairs = [(row["draft"], row["file"]) for row in rows]

    assert set(pairs) == {
        (draft, f"{person.draft}/{person.file}")
        for draft in DRAFTS.values()
        for person in EVERYBODY
    }
    assert len(pairs) == len(set(pairs))
    assert {row["grade"] for row in rows} == {"0", "1", "2", "3"}
    assert (SAMPLES / "labels.csv").read_bytes() == labels(EVERYBODY)


@pytest.mark.parametrize("draft", DRAFTS.values())
def test_every_grade_occurs_in_every_draft(draft: str) -> None:
    assert {person.grades[draft] for person in people(draft)} == {0, 1, 2, 3}


def test_no_sentence_is_in_more_than_two_resumes() -> None:
    seen: Counter[str] = Counter()
    for person in EVERYBODY:
        sentences = re.split(r"(?<=[.!?;])\s+", "\n".join(words_of(person)).casefold())
        seen.update({sentence for sentence in sentences if len(sentence.split()) > 2})

    assert [sentence for sentence, times in seen.items() if times > 2] == []


def test_people_can_only_be_reached_at_reserved_domains() -> None:
    addresses = [piece for person in EVERYBODY for piece in person.contact if "@" in piece]

    assert len(addresses) == len(EVERYBODY)
    assert [a for a in addresses if not re.search(r"[@.]example\.(com|org|net)$", a)] == []


@pytest.mark.parametrize("person", EVERYBODY, ids=lambda person: person.file)
def test_a_resume_reads_with_its_name_and_its_words(person: Person) -> None:
    from candidates.reading import read

    document = read((SAMPLES / person.draft / person.file).read_bytes(), person.file)
    text = " ".join(document.text.split())

    assert person.surname in text
    # A word of every line: nothing is lost in a table, a text box or a column.
    longest = [max(re.findall(r"\w+", line), key=len) for line in words_of(person)]
    assert [word for word in longest if word not in text] == []


def test_files_in_trouble_do_not_read() -> None:
    from candidates.reading import Unreadable, read

    for name in troubled.NAMES:
        with pytest.raises(Unreadable):
            read((SAMPLES / troubled.DRAFT / name).read_bytes(), name)


@pytest.mark.parametrize("person", ONE_OF_EACH, ids=lambda person: person.layout)
def test_a_person_is_drawn_in_the_same_bytes_again_and_says_what_is_shipped(
    person: Person,
) -> None:
    name = f"{person.draft}/{person.file}"
    drawn = draw(person)

    assert drawn == draw(person)
    assert words(name, drawn) == words(name, (SAMPLES / name).read_bytes())


def test_the_samples_stay_small() -> None:
    assert sum(path.stat().st_size for path in Path(SAMPLES).rglob("*")) < 4_000_000
