"""How a process that reading starts is made to end with the one that started it."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # prctl(2)


def ending_with(parent: int) -> Callable[[], bool]:
    """A function that asks Linux for SIGKILL when the process `parent` ends, and answers whether
    that one is still there; on other systems it does nothing.

    It is meant for the child: between fork and exec, or at its start. The C library is loaded
    here, because between the two nothing should be. Raises OSError where Linux refuses.
    """
    if not sys.platform.startswith("linux"):
        return lambda: True
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> bool:
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        # The parent may have ended before the request was made.
        return os.getppid() == parent

    return ask
