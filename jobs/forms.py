"""What an owner chooses about the runs of a draft."""

from typing import Any

from django import forms

from . import clock
from .schedules import Every, Schedule


class ScheduleForm(forms.ModelForm[Schedule]):
    class Meta:
        model = Schedule
        fields = ["every", "at", "weekday", "day", "cron"]
        widgets = {
            "at": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
            "cron": forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def clean_cron(self) -> str:
        return " ".join(self.cleaned_data["cron"].split())

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        if cleaned.get("every") != Every.CRON:
            self.errors.pop("cron", None)  # it is not asked for
            return {**cleaned, "cron": cleaned.get("cron", self.instance.cron)}
        if "cron" in cleaned:
            try:
                clock.check(cleaned["cron"])
            except clock.BadExpression as error:
                self.add_error("cron", str(error))
        return cleaned
