"""The queue in the admin: its halt, lanes, hosts and what died on them."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from candidates.admin import ReadOnly
from candidates.reasons import sentence
from jobs.execution import control, pause
from jobs.models import Halt, Heartbeat, Incident, Lane

from .actions import StaffAction, StaffActionAdmin


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
        pause.halt_queue(request.user, obj.reason)  # type: ignore[arg-type]
        obj.pk = Halt.objects.get().pk

    def delete_model(self, request: HttpRequest, obj: Halt) -> None:
        pause.lift_halt(request.user)  # type: ignore[arg-type]


@admin.register(Lane)
class LaneAdmin(ReadOnly):
    list_display = ["pk", "job", "draft", "worker", "pid", "created_at", "started_at", "due_at"]
    list_select_related = ["job", "draft", "worker"]


def _drain(host: Heartbeat, user: Any, request: HttpRequest) -> bool:
    return _recorded(control.drain_host, host, user, "Drained.")


def _end_drain(host: Heartbeat, user: Any, request: HttpRequest) -> bool:
    return _recorded(control.end_drain, host, user, "Takes work again.")


def _recorded(change: Any, host: Heartbeat, user: Any, message: str) -> bool:
    """Change the host and log it in the admin's own log: events belong to drafts."""
    with transaction.atomic():
        done = bool(change(host))
        if done:
            LogEntry.objects.log_actions(user.pk, [host], CHANGE, message, single_object=True)
    return done


@admin.register(Heartbeat)
class HeartbeatAdmin(StaffActionAdmin):
    list_display = [
        "host", "pid", "workers", "draining", "stopping", "started_at", "seen_at", "canary_at",
        "restarts",
    ]  # fmt: skip
    staff_actions = (
        StaffAction(
            "drain",
            "jobs.drain_heartbeat",
            _("Drain this host"),
            _("Drain the selected hosts"),
            _(
                "Its lanes hand over what they have, within 20 seconds unless --grace says "
                "otherwise; its workers end, and it takes no work until you resume it."
            ),
            lambda hosts: hosts.filter(draining=False),
            _drain,
        ),
        StaffAction(
            "end_drain",
            "jobs.drain_heartbeat",
            _("Let this host take work again"),
            _("Let the selected hosts take work again"),
            _("Its workers are started anew."),
            lambda hosts: hosts.filter(draining=True),
            _end_drain,
        ),
    )


@admin.register(Incident)
class IncidentAdmin(ReadOnly):
    list_display = ["occurred_at", "host", "kind", "reason_sentence"]
    list_filter = ["kind"]
    readonly_fields = ["reason_sentence"]

    @admin.display(description=_("reason"))
    def reason_sentence(self, incident: Incident) -> str:
        return sentence(incident.reason)
