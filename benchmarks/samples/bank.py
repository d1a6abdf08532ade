"""Read the written people in people/*.txt into values; drawing them is another matter.

One person is written as

    === File_Name.pdf | layout colour letter | backend 3, data 1
    Name Surname
    Headline
    place | e-mail | phone
    # Section
    Text, one paragraph a line.
    - a bullet
    ## Role | organisation | dates
    - a bullet of this entry

The first line holds the file (its ending picks the format), the look (layout, then a colour,
`letter` for the American page) and the grades against the drafts, nought where not named. A
surname that is not the last word of the name stands as `surname X` in a fourth field. A line
`! words` is printed so that no person sees it, to try the detection of hidden text.
"""

from dataclasses import dataclass, field
from pathlib import Path

DRAFTS = {
    "backend": "backend-engineer",
    "nurse": "registered-nurse",
    "sales": "sales-manager",
    "data": "data-analyst",
}
PEOPLE = Path(__file__).parent / "people"


@dataclass
class Entry:
    """One post, course or project: three fields (any may be empty) and the lines about it."""

    title: str
    place: str
    dates: str
    lines: list[str] = field(default_factory=list)


@dataclass
class Section:
    """A heading with loose lines and entries, in the order in which they were written."""

    title: str
    lines: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @property
    def is_brief(self) -> bool:
        """Only short bullets: fit for a sidebar."""
        return not self.entries and all(
            line.startswith("- ") and len(line) <= 62 for line in self.lines
        )


@dataclass
class Person:
    """One résumé as written, before any layout."""

    draft: str
    file: str
    layout: str
    colour: str
    letter: bool
    grades: dict[str, int]
    name: str
    surname: str
    headline: str
    contact: list[str]
    sections: list[Section]
    hidden: str = ""
    scale: float = 1.0  # of the letters, chosen by the pen so that the page is well filled

    @property
    def main(self) -> list[Section]:
        """The sections that need a wide column."""
        return [section for section in self.sections if not section.is_brief]

    @property
    def side(self) -> list[Section]:
        """The sections that fit a narrow column."""
        return [section for section in self.sections if section.is_brief]


def people(draft: str) -> list[Person]:
    """Everybody of `draft` in the order of the file. ValueError names what cannot be read."""
    text = (PEOPLE / f"{draft}.txt").read_text(encoding="utf-8")
    blocks = text.split("\n=== ")
    return [_person(draft, block) for block in blocks[1:]]


def everybody() -> list[Person]:
    """The people of all drafts."""
    return [person for draft in DRAFTS.values() for person in people(draft)]


def _person(draft: str, block: str) -> Person:
    head, name, headline, contact, *body = [
        line.strip() for line in block.splitlines() if line.strip()
    ]
    file, look, grades, *more = [part.strip() for part in head.split("|")]
    words = look.split()
    colours = [word for word in words[1:] if word != "letter"]
    person = Person(
        draft=draft,
        file=file,
        layout=words[0],
        colour=colours[0] if colours else "black",
        letter="letter" in words,
        grades=_grades(file, grades),
        name=name,
        surname=more[0].removeprefix("surname ") if more else name.split()[-1],
        headline="" if headline == "-" else headline,
        contact=[part.strip() for part in contact.split("|")],
        sections=[],
    )
    for line in body:
        _add(person, line)
    return person


def _add(person: Person, line: str) -> None:
    if line.startswith("! "):
        person.hidden = line[2:]
    elif line.startswith("# "):
        person.sections.append(Section(line[2:]))
    elif not person.sections:
        raise ValueError(f"{person.file}: {line!r} stands before the first section.")
    elif line.startswith("## "):
        parts = [part.strip() for part in line[3:].split("|")] + ["", ""]
        person.sections[-1].entries.append(Entry(parts[0], parts[1], parts[2]))
    else:
        section = person.sections[-1]
        (section.entries[-1].lines if section.entries else section.lines).append(line)


def _grades(file: str, written: str) -> dict[str, int]:
    grades = dict.fromkeys(DRAFTS.values(), 0)
    for pair in filter(None, (part.strip() for part in written.split(","))):
        word, _, grade = pair.partition(" ")
        if word not in DRAFTS or grade not in {"0", "1", "2", "3"}:
            raise ValueError(f"{file}: {pair!r} is no grade. Write it as 'backend 2'.")
        grades[DRAFTS[word]] = int(grade)
    return grades
