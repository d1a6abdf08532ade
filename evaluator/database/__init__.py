"""Which PostgreSQL: the one of DATABASE_URL, else an embedded one under `var/`.

Django takes `evaluator.database` as the name of a backend (`base.py`), which is its own PostgreSQL
backend plus one step: before it connects, the embedded server is started if it is not running.
"""

from pathlib import Path
from typing import Any

import dj_database_url

# Web and workers keep their connection and check that it still lives before using it; without
# that, every message of the queue would open a connection of its own. A server that no longer
# answers is noticed by TCP within half a minute, and no statement runs for longer than that. None
# runs for so long that compiling it first would pay: PostgreSQL would do that by its own estimates.
PERSISTENT = {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
TIMEOUTS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "options": "-c statement_timeout=30s -c lock_timeout=10s"
    " -c idle_in_transaction_session_timeout=60s -c jit=off",
}


def from_url(url: str) -> dict[str, Any]:
    """The `DATABASES` entry for a `postgres://` address.

    Raises ValueError with a plain sentence when the address is for another kind of database.
    """
    try:
        entry: dict[str, Any] = {**dj_database_url.parse(url)}
    except ValueError as error:
        raise ValueError(
            "DATABASE_URL is not an address. Write it as postgres://user:password@host:5432/name."
        ) from error
    if not entry.get("NAME"):
        raise ValueError(
            "DATABASE_URL names no database. Write it as postgres://user:password@host:5432/name."
        )
    if "postgresql" not in str(entry["ENGINE"]):
        raise ValueError(
            "DATABASE_URL names a database that is not PostgreSQL. "
            "Write it as postgres://user:password@host:5432/name."
        )
    options = {**TIMEOUTS, **entry.get("OPTIONS", {})}
    return {**entry, **PERSISTENT, "OPTIONS": options}


def embedded(folder: Path) -> dict[str, Any]:
    """The `DATABASES` entry for the embedded server whose data live in `folder`."""
    return {
        "ENGINE": "evaluator.database",
        "NAME": "evaluator",
        "USER": "postgres",
        "EMBEDDED": folder,
        **PERSISTENT,
        "OPTIONS": {"options": TIMEOUTS["options"]},
    }
