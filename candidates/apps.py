from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class CandidatesConfig(AppConfig):
    name = "candidates"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        user_logged_in.connect(_bind, dispatch_uid="candidates.bind")


def _bind(*, user: Any, **_: Any) -> None:
    from .models import Membership

    Membership.objects.all().bind(user)
