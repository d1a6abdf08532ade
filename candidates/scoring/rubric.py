"""The rubric: the criteria with their weights, frozen as a value.

A rubric always holds one criterion of its own, "The role as described" (title and description as a
whole), so that a bare description ranks sensibly without any written criterion.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from typing import Any, Self

from candidates.facts.reason import FailureCode, Param, Reason, ReasonedError

ROLE = "role"
ROLE_NAME = "The role as described"
MAX_WEIGHT = 10
MAX_CRITERIA_DERIVED = 8


class InvalidRubric(ReasonedError, ValueError):
    """Nothing could be rated by it."""

    def __init__(self, code: FailureCode, **params: Param) -> None:
        super().__init__(Reason(code, params))


@dataclass(frozen=True, slots=True)
class RubricCriterion:
    """One thing looked for. `key` is unique within its rubric; `weight` is 0 to 10."""

    key: str
    name: str
    looks_for: str = ""
    weight: int = 3
    must_have: bool = False

    @property
    def identity(self) -> str:
        """What makes it the same criterion as one of a draft or of another rubric."""
        return criterion_identity(self.name)


# What a criterion consists of besides its key: the fields of a form and of a draft's row, too.
CRITERION_FIELDS = tuple(field.name for field in fields(RubricCriterion) if field.name != "key")


def criterion_identity(name: str) -> str:
    """The criterion's name as it is compared: letter case and outer blanks make no difference."""
    return name.strip().casefold()


@dataclass(frozen=True, slots=True)
class Rubric:
    """Title, description and criteria; the first criterion is the role itself."""

    title: str
    description: str
    criteria: tuple[RubricCriterion, ...]

    @classmethod
    def build(
        cls,
        *,
        title: str,
        description: str,
        criteria: Iterable[RubricCriterion],
        role_weight: int = 5,
    ) -> Self:
        """Put the role before `criteria`.

        Raises InvalidRubric when nothing could be rated by the result.
        """
        title, description = title.strip(), description.strip()
        whole = (RubricCriterion(ROLE, ROLE_NAME, "", role_weight), *criteria)
        if not title:
            raise InvalidRubric(FailureCode.ROLE_WITHOUT_TITLE)
        if not description and len(whole) == 1:
            raise InvalidRubric(FailureCode.NOTHING_TO_RATE_BY)
        keys = [criterion.key for criterion in whole]
        if len(set(keys)) < len(keys):
            raise InvalidRubric(FailureCode.CRITERION_KEY_REPEATED)
        for place, criterion in enumerate(whole):
            if not criterion.name.strip():
                raise InvalidRubric(FailureCode.CRITERION_WITHOUT_NAME)
            if not 0 <= criterion.weight <= MAX_WEIGHT:
                raise InvalidRubric(
                    FailureCode.WEIGHT_INVALID,
                    place=place,
                    weight=criterion.weight,
                    highest=MAX_WEIGHT,
                )
        if not sum(criterion.weight for criterion in whole):
            raise InvalidRubric(FailureCode.ALL_WEIGHTS_ZERO)
        return cls(title, description, whole)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"criteria": [asdict(criterion) for criterion in self.criteria]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        criteria = tuple(RubricCriterion(**criterion) for criterion in data["criteria"])
        return cls(data["title"], data["description"], criteria)

    def by_key(self) -> dict[str, RubricCriterion]:
        return {criterion.key: criterion for criterion in self.criteria}

    def fingerprint(self) -> str:
        """Return a hash of everything that ratings depend on, which excludes the weights."""
        data = self.to_json()
        for criterion in data["criteria"]:
            del criterion["weight"]
        canonical = json.dumps(data, sort_keys=True, ensure_ascii=False)
        return sha256(canonical.encode()).hexdigest()


BULLET = re.compile(r"^\s*(?:[-*+•·–]|\d+[.)])\s+(?P<text>\S.*)$")
REQUIRING = re.compile(
    r"require|qualif|you (?:have|bring|are|will need)|must|need|essential|looking for|skills"
    r"|experience|who you|about you|your profile|expect|ideal|desir|nice|bonus|plus|prefer",
    re.IGNORECASE,
)
# How strongly a heading or a bullet asks for something.
MUST = re.compile(r"\b(?:must|required?|requirements|essential|mandatory|minimum)\b", re.IGNORECASE)
NICE = re.compile(
    r"\b(?:nice[- ]to[- ]have|bonus|a plus|preferred|preferably|desirable|ideally|advantage)\b",
    re.IGNORECASE,
)
# The same at the beginning or end of a bullet, where it is not part of the criterion.
STRENGTH = re.compile(
    r"^(?:nice to have|bonus|preferred|required|essential|desirable)\s*[:,–-]\s*"
    r"|\s*[,(–-]?\s*(?:(?:is|are)\s+)?"
    r"(?:required|essential|mandatory|preferred|desirable|a plus|an advantage|a must)\)?$",
    re.IGNORECASE,
)
MAX_DERIVED_NAME_CHARACTERS = 60


def derive_criteria(description: str) -> tuple[RubricCriterion, ...]:
    """Derive criteria from the requirement bullets of a description, at most eight.

    Bullets under a heading about requirements count; without such a heading, all do. What the text
    calls required has weight 3, what it calls a plus has weight 1. None is a must-have: postings
    ask for driving licences and strong backs in the same words, and a must-have alone can hold a
    candidate back.
    """
    sections: list[tuple[str, list[str]]] = [("", [])]
    for line in description.splitlines():
        bullet = BULLET.match(line)
        if bullet:
            sections[-1][1].append(bullet["text"].strip(" .;"))
        elif line.strip():
            sections.append((line.strip("#*_: \t"), []))
    requiring = [(head, items) for head, items in sections if items and REQUIRING.search(head)]
    derived: dict[str, RubricCriterion] = {}
    for head, items in requiring or [(head, items) for head, items in sections if items]:
        for item in items:
            name = _short(item)
            identity = criterion_identity(name)
            if not name or identity in derived or len(derived) == MAX_CRITERIA_DERIVED:
                continue
            nice = NICE.search(item) or (NICE.search(head) and not MUST.search(item))
            must = not nice and (MUST.search(item) or re.search(r"\bmust|\bessential", head, re.I))
            derived[identity] = RubricCriterion(
                key=f"c{len(derived) + 1}",
                name=name,
                looks_for="" if item == name else item,
                weight=1 if nice else 3 if must else 2,
            )
    return tuple(derived.values())


def _short(item: str) -> str:
    """Return a name for a bullet: its bold lead, else its words up to the first pause."""
    bold = re.match(r"\*\*(.+?)\*\*", item)
    text = bold[1] if bold else item
    text = STRENGTH.sub("", re.sub(r"[*_`]", "", text)).strip(" :,.")
    if len(text) <= MAX_DERIVED_NAME_CHARACTERS:
        return text
    lead = re.split(r"\s*[:;(–—]|, |\. ", text)[0]
    if len(lead) <= MAX_DERIVED_NAME_CHARACTERS:
        return lead
    return lead[:MAX_DERIVED_NAME_CHARACTERS].rsplit(" ", 1)[0]
