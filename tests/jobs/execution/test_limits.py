"""Limits that all workers share, in PostgreSQL."""

import pytest
from django.conf import LazySettings
from django.db import transaction

from jobs.execution import limits
from tests.workers_here import forget_limits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_taken(transactional_db: None) -> None:
    forget_limits()


def test_without_a_limit_all_may_go() -> None:
    assert limits.take([1_000] * 70) == (70, 0.0)


def test_no_more_calls_than_a_minute_has_and_the_rest_is_told_when(settings: LazySettings) -> None:
    settings.EVALUATOR_RPM = 12

    assert limits.take([1] * 8) == (8, 0.0)
    taken, wait = limits.take([1] * 8)
    assert taken == 4
    assert 0 < wait <= 60
    assert limits.take([1])[0] == 0


def test_more_than_a_minute_has_at_once_goes_in_part(settings: LazySettings) -> None:
    settings.EVALUATOR_RPM = 5

    assert limits.take([1] * 8)[0] == 4
    assert limits.take([1] * 8)[0] == 1


def test_tokens_count_by_what_the_calls_are_estimated_at(settings: LazySettings) -> None:
    settings.EVALUATOR_TPM = 60_000

    assert limits.take([9_000] * 4) == (4, 0.0)
    taken, wait = limits.take([9_000] * 4)
    assert taken == 2
    assert 0 < wait <= 60


def test_a_call_larger_than_a_minute_s_tokens_takes_them_all(settings: LazySettings) -> None:
    settings.EVALUATOR_TPM = 5_000

    assert limits.take([90_000])[0] == 1
    assert limits.take([1])[0] == 0


def test_what_one_limit_refuses_is_not_taken_from_the_other(settings: LazySettings) -> None:
    settings.EVALUATOR_RPM, settings.EVALUATOR_TPM = 10, 1_000

    assert limits.take([900])[0] == 1
    assert limits.take([900])[0] == 0
    settings.EVALUATOR_TPM = 0
    assert limits.take([1] * 9)[0] == 9


def test_what_is_rolled_back_was_not_taken(settings: LazySettings) -> None:
    settings.EVALUATOR_RPM = 4

    with transaction.atomic():
        assert limits.take([1] * 4)[0] == 4
        transaction.set_rollback(True)

    assert limits.take([1] * 4)[0] == 4
