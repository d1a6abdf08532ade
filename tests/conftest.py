"""The cast: Alice owns, Eve is a stranger, Sam is staff. Real PostgreSQL for all of them."""

from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.test import Client, TransactionTestCase
from django.utils import timezone, translation
from pytest_django.plugin import DjangoDbBlocker

from candidates.models import Criterion, Draft
from tests.database import migrated_template

pytest_plugins = ["tests.speeds"]

# Filled by migrations, and changed by no test.
FILLED_TABLES = ("django_content_type", "auth_permission", "django_migrations")


@pytest.fixture(autouse=True)
def default_language_and_time_zone() -> None:
    """What a request of an earlier test activated in this thread must not decide this one."""
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Copy the tests' database from the migrated template."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_template()


def empty_tables(_: Any = None) -> None:
    """Delete all rows: with few of them, ten times as fast as Django's flush, which truncates."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    deletions = [
        f'DELETE FROM "{table}"'  # noqa: S608
        for table in tables
        if table not in FILLED_TABLES
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        # Without triggers the order of the tables does not matter.
        cursor.execute(";".join(["SET LOCAL session_replication_role = replica", *deletions]))


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
    """A client with a session of the user, in two statements; a log-in takes eight."""
    client = Client()
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
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
    return make_draft(alice)


def make_draft(owner: User) -> Draft:
    """A draft with two criteria, the first a must-have."""
    draft = Draft.objects.create(
        owner=owner,
        title="Backend engineer",
        description="We build payment systems in Python on PostgreSQL and run them ourselves.",
    )
    draft.refresh_from_db()
    Criterion.objects.create(
        draft=draft, position=0, name="Python", looks_for="services in production", must_have=True
    )
    Criterion.objects.create(draft=draft, position=1, name="PostgreSQL", weight=2)
    return draft
