"""A user's settings: language, time zone, and which e-mails and notices they get."""

from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@cache
def zones() -> frozenset[str]:
    """Names of the time zones that people live in, as browsers use them too."""
    excluded = ("Etc", "SystemV", "US", "posix", "right")
    return frozenset(
        zone for zone in available_timezones() if "/" in zone and zone.split("/")[0] not in excluded
    ) | {"UTC"}


class Preference(models.Model):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.DB_CASCADE,
        primary_key=True,
        related_name="preference",
        editable=False,
    )
    language = models.CharField(_("language"), max_length=10, blank=True, default="", db_default="")
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, default="", db_default=""
    )
    mail_completed = models.BooleanField(_("a ranking is ready"), default=True, db_default=True)
    mail_failed = models.BooleanField(_("a run has failed"), default=True, db_default=True)
    mail_paused = models.BooleanField(
        _("a run has paused and waits for somebody"), default=True, db_default=True
    )
    mail_shared = models.BooleanField(
        _("somebody shares a draft with me"), default=True, db_default=True
    )
    mail_digest = models.BooleanField(
        _("a scheduled run has changed a ranking"), default=True, db_default=True
    )
    in_app = models.BooleanField(_("show notices behind the bell"), default=True, db_default=True)
    browser = models.BooleanField(
        _("let the browser tell me when a run that I follow in another tab is over"),
        default=True,
        db_default=True,
    )
    runs_of_others = models.BooleanField(
        _("tell me of runs that others start in drafts shared with me, too"),
        default=False,
        db_default=False,
    )

    def __str__(self) -> str:
        return f"preferences of user {self.user_id}"

    @classmethod
    def of(cls, user: "User") -> "Preference":
        """The preference of the user, or the defaults, unsaved."""
        return getattr(user, "preference", None) or cls(user=user)

    def mails(self, kind: str) -> bool:
        """Whether the user wants e-mails of this kind (jobs.models.Kind)."""
        return bool(getattr(self, f"mail_{kind}"))
