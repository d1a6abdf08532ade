"""Actions of staff: each with its own permission, and confirmed before it is done."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.contrib.admin.options import Action
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from candidates.admin import ReadOnly
from candidates.reasons import sentence
from jobs.execution.submit import CannotRun

MAX_ROWS = 500  # at a time, each in a transaction of its own
MAX_ROWS_NAMED = 10  # on the page that asks for confirmation
LOCATIONS = [admin.ActionLocation.CHANGE_LIST, admin.ActionLocation.CHANGE_FORM]

type Words = str | Promise


class StaffAction(NamedTuple):
    """What staff may do to rows of one model.

    `label` and `label_many` name it, and `consequence` is what the confirmation says besides.
    `possible` leaves those rows of a queryset to which it can be done. `perform` does it to one row
    and returns whether it did: the row may have moved on since. It may raise CannotRun with the
    reason.
    """

    name: str
    permission: str
    label: Words
    label_many: Words
    consequence: Words
    possible: Callable[[Any], Any]
    perform: Callable[[Any, Any, HttpRequest], bool]


class StaffActionAdmin(ReadOnly):
    """Rows that are not edited, and the actions of staff on them."""

    staff_actions: tuple[StaffAction, ...] = ()

    def get_actions(
        self,
        request: HttpRequest,
        action_location: admin.ActionLocation = admin.ActionLocation.CHANGE_LIST,
    ) -> dict[str, Action | None]:
        return {
            action.name: Action(
                partial(_confirm_or_perform, action=action),
                action.name,
                str(action.label),
                str(action.label_many),
                LOCATIONS,
            )
            for action in self.staff_actions
            if request.user.has_perm(action.permission)
        }

    def possible_actions(self, request: HttpRequest, row: Any) -> list[StaffAction]:
        """What this person can do with the row as it is. One query."""
        rows = self.model._default_manager.filter(pk=row.pk).order_by()
        allowed = [
            action for action in self.staff_actions if request.user.has_perm(action.permission)
        ]
        if not allowed:
            return []
        first, *rest = (
            action.possible(rows).annotate(action=Value(action.name)).values_list("action")
            for action in allowed
        )
        names = {name for (name,) in first.union(*rest, all=True).order_by()}
        return [action for action in allowed if action.name in names]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """The row, fetched once for a request."""
        cache: dict[str, Any] = request.__dict__.setdefault("fetched_rows", {})
        if object_id not in cache:
            cache[object_id] = super().get_object(request, object_id, from_field)
        return cache[object_id]

    def row_label(self, row: Any) -> str:
        """What people know a row by."""
        return str(row)

    def confirm(
        self,
        request: HttpRequest,
        rows: Sequence[Any],
        title: Words,
        consequence: Words,
        fields: list[tuple[str, str]],
        back_url: str,
    ) -> HttpResponse:
        """The page that asks for confirmation. `fields` are posted with it; `rows` may be one more
        than are done at a time."""
        number = min(len(rows), MAX_ROWS)
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "consequence": consequence,
            "opts": self.opts,
            "rows": [(row.pk, self.row_label(row)) for row in rows[:MAX_ROWS_NAMED]],
            "number": number,
            "more": max(0, number - MAX_ROWS_NAMED),
            "is_capped": len(rows) > MAX_ROWS,
            "fields": fields,
            "back_url": back_url,
        }
        return TemplateResponse(request, "admin/jobs/confirm.html", context)

    def detail_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the row's own page shows beside its fields."""
        return {}

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = dict(extra_context or {})
        if request.method == "GET" and (row := self.get_object(request, object_id)) is not None:
            if not self.has_view_permission(request, row):
                raise PermissionDenied
            context |= {
                "possible_actions": self.possible_actions(request, row),
                **self.detail_context(request, row),
            }
        return super().change_view(request, object_id, form_url, context)


def _confirm_or_perform(
    page: StaffActionAdmin, request: HttpRequest, chosen: QuerySet[Any], *, action: StaffAction
) -> HttpResponse | None:
    rows = list(action.possible(chosen.order_by("pk"))[: MAX_ROWS + 1])
    if not rows:
        nothing = _("Nothing was done: there is none among them for which that is possible now.")
        page.message_user(request, nothing, messages.WARNING)
        return None
    if "confirmed" not in request.POST:
        own_fields = ("csrfmiddlewaretoken", "confirmed")
        fields = [
            (name, value)
            for name, values in request.POST.lists()
            if name not in own_fields
            for value in values
        ]
        title = action.label_many if len(rows) > 1 else action.label
        url = request.get_full_path()
        return page.confirm(request, rows, title, action.consequence, fields, url)
    done = 0
    for row in rows[:MAX_ROWS]:
        try:
            done += action.perform(row, request.user, request)
        except CannotRun as error:
            message = f"{page.row_label(row)}: {sentence(error.reason)}"
            page.message_user(request, message, messages.WARNING)
    message = ngettext(
        "“%(act)s” was done to %(number)s.", "“%(act)s” was done to %(number)s.", done
    )
    level = messages.SUCCESS if done else messages.WARNING
    page.message_user(request, message % {"act": action.label, "number": done}, level)
    if len(rows) > MAX_ROWS:
        warn_of_more(page, request)
    return None


def warn_of_more(page: StaffActionAdmin, request: HttpRequest) -> None:
    more = _("There are more of them: only %(number)s are done at a time. Do it again.")
    page.message_user(request, more % {"number": MAX_ROWS}, messages.WARNING)
