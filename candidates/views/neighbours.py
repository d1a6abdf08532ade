"""Who comes before and after a candidate in the ranking that the reader came from."""

from dataclasses import dataclass
from typing import Self

from django.http import QueryDict

from candidates.models import Analysis, Evaluation
from candidates.models.analysis import EvaluationQuerySet, Status


@dataclass(frozen=True, slots=True)
class Filter:
    """All who were scored, by rank."""

    query: str = ""

    @classmethod
    def from_query(cls, query: QueryDict, analysis: Analysis) -> Self:
        return cls()


def chosen(analysis: Analysis, filter: Filter) -> EvaluationQuerySet:
    """The evaluations that the filter leaves, in the order of the ranking."""
    return analysis.evaluations.ranked()


def around(
    analysis: Analysis, evaluation: Evaluation, filter: Filter
) -> tuple[Evaluation | None, Evaluation | None, int | None, int]:
    """Who is before and after, the place counted from 1, and among how many. Two queries."""
    scored = analysis.evaluations.filter(status=Status.SCORED, rank__isnull=False)
    if evaluation.rank is None:
        return None, None, None, scored.count()
    beside = scored.filter(rank__in=(evaluation.rank - 1, evaluation.rank + 1))
    found = {other.rank: other for other in beside.only("public_id", "rank")}
    before, after = found.get(evaluation.rank - 1), found.get(evaluation.rank + 1)
    return before, after, evaluation.rank, scored.count()
