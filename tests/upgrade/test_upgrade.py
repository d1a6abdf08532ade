"""Each release's database is upgraded to the newest tables, and keeps every row and value."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from pytest_django.plugin import DjangoDbBlocker

import candidates.migrations
from tests.database import connected_to, database_copy, migrated_template, new_database
from tests.upgrade.database import (
    OUR_APPS,
    SNAPSHOTS,
    Snapshot,
    check_constraints,
    losses,
    migrate,
    our_tables,
)
from tests.upgrade.fill import fill

RELEASES = sorted(
    SNAPSHOTS.glob("*.json.gz"),
    key=lambda path: [int(number) for number in re.findall(r"\d+", path.name)],
)
NEWEST = RELEASES[-1]


@pytest.fixture(scope="module")
def newest(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The name of a database with the newest snapshot, migrated to the newest tables."""
    snapshot = Snapshot.load(NEWEST)
    with django_db_blocker.unblock(), database_copy("newest", template_of(snapshot)) as name:
        with connected_to(name):
            snapshot.restore()
            migrate()
        yield name


@pytest.fixture
def upgraded(newest: str, django_db_blocker: DjangoDbBlocker) -> Iterator[Snapshot]:
    """Django's connection leads to a copy of it; its rows."""
    with django_db_blocker.unblock(), new_database("upgrade", newest):
        yield Snapshot.take()


def template_of(snapshot: Snapshot) -> str:
    """The template that spares the snapshot its migrations, where it has had all there are."""
    is_newest = set(snapshot.migrations) == set(MigrationLoader(None).graph.nodes)
    return migrated_template() if is_newest else "template1"


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.name.removesuffix(".json.gz"))
def test_an_upgrade_keeps_every_row_and_value(
    path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    snapshot = Snapshot.load(path)
    with django_db_blocker.unblock(), new_database("upgrade", template_of(snapshot)):
        snapshot.restore()
        before = Snapshot.take()
        empty = {name for name in our_tables() if not before.tables[name].lines}

        migrate()

        assert losses(snapshot, before) == []
        assert losses(before, Snapshot.take()) == []
        assert empty == set(), "The snapshot has no row of these tables."
        check_constraints()


def test_the_next_snapshot_will_have_a_row_of_each_table(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock(), new_database("upgrade", migrated_template()):
        with transaction.atomic():
            fill()

        snapshot = Snapshot.take()

        assert {name for name in our_tables() if not snapshot.tables[name].lines} == set()
        check_constraints()


PLANTED = """
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("candidates", "{leaf}")]
    operations = [migrations.RunSQL("{sql}")]
"""
LOSSES = {
    "a column goes": (
        "ALTER TABLE candidates_draft DROP COLUMN description",
        ["column candidates_draft.description is gone"],
    ),
    "a column is emptied": (
        "UPDATE candidates_criterion SET looks_for = ''",
        ["candidates_criterion.looks_for of row 1 was services in production and is "],
    ),
    "rows go": (
        "DELETE FROM candidates_criterion WHERE id = 2",
        ["row 2 of candidates_criterion is gone"],
    ),
    "a table goes": (
        "DROP TABLE candidates_savedfilter",
        ["table candidates_savedfilter is gone"],
    ),
    "values are rewritten": (
        "UPDATE candidates_criterion SET weight = weight + 1 WHERE id = 2",
        ["candidates_criterion.weight of row 2 was 2 and is 3"],
    ),
    "two rows swap their values": (
        "UPDATE candidates_criterion SET weight = CASE id WHEN 1 THEN 2 ELSE 3 END",
        [
            "candidates_criterion.weight of row 1 was 3 and is 2",
            "candidates_criterion.weight of row 2 was 2 and is 3",
        ],
    ),
}


@pytest.mark.parametrize(("sql", "expected"), LOSSES.values(), ids=LOSSES)
@pytest.mark.slow
def test_a_planted_migration_that_loses_data_is_found(
    sql: str,
    expected: list[str],
    upgraded: Snapshot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: LazySettings,
) -> None:
    plant(sql, tmp_path, monkeypatch, settings)

    migrate()

    assert losses(upgraded, Snapshot.take()) == expected


def test_a_planted_migration_that_only_adds_is_no_loss(
    upgraded: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    sql = "ALTER TABLE candidates_draft ADD COLUMN place text NOT NULL DEFAULT 'here'"
    plant(sql, tmp_path, monkeypatch, settings)

    migrate()

    assert losses(upgraded, Snapshot.take()) == []
    check_constraints()


@pytest.mark.usefixtures("upgraded")
def test_rows_that_lost_what_they_refer_to_are_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; DELETE FROM candidates_draft")

    with pytest.raises(IntegrityError, match="foreign key constraint"):
        check_constraints()


@pytest.mark.parametrize("app", OUR_APPS)
def test_each_app_has_one_newest_migration(app: str) -> None:
    assert len(MigrationLoader(None).graph.leaf_nodes(app)) == 1


def plant(sql: str, folder: Path, monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    """Add a migration to those of the candidates, which are copied for it."""
    package = folder / "planted_migrations"
    package.mkdir()
    for path in Path(candidates.migrations.__path__[0]).glob("*.py"):
        (package / path.name).write_bytes(path.read_bytes())
    [(_, leaf)] = MigrationLoader(None).graph.leaf_nodes("candidates")
    (package / "9999_planted.py").write_text(PLANTED.format(leaf=leaf, sql=sql))
    monkeypatch.syspath_prepend(str(folder))
    for name in [name for name in sys.modules if name.startswith("planted_migrations")]:
        monkeypatch.delitem(sys.modules, name)
    settings.MIGRATION_MODULES = {"candidates": "planted_migrations"}
