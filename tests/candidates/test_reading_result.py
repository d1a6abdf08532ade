"""What reading gave, written into the candidates' rows: each field is a column of its own."""

import json
from dataclasses import fields
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import models
from pytest_django import DjangoAssertNumQueries

from candidates.facts.flags import Flag, FlagKind
from candidates.models import Candidate, Draft
from candidates.models.candidate import CandidateStatus
from candidates.reading.problems import Problem
from candidates.reading_result import ReadingResult
from tests.makers import rows

pytestmark = pytest.mark.django_db
COLUMNS = {field.name: field for field in Candidate._meta.concrete_fields}
LEASE = timedelta(minutes=1)


def a_value(name: str) -> Any:
    """A value of its own for the column, as long as the column allows."""
    column = COLUMNS[name]
    if isinstance(column, ArrayField):
        return [len(name), 2]
    if isinstance(column, models.JSONField):
        return {"of": name} if column.get_default() == {} else [{"of": name}]
    if isinstance(column, models.IntegerField):
        return len(name)
    return (name * 200)[: column.max_length]


def a_result() -> ReadingResult:
    names = [field.name for field in fields(ReadingResult)]
    values = {name: a_value(name) for name in names}
    # What the database has a list of needs a value of that list.
    listed = {
        "status": CandidateStatus.READABLE,
        "problem": "",
        "flags": json.loads(json.dumps([Flag(FlagKind.MACROS).to_json()])),
    }
    return ReadingResult(**{**values, **listed})


def test_each_field_is_written_into_the_column_of_its_name(draft: Draft) -> None:
    row, token, result = rows.waiting(draft, 1), uuid4(), a_result()
    Candidate.objects.all().claim(1, token, LEASE)

    assert Candidate.objects.all().record_reading(token, {row.pk: result}) == 1

    row.refresh_from_db()
    assert {field.name: getattr(row, field.name) for field in fields(result)} == {
        field.name: getattr(result, field.name) for field in fields(result)
    }
    assert row.token is None and row.read_at is not None


def test_text_that_is_too_long_for_its_column_is_cut(draft: Draft) -> None:
    row, token = rows.waiting(draft, 1), uuid4()
    Candidate.objects.all().claim(1, token, LEASE)
    limits = {
        field.name: length
        for field in fields(ReadingResult)
        if (length := COLUMNS[field.name].max_length) and field.name not in ("status", "problem")
    }
    result = ReadingResult(CandidateStatus.READABLE, **dict.fromkeys(limits, "é" * 999))  # type: ignore[arg-type]

    Candidate.objects.all().record_reading(token, {row.pk: result})

    row.refresh_from_db()
    assert {name: getattr(row, name) for name in limits} == {
        name: "é" * length for name, length in limits.items()
    }


def test_only_rows_that_the_token_holds_are_written_in_one_statement(
    draft: Draft, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    held, lost = rows.waiting(draft, 1), rows.waiting(draft, 2)
    token = uuid4()
    Candidate.objects.filter(pk=held.pk).claim(1, token, LEASE)
    Candidate.objects.filter(pk=lost.pk).claim(1, uuid4(), LEASE)
    result = ReadingResult.of_problem(Problem.ENCRYPTED)

    with django_assert_num_queries(1):
        written = Candidate.objects.all().record_reading(token, {held.pk: result, lost.pk: result})

    held.refresh_from_db()
    lost.refresh_from_db()
    assert written == 1
    assert (held.status, held.problem) == ("unreadable", "encrypted")
    assert (lost.status, lost.problem) == ("reading", "")
