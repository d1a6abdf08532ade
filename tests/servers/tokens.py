"""How the scripted model server counts tokens, and what it counts as cached.

Four bytes are a token. Cached is the longest common beginning, byte for byte, with any prompt that
was answered earlier, which is what a server that keeps prompts' beginnings could at most save.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field

A_TOKEN = 4  # bytes


def tokens(data: bytes | str) -> int:
    """Tokens of `data`, rounded up."""
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    return -(-len(raw) // A_TOKEN)


def common(one: bytes, other: bytes) -> int:
    """Bytes with which both begin."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while low < high:  # the first `low` agree, the first `high` do not
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


@dataclass
class Prefixes:
    """Prompts answered so far, in order: the one that shares most stands next to a new one."""

    seen: list[bytes] = field(default_factory=list)

    def cached(self, prompt: bytes) -> int:
        """Whole tokens of `prompt` that begin an earlier one."""
        at = bisect_left(self.seen, prompt)
        beside = self.seen[max(0, at - 1) : at + 1]
        return max((common(prompt, one) for one in beside), default=0) // A_TOKEN

    def keep(self, prompt: bytes) -> None:
        insort(self.seen, prompt)
