"""Meaning of a text: the mean of WordLlama's token vectors, centred.

The model has 256 numbers a token and comes inside its package; nothing is downloaded. The vectors
of all résumés point much the same way, so the mean résumé is subtracted from a résumé and the mean
posting from a posting before the two are compared. The means are of texts written for this project
about thirty trades (benchmarks/centres, made into centres.json by benchmarks/make_centres.py).
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

# One core a worker process: several of them run at once.
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
MAX_PIECE_CHARACTERS = 20_000  # of one piece that are looked at
MAX_CACHED_WORDS = 30_000  # words with their vectors, some 40 MB


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    embedding: "Vector"  # shape (32,000, 256)
    tokenizer: Tokenizer


@cache
def model() -> EmbeddingModel:
    """Load WordLlama's two files from its package; once per process, in about 0.2 s.

    The package itself is not imported: it brings an HTTP client and a second of start-up for
    downloads that must not happen here. Raises EngineUnavailable when a file is missing.
    """
    spec = find_spec(PACKAGE)
    folders = [Path(folder) for folder in (spec and spec.submodule_search_locations) or ()]
    folder = next((folder for folder in folders if (folder / WEIGHTS).is_file()), None)
    if folder is None or not (folder / TOKENIZER).is_file():
        files: dict[str, Param] = {"package": PACKAGE, "weights": WEIGHTS, "tokenizer": TOKENIZER}
        raise EngineUnavailable(Reason(FailureCode.ENGINE_FILES_MISSING, files))
    embedding = load_file(folder / WEIGHTS)["embedding.weight"].astype(np.float32)
    return EmbeddingModel(embedding, Tokenizer.from_file(str(folder / TOKENIZER)))


@cache
def centres() -> dict[str, "Vector"]:
    """Load the mean vectors of résumés, postings and titles."""
    return {
        name: np.array(values, dtype=np.float32)
        for name, values in json.loads(CENTRES.read_text()).items()
    }


def sums(pieces: list[str]) -> tuple["Vector", "NDArray[np.int64]"]:
    """Return each piece's sum of token vectors, shape (pieces, 256), and its number of tokens."""
    words = [piece[:MAX_PIECE_CHARACTERS].split() for piece in pieces]
    known = _vectors_of(dict.fromkeys(chain.from_iterable(words)))
    counts = np.array(
        [sum(known[word][1] for word in piece_words) for piece_words in words], dtype=np.int64
    )
    total = np.zeros((len(pieces), model().embedding.shape[1]), dtype=np.float32)
    lengths = np.array([len(piece_words) for piece_words in words], dtype=np.int64)
    if lengths.any():
        flat = np.concatenate([known[word][0] for word in chain.from_iterable(words)])
        starts = np.concatenate(([0], np.cumsum(lengths[lengths > 0])[:-1]))
        total[lengths > 0] = np.add.reduceat(flat.reshape(-1, total.shape[1]), starts)
    return total, counts


_cache: dict[str, tuple["Vector", int]] = {}


def _vectors_of(words: Iterable[str]) -> dict[str, tuple["Vector", int]]:
    """Return for each word the sum of its token vectors, and its number of tokens.

    No token reaches over white space, so a text is the sum of its words. Most words of a résumé
    have been in an earlier one: they are not cut into tokens again.
    """
    loaded = model()
    known = {word: _cache[word] for word in words if word in _cache}
    missing = [word for word in words if word not in known]
    encodings = loaded.tokenizer.encode_batch_fast(missing, add_special_tokens=False)
    for word, encoding in zip(missing, encodings, strict=True):
        vector = loaded.embedding[encoding.ids].sum(axis=0, dtype=np.float32)
        known[word] = vector, len(encoding.ids)
    if len(_cache) + len(missing) > MAX_CACHED_WORDS:
        _cache.clear()
    for word in missing[:MAX_CACHED_WORDS]:
        _cache[word] = known[word]
    return known


def mean(text: str) -> "Vector":
    """Return the mean vector of one text, shape (256,); zeros for a text without words."""
    total, counts = sums([text])
    result: Vector = total[0] / np.float32(max(int(counts[0]), 1))
    return result


def unit(vectors: "Vector") -> "Vector":
    """Scale vectors to length 1 along the last axis; zeros stay."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    result: Vector = (vectors / np.maximum(length, 1e-9)).astype(np.float32)
    return result
