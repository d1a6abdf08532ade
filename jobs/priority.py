"""Which of the jobs that wait goes first."""

from django.db import models
from django.utils.translation import gettext_lazy as _

# What staff may do with a job; each is a permission of its own.
PERMISSIONS = (
    ("cancel_job", "Can cancel jobs"),
    ("pause_job", "Can pause and resume jobs"),
    ("retry_job", "Can retry jobs"),
    ("requeue_job", "Can send jobs to the queue again"),
    ("prioritise_job", "Can raise and lower the priority of jobs"),
    ("clear_evaluation", "Can take out résumés that stop the workers"),
)


class Priority(models.IntegerChoices):
    LOW = -1, _("low")
    NORMAL = 0, _("normal")
    HIGH = 1, _("high")
