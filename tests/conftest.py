"""The cast: Alice owns, Eve is a stranger, Sam is staff. Real PostgreSQL for all of them."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client, TransactionTestCase

from candidates.models import Criterion, Draft

# What migrations fill, and no test changes.
FILLED = ("django_content_type", "auth_permission", "django_migrations")


def empty_tables(_: Any = None) -> None:
    """Instead of Django's flush, which truncates: with few rows that takes ten times as long."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    emptied = [f'DELETE FROM "{table}"' for table in tables if table not in FILLED]  # noqa: S608
    with transaction.atomic(), connection.cursor() as cursor:
        # No trigger: their order is then of no matter.
        cursor.execute(";".join(["SET LOCAL session_replication_role = replica", *emptied]))


@pytest.fixture(autouse=True, scope="session")
def quick_flush() -> None:
    TransactionTestCase._fixture_teardown = empty_tables  # type: ignore[attr-defined]


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", "alice@example.com", "alice-pass")


@pytest.fixture
def eve(db: None) -> User:
    return User.objects.create_user("eve", "eve@example.com", "eve-pass")


@pytest.fixture
def sam(db: None) -> User:
    return User.objects.create_superuser("sam", "sam@example.com", "sam-pass")


def _logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_alice(alice: User) -> Client:
    return _logged_in(alice)


@pytest.fixture
def as_eve(eve: User) -> Client:
    return _logged_in(eve)


@pytest.fixture
def as_sam(sam: User) -> Client:
    return _logged_in(sam)


@pytest.fixture
def anonymous(db: None) -> Client:
    return Client()


@pytest.fixture
def draft(alice: User) -> Draft:
    draft = Draft.objects.create(
        owner=alice,
        title="Backend engineer",
        description="We build payment systems in Python on PostgreSQL and run them ourselves.",
    )
    draft.refresh_from_db()
    Criterion.objects.create(
        draft=draft, position=0, name="Python", looks_for="services in production", must_have=True
    )
    Criterion.objects.create(draft=draft, position=1, name="PostgreSQL", weight=2)
    return draft
