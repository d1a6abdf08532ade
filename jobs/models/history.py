"""What ended, counted by hour and day, and for /metrics; it stays when rows are erased later."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from candidates.models.claims import listed_constraint


class Tally(models.Model):
    """One count, or one bucket of a histogram; `jobs.monitoring.prometheus` lists them."""

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


class Grain(models.TextChoices):
    HOUR = "hour", _("hour")
    DAY = "day", _("day")

    @property
    def length(self) -> timedelta:
        return timedelta(hours=1) if self == Grain.HOUR else timedelta(days=1)

    @property
    def kept(self) -> int:
        """How many are kept: a day and the night before, or a month."""
        return 48 if self == Grain.HOUR else 31


class Period(models.Model):
    grain = models.CharField(max_length=4, choices=Grain)
    start = models.DateTimeField()
    figures = models.JSONField(help_text="as `Figures`, without its times")

    class Meta:
        verbose_name_plural = _("overview")  # of which they are the past: the admin's page of them
        constraints = [
            models.UniqueConstraint(name="period_once", fields=["grain", "start"]),
            listed_constraint("period_grain_listed", Grain, "grain"),
        ]

    def __str__(self) -> str:
        return f"{self.grain} of {self.start:%Y-%m-%d %H:%M}"
