"""Evaluations in the admin, and the action on résumés that keep stopping the workers."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from candidates.admin import EvaluationAdmin
from candidates.models import Evaluation
from jobs.execution import control

from .actions import StaffAction, StaffActionAdmin

admin.site.unregister(Evaluation)


@admin.register(Evaluation)
class EvaluationActionAdmin(StaffActionAdmin, EvaluationAdmin):
    staff_actions = (
        StaffAction(
            "skip",
            "jobs.clear_evaluation",
            _("Take this résumé out"),
            _("Take the selected résumés out"),
            _(
                "It stopped its worker at least twice. It is failed with that reason, whoever has "
                "it now; its job goes on without it, and a retry tries it again."
            ),
            lambda evaluations: evaluations.suspected().select_related("analysis"),
            lambda evaluation, user, _: control.skip_evaluation(evaluation, user),
        ),
    )
