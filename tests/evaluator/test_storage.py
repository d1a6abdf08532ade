"""Files in PostgreSQL, as Django's default storage."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

pytestmark = pytest.mark.django_db


def test_a_file_comes_back_as_it_was_saved() -> None:
    data = bytes(range(256)) * 1000

    name = default_storage.save("resumes/1/a", ContentFile(data))

    assert default_storage.open(name).read() == data
    assert default_storage.size(name) == len(data)
    assert default_storage.get_created_time(name) == default_storage.get_modified_time(name)


def test_the_same_name_twice_is_two_files() -> None:
    first = default_storage.save("a", ContentFile(b"one"))
    second = default_storage.save("a", ContentFile(b"two"))

    assert first != second
    assert default_storage.open(first).read() == b"one"


def test_a_deleted_file_is_gone() -> None:
    name = default_storage.save("a", ContentFile(b"one"))
    default_storage.delete(name)

    assert not default_storage.exists(name)
    with pytest.raises(FileNotFoundError):
        default_storage.open(name)
    with pytest.raises(FileNotFoundError):
        default_storage.size(name)


def test_a_file_appears_in_the_transaction_of_its_row_or_not_at_all() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        name = default_storage.save("a", ContentFile(b"one"))
        raise ZeroDivisionError

    assert not default_storage.exists(name)


@pytest.mark.slow
def test_the_largest_file_goes_in() -> None:
    data = b"x" * 25 * 1024 * 1024

    name = default_storage.save("large", ContentFile(data))

    assert default_storage.size(name) == len(data)
