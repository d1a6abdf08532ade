"""The outbox and the notices on pages, in the admin."""

from django.contrib import admin

from candidates.admin import ReadOnly
from jobs.models import Delivery, Notice, Notification, Webhook


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


@admin.register(Webhook)
class WebhookAdmin(ReadOnly):
    list_display = ["user", "url", "created_at", "off_at", "off_reason"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__email", "url"]
    exclude = ["secret"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ["webhook", "occasion", "status", "attempts", "created_at", "answer", "error"]
    list_select_related = ["webhook"]
    list_filter = ["status", "occasion"]
    search_fields = ["public_id", "webhook__url", "job__public_id"]
