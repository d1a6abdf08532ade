"""Schedules and what came of them in the admin; staff may run one out of turn."""

from django.contrib import admin, messages
from django.http import HttpRequest

from candidates.admin import ReadOnly
from jobs import rerun
from jobs.schedules import Outcome, Schedule, ScheduledRun, ScheduleQuerySet

from .jobs import BOTH


@admin.register(Schedule)
class ScheduleAdmin(ReadOnly):
    list_display = ["draft", "every", "expression", "zone", "next_at", "stopped"]
    list_filter = ["every", ("next_at", admin.EmptyFieldListFilter)]
    list_select_related = ["draft"]
    search_fields = ["draft__title", "draft__owner__username", "draft__owner__email"]
    actions = ["run_now"]

    def has_run_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.run_schedule")

    @admin.action(
        permissions=["run"],
        description="Run this schedule now",
        description_plural="Run the selected schedules now",
        location=BOTH,
    )
    def run_now(self, request: HttpRequest, queryset: ScheduleQuerySet) -> None:
        for schedule in queryset.select_related("draft__owner__preference"):
            run = rerun.run_now(schedule, request.user)  # type: ignore[arg-type]
            said = f"{schedule.draft}: {run.get_outcome_display()}"
            if run.outcome == Outcome.FAILED:
                self.message_user(request, f"{said}. {run.reason}", messages.WARNING)
            else:
                self.message_user(request, f"{said}.")


@admin.register(ScheduledRun)
class ScheduledRunAdmin(ReadOnly):
    list_display = ["schedule", "at", "due_at", "outcome", "job", "told", "asked_by", "reason"]
    list_filter = ["outcome"]
    list_select_related = ["schedule", "job", "asked_by"]
    search_fields = ["schedule__draft__title", "job__public_id"]
