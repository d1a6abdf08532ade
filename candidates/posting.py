"""A role as a Markdown file: `# title`, the description, and optionally `## Criteria`.

    # Backend engineer
    What the role is about …
    ## Criteria
    - Python (weight 3, must have): has built services with it that others depend on

Plain Python: used by the command line, the demo and the benchmarks.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .scoring.rubric import Rubric, RubricCriterion, derive_criteria

HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$")
ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?P<item>\S.*)$")
HEAD = re.compile(r"(?P<head>(?:\([^)]*\)|[^:])*)(?::\s*(?P<looks_for>.*))?", re.DOTALL)
LAST_BRACKET = re.compile(r"\s*\((?P<notes>[^()]*)\)[\s.]*$")
NOTE = re.compile(r"^(?:weight\s+(?P<weight>\S+)|(?P<must>must[ -]have))$", re.IGNORECASE)
# Words in brackets are part of the name, as in "SQL (any dialect)", unless they are meant as notes.
MEANT_AS_NOTES = re.compile(r"\bw[eight]{3,}\b|\bmust\b|^\s*\d+\s*$", re.IGNORECASE)
MAX_NAME_CHARACTERS = 200  # of a role's title and of a criterion's name
DEFAULT_WEIGHT = 3
ROLE_WEIGHT = 5
# Derived criteria have no weights by a person, so the description as a whole counts for more.
ROLE_WEIGHT_WHEN_DERIVED = 10


@dataclass(frozen=True, slots=True)
class Posting:
    title: str
    description: str
    criteria: tuple[RubricCriterion, ...]  # as written; empty when the file has none


def parse(text: str, criteria_text: str = "") -> Posting:
    """Read a role, with the criteria of `criteria_text` in place of its own where given.

    Raises ValueError with a sentence that names the line and the remedy, InvalidRubric (which has a
    reason instead) where nothing could be rated by it.
    """
    if "\0" in text + criteria_text:
        raise ValueError("The role holds a NUL character. Save it as plain UTF-8 text.")
    title, body, listed = _split(text)
    if not title:
        raise ValueError("The role has no title. Begin the file with a line such as '# Title'.")
    if len(title) > MAX_NAME_CHARACTERS:
        raise ValueError(
            f"The title has {len(title)} characters. Shorten it to at most {MAX_NAME_CHARACTERS}."
        )
    if criteria_text:
        _, loose, listed = _split(criteria_text)
        listed = listed or loose
    criteria = _criteria(listed)
    if criteria_text and not criteria:
        raise ValueError(
            "The list of criteria is empty. Write one a line: "
            "'- name (weight 3, must have): what good looks like'."
        )
    # Raises for a rubric that could not be used.
    Rubric.build(title=title, description="\n".join(body).strip(), criteria=criteria)
    return Posting(title, "\n".join(body).strip(), criteria)


def to_markdown(criteria: Iterable[RubricCriterion]) -> str:
    """The criteria as Markdown, to be pasted into a role's file."""
    lines = ["## Criteria"]
    for criterion in criteria:
        notes = f"weight {criterion.weight}" + (", must have" if criterion.must_have else "")
        # A colon ends the name, and brackets at the end of the line are read as notes.
        name = " ".join(criterion.name.replace(":", " –").split())
        looks_for = " ".join(criterion.looks_for.split())
        lines.append(f"- {name} ({notes})" + (f": {looks_for}" if looks_for else ""))
    return "\n".join(lines) + "\n"


def criteria_of(posting: Posting) -> tuple[RubricCriterion, ...]:
    """The criteria of the posting, or else those derived from its list of requirements."""
    return posting.criteria or derive_criteria(posting.description)


def role_weight_of(posting: Posting) -> int:
    return ROLE_WEIGHT if posting.criteria else ROLE_WEIGHT_WHEN_DERIVED


def _split(text: str) -> tuple[str, list[str], list[str]]:
    """Title, lines of the description, lines of the section `Criteria`."""
    title = ""
    body: list[str] = []
    listed: list[str] = []
    section = body
    for line in text.lstrip("\ufeff").splitlines():
        heading = HEADING.match(line)
        if heading and len(heading[1]) == 1 and not title:
            title = heading[2]
            continue
        if heading and len(heading[1]) <= 2:
            section = listed if heading[2].casefold() == "criteria" else body
            if section is listed:
                continue
        section.append(line)
    return title, body, listed


def _criteria(lines: list[str]) -> tuple[RubricCriterion, ...]:
    criteria: list[RubricCriterion] = []
    for line in lines:
        if not line.strip():
            continue
        item = ITEM.match(line)
        if item is None:
            if criteria and line[0].isspace():  # a long item goes on in the next line
                last = criteria.pop()
                whole = f"{last.looks_for} {line.strip()}".strip()
                criteria.append(
                    RubricCriterion(last.key, last.name, whole, last.weight, last.must_have)
                )
                continue
            raise ValueError(
                f"The criterion '{line.strip()}' is not understood. "
                "Write '- name (weight 3, must have): what good looks like'."
            )
        criteria.append(_criterion(f"c{len(criteria) + 1}", item["item"].strip()))
    _refuse_unusable_names(criteria)
    return tuple(criteria)


def _criterion(key: str, item: str) -> RubricCriterion:
    """Parse `name (notes): what good looks like`, or the same with the notes at the end."""
    parts = HEAD.fullmatch(item)
    head, looks_for = (parts["head"], parts["looks_for"] or "") if parts else (item, "")
    notes = ""
    if (bracket := LAST_BRACKET.search(head)) and MEANT_AS_NOTES.search(bracket["notes"]):
        head, notes = head[: bracket.start()], bracket["notes"]
    elif (bracket := LAST_BRACKET.search(looks_for)) and _are_notes(bracket["notes"]):
        looks_for, notes = looks_for[: bracket.start()], bracket["notes"]
    name = head.strip().strip("*_`").strip()
    weight, must_have = _notes(notes, name)
    return RubricCriterion(key, name, looks_for.strip(), weight, must_have)


def _refuse_unusable_names(criteria: list[RubricCriterion]) -> None:
    names: set[str] = set()
    for criterion in criteria:
        if len(criterion.name) > MAX_NAME_CHARACTERS:
            raise ValueError(
                f"The name of the criterion '{criterion.name[:40]}…' has {len(criterion.name)} "
                f"characters. Shorten it to at most {MAX_NAME_CHARACTERS}; write the rest after a "
                "colon."
            )
        if criterion.identity in names:
            raise ValueError(
                f"Two criteria have the name '{criterion.name}'. Rename or remove one of them."
            )
        names.add(criterion.identity)


def _are_notes(text: str) -> bool:
    return all(NOTE.match(part.strip()) for part in text.split(","))


def _notes(notes: str, name: str) -> tuple[int, bool]:
    weight, must_have = DEFAULT_WEIGHT, False
    for part in filter(None, (part.strip() for part in notes.split(","))):
        note = NOTE.match(part)
        if note is None:
            raise ValueError(
                f"'{part}' beside the criterion '{name}' is not understood. "
                "Write 'weight 3', 'must have', or both."
            )
        if note["must"]:
            must_have = True
        elif note["weight"].isdigit() and 1 <= int(note["weight"]) <= 10:
            weight = int(note["weight"])
        else:
            raise ValueError(
                f"The weight of '{name}' is '{note['weight']}'. Set it to a whole number, 1 to 10."
            )
    return weight, must_have
