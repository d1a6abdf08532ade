"""Child processes that do not outlive their parent, and how to stop them."""

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

MANAGE = Path(__file__).resolve().parent.parent / "manage.py"
PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies. Linux only; elsewhere nothing.

    Also used between fork and exec, so it does no more than one call.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start_process(
    command: list[str], *, quiet: bool = False, env: dict[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start `command` in a session of its own, so that a terminal's Ctrl-C reaches only us.

    `quiet` lets only warnings of ours through. `env` is added to this process's environment.
    """
    told = {"LOG_LEVEL": "WARNING"} if quiet else {}
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **told, **(env or {})},
        start_new_session=True,
        preexec_fn=die_with_parent,
    )


def start_worker(workers: int, *, quiet: bool = False) -> "subprocess.Popen[bytes]":
    """Start `manage.py worker` with so many worker processes."""
    return start_process(
        [sys.executable, str(MANAGE), "worker", "--workers", str(workers)], quiet=quiet
    )


def stop_process(process: "subprocess.Popen[bytes]", *, grace: float) -> int:
    """SIGTERM, and after `grace` seconds SIGKILL to its whole group; returns the exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            kill_group(process)
    return process.wait()


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL to the group that the process leads, itself included, and reap it."""
    with suppress(ProcessLookupError):  # nobody is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
