"""The cast: Alice owns, Eve is a stranger, Sam is staff. Real PostgreSQL for all of them."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from candidates.models import Criterion, Draft


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
