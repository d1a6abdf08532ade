"""Prepare a résumé for engines, once for all runs.

The person's traces are redacted and attacks on the judge are searched for. Both are the same for
every rubric, and together they cost more than anything else that a run does with a résumé by
itself; so they are done when it has been read, and their spans are stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from candidates.facts.flags import FlagKind

from . import attacks, redact

VERSION = f"{redact.VERSION} {attacks.VERSION}"


@dataclass(frozen=True, slots=True)
class PreparedResume:
    """The redacted text, of the same length as the original, and the attacks found in it."""

    document: str
    inspection: attacks.Inspection


def prepare(text: str, name: str = "") -> PreparedResume:
    """Redact and search a résumé; a little more than a millisecond a thousand characters."""
    document = redact.redact(text, name)
    return PreparedResume(document, attacks.inspect(document))


def prepare_for_storage(text: str, name: str = "") -> tuple[PreparedResume, dict[str, Any]]:
    """Prepare a résumé; also returns plain values for `restore`, a few hundred bytes."""
    traces = redact.traces(text, name)
    document = redact.blank(text, traces)
    inspection = attacks.inspect(document)
    findings = [[finding.kind, finding.start, finding.end] for finding in inspection.findings]
    stored = {"version": VERSION, "traces": traces, "found": findings}
    return PreparedResume(document, inspection), stored


def restore(text: str, name: str, stored: Mapping[str, Any]) -> PreparedResume:
    """Return what `prepare` returns, from stored values where they are of this version."""
    if stored.get("version") != VERSION:
        return prepare(text, name)
    document = redact.blank(text, stored["traces"])
    findings = [attacks.Finding(FlagKind(kind), *span) for kind, *span in stored["found"]]
    return PreparedResume(document, attacks.inspection_of(document, findings))
