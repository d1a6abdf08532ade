"""The embedded PostgreSQL: real servers in folders of their own, ended by real deaths."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from evaluator.database import server

pytestmark = pytest.mark.processes

HOLD = (
    "import sys; from pathlib import Path; from evaluator.database import server;"
    "server.ensure_running(Path(sys.argv[1])); print('up', flush=True); sys.stdin.read()"
)


@contextmanager
def user_of(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that uses the server until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def answers(folder: Path) -> bool:
    try:
        with psycopg.connect(
            host=str(server.socket_folder(folder)), user="postgres", dbname="evaluator"
        ):
            return True
    except psycopg.OperationalError:
        return False


def until(holds: object, patience: float = 20.0) -> None:
    end = time.monotonic() + patience
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.05)


def test_it_serves_until_its_last_user_is_dead_and_starts_again(tmp_path: Path) -> None:
    with user_of(tmp_path) as first:
        with user_of(tmp_path) as second:
            first.kill()
            first.wait()
            assert answers(tmp_path)
            assert second.poll() is None
        until(lambda: not answers(tmp_path))
    with user_of(tmp_path):
        assert answers(tmp_path)
    until(lambda: not answers(tmp_path))


def test_no_port_is_open_and_only_its_owner_may_enter(tmp_path: Path) -> None:
    with user_of(tmp_path):
        host = str(server.socket_folder(tmp_path))
        with psycopg.connect(host=host, user="postgres", dbname="evaluator") as connection:
            shown = connection.execute("SHOW listen_addresses").fetchone()
            assert shown == ("",)
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0
        assert server.socket_folder(tmp_path).stat().st_mode & 0o077 == 0


def test_a_pid_file_left_by_another_process_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    with user_of(tmp_path):
        pass
    until(lambda: not (tmp_path / "data" / "postmaster.pid").exists())
    alive = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (tmp_path / "data" / "postmaster.pid").write_text(f"{alive.pid}\n{tmp_path / 'data'}\n")
        with user_of(tmp_path):
            assert answers(tmp_path)
    finally:
        alive.communicate(b"\n")
    until(lambda: not answers(tmp_path))


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 20)

    assert server.socket_folder(tmp_path / "x").is_relative_to(tmp_path)
    assert len(str(server.socket_folder(deep))) <= server.MAX_SOCKET_PATH_BYTES
    assert server.socket_folder(deep) != server.socket_folder(deep / "other")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")

    with pytest.raises((server.CannotStart, OSError), match="file"):
        server.ensure_running(blocked / "postgres")
