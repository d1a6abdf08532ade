"""Jobs in the admin, and what staff may do with them."""

from django.contrib import admin, messages
from django.http import HttpRequest

from candidates.admin import ReadOnly
from jobs import pause, submit
from jobs.models import Job, JobQuerySet

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
