"""The outbox and the notices on pages, in the admin."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from candidates.admin import ReadOnly
from candidates.reasons import sentence
from jobs.models import (
    BadAddress,
    Delivery,
    MailEvent,
    Notice,
    Notification,
    Purge,
    RetentionWarning,
    Webhook,
)
from jobs.notifications import email


class MailEventInline(admin.TabularInline[MailEvent, Notification]):
    model = MailEvent
    extra = 0
    can_delete = False
    fields = ("created_at", "kind", "detail", "message_id")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Notification)
class NotificationAdmin(ReadOnly):
    list_display = ["recipient", "kind", "status", "attempts", "created_at", "sent_at", "why"]
    list_filter = ["status", "kind"]
    search_fields = ["recipient", "job__public_id"]
    inlines = [MailEventInline]
    actions = ["resend"]

    @admin.display(description=_("reason"))
    def why(self, notification: Notification) -> str:
        return sentence(notification.error)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.resend_notification")

    @admin.action(
        permissions=["resend"],
        description=_("Send this e-mail again"),
        description_plural=_("Send the selected e-mails again"),
        location=[admin.ActionLocation.CHANGE_LIST, admin.ActionLocation.CHANGE_FORM],
    )
    def resend(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        chosen = list(queryset.select_related("job__analysis__draft", "membership__draft"))
        opened = sum(email.resend(each, request.user) for each in chosen)  # type: ignore[arg-type,misc]
        message = _("%(opened)d of %(chosen)d are sent again; the others wait or may not be sent.")
        self.message_user(request, message % {"opened": opened, "chosen": len(chosen)})


@admin.register(BadAddress)
class BadAddressAdmin(ReadOnly):
    """Deleting a row lets its address be written to again."""

    list_display = ["address", "kind", "created_at", "detail"]
    list_filter = ["kind"]
    search_fields = ["address"]
    actions = ["lift"]

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.lift_badaddress")

    @admin.action(
        permissions=["lift"],
        description=_("Let this address be written to again"),
        description_plural=_("Let the selected addresses be written to again"),
        location=[admin.ActionLocation.CHANGE_LIST, admin.ActionLocation.CHANGE_FORM],
    )
    def lift(self, request: HttpRequest, queryset: QuerySet[BadAddress]) -> None:
        with transaction.atomic():
            # It belongs to no draft, so it is logged in the admin's own log.
            self.log_deletions(request, queryset)
            lifted, _rows = queryset.delete()
        message = ngettext(
            "%d address is written to again.", "%d addresses are written to again.", lifted
        )
        self.message_user(request, message % lifted)


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ["user", "kind", "draft", "created_at", "read_at"]
    list_select_related = ["user", "draft"]
    list_filter = ["kind"]


@admin.register(Webhook)
class WebhookAdmin(ReadOnly):
    list_display = ["user", "url", "created_at", "disabled_at", "disabled_reason"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__email", "url"]
    exclude = ["secret"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ["webhook", "kind", "status", "attempts", "created_at", "http_status", "why"]
    list_select_related = ["webhook"]
    list_filter = ["status", "kind"]
    search_fields = ["public_id", "webhook__url", "job__public_id"]

    @admin.display(description=_("reason"))
    def why(self, delivery: Delivery) -> str:
        return sentence(delivery.error)


@admin.register(MailEvent)
class MailEventAdmin(ReadOnly):
    list_display = ["notification", "kind", "created_at", "detail", "message_id"]
    list_select_related = ["notification"]
    list_filter = ["kind"]
    search_fields = ["message_id", "notification__recipient"]


@admin.register(Purge)
class PurgeAdmin(ReadOnly):
    list_display = ["created_at", "completed_at", "drafts", "candidates", "warnings"]


@admin.register(RetentionWarning)
class RetentionWarningAdmin(ReadOnly):
    list_display = ["draft", "created_at", "due_at"]
    list_select_related = ["draft"]
