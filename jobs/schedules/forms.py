"""What an owner chooses about the runs of a draft."""

from typing import Any

from django import forms

from candidates.reasons import sentence
from jobs.models.schedule import Frequency, Schedule

from . import cron

# What each choice needs to know; the others keep what they were.
ASKED: dict[str, tuple[str, ...]] = {
    Frequency.OFF: (),
    Frequency.DAILY: ("at",),
    Frequency.WEEKLY: ("weekday", "at"),
    Frequency.MONTHLY: ("day", "at"),
    Frequency.CRON: ("cron",),
}


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

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        asked = ASKED.get(cleaned.get("every", ""), tuple(self.fields))
        for name in self.fields.keys() - {"every", *asked}:
            # The page does not show it, nor what may be wrong with it.
            if self.errors.pop(name, None) is not None:
                cleaned[name] = getattr(self.instance, name)
        if cleaned.get("every") == Frequency.CRON and "cron" in cleaned:
            try:
                cron.check(cleaned["cron"])
            except cron.BadExpression as error:
                self.add_error("cron", sentence(error.reason))
        return cleaned
