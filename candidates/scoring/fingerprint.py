"""What makes two scorings the same: engine, model, prompt, rubric and redacted résumé.

The rules by which a résumé is prepared are among it: by older ones, a model may have seen what
speaks to it and is found today.

Weights are not among it: they are for the arithmetic, which is done again each time for nothing.
"""

from hashlib import sha256

from . import prepare
from .rubric import Rubric


def document_key(document: str) -> str:
    """Of a redacted document."""
    return sha256(document.encode("utf-8", "replace")).hexdigest()


def prefix(engine: str, model: str, version: str, rubric: Rubric) -> str:
    """What all scorings of one analysis share; `fingerprint` puts a document's key behind it."""
    return "\n".join((engine, model, version, prepare.VERSION, rubric.fingerprint(), ""))


def fingerprint(shared: str, key: str) -> str:
    return sha256(f"{shared}{key}".encode()).hexdigest()
