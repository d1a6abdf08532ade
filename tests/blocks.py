"""What a statement costs PostgreSQL, as blocks that it touches: the same on every machine."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
EXPLAINED = ("SELECT", "UPDATE", "INSERT", "DELETE", "WITH")


class Blocks(list[tuple[int, str, dict[str, Any]]]):
    """The statements that were run: blocks touched, SQL, and plan."""

    @property
    def total(self) -> int:
        return sum(number for number, _sql, _plan in self)


@contextmanager
def counted_blocks() -> Iterator[Blocks]:
    """Count the blocks of each statement inside: it is run under EXPLAIN first, and rolled back."""
    blocks = Blocks()

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip(" \n(").upper().startswith(EXPLAINED):
            with transaction.atomic(), connection.connection.cursor() as cursor:
                cursor.execute(EXPLAIN + sql, params)
                (plan,) = cursor.fetchone()
                transaction.set_rollback(True)
            (explained,) = plan if isinstance(plan, list) else json.loads(plan)
            number = (
                explained["Plan"]["Shared Hit Blocks"] + explained["Plan"]["Shared Read Blocks"]
            )
            blocks.append((number, sql, explained["Plan"]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield blocks
