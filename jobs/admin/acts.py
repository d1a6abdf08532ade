"""Acts of staff: each with its own permission, asked for once more before it is done."""

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

AT_ONCE = 500  # rows, each in a transaction of its own
NAMED = 10  # of them on the page that asks
BOTH = [admin.ActionLocation.CHANGE_LIST, admin.ActionLocation.CHANGE_FORM]

type Words = str | Promise


class Act(NamedTuple):
    """What may be done to rows of one model.

    `can` leaves those of a queryset to which it can be done; `do` does it to one, and says whether
    it did: the row may have moved on since. It may raise CannotRun with the reason.
    """

    name: str
    permission: str
    one: Words
    many: Words
    asks: Words
    can: Callable[[Any], Any]
    do: Callable[[Any, Any, HttpRequest], bool]


class Steered(ReadOnly):
    """Rows that nobody edits, and the acts that steer them."""

    acts: tuple[Act, ...] = ()

    def get_actions(
        self,
        request: HttpRequest,
        action_location: admin.ActionLocation = admin.ActionLocation.CHANGE_LIST,
    ) -> dict[str, Action | None]:
        return {
            act.name: Action(
                partial(_ask_or_do, act=act),
                act.name,
                str(act.one),
                str(act.many),
                BOTH,
            )
            for act in self.acts
            if request.user.has_perm(act.permission)
        }

    def possible(self, request: HttpRequest, row: Any) -> list[Act]:
        """What this person can do with the row as it is. One query."""
        own = self.model._default_manager.filter(pk=row.pk).order_by()
        allowed = [act for act in self.acts if request.user.has_perm(act.permission)]
        if not allowed:
            return []
        first, *rest = (
            act.can(own).annotate(act=Value(act.name)).values_list("act") for act in allowed
        )
        names = {name for (name,) in first.union(*rest, all=True).order_by()}
        return [act for act in allowed if act.name in names]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """The row, fetched once for a request."""
        kept: dict[str, Any] = request.__dict__.setdefault("steered", {})
        if object_id not in kept:
            kept[object_id] = super().get_object(request, object_id, from_field)
        return kept[object_id]

    def named(self, row: Any) -> str:
        """What people know a row by."""
        return str(row)

    def ask(
        self,
        request: HttpRequest,
        rows: Sequence[Any],
        title: Words,
        asks: Words,
        sent: list[tuple[str, str]],
        back: str,
    ) -> HttpResponse:
        """The page that asks once more. `sent` is posted with the answer; of `rows` there may be
        one more than are done at a time."""
        number = min(len(rows), AT_ONCE)
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "asks": asks,
            "opts": self.opts,
            "rows": [(row.pk, self.named(row)) for row in rows[:NAMED]],
            "number": number,
            "more": max(0, number - NAMED),
            "is_capped": len(rows) > AT_ONCE,
            "sent": sent,
            "back": back,
        }
        return TemplateResponse(request, "admin/jobs/confirm.html", context)

    def about(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What its own page shows beside its fields."""
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
            context |= {"possible": self.possible(request, row), **self.about(request, row)}
        return super().change_view(request, object_id, form_url, context)


def _ask_or_do(
    page: Steered, request: HttpRequest, chosen: QuerySet[Any], *, act: Act
) -> HttpResponse | None:
    rows = list(act.can(chosen.order_by("pk"))[: AT_ONCE + 1])
    if not rows:
        nothing = _("Nothing was done: there is none among them for which that is possible now.")
        page.message_user(request, nothing, messages.WARNING)
        return None
    if "confirmed" not in request.POST:
        again = ("csrfmiddlewaretoken", "confirmed")
        sent = [
            (name, value)
            for name, values in request.POST.lists()
            if name not in again
            for value in values
        ]
        title = act.many if len(rows) > 1 else act.one
        return page.ask(request, rows, title, act.asks, sent, request.get_full_path())
    done = 0
    for row in rows[:AT_ONCE]:
        try:
            done += act.do(row, request.user, request)
        except CannotRun as error:
            page.message_user(
                request, f"{page.named(row)}: {sentence(error.reason)}", messages.WARNING
            )
    told = ngettext("“%(act)s” was done to %(number)s.", "“%(act)s” was done to %(number)s.", done)
    level = messages.SUCCESS if done else messages.WARNING
    page.message_user(request, told % {"act": act.one, "number": done}, level)
    if len(rows) > AT_ONCE:
        more = _("There are more of them: only %(number)s are done at a time. Do it again.")
        page.message_user(request, more % {"number": AT_ONCE}, messages.WARNING)
    return None
