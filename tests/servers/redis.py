"""A Redis server for tests: on loopback, on a free port, without persistence."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import redis

from jobs.workers.processes import die_with_parent, stop_process
from tests.workers import until


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serve_redis(port: int = 0) -> Iterator[str]:
    """Run the server; yields its URL."""
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        options = {
            "bind": "127.0.0.1",
            "port": str(port),
            "save": "",
            "appendonly": "no",
            "dir": folder,
            "logfile": os.devnull,
        }
        process = subprocess.Popen(
            [
                "redis-server",
                *(part for name, value in options.items() for part in (f"--{name}", value)),
            ],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
        try:
            with redis.Redis(port=port) as client:

                def answers() -> bool:
                    assert process.poll() is None, "redis-server ended"
                    try:
                        return bool(client.ping())
                    except redis.ConnectionError:
                        return False

                until(answers, "redis-server")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            stop_process(process, grace=5)
