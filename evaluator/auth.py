"""The user of a request, with what every page needs of them, in the query that is made anyway."""

from functools import cache
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from candidates.models import Membership
from jobs.models import Notice

from . import login_throttle


class UserBackend(ModelBackend):
    """As Django's own; users come with `preference`, and `unread`, the number of new notices."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        name = username or ""
        if login_throttle.seconds_to_wait(name):
            raise PermissionDenied
        user = super().authenticate(request, username, password, **credentials)
        if user is None:
            login_throttle.record_failure(name)
        else:
            login_throttle.clear_failures(name)
        return user

    def get_user(self, user_id: Any) -> User | None:
        user = _users().filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None


@cache
def _users() -> QuerySet[User]:
    """The query, built once: each request would else spend more on that than on running it."""
    member = Membership.objects.filter(draft=OuterRef("draft"), user=OuterRef("user"))
    visible = Q(draft__owner=F("user")) | Exists(member)
    notices = Notice.objects.unread().filter(visible, user=OuterRef("pk")).order_by()
    number = notices.values("user").annotate(n=Count("pk")).values("n")
    users = User.objects.select_related("preference")
    return users.annotate(unread=Coalesce(Subquery(number), 0))
