"""The plan of a claim while a job proceeds: what it reads with nothing, half and nearly all done.

Prints the tables of docs/database.md. SIZES has another number of evaluations than 100,000.
"""

import os
import re
import statistics
from typing import Any

from . import stage
from .stage import say

EVALUATIONS = 100_000
WRITTEN_RESUMES = 1_000  # the others are copies
SHARES = (0.0, 0.5, 0.99)  # of the evaluations that are done
CLAIMED = 16
ROUNDS = 5
SCORE_SQL = """
UPDATE candidates_evaluation SET status = 'scored', score = 50, scored_at = now()
WHERE id IN (SELECT id FROM candidates_evaluation
    WHERE analysis_id = %s AND status = 'waiting' ORDER BY id LIMIT %s)"""


def main() -> None:
    size = int(os.environ.get("SIZES") or EVALUATIONS)
    with stage.django_of_our_own() as user:
        from candidates.models import Evaluation
        from jobs.execution import submit

        draft = stage.draft(user, stage.texts(min(size, WRITTEN_RESUMES), "claims"))
        stage.multiply(draft, size // WRITTEN_RESUMES)
        analysis = submit.submit(draft, user, mode="none", engine="local").analysis
        Evaluation.objects.enrol(analysis)
        say("", f"## A claim of {CLAIMED} among {size:,} evaluations", "")
        say("| done | vacuum and statistics | claim | blocks | ms |", "|---|---|---|---|---|")
        plans = []
        done = 0
        for share in SHARES:
            _run(SCORE_SQL, analysis.pk, round(share * size) - done)
            done = round(share * size)
            scored = analysis.evaluations.filter(status="scored").order_by("-pk")
            place = scored.values_list("due_at", "pk").first()
            claim = _sql(analysis.evaluations.all().of_read_files(), None)
            claims = {
                "after the last": _sql(analysis.evaluations.all().of_read_files(), place),
                "first of a lane": claim,
                "ordered by primary key": re.sub(
                    "ORDER BY [^()]* LIMIT", "ORDER BY 1 LIMIT", claim
                ),
            }
            for state in ("before", "after"):
                if state == "after":
                    _run("VACUUM ANALYZE candidates_evaluation")
                for order, sql in claims.items():
                    explained = [_explain(sql) for _ in range(ROUNDS)]
                    milliseconds = statistics.median(each["Execution Time"] for each in explained)
                    say(
                        f"| {share:.0%} | {state} | {order} | {_blocks(explained[-1]):,} | "
                        f"{milliseconds:.2f} |"
                    )
            plans.append((share, _explain_text(claim)))
        for share, plan in plans:
            say("", f"{share:.0%} done:", "", "```", plan, "```")


def _sql(rows: Any, place: Any) -> str:
    """The statement in which a claim looks for rows."""
    from datetime import timedelta
    from uuid import uuid4

    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    token = uuid4()
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        rows.claim_after(place, CLAIMED, token, timedelta(minutes=1))
        transaction.set_rollback(True)
    return str(next(each["sql"] for each in queries if "FOR UPDATE" in each["sql"]))


def _run(sql: str, *params: Any) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(sql, params or None)


def _explain(sql: str) -> dict[str, Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql)
        (explained,) = cursor.fetchone()[0]
        return dict(explained)


def _explain_text(sql: str) -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, SUMMARY OFF) " + sql)
        return "\n".join(line for (line,) in cursor.fetchall())


def _blocks(explained: dict[str, Any]) -> int:
    plan = explained["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
