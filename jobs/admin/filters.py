"""The filters of the list of jobs."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Count, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from candidates.scoring.engines import ENGINE_NAMES
from jobs.models import Job, JobQuerySet, JobStatus
from jobs.monitoring import errors

MAX_CHOICES = 15
NEWEST_JOBS = 500  # whose owners are offered
AGES = {
    "hour": (_("the last hour"), timedelta(hours=1)),
    "day": (_("the last 24 hours"), timedelta(days=1)),
    "week": (_("the last 7 days"), timedelta(days=7)),
    "month": (_("the last 30 days"), timedelta(days=30)),
}
OLDER = "older"


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("under way")), ("paused", _("paused")), *JobStatus.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        jobs: JobQuerySet = queryset  # type: ignore[assignment]
        match self.value():
            case None:
                return jobs
            case "open":
                return jobs.active()
            case "paused":
                return jobs.open().filter(paused_at__isnull=False)
            case status:
                return jobs.filter(status=status)


class OwnerFilter(admin.SimpleListFilter):
    """Offers the owners of recent jobs; any other by the search, or by `?owner=` and an id."""

    title = _("owner")
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        newest = Job.objects.order_by("-created_at")[:NEWEST_JOBS]
        owners = (
            Job.objects.filter(pk__in=newest.values("pk"))
            .order_by()
            .values("analysis__draft__owner", "analysis__draft__owner__username")
            .annotate(jobs=Count("pk"))
            .order_by("-jobs", "analysis__draft__owner")[:MAX_CHOICES]
        )
        offered = [(str(pk), name) for pk, name, _ in owners.values_list(
            "analysis__draft__owner", "analysis__draft__owner__username", "jobs"
        )]  # fmt: skip
        chosen = request.GET.get(self.parameter_name, "")
        if chosen.isdecimal() and len(chosen) < 10 and chosen not in dict(offered):
            known = User.objects.filter(pk=int(chosen))
            offered += [(chosen, name) for name in known.values_list("username", flat=True)]
        return offered

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        if (owner := self.value()) is None:
            return queryset
        if not owner.isdecimal() or len(owner) > 9:
            return queryset.none()
        return queryset.filter(analysis__draft__owner=int(owner))


class EngineFilter(admin.SimpleListFilter):
    title = _("engine")
    parameter_name = "engine"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, name) for name in ENGINE_NAMES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(analysis__engine=self.value()) if self.value() else queryset


class AgeFilter(admin.SimpleListFilter):
    title = _("age")
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*((key, label) for key, (label, _) in AGES.items()), (OLDER, _("older"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        if self.value() == OLDER:
            return queryset.filter(created_at__lte=Now() - AGES["month"][1])
        if self.value() in AGES:
            return queryset.filter(created_at__gt=Now() - AGES[str(self.value())][1])
        return queryset


class ReasonFilter(admin.SimpleListFilter):
    """Why recent jobs failed; and, from the page of errors, any error that a résumé had."""

    title = _("failure reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        failed = Job.objects.filter(
            status=JobStatus.FAILED, created_at__gt=Now() - AGES["month"][1]
        ).order_by()
        counted = failed.values_list("error_code", "error_params").annotate(n=Count("pk"))
        most = counted.order_by("-n")[:MAX_CHOICES]
        keys = [errors.ErrorKey("job", code, params) for code, params, _number in most]
        chosen = request.GET.get(self.parameter_name, "")
        key = _key(chosen)
        if key is not None and key not in keys:
            keys.append(key)
        titles = errors.titles(keys)
        offered = [(str(key), title) for key, title in zip(keys, titles, strict=True)]
        if chosen and key is None:  # a filter that offers nothing is not applied
            offered.append((chosen, chosen))
        return [(value, Truncator(title).chars(60)) for value, title in offered]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        if (value := self.value()) is None:
            return queryset
        key = _key(value)
        if key is None:
            return queryset.none()
        return queryset.filter(pk__in=errors.jobs_with(key).order_by().values("pk"))


def _key(text: str) -> errors.ErrorKey | None:
    """The class and reason that an address names; None where it names none."""
    try:
        return errors.ErrorKey.parse(text)
    except ValueError:
        return None
