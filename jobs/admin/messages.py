"""django-q2's tables in the admin, in place of its own pages.

Those unpickle what lies in the queue, and run it again. These read plain columns and never load the
others: a person who can write to the table cannot make a web server run anything.
"""

from importlib import import_module
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django_q.conf import Conf
from django_q.models import Failure, OrmQ, Schedule, Success

from candidates.admin import ReadOnly

import_module("django_q.admin")  # registers its pages, which are taken away here
# Two are always empty: a success leaves no row, and nothing is scheduled by django-q2.
for model in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class PlainColumns(ReadOnly):
    """Only the `plain` columns of a row are ever read."""

    plain: tuple[str, ...] = ()
    actions = None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.plain

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).using(Conf.ORM).only(*self.plain)


@admin.register(OrmQ)
class MessageAdmin(PlainColumns):
    plain = ("id", "key", "lock")
    list_display = ["id", "key", "lock"]
    ordering = ["lock", "id"]


@admin.register(Failure)
class FailureAdmin(PlainColumns):
    plain = ("id", "name", "func", "cluster", "started", "stopped", "attempt_count")
    list_display = ["id", "func", "cluster", "started", "stopped", "attempt_count"]
    search_fields = ["=id", "func"]
