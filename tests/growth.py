"""How the time of a function grows with its input, whatever the speed of the machine."""

import gc
import time
from collections.abc import Callable

FACTOR = 4
MAX_RATIO = 8  # linear work takes 4 times as long, quadratic work 16 times
NOISE_SECONDS = 0.1  # below which a clock says little
MEASUREMENTS = 3  # of which the fastest counts


def assert_grows_linearly(run: Callable[[int], object], size: int) -> None:
    """Run `run(size)` and a quarter of that, and compare the processor times they take."""
    small = _seconds(run, size // FACTOR)
    large = _seconds(run, size)
    for _ in range(MEASUREMENTS - 1):
        if large < MAX_RATIO * small + NOISE_SECONDS:
            break
        large = min(large, _seconds(run, size))
    assert large < MAX_RATIO * small + NOISE_SECONDS


def _seconds(run: Callable[[int], object], size: int) -> float:
    """Processor time of `run(size)`, without what other tests leave to the garbage collector."""
    gc.disable()
    started_at = time.process_time()
    try:
        run(size)
        return time.process_time() - started_at
    finally:
        gc.enable()
