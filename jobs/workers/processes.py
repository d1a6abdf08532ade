"""Child processes that do not outlive their parent, and how to stop them."""

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent, or the thread that started it, ends.

    `parent` is the process id that it had before the fork. Linux only; elsewhere nothing. Also used
    between fork and exec, so it does no more than two calls.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel was asked
            os._exit(1)


def start_process(
    command: list[str], *, quiet: bool = False, env: dict[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start `command` in a session of its own, so that a terminal's Ctrl-C reaches only this one.

    It dies with the thread that calls this. `quiet` logs warnings alone. `env` is added to this
    process's environment.
    """
    log_level = {"LOG_LEVEL": "WARNING"} if quiet else {}
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **log_level, **(env or {})},
        start_new_session=True,
        preexec_fn=partial(die_with_parent, os.getpid()),
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
    with suppress(ProcessLookupError):  # no process of it is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def process_exists(pid: int) -> bool:
    """Whether a process of this number exists on this host."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


def reap_adopted(*awaited: int) -> None:
    """Clear away dead processes that this one inherited, as process 1 of a container does.

    `awaited` are children whose end something else waits for.
    """
    if sys.platform != "linux":
        return
    with suppress(ChildProcessError):  # there are no children at all
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while (dead := os.waitid(os.P_ALL, 0, options)) and dead.si_pid not in awaited:
            os.waitpid(dead.si_pid, 0)
