"""Schedules and their runs in the admin; staff may run a schedule out of turn."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from candidates.admin import ReadOnly
from candidates.reasons import sentence
from jobs.execution.submit import CannotRun
from jobs.models.schedule import Schedule, ScheduledRun
from jobs.schedules import cron, runs

from .actions import StaffAction, StaffActionAdmin


def _run_now(schedule: Schedule, user: Any, request: HttpRequest) -> bool:
    run = runs.run_now(schedule, user)
    if run.error is not None:
        raise CannotRun(run.error)
    messages.info(request, f"{schedule.draft}: {run.get_outcome_display()}.")
    return True


@admin.register(Schedule)
class ScheduleAdmin(StaffActionAdmin):
    list_display = ["draft", "frequency", "expression", "time_zone", "next_at", "stopped_for"]
    list_filter = ["frequency", ("next_at", admin.EmptyFieldListFilter)]
    list_select_related = ["draft"]
    search_fields = ["draft__title", "draft__owner__username", "draft__owner__email"]
    staff_actions = (
        StaffAction(
            "run_now",
            "jobs.run_schedule",
            _("Run this schedule now"),
            _("Run the selected schedules now"),
            _("Where something has changed it is analysed as if the time had come, and paid for."),
            lambda schedules: schedules.select_related("draft__owner__preference"),
            _run_now,
        ),
    )

    @admin.display(description=_("why it stopped by itself"))
    def stopped_for(self, schedule: Schedule) -> str:
        return sentence(schedule.stop_reason)

    @admin.display(description=_("cron expression"))
    def expression(self, schedule: Schedule) -> str:
        return cron.expression_of(schedule)


@admin.register(ScheduledRun)
class ScheduledRunAdmin(ReadOnly):
    list_display = [
        "schedule",
        "created_at",
        "due_at",
        "outcome",
        "job",
        "has_changes",
        "requested_by",
        "failed_for",
    ]
    list_filter = ["outcome"]
    list_select_related = ["schedule", "job", "requested_by"]
    search_fields = ["schedule__draft__title", "job__public_id"]

    @admin.display(description=_("reason"))
    def failed_for(self, run: ScheduledRun) -> str:
        return sentence(run.error)
