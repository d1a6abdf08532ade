"""Meaning: the mean of WordLlama's token vectors, centred.

The model is 256 numbers a token and comes inside its package; nothing is downloaded. Vectors of all
résumés point much the same way, so the mean résumé is subtracted from a résumé and the mean posting
from a posting before two are compared. The means are of texts of our own about thirty trades
(benchmarks/centres, made into centres.json by benchmarks/make_centres.py).
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

# One core a worker: the workers are the parallelism.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from candidates.facts.reason import FailureCode, Param, Reason
from candidates.scoring.scorecard import EngineUnavailable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    type Vector = NDArray[np.float32]

CENTRES = Path(__file__).with_name("centres.json")
PACKAGE = "wordllama"
WEIGHTS = "weights/l2_supercat_256.safetensors"
TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
LONGEST = 20_000  # characters of one piece that are looked at
REMEMBERED = 30_000  # words with their vectors, some 40 MB


@dataclass(frozen=True, slots=True)
class Model:
    embedding: "Vector"  # shape (32,000, 256)
    tokenizer: Tokenizer


@cache
def model() -> Model:
    """WordLlama's two files, read from its package; once per process, in about 0.2 s.

    The package itself is not imported: it brings an HTTP client and a second of start-up for the
    sake of downloads that must not happen here. Raises EngineUnavailable when a file is missing.
    """
    found = find_spec(PACKAGE)
    folders = [Path(folder) for folder in (found and found.submodule_search_locations) or ()]
    folder = next((folder for folder in folders if (folder / WEIGHTS).is_file()), None)
    if folder is None or not (folder / TOKENIZER).is_file():
        files: dict[str, Param] = {"package": PACKAGE, "weights": WEIGHTS, "tokenizer": TOKENIZER}
        raise EngineUnavailable(Reason(FailureCode.ENGINE_FILES_MISSING, files))
    embedding = load_file(folder / WEIGHTS)["embedding.weight"].astype(np.float32)
    return Model(embedding, Tokenizer.from_file(str(folder / TOKENIZER)))


@cache
def centres() -> dict[str, "Vector"]:
    """The mean vectors of résumés, postings and titles."""
    return {
        name: np.array(values, dtype=np.float32)
        for name, values in json.loads(CENTRES.read_text()).items()
    }


def sums(pieces: list[str]) -> tuple["Vector", "NDArray[np.int64]"]:
    """For each piece the sum of its token vectors, shape (pieces, 256), and how many tokens."""
    words = [piece[:LONGEST].split() for piece in pieces]
    known = _known(dict.fromkeys(chain.from_iterable(words)))
    counts = np.array([sum(known[word][1] for word in found) for found in words], dtype=np.int64)
    total = np.zeros((len(pieces), model().embedding.shape[1]), dtype=np.float32)
    lengths = np.array([len(found) for found in words], dtype=np.int64)
    if lengths.any():
        flat = np.concatenate([known[word][0] for word in chain.from_iterable(words)])
        starts = np.concatenate(([0], np.cumsum(lengths[lengths > 0])[:-1]))
        total[lengths > 0] = np.add.reduceat(flat.reshape(-1, total.shape[1]), starts)
    return total, counts


_remembered: dict[str, tuple["Vector", int]] = {}


def _known(words: Iterable[str]) -> dict[str, tuple["Vector", int]]:
    """For each word the sum of its token vectors, and how many tokens.

    No token reaches over white space, so a text is the sum of its words, and most words of a
    résumé were met in another one: they are not cut into tokens again.
    """
    loaded = model()
    known = {word: _remembered[word] for word in words if word in _remembered}
    missing = [word for word in words if word not in known]
    encoded = loaded.tokenizer.encode_batch_fast(missing, add_special_tokens=False)
    for word, one in zip(missing, encoded, strict=True):
        known[word] = loaded.embedding[one.ids].sum(axis=0, dtype=np.float32), len(one.ids)
    if len(_remembered) + len(missing) > REMEMBERED:
        _remembered.clear()
    for word in missing[:REMEMBERED]:
        _remembered[word] = known[word]
    return known


def mean(text: str) -> "Vector":
    """The vector of one text, shape (256,); zeros for a text without words."""
    total, counts = sums([text])
    result: Vector = total[0] / np.float32(max(int(counts[0]), 1))
    return result


def unit(vectors: "Vector") -> "Vector":
    """Scaled to length 1 along the last axis; zeros stay."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    result: Vector = (vectors / np.maximum(length, 1e-9)).astype(np.float32)
    return result
