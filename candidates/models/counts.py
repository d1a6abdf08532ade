"""Counts that a page asks for again and again, which PostgreSQL keeps as rows come, change and go.

Counting a hundred thousand rows for each look at a progress bar costs more the further a job is.
Triggers keep the numbers instead, in the transaction that changes the rows: they cannot differ from
a count of the rows, whichever statement changed them. A statement that changes none of the numbers,
such as a claim, writes nothing here. The triggers stand in the migrations.
"""

from collections.abc import Iterable

from django.db import models


class EvaluationCountQuerySet(models.QuerySet["EvaluationCount"]):
    def tallies(self, analyses: Iterable[int]) -> dict[int, dict[str, int]]:
        """How many evaluations of each of these analyses have each status, and `total`, by the
        analysis's id; those that are not over count as waiting. One query."""
        rows = {row.pk: row for row in self.filter(pk__in=analyses)}
        return {pk: (rows.get(pk) or EvaluationCount(pk)).by_status() for pk in analyses}


class CandidateCountQuerySet(models.QuerySet["CandidateCount"]):
    def tallies(self, drafts: Iterable[int]) -> dict[int, dict[str, int]]:
        """How many files of each of these drafts have each status, `total` and `done`, by the
        draft's id; those that are not read yet count as waiting. One query."""
        rows = {row.pk: row for row in self.filter(pk__in=drafts)}
        return {pk: (rows.get(pk) or CandidateCount(pk)).by_status() for pk in drafts}


class EvaluationCount(models.Model):
    """How many evaluations an analysis has, and of these how many have ended, and how."""

    analysis = models.OneToOneField(
        "Analysis", models.DB_CASCADE, primary_key=True, related_name="evaluation_count"
    )
    total = models.PositiveIntegerField(default=0)
    scored = models.PositiveIntegerField(default=0)
    reused = models.PositiveIntegerField(default=0, help_text="scored without a new answer")
    failed = models.PositiveIntegerField(default=0)
    unreadable = models.PositiveIntegerField(default=0)

    objects = EvaluationCountQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.scored} of {self.total} evaluations"

    def by_status(self) -> dict[str, int]:
        return {
            "total": self.total,
            "waiting": self.total - self.scored - self.failed - self.unreadable,
            "scored": self.scored,
            "failed": self.failed,
            "unreadable": self.unreadable,
        }


class FollowUpCount(models.Model):
    """How many follow-ups an analysis has, and of these how many have ended, and how."""

    analysis = models.OneToOneField(
        "Analysis", models.DB_CASCADE, primary_key=True, related_name="followup_count"
    )
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.done} of {self.total} follow-ups"

    @property
    def open(self) -> int:
        return self.total - self.done - self.failed


class CandidateCount(models.Model):
    """How many files a draft has, and of these how many have been read, and with what success."""

    draft = models.OneToOneField(
        "Draft", models.DB_CASCADE, primary_key=True, related_name="candidate_count"
    )
    total = models.PositiveIntegerField(default=0)
    readable = models.PositiveIntegerField(default=0)
    unreadable = models.PositiveIntegerField(default=0)

    objects = CandidateCountQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.readable} of {self.total} files"

    def by_status(self) -> dict[str, int]:
        return {
            "total": self.total,
            "waiting": self.total - self.readable - self.unreadable,
            "readable": self.readable,
            "unreadable": self.unreadable,
            "done": self.readable + self.unreadable,
        }


class TokenCount(models.Model):
    """How many tokens the calls of an analysis took; by estimate those of calls in flight, and of
    calls of which it is not known how they ended."""

    analysis = models.OneToOneField(
        "Analysis", models.DB_CASCADE, primary_key=True, related_name="token_count"
    )
    tokens = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.tokens} tokens"
