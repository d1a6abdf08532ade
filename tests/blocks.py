"""What the search for rows costs PostgreSQL, in blocks that it reads: the same on every machine.

Blocks that a statement writes do not count: they depend on how many rows match, and on how full the
pages of the indexes happen to be.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
EXPLAINED = ("SELECT", "UPDATE", "INSERT", "DELETE", "WITH")


class Blocks(list[tuple[int, str]]):
    """The statements that were run: blocks read to find its rows, and SQL."""

    @property
    def total(self) -> int:
        return sum(number for number, _sql in self)

    def __str__(self) -> str:
        return "; ".join(f"{number} {sql.strip()[:60]!r}" for number, sql in self)


def _blocks_to_find(plan: dict[str, Any]) -> int:
    """Of a statement that changes rows, the blocks of what finds them."""
    if plan["Node Type"] in ("ModifyTable", "LockRows", "Limit"):
        return sum(_blocks_to_find(part) for part in plan.get("Plans", ()))
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


@contextmanager
def counted_blocks() -> Iterator[Blocks]:
    """Count the blocks that each statement inside reads to find its rows: it is run under EXPLAIN
    first, and rolled back."""
    blocks = Blocks()

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip(" \n(").upper().startswith(EXPLAINED):
            with transaction.atomic(), connection.connection.cursor() as cursor:
                cursor.execute(EXPLAIN + sql, params)
                (plan,) = cursor.fetchone()
                transaction.set_rollback(True)
            (explained,) = plan if isinstance(plan, list) else json.loads(plan)
            blocks.append((_blocks_to_find(explained["Plan"]), sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield blocks
