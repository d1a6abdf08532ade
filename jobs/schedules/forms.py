"""The form of a draft's schedule."""

from typing import Any

from django import forms

from candidates.reasons import sentence
from jobs.models.schedule import Frequency, Schedule

from . import cron

# The fields that each frequency needs; the others keep their values.
FIELDS_OF_FREQUENCY: dict[str, tuple[str, ...]] = {
    Frequency.OFF: (),
    Frequency.DAILY: ("time_of_day",),
    Frequency.WEEKLY: ("weekday", "time_of_day"),
    Frequency.MONTHLY: ("day", "time_of_day"),
    Frequency.CRON: ("cron",),
}


class ScheduleForm(forms.ModelForm[Schedule]):
    class Meta:
        model = Schedule
        fields = ["frequency", "time_of_day", "weekday", "day", "cron"]
        widgets = {
            "time_of_day": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
            "cron": forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def clean_cron(self) -> str:
        return " ".join(self.cleaned_data["cron"].split())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        needed = FIELDS_OF_FREQUENCY.get(cleaned.get("frequency", ""), tuple(self.fields))
        for name in self.fields.keys() - {"frequency", *needed}:
            # The page hides the field, and with it any error.
            if self.errors.pop(name, None) is not None:
                cleaned[name] = getattr(self.instance, name)
        if cleaned.get("frequency") == Frequency.CRON and "cron" in cleaned:
            try:
                cron.check(cleaned["cron"])
            except cron.BadCronExpression as error:
                self.add_error("cron", sentence(error.reason))
        return cleaned
