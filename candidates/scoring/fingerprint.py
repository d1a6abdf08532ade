"""Fingerprints of scorings: equal for the same engine, model, prompt, rubric and redacted text.

The version of the rules that prepare a résumé is part of it: with older rules, a model may have
seen an attack that is found and hidden today. So is the version of a scorecard's JSON.

Weights are not part of it: only the arithmetic uses them, which is done anew each time and is free.
"""

from hashlib import sha256

from . import prepare
from .rubric import Rubric
from .scorecard import SHAPE_VERSION


def document_key(document: str) -> str:
    """Return the hash of a redacted document."""
    return sha256(document.encode("utf-8", "replace")).hexdigest()


def prefix(engine: str, model: str, version: str, rubric: Rubric) -> str:
    """Return what the fingerprints of one analysis share; `fingerprint` adds a document's key."""
    parts = (engine, model, version, SHAPE_VERSION, prepare.VERSION, rubric.fingerprint(), "")
    return "\n".join(parts)


def fingerprint(shared: str, key: str) -> str:
    return sha256(f"{shared}{key}".encode()).hexdigest()
