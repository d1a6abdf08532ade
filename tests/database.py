"""The tests' database: copied from a migrated template, which outlives the run.

`CREATE DATABASE … TEMPLATE` takes a fraction of a second, the migrations some four of CPU for each
process of a parallel run. The template's name carries a hash of all that makes its tables, so that
one made from other migrations is never taken; templates of other hashes are dropped.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.backends.utils import CursorWrapper

LOCK_KEY = 0x7E57_DA7A  # of an advisory lock: one process makes the template, the others wait
PREFIX = "template_evaluator_"


def migrated_template() -> str:
    """The name of a database with every migration applied; made where there is none yet."""
    name = PREFIX + _schema_hash()
    with connection._nodb_cursor() as cursor:
        cursor.execute("SET lock_timeout = 0; SET statement_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        existing = {row[0] for row in cursor.fetchall()}
        if name not in existing:
            _make_durable_no_more(cursor)
            for other in existing:
                cursor.execute(f'DROP DATABASE "{other}" WITH (FORCE)')
            unfinished = f"{PREFIX}unfinished"  # renamed when whole: a run may be killed any time
            cursor.execute(f'CREATE DATABASE "{unfinished}"')
            with connected_to(unfinished):
                call_command("migrate", verbosity=0, interactive=False)
            cursor.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
    return name


@contextmanager
def new_database(purpose: str, template: str = "template1") -> Iterator[None]:
    """Django's connection leads to a new database meanwhile, a copy of `template`."""
    with database_copy(purpose, template) as name, connected_to(name):
        yield


@contextmanager
def database_copy(purpose: str, template: str) -> Iterator[str]:
    """The name of a new database, a copy of `template`; dropped afterwards."""
    process = os.environ.get("PYTEST_XDIST_WORKER", "")
    name = f"{connection.settings_dict['NAME']}_{purpose}{process}"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield name
    finally:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Django's connection leads to the database `name` meanwhile, and is closed afterwards."""
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def _make_durable_no_more(cursor: CursorWrapper) -> None:
    """Let the embedded server write without waiting for the disk: tests' rows may be lost."""
    if "EMBEDDED" in connection.settings_dict:
        for setting in ("fsync", "full_page_writes"):
            cursor.execute(f"ALTER SYSTEM SET {setting} = off")
        cursor.execute("SELECT pg_reload_conf()")


def _schema_hash() -> str:
    """Changes with any app's migrations, with our models, and with Django."""
    digest = hashlib.sha256(django.__version__.encode())
    for app in sorted(apps.get_app_configs(), key=lambda app: app.label):
        folder = Path(app.path)
        for path in sorted(
            [
                *folder.glob("migrations/*.py"),
                *folder.glob("models.py"),
                *folder.glob("models/*.py"),
            ]
        ):
            digest.update(f"{app.label}/{path.name}".encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
