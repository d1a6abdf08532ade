"""Fingerprints of scorings: equal for the same engine, model, prompt, rubric and redacted text.

The version of the rules that prepare a résumé is part of it: with older rules, a model may have
seen an attack that is found and hidden today.

Weights are not part of it: only the arithmetic uses them, which is done anew each time and is free.
"""

from hashlib import sha256

from . import prepare
from .rubric import Rubric


def document_key(document: str) -> str:
    """Return the hash of a redacted document."""
    return sha256(document.encode("utf-8", "replace")).hexdigest()


def prefix(engine: str, model: str, version: str, rubric: Rubric) -> str:
    """Return what the fingerprints of one analysis share; `fingerprint` adds a document's key."""
    return "\n".join((engine, model, version, prepare.VERSION, rubric.fingerprint(), ""))


def fingerprint(shared: str, key: str) -> str:
    return sha256(f"{shared}{key}".encode()).hexdigest()
