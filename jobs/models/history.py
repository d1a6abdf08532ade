"""What ended, counted by hour and by day; it stays when the rows themselves are erased."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from candidates.models.constraints import listed_constraint


class Grain(models.TextChoices):
    HOUR = "hour", _("hour")
    DAY = "day", _("day")
    TOTAL = "total", _("everything before the hours that are kept")

    @property
    def length(self) -> timedelta:
        """Of an hour or a day; a total has no length of its own."""
        return {Grain.HOUR: timedelta(hours=1), Grain.DAY: timedelta(days=1)}[self]

    @property
    def number_kept(self) -> int:
        """How many are kept: a day and the night before, or a month."""
        return {Grain.HOUR: 48, Grain.DAY: 31}[self]


class Period(models.Model):
    """What ended in one hour, in one day, or, in the one row of grain TOTAL, before all hours.

    A *settled* row is final. Hours that are not settled are provisional: they hold what ended
    before `counted_until`, for counters that may never fall. `jobs.monitoring.history` writes all
    of them.
    """

    grain = models.CharField(max_length=5, choices=Grain)
    start = models.DateTimeField()
    counted_until = models.DateTimeField(help_text="what ended before is counted")
    is_settled = models.BooleanField(default=False, db_default=False)
    counts = models.JSONField(
        default=dict, help_text="of each kind of rows: labels and figures (jobs.monitoring.counts)"
    )

    class Meta:
        verbose_name_plural = _("overview")  # of which they are the past: the admin's page of them
        constraints = [
            models.UniqueConstraint(name="period_once", fields=["grain", "start"]),
            listed_constraint("period_grain_listed", Grain, "grain"),
        ]

    def __str__(self) -> str:
        return f"{self.grain} of {self.start:%Y-%m-%d %H:%M}"
