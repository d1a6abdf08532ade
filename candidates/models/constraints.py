"""Constraints by which the database, too, knows our lists: of statuses, of codes, of flags.

PostgreSQL parses a constraint anew for each statement that writes to its table, which for a list as
long as that of FailureCode takes longer than the write. The long lists are in functions, which each
connection parses once.
"""

from enum import Enum

from django.db import models
from django.db.models import F, Q

from candidates.facts.flags import FlagKind
from candidates.facts.reason import FailureCode


def listed_constraint(
    name: str, choices: type[Enum], field: str = "status", *, blank: bool = False
) -> models.CheckConstraint:
    """The field holds one of `choices`, which Django does not tell the database by itself; with
    `blank` it may be empty too."""
    values = [*([""] if blank else []), *(choice.value for choice in choices)]
    return models.CheckConstraint(name=name, condition=Q(**{f"{field}__in": values}))


def failure_code_constraint(name: str, field: str = "error_code") -> models.CheckConstraint:
    """The field is empty or holds a FailureCode."""
    return models.CheckConstraint(
        name=name, condition=Q(**{field: ""}) | Q(_call("is_failure_code", field))
    )


def flags_constraint(name: str) -> models.CheckConstraint:
    """Each entry of the JSON list `flags` has the kind of a flag."""
    return models.CheckConstraint(name=name, condition=Q(_call("are_flags", "flags")))


def function_statements() -> dict[str, str]:
    """The statement that makes each function of these constraints, by its name.

    A migration holds them as text. A new FailureCode or FlagKind needs another migration, with the
    statement as it is then.
    """
    codes = ",".join(code.value for code in FailureCode)
    is_listed = " || ".join(f'@ == "{kind.value}"' for kind in FlagKind)
    unlisted = f"$[*] ? (!exists(@.kind ? ({is_listed})))"
    return {
        "is_failure_code": _function("is_failure_code(code text)", f"code = ANY ('{{{codes}}}')"),
        "are_flags": _function(
            "are_flags(flags jsonb)", f"NOT jsonb_path_exists(flags, '{unlisted}')"
        ),
    }


def _function(signature: str, expression: str) -> str:
    # In PL/pgSQL: a function in SQL would become a part of the constraint, and be parsed with it.
    return (
        f"CREATE OR REPLACE FUNCTION {signature} RETURNS boolean LANGUAGE plpgsql IMMUTABLE "
        f"AS $$ BEGIN RETURN {expression}; END $$"
    )


def _call(function: str, field: str) -> models.Func:
    return models.Func(F(field), function=function, output_field=models.BooleanField())
