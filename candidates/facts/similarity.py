"""How alike two résumés are, estimated from a short signature of each text.

A person who applies twice sends an edited copy. MinHash (Broder, 1997) estimates which share of
their runs of three words two texts have in common, in its one-permutation form with rotation
(Shrivastava and Li, 2014), which hashes each run once. Cut into bands, signatures become keys that
an index can look up: of two texts that share half, the chance to have no key in common is below
1 in 1,000.
"""

import re
import struct
from hashlib import blake2b, sha256

SLOTS = 64  # numbers in a signature
BAND_SLOTS = 2  # numbers of a signature that make a key
RUN_WORDS = 3
WORD = re.compile(r"\w+")
MAX_CHARACTERS = 200_000  # of a text, that are read
MIN_RUNS = 20  # shorter texts cannot be compared
HASH = struct.Struct(">Q")
ROTATION_FACTOR = 0x9E3779B1  # odd, so that numbers moved by different distances stay apart


def text_key(text: str) -> str:
    """The same for texts with the same words in the same order: a SHA-256 in hexadecimal."""
    return sha256(" ".join(WORD.findall(text.lower())).encode()).hexdigest()


def signature(text: str) -> list[int]:
    """SLOTS numbers of 31 bits; [] for a text too short to be compared."""
    words = WORD.findall(text[:MAX_CHARACTERS].lower())
    runs = {
        " ".join(words[start : start + RUN_WORDS]) for start in range(len(words) - RUN_WORDS + 1)
    }
    if len(runs) < MIN_RUNS:
        return []
    lowest: list[int | None] = [None] * SLOTS
    for run in runs:
        (number,) = HASH.unpack(blake2b(run.encode(), digest_size=8).digest())
        slot, value = number % SLOTS, (number // SLOTS) & 0x7FFFFFFF
        known = lowest[slot]
        if known is None or value < known:
            lowest[slot] = value
    numbers = []
    for slot in range(SLOTS):
        distance = 0
        while (value_there := lowest[(slot + distance) % SLOTS]) is None:
            distance += 1
        numbers.append((value_there + distance * ROTATION_FACTOR) & 0x7FFFFFFF)
    return numbers


def bands(signed: list[int]) -> list[int]:
    """Keys of 31 bits: texts that have none in common are not alike."""
    return [
        (first * 31 + second * ROTATION_FACTOR + number) & 0x7FFFFFFF
        for number, (first, second) in enumerate(
            zip(signed[::BAND_SLOTS], signed[1::BAND_SLOTS], strict=True)
        )
    ]


def share(signature_a: list[int], signature_b: list[int]) -> float:
    """The share of their runs of words that two texts have in common, estimated, 0 to 1."""
    if not signature_a or not signature_b:
        return 0.0
    return sum(a == b for a, b in zip(signature_a, signature_b, strict=True)) / SLOTS
