"""Who is there, with what every page needs to know of them, in the query that is made anyway."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from candidates.models import Membership
from jobs.models import Notice

from . import login_throttle


class Backend(ModelBackend):
    """As Django's own; a user comes with `preference`, and `unread`, the number of new notices."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **given: Any,
    ) -> User | None:
        name = username or ""
        if login_throttle.wait(name):
            raise PermissionDenied
        user = super().authenticate(request, username, password, **given)
        if user is None:
            login_throttle.note(name)
        else:
            login_throttle.forget(name)
        return user

    def get_user(self, user_id: Any) -> User | None:
        member = Membership.objects.filter(draft=OuterRef("draft"), user=OuterRef("user"))
        visible = Q(draft__owner=F("user")) | Exists(member)
        mine = Notice.objects.unread().filter(visible, user=OuterRef("pk")).order_by()
        number = mine.values("user").annotate(n=Count("pk")).values("n")
        users = User.objects.select_related("preference")
        user = users.annotate(unread=Coalesce(Subquery(number), 0)).filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
