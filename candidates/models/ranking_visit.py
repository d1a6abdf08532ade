"""When each user last opened a ranking, from which the home page knows what is new to them."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from .analysis import Analysis

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class RankingVisitQuerySet(models.QuerySet["RankingVisit"]):
    def record(self, analysis: Analysis, user: "User") -> None:
        """Note that the user has opened the ranking now. One statement."""
        self.bulk_create(
            [RankingVisit(analysis=analysis, user=user)],
            update_conflicts=True,
            unique_fields=["analysis", "user"],
            update_fields=["visited_at"],
        )

    def visited_by(self, user: "User") -> Self:
        return self.filter(user=user)


class RankingVisit(models.Model):
    """The last time that a user opened a ranking."""

    analysis = models.ForeignKey(Analysis, models.DB_CASCADE, related_name="visits")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="+")
    visited_at = models.DateTimeField(db_default=Now())

    objects = RankingVisitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="ranking_visit_once", fields=["analysis", "user"])
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.visited_at:%Y-%m-%d %H:%M:%S}"
