"""The queue's side of the admin: jobs, lanes, workers and the outbox, with what staff may do."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from candidates.admin import ReadOnly

from . import pause, submit
from .models import Halt, Heartbeat, Job, JobQuerySet, Lane, Notice, Notification

BOTH = [admin.ActionLocation.CHANGE_LIST, admin.ActionLocation.CHANGE_FORM]


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = ["public_id", "analysis", "status", "requested_by", "created_at", "took"]
    list_filter = ["status", "analysis__engine"]
    list_select_related = ["analysis", "requested_by"]
    search_fields = ["public_id", "analysis__title", "requested_by__email"]
    actions = ["cancel", "retry", "pause", "resume"]

    def has_steer_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_job")

    @admin.action(
        permissions=["steer"],
        description="Cancel this job",
        description_plural="Cancel the selected jobs",
        location=BOTH,
    )
    def cancel(self, request: HttpRequest, queryset: JobQuerySet) -> None:
        jobs = list(queryset.select_related("analysis"))
        moved = sum(submit.cancel(job, request.user) for job in jobs)  # type: ignore[arg-type]
        self.message_user(request, f"{moved} of {len(jobs)} cancelled; the others were over.")

    @admin.action(
        permissions=["steer"],
        description="Retry what has no score",
        description_plural="Retry what has no score in the selected jobs",
        location=BOTH,
    )
    def retry(self, request: HttpRequest, queryset: JobQuerySet) -> None:
        for job in queryset.select_related("analysis"):
            try:
                submit.retry(job, job.requested_by)
            except submit.CannotRun as error:
                self.message_user(request, f"{job}: {error}", messages.WARNING)
            else:
                self.message_user(request, f"{job} is retried.")

    @admin.action(
        permissions=["steer"],
        description="Pause this job",
        description_plural="Pause the selected jobs",
        location=BOTH,
    )
    def pause(self, request: HttpRequest, queryset: JobQuerySet) -> None:
        jobs = list(queryset.select_related("analysis"))
        moved = sum(pause.by(request.user, job) for job in jobs)  # type: ignore[arg-type]
        self.message_user(request, f"{moved} of {len(jobs)} paused; the others stood still.")

    @admin.action(
        permissions=["steer"],
        description="Resume this job",
        description_plural="Resume the selected jobs",
        location=BOTH,
    )
    def resume(self, request: HttpRequest, queryset: JobQuerySet) -> None:
        jobs = list(queryset.select_related("analysis"))
        moved = sum(pause.resume(job, request.user) for job in jobs)  # type: ignore[arg-type]
        self.message_user(request, f"{moved} of {len(jobs)} go on; the others were not paused.")


@admin.register(Halt)
class HaltAdmin(admin.ModelAdmin[Halt]):
    """Adding a halt stops the whole queue, deleting it lets the queue go on."""

    list_display = ["reason", "by", "at"]
    list_select_related = ["by"]
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Halt.objects.exists()

    def has_change_permission(self, request: HttpRequest, obj: Halt | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Halt, form: Any, change: Any) -> None:
        pause.halt(request.user, obj.reason)  # type: ignore[arg-type]
        obj.pk = Halt.objects.get().pk

    def delete_model(self, request: HttpRequest, obj: Halt) -> None:
        pause.lift(request.user)  # type: ignore[arg-type]


@admin.register(Lane)
class LaneAdmin(ReadOnly):
    list_display = ["pk", "job", "draft", "worker", "pid", "created_at", "started_at", "due_at"]
    list_select_related = ["job", "draft", "worker"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly):
    list_display = ["host", "pid", "workers", "started_at", "seen_at", "canary_at", "restarts"]


@admin.register(Notification)
class NotificationAdmin(ReadOnly):
    list_display = ["recipient", "kind", "status", "attempts", "created_at", "sent_at", "error"]
    list_filter = ["status", "kind"]
    search_fields = ["recipient", "job__public_id"]


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ["user", "kind", "draft", "created_at", "read_at"]
    list_select_related = ["user", "draft"]
    list_filter = ["kind"]
