"""Schedules, by which drafts are analysed without anybody pressing Run, and their runs."""

from datetime import datetime, time
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now, NullIf
from django.db.models.functions.uuid import UUID4
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from candidates.facts.reason import Reason
from candidates.models import Analysis, Draft
from candidates.models.constraints import failure_code_constraint, listed_constraint
from candidates.models.preference import zones
from candidates.models.reason import MAX_CODE_LENGTH, ErrorColumns, columns, reason_of


class Frequency(models.TextChoices):
    OFF = "off", pgettext_lazy("schedule", "off")
    DAILY = "daily", _("every day")
    WEEKLY = "weekly", _("every week")
    MONTHLY = "monthly", _("every month")
    CRON = "cron", _("by a cron expression")


LAST_DAY = 31  # stands for the last day of any month
WEEKDAYS = [
    (1, _("Monday")),
    (2, _("Tuesday")),
    (3, _("Wednesday")),
    (4, _("Thursday")),
    (5, _("Friday")),
    (6, _("Saturday")),
    (7, _("Sunday")),
]
DAYS_OF_MONTH = [*((day, str(day)) for day in range(1, 29)), (LAST_DAY, _("the last day"))]


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def due(self) -> Self:
        return self.filter(next_at__lte=Now())

    def with_other_time_zone(self) -> Self:
        """Schedules whose owner chose another time zone after `next_at` was computed."""
        chosen = NullIf("draft__owner__preference__time_zone", models.Value(""))
        current = Coalesce(chosen, models.Value(settings.TIME_ZONE))
        enabled = self.filter(next_at__isnull=False).annotate(current_zone=current)
        return enabled.exclude(time_zone=F("current_zone"))

    def claim_due(self, schedule: "Schedule", next_at: datetime) -> int:
        """Claim the run that is due; 0 when another process has.

        The following run is at `next_at`, so that one run makes up for any number of missed ones.
        """
        due = self.due().filter(pk=schedule.pk, next_at=schedule.next_at)
        return due.update(next_at=next_at, time_zone=schedule.owner_time_zone())

    def stop(self, reason: Reason) -> int:
        """Start nothing more until the owner saves the schedule again."""
        running = self.filter(next_at__isnull=False)
        return running.update(next_at=None, **columns("stop", reason))


class Schedule(models.Model):
    """When a draft is analysed by itself: at most one for a draft; on while `next_at` is set."""

    draft = models.OneToOneField(Draft, models.DB_CASCADE, related_name="schedule", editable=False)
    frequency = models.CharField(
        _("Run"), max_length=8, choices=Frequency, default=Frequency.OFF, db_default=Frequency.OFF
    )
    time_of_day = models.TimeField(_("At"), default=time(6), db_default=time(6))
    weekday = models.PositiveSmallIntegerField(
        _("On"), choices=WEEKDAYS, default=1, db_default=1, help_text=_("Day of the week.")
    )
    day = models.PositiveSmallIntegerField(
        _("On day"),
        choices=DAYS_OF_MONTH,
        default=1,
        db_default=1,
        help_text=_("Day of the month."),
    )
    cron = models.CharField(
        _("Cron expression"),
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Minute, hour, day of the month, month, day of the week: “0 6 * * 1-5” is six o'clock "
            "from Monday to Friday."
        ),
    )
    time_zone = models.CharField(
        max_length=64, default="UTC", editable=False, help_text="in which next_at was computed"
    )
    next_at = models.DateTimeField(null=True, blank=True, editable=False)
    stop_code = models.CharField(
        max_length=MAX_CODE_LENGTH,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="why it stopped by itself",
    )
    stop_params = models.JSONField(blank=True, default=dict, db_default={}, editable=False)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        permissions = [("run_schedule", "Can run a schedule now")]
        indexes = [
            models.Index(
                name="schedule_due", fields=["next_at"], condition=Q(next_at__isnull=False)
            )
        ]
        constraints = [
            listed_constraint("schedule_frequency_listed", Frequency, "frequency"),
            failure_code_constraint("schedule_stop_code_listed", "stop_code"),
            models.CheckConstraint(
                name="schedule_off_has_no_next_run",
                condition=Q(next_at=None)
                | (~Q(frequency=Frequency.OFF) & Q(stop_code="", stop_params={})),
            ),
        ]

    def __str__(self) -> str:
        return f"schedule of draft {self.draft_id}"

    def get_absolute_url(self) -> str:
        return reverse("jobs:schedule", args=[self.draft.public_id])

    @property
    def stop_reason(self) -> Reason | None:
        """Why it stopped by itself; None while it has not."""
        return reason_of(self.stop_code, self.stop_params)

    @property
    def is_on(self) -> bool:
        return self.next_at is not None

    def owner_time_zone(self) -> str:
        """The time zone that the owner of the draft has chosen, else that of the site."""
        preference = getattr(self.draft.owner, "preference", None)
        zone = preference.time_zone if preference else ""
        return zone if zone in zones() else settings.TIME_ZONE


class RunOutcome(models.TextChoices):
    RAN = "ran", _("ran")
    UNCHANGED = "unchanged", _("skipped: nothing has changed")
    UNDER_WAY = "under way", _("skipped: another run was under way, or paused")
    FAILED = "failed", _("could not start")


class ScheduledRun(ErrorColumns):
    """One run of a schedule, or the reason why there was none."""

    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    schedule = models.ForeignKey(Schedule, models.DB_CASCADE, related_name="runs", editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    due_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="when it should have started; empty: staff started it by hand",
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_SET_NULL, null=True, related_name="+", editable=False
    )
    outcome = models.CharField(max_length=9, choices=RunOutcome, editable=False)
    job = models.ForeignKey(
        "jobs.Job", models.DB_SET_NULL, null=True, related_name="scheduled_runs", editable=False
    )
    previous_analysis = models.ForeignKey(
        Analysis,
        models.DB_SET_NULL,
        null=True,
        related_name="+",
        editable=False,
        help_text="the ranking that it is compared with",
    )
    has_changes = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="the ranking changed enough for an e-mail",
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["schedule", "-created_at"])]
        constraints = [
            listed_constraint("scheduledrun_outcome_listed", RunOutcome, "outcome"),
            failure_code_constraint("scheduledrun_error_code_listed"),
            models.CheckConstraint(
                name="scheduledrun_error_when_failed",
                condition=(Q(outcome=RunOutcome.FAILED) & ~Q(error_code=""))
                | (~Q(outcome=RunOutcome.FAILED) & Q(error_code="", error_params={})),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.created_at:%Y-%m-%d %H:%M}"
