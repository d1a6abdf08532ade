"""The guard of `make check`: a test that is not marked for it starts no process."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests import speeds


@pytest.mark.parametrize(
    "start",
    [
        lambda: subprocess.run(["true"], check=False),
        lambda: subprocess.run("true", shell=True, check=False),  # noqa: S602
        lambda: os.system("true"),  # noqa: S605
        lambda: os.posix_spawn("/bin/true", ["true"], {}),
        os.fork,
        lambda: multiprocessing.get_context("spawn").Process(target=print).start(),
        lambda: multiprocessing.get_context("fork").Process(target=print).start(),
    ],
    ids=["run", "shell", "system", "posix_spawn", "fork", "spawned", "forked"],
)
def test_a_process_is_refused(start: Callable[[], object]) -> None:
    with pytest.raises(RuntimeError, match="mark it with `processes`"):
        start()

    assert speeds.GUARD.started
    speeds.GUARD.started.clear()


@pytest.mark.processes
def test_a_marked_test_may_start_one() -> None:
    done = subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, check=True)

    assert done.stdout == b"1\n"


def test_the_slow_come_first_in_half_of_the_parts() -> None:
    class Item:
        def __init__(self, nodeid: str) -> None:
            self.nodeid = nodeid

    names = [*(f"tests/quick.py::{number}" for number in range(8))]
    names += [f"{speeds.SLOW_TESTS[0]}::{number}" for number in range(4)]

    ordered = [
        item.nodeid
        for item in speeds.slow_first([Item(name) for name in names], 4)  # type: ignore[misc]
    ]

    assert sorted(ordered) == sorted(names)
    parts = [ordered[place : place + 3] for place in range(0, 12, 3)]
    assert [sum("quick" not in name for name in part) for part in parts] == [2, 2, 0, 0]
    assert all("quick" not in part[0] for part in parts[:2])
