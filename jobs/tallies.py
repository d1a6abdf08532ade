"""Counts of work that has ended, for /metrics: they only grow, though rows are erased later."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Tally(models.Model):
    """One count, or one bucket of a histogram; `jobs.figures` says which there are."""

    name = models.CharField(max_length=40)
    labels = ArrayField(models.CharField(max_length=200))
    below = models.FloatField(null=True, help_text="of a bucket: its seconds; empty: the sum")
    value = models.FloatField()

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [
            models.UniqueConstraint(
                name="tally_once", fields=["name", "labels", "below"], nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.labels}"


class Tallied(models.Model):
    """How far has been counted: everything that ended until then."""

    until = models.DateTimeField(null=True)
    only = models.BooleanField(default=True, db_default=True, unique=True, editable=False)

    class Meta:
        verbose_name_plural = "tallied"
        constraints = [models.CheckConstraint(name="tallied_only_one", condition=Q(only=True))]

    def __str__(self) -> str:
        return f"until {self.until}"
