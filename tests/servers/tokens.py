"""How the scripted model server counts tokens and cached tokens.

A token is four bytes. Cached is the longest common prefix with any prompt answered before, which is
the most that a server with a prefix cache can save.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field

TOKEN_BYTES = 4  # bytes


def tokens(data: bytes | str) -> int:
    """Tokens of `data`, rounded up."""
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    return -(-len(raw) // TOKEN_BYTES)


def common(first: bytes, second: bytes) -> int:
    """The length of the common prefix, in bytes."""
    low, high = 0, min(len(first), len(second))
    if first[:high] == second[:high]:
        return high
    while low < high:  # the first `low` agree, the first `high` do not
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


@dataclass
class Prefixes:
    """Answered prompts, sorted, so that the longest common prefix is with a neighbour."""

    prompts: list[bytes] = field(default_factory=list)

    def cached(self, prompt: bytes) -> int:
        """Whole tokens of `prompt` that are a prefix of an earlier prompt."""
        index = bisect_left(self.prompts, prompt)
        neighbours = self.prompts[max(0, index - 1) : index + 1]
        return max((common(prompt, prefix) for prefix in neighbours), default=0) // TOKEN_BYTES

    def add(self, prompt: bytes) -> None:
        insort(self.prompts, prompt)
