"""The outbox and the notices on pages, in the admin."""

from django.contrib import admin

from candidates.admin import ReadOnly
from jobs.models import Notice, Notification


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
