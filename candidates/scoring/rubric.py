"""What is looked for, frozen: the criteria with their weights, as a value.

A rubric always holds one criterion of its own, "The role as described" (title and description as a
whole), so that a bare description ranks sensibly before anybody has written a criterion.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Self

from candidates.facts.reason import FailureCode, Param, Reason, ReasonedError

ROLE = "role"
ROLE_NAME = "The role as described"
HEAVIEST = 10
MOST_DERIVED = 8


class InvalidRubric(ReasonedError, ValueError):
    """Nothing could be rated by it."""

    def __init__(self, code: FailureCode, **params: Param) -> None:
        super().__init__(Reason(code, params))


@dataclass(frozen=True, slots=True)
class RubricCriterion:
    """One thing looked for. `key` names it within its rubric; `weight` is 0 to 10."""

    key: str
    name: str
    looks_for: str = ""
    weight: int = 3
    must_have: bool = False


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
            if not 0 <= criterion.weight <= HEAVIEST:
                raise InvalidRubric(
                    FailureCode.WEIGHT_INVALID,
                    place=place,
                    weight=criterion.weight,
                    highest=HEAVIEST,
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

    def fingerprint(self) -> str:
        """The same for rubrics by which the same is rated: weights come into play after that."""
        told = self.to_json()
        for criterion in told["criteria"]:
            del criterion["weight"]
        canonical = json.dumps(told, sort_keys=True, ensure_ascii=False)
        return sha256(canonical.encode()).hexdigest()


BULLET = re.compile(r"^\s*(?:[-*+•·–]|\d+[.)])\s+(?P<text>\S.*)$")
REQUIRING = re.compile(
    r"require|qualif|you (?:have|bring|are|will need)|must|need|essential|looking for|skills"
    r"|experience|who you|about you|your profile|expect|ideal|desir|nice|bonus|plus|prefer",
    re.IGNORECASE,
)
# Headings and bullets that say how strongly a thing is wanted.
MUST = re.compile(r"\b(?:must|required?|requirements|essential|mandatory|minimum)\b", re.IGNORECASE)
NICE = re.compile(
    r"\b(?:nice[- ]to[- ]have|bonus|a plus|preferred|preferably|desirable|ideally|advantage)\b",
    re.IGNORECASE,
)
# The same at a bullet's begin or end, where it is no part of what is looked for.
STRENGTH = re.compile(
    r"^(?:nice to have|bonus|preferred|required|essential|desirable)\s*[:,–-]\s*"
    r"|\s*[,(–-]?\s*(?:(?:is|are)\s+)?"
    r"(?:required|essential|mandatory|preferred|desirable|a plus|an advantage|a must)\)?$",
    re.IGNORECASE,
)
LONGEST_NAME = 60  # characters


def derive_criteria(description: str) -> tuple[RubricCriterion, ...]:
    """Criteria from the requirement bullets of a description, at most eight; () where it has none.

    Bullets under a heading that speaks of requirements count; without such a heading, all do. What
    the text calls required has weight 3, what it calls a plus has weight 1. None is a must-have:
    postings ask for driving licences and strong backs in the same words, and nobody has said that
    one of these alone should hold a candidate back.
    """
    sections: list[tuple[str, list[str]]] = [("", [])]
    for line in description.splitlines():
        bullet = BULLET.match(line)
        if bullet:
            sections[-1][1].append(bullet["text"].strip(" .;"))
        elif line.strip():
            sections.append((line.strip("#*_: \t"), []))
    requiring = [(head, items) for head, items in sections if items and REQUIRING.search(head)]
    found: dict[str, RubricCriterion] = {}
    for head, items in requiring or [(head, items) for head, items in sections if items]:
        for item in items:
            name = _short(item)
            if not name or name.casefold() in found or len(found) == MOST_DERIVED:
                continue
            nice = NICE.search(item) or (NICE.search(head) and not MUST.search(item))
            must = not nice and (MUST.search(item) or re.search(r"\bmust|\bessential", head, re.I))
            found[name.casefold()] = RubricCriterion(
                key=f"c{len(found) + 1}",
                name=name,
                looks_for="" if item == name else item,
                weight=1 if nice else 3 if must else 2,
            )
    return tuple(found.values())


def _short(item: str) -> str:
    """A name for a bullet: its bold lead, else its words up to the first pause."""
    bold = re.match(r"\*\*(.+?)\*\*", item)
    text = bold[1] if bold else item
    text = STRENGTH.sub("", re.sub(r"[*_`]", "", text)).strip(" :,.")
    if len(text) <= LONGEST_NAME:
        return text
    lead = re.split(r"\s*[:;(–—]|, |\. ", text)[0]
    if len(lead) <= LONGEST_NAME:
        return lead
    return lead[:LONGEST_NAME].rsplit(" ", 1)[0]
