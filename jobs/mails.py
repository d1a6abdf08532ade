"""What became of e-mails after they were taken, and addresses that are written to no more."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from candidates.models.claims import listed_constraint


class What(models.TextChoices):
    """As anymail names them, for all providers."""

    QUEUED = "queued", gettext_lazy("taken by the provider")
    SENT = "sent", gettext_lazy("on its way")
    DELIVERED = "delivered", gettext_lazy("delivered")
    DEFERRED = "deferred", gettext_lazy("put off by the receiver")
    BOUNCED = "bounced", gettext_lazy("came back")
    COMPLAINED = "complained", gettext_lazy("marked as spam")
    REJECTED = "rejected", gettext_lazy("refused by the provider")
    FAILED = "failed", gettext_lazy("failed at the provider")


ENDS = (What.BOUNCED, What.COMPLAINED)  # after which an address is written to no more


class MailEvent(models.Model):
    """One thing that the provider told of one e-mail; the first is that it took it."""

    notification = models.ForeignKey(
        "jobs.Notification", models.DB_CASCADE, related_name="mail_events"
    )
    message_id = models.CharField(max_length=255, db_index=True, help_text="the provider's")
    event_id = models.CharField(max_length=255, help_text="the provider's; empty: our own")
    what = models.CharField(max_length=10, choices=What)
    detail = models.CharField(max_length=500, blank=True, db_default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="mail_event_once", fields=["notification", "message_id", "what", "event_id"]
            ),
            listed_constraint("mail_event_what_listed", What, "what"),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()} at {self.at:%Y-%m-%d %H:%M:%S}"


class BadAddress(models.Model):
    address = models.EmailField()
    what = models.CharField(max_length=10, choices=[(one.value, one.label) for one in ENDS])
    detail = models.CharField(max_length=500, blank=True, db_default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "bad addresses"
        ordering = ["-at", "-pk"]
        permissions = [("lift_badaddress", "Can let a bad address be written to again")]
        constraints = [
            models.UniqueConstraint(Lower("address"), name="bad_address_once"),
            models.CheckConstraint(
                name="bad_address_what_listed", condition=Q(what__in=[one.value for one in ENDS])
            ),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def sentence(self) -> str:
        """Why nothing is sent there, and what to do."""
        told = {"address": self.address, "day": f"{self.at:%Y-%m-%d}"}
        if self.what == What.COMPLAINED:
            why = _("E-mail to %(address)s was marked as spam on %(day)s.") % told
        else:
            why = _("E-mail to %(address)s came back on %(day)s.") % told
        return f"{why} {_('Nothing is sent there until staff allow it again.')}"


def bad(address: str) -> BadAddress | None:
    """Why nothing may be sent to this address; None where it may."""
    return BadAddress.objects.filter(address__iexact=address).first()
