"""The queue in the admin: halts, lanes and workers."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from candidates.admin import ReadOnly
from jobs import pause
from jobs.models import Halt, Heartbeat, Incident, Lane


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


@admin.register(Incident)
class IncidentAdmin(ReadOnly):
    list_display = ["at", "host", "what", "detail"]
    list_filter = ["what"]
