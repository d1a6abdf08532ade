"""Candidates' side of the admin: to look at, not to edit."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from candidates.pages.activity import details, names_for

from .models import (
    Analysis,
    Archive,
    Call,
    Candidate,
    Criterion,
    Decision,
    Draft,
    Evaluation,
    Event,
    FollowUp,
    Membership,
    PossibleDuplicate,
    Preference,
    Receipt,
    Suggestion,
)
from .reasons import sentence

MOST_COUNTED = 5_000  # rows; a list that is longer says so, and is filtered or searched


class Capped(Paginator[Any]):
    """Counts no further than `MOST_COUNTED`: counting a million rows takes longer than the page."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return int(rows.order_by()[:MOST_COUNTED].count())
        return len(rows)

    @property
    def is_capped(self) -> bool:
        return self.count == MOST_COUNTED


class ReadOnly(admin.ModelAdmin[Any]):
    """What the program writes, staff may read; what is wrong is mended by actions and pages."""

    list_per_page = 50
    show_full_result_count = False
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER  # each is a count of everything
    paginator = Capped

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CriterionInline(admin.TabularInline[Criterion, Draft]):
    model = Criterion
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Draft)
class DraftAdmin(ReadOnly):
    list_display = ["title", "owner", "created_at", "updated_at"]
    list_select_related = ["owner"]
    search_fields = ["title", "owner__username", "owner__email"]
    inlines = [CriterionInline]


@admin.register(Criterion)
class CriterionAdmin(ReadOnly):
    list_display = ["name", "draft", "weight", "must_have"]
    list_select_related = ["draft"]
    search_fields = ["name"]


@admin.register(Archive)
class ArchiveAdmin(ReadOnly):
    list_display = ["filename", "draft", "status", "done", "problem", "attempts"]
    list_filter = ["status", "problem"]
    list_select_related = ["draft"]
    search_fields = ["filename"]
    exclude = ["file"]


@admin.register(PossibleDuplicate)
class PossibleDuplicateAdmin(ReadOnly):
    list_display = ["first", "second", "evidence", "share", "decision", "decided_at"]
    list_filter = ["evidence", "decision"]
    list_select_related = ["first", "second"]
    search_fields = ["first__filename", "second__filename"]


@admin.register(Candidate)
class CandidateAdmin(ReadOnly):
    list_display = ["filename", "draft", "status", "problem", "reader", "pages", "attempts"]
    list_filter = ["status"]
    list_select_related = ["draft"]
    search_fields = ["filename", "=problem", "=reader"]
    # Personal data, which the owner's page shows; and figures that say nothing to anybody.
    exclude = ["text", "file", "hidden", "prepared", "sections", "links", "signature", "bands"]


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    list_display = ["email", "draft", "role", "user", "invited_by", "created_at"]
    list_filter = ["role"]
    list_select_related = ["draft", "user", "invited_by"]
    search_fields = ["email", "draft__title"]


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    list_display = ["decided_at", "candidate", "before", "verdict", "decided_by"]
    list_filter = ["verdict"]
    list_select_related = ["candidate", "decided_by"]
    search_fields = ["candidate__filename", "decided_by__username"]


@admin.register(Analysis)
class AnalysisAdmin(ReadOnly):
    list_display = ["title", "requested_by", "engine", "model", "insights_mode", "created_at"]
    list_filter = ["engine", "insights_mode"]
    list_select_related = ["requested_by"]
    search_fields = ["title", "public_id"]


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnly):
    list_display = ["pk", "analysis", "status", "score", "rank", "attempts", "reused", "scored_at"]
    list_filter = ["status", "reused"]
    list_select_related = ["analysis"]
    search_fields = ["public_id", "analysis__public_id"]
    exclude = ["ratings", "insights"]  # quote the résumé: the owner's page shows them


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ["created_at", "verb", "actor", "draft", "details", "reason_code"]
    ordering = ["-pk"]  # a filter by verb, or an order by time, would read them all
    list_select_related = ["actor", "draft"]
    search_fields = ["=verb", "about", "actor__username"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, with the names for all its events looked up at once."""
        changelist = super().get_changelist_instance(request)
        names = names_for(changelist.result_list)
        for event in changelist.result_list:
            event.names = names
        return changelist

    @admin.display(description=_("detail"))
    def details(self, event: Event) -> str:
        return details(event, getattr(event, "names", None))


@admin.register(Call)
class CallAdmin(ReadOnly):
    list_display = [
        "created_at",
        "purpose",
        "model",
        "status",
        "prompt_tokens",
        "completion_tokens",
        "cost",
        "owner",
        "error_code",
        "http_status",
    ]
    list_filter = ["status", "purpose"]
    ordering = ["-pk"]
    list_select_related = ["owner"]
    search_fields = ["=model", "analysis__public_id", "owner__username"]


@admin.register(FollowUp)
class FollowUpAdmin(ReadOnly):
    list_display = ["pk", "analysis", "kind", "status", "score", "attempts", "done_at"]
    list_filter = ["kind", "status"]
    list_select_related = ["analysis"]
    search_fields = ["analysis__public_id"]
    exclude = ["result"]  # quotes the résumé


@admin.register(Suggestion)
class SuggestionAdmin(ReadOnly):
    list_display = ["created_at", "draft", "engine", "model", "status", "failed_for"]
    list_filter = ["status", "engine"]
    list_select_related = ["draft"]
    search_fields = ["public_id", "draft__title"]

    @admin.display(description=_("error"))
    def failed_for(self, suggestion: Suggestion) -> str:
        return sentence(suggestion.error)


@admin.register(Preference)
class PreferenceAdmin(ReadOnly):
    list_display = ["user", "language", "time_zone", "in_app", "runs_of_others"]
    list_select_related = ["user"]


@admin.register(Receipt)
class ReceiptAdmin(ReadOnly):
    list_display = ["public_id", "candidate", "draft", "by", "at"]
    list_select_related = ["draft", "by"]
    search_fields = ["public_id", "candidate"]
