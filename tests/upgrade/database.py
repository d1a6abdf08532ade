"""Write the rows of a database to a file, load them again, migrate, and compare."""

import gzip
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

SNAPSHOTS = Path(__file__).parent / "snapshots"
OUR_APPS = ("evaluator", "jobs", "candidates")

# What migrations have done to tables and columns on purpose, old name to new; "" is removed.
# Keys are "table" and "table.column". Nothing else may change.
RENAMED: dict[str, str] = {}


@dataclass(frozen=True)
class Table:
    columns: list[str]
    lines: list[str]  # of COPY's text format, a row each, tab-separated

    @property
    def rows(self) -> list[dict[str, str]]:
        return [dict(zip(self.columns, line.split("\t"), strict=True)) for line in self.lines]


@dataclass(frozen=True)
class Snapshot:
    """All rows of a database, and the migrations that made its tables."""

    migrations: list[tuple[str, str]]
    tables: dict[str, Table]

    @classmethod
    def load(cls, path: Path) -> "Snapshot":
        value = json.loads(gzip.decompress(path.read_bytes()))
        return cls(
            [(app, name) for app, name in value["migrations"]],
            {name: Table(**table) for name, table in value["tables"].items()},
        )

    def save(self, path: Path) -> None:
        text = json.dumps(asdict(self), ensure_ascii=False, indent=0, sort_keys=True)
        path.write_bytes(gzip.compress(text.encode(), mtime=0))

    @classmethod
    def take(cls) -> "Snapshot":
        """The rows of the connected database."""
        applied = sorted(MigrationRecorder(connection).applied_migrations())
        tables = {
            table: Table(columns, _copy_out(table, columns))
            for table in _table_names()
            if table != MigrationRecorder.Migration._meta.db_table
            for columns in [_columns(table)]
        }
        return cls(applied, tables)

    def restore(self) -> None:
        """Make the tables of its migrations in the connected database, and fill them.

        The database is empty, or has been migrated so far and no further.
        """
        executor = MigrationExecutor(connection)
        executor.migrate(_leaves(executor, set(self.migrations)))
        with connection.cursor() as cursor:
            # Without triggers and foreign keys the order of the tables does not matter.
            cursor.execute("SET session_replication_role = replica")
            for name, table in self.tables.items():
                cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608
                _copy_in(name, table)
            cursor.execute("SET session_replication_role = DEFAULT")
            for name, table in self.tables.items():
                _advance_sequence(name, table)


def our_tables() -> set[str]:
    """The tables of the connected database but for those of apps that are not ours."""
    theirs = {
        model._meta.db_table
        for app in apps.get_app_configs()
        if app.label not in OUR_APPS
        for model in app.get_models(include_auto_created=True)
    }
    return set(_table_names()) - theirs - {MigrationRecorder.Migration._meta.db_table}


def migrate() -> None:
    """Apply every migration that the connected database lacks, as a release does."""
    call_command("migrate", verbosity=0, interactive=False)


def losses(before: Snapshot, after: Snapshot) -> list[str]:
    """What of our tables' rows in `before` is not in `after`, a line each; none is as it should be.

    A row is the same when all columns that both have hold the same; rows may be added.
    """
    lost = []
    for name, table in before.tables.items():
        new_name = RENAMED.get(name, name)
        if not new_name or not name.startswith(tuple(f"{app}_" for app in OUR_APPS)):
            continue
        if new_name not in after.tables:
            lost.append(f"table {name} is gone")
            continue
        lost += _table_losses(name, table, after.tables[new_name])
    return lost


def _table_losses(name: str, before: Table, after: Table) -> list[str]:
    columns = {
        column: RENAMED.get(f"{name}.{column}", column)
        for column in before.columns
        if RENAMED.get(f"{name}.{column}", column)
    }
    gone = [column for column, new in columns.items() if new not in after.columns]
    lost = [f"column {name}.{column} is gone" for column in gone]
    columns = {column: new for column, new in columns.items() if column not in gone}
    key = before.columns[0]  # the primary key, where there is one
    remaining = [{old: row[new] for old, new in columns.items()} for row in after.rows]
    for row in before.rows:
        expected = {column: row[column] for column in columns}
        if expected in remaining:
            remaining.remove(expected)
            continue
        same_key = [other for other in remaining if other.get(key) == row[key]]
        if not same_key:
            lost.append(f"row {row[key]} of {name} is gone")
        lost += [
            f"{name}.{column} of row {row[key]} was {expected[column]} and is {other[column]}"
            for other in same_key[:1]
            for column in columns
            if expected[column] != other[column]
        ]
    return lost


def check_constraints() -> None:
    """Check every row against every constraint again; raises IntegrityError.

    The rows were loaded with foreign keys switched off.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_constraint SET convalidated = false WHERE contype IN ('c', 'f') "
            "AND connamespace = 'public'::regnamespace AND conrelid <> 0"
        )
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE NOT convalidated "
            "AND connamespace = 'public'::regnamespace AND conrelid <> 0"
        )
        for table, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} VALIDATE CONSTRAINT "{name}"')


def _leaves(executor: MigrationExecutor, migrations: set[tuple[str, str]]) -> list[Any]:
    """Those of `migrations` on which no other of their app rests."""
    nodes = executor.loader.graph.node_map
    return [
        (app, name)
        for app, name in sorted(migrations)
        if not any(
            child.key in migrations and child.key[0] == app for child in nodes[app, name].children
        )
    ]


def _table_names() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [row[0] for row in cursor.fetchall()]


def _columns(table: str) -> list[str]:
    """The columns that hold data, the primary key first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
            "AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            [f'"{table}"'],
        )
        return [row[0] for row in cursor.fetchall()]


def _copy_out(table: str, columns: list[str]) -> list[str]:
    names = ", ".join(f'"{column}"' for column in columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY (SELECT {names} FROM "{table}" ORDER BY 1) TO STDOUT') as copy,  # noqa: S608
    ):
        return b"".join(copy).decode().splitlines()


def _copy_in(name: str, table: Table) -> None:
    names = ", ".join(f'"{column}"' for column in table.columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{name}" ({names}) FROM STDIN') as copy,
    ):
        copy.write("".join(f"{line}\n" for line in table.lines))


def _advance_sequence(name: str, table: Table) -> None:
    """Let new rows begin behind those that were loaded."""
    key = table.columns[0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{name}"', key])
        sequence: Any = cursor.fetchone()[0]
        if sequence and table.lines:
            cursor.execute(f'SELECT setval(%s, (SELECT max("{key}") FROM "{name}"))', [sequence])  # noqa: S608
