"""What is done to a résumé before any engine sees it, once for all runs.

The person's traces are blanked and what speaks to the judge is found. Both are the same for every
rubric, and together they cost more than anything else that a run does with a résumé by itself; so
they are done when it has been read, and kept as spans.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from candidates.facts.flags import FlagKind

from . import attacks, redact

VERSION = f"{redact.VERSION} {attacks.VERSION}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """`document` is the redacted text, of the same length; `look` what was found in it."""

    document: str
    look: attacks.Look


def prepare(text: str, name: str = "") -> Prepared:
    """A little more than a millisecond for each thousand characters."""
    document = redact.redact(text, name)
    return Prepared(document, attacks.look(document))


def keep(text: str, name: str = "") -> tuple[Prepared, dict[str, Any]]:
    """The same, and what `recall` makes it of again: plain values, a few hundred bytes."""
    traces = redact.traces(text, name)
    document = redact.blank(text, traces)
    look = attacks.look(document)
    found = [[one.kind, one.start, one.end] for one in look.findings]
    kept = {"version": VERSION, "traces": traces, "found": found}
    return Prepared(document, look), kept


def recall(text: str, name: str, kept: Mapping[str, Any]) -> Prepared:
    """As `prepare`, from what `keep` gave where the rules are still the same."""
    if kept.get("version") != VERSION:
        return prepare(text, name)
    document = redact.blank(text, kept["traces"])
    return Prepared(
        document,
        attacks.seen(
            document, [attacks.Finding(FlagKind(kind), *span) for kind, *span in kept["found"]]
        ),
    )
