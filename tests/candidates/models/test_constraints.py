"""The lists in functions of the database are those of the program."""

import pytest
from django.db import IntegrityError, connection, transaction

from candidates.facts.flags import FlagKind
from candidates.facts.reason import FailureCode
from candidates.models import Draft
from candidates.models.constraints import function_statements
from tests.makers import rows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", function_statements())
def test_a_function_of_the_database_is_the_one_of_the_program(name: str) -> None:
    """Else a migration with the new statement is missing (`function_statements`)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = %s", [name])
        (body,) = cursor.fetchone()

    statement = function_statements()[name]
    assert "".join(body.split()) == "".join(statement.split("$$")[1].split())


def test_every_code_of_a_failure_and_every_kind_of_a_flag_is_accepted() -> None:
    with connection.cursor() as cursor:
        for code in FailureCode:
            cursor.execute("SELECT is_failure_code(%s)", [code.value])
            assert cursor.fetchone() == (True,)
        for kind in FlagKind:
            cursor.execute(
                "SELECT are_flags(jsonb_build_array(%s::jsonb))", [f'{{"kind": "{kind.value}"}}']
            )
            assert cursor.fetchone() == (True,)


@pytest.mark.parametrize("values", [{"flags": [{"kind": "nonsense"}]}, {"flags": [{}]}])
def test_a_flag_of_no_known_kind_is_refused(draft: Draft, values: dict[str, object]) -> None:
    candidate = rows.candidate(draft)

    with pytest.raises(IntegrityError, match="candidate_flags_listed"), transaction.atomic():
        type(candidate).objects.filter(pk=candidate.pk).update(**values)
