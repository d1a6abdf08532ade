"""Prepare a résumé for engines, once for all runs.

The person's traces are redacted and attacks on the judge are searched for. Both are the same for
every rubric, and together they cost more than anything else that a run does with a résumé by
itself; so they are done when it has been read, and their spans are stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import attacks, redact

VERSION = f"{redact.VERSION} {attacks.VERSION}"


@dataclass(frozen=True, slots=True)
class PreparedResume:
    """The redacted text, of the same length as the original, and the attacks found in it."""

    document: str
    look: attacks.Look


def prepare(text: str, name: str = "") -> PreparedResume:
    """Redact and search a résumé; a little more than a millisecond a thousand characters."""
    document = redact.redact(text, name)
    return PreparedResume(document, attacks.look(document))


def keep(text: str, name: str = "") -> tuple[PreparedResume, dict[str, Any]]:
    """Prepare a résumé; also returns what `recall` needs, as plain values of some hundred bytes."""
    traces = redact.traces(text, name)
    document = redact.blank(text, traces)
    look = attacks.look(document)
    findings = [
        [finding.kind, finding.quote, finding.start, finding.end] for finding in look.findings
    ]
    stored = {"version": VERSION, "traces": traces, "found": findings}
    return PreparedResume(document, look), stored


def recall(text: str, name: str, stored: Mapping[str, Any]) -> PreparedResume:
    """Return what `prepare` returns, from what `keep` stored, where that is of this version."""
    if stored.get("version") != VERSION:
        return prepare(text, name)
    document = redact.blank(text, stored["traces"])
    findings = [attacks.Finding(*values) for values in stored["found"]]
    return PreparedResume(document, attacks.seen(document, findings))
