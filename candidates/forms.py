"""What a hiring manager fills in: a draft with its criteria, and how to run it."""

from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.db import transaction
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat, Now

from .intake import MOST_PIECES
from .models import Criterion, Draft
from .models.analysis import InsightsMode
from .models.draft import HEAVIEST, MOST_CRITERIA
from .scoring import protected

BLANK_ROWS = 2
MOST_INSIGHTS = 1_000


class DraftForm(forms.ModelForm[Draft]):
    class Meta:
        model = Draft
        fields = ["title", "description", "role_weight"]
        widgets = {
            "description": forms.Textarea(attrs={"rows": 12}),
            "role_weight": forms.NumberInput(attrs={"min": 0, "max": HEAVIEST}),
        }
        help_texts = {
            "title": "The name of the role, such as Backend engineer.",
            "description": "The job description. The clearer it says what the person will do and "
            "has to bring, the better the ranking.",
        }
        error_messages = {"title": {"required": "Give the draft a title."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def clean_description(self) -> str:
        return str(self.cleaned_data["description"]).replace("\r\n", "\n")


class CriterionForm(forms.ModelForm[Criterion]):
    class Meta:
        model = Criterion
        fields = ["name", "looks_for", "weight", "must_have"]
        widgets = {
            "looks_for": forms.Textarea(attrs={"rows": 2}),
            "weight": forms.NumberInput(attrs={"min": 1, "max": HEAVIEST}),
        }
        error_messages = {
            "name": {"required": "Give the criterion a name, or remove it."},
            "weight": {"required": f"Give a whole number, 1 to {HEAVIEST}."},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    @property
    def concern(self) -> protected.Concern | None:
        """What nobody may be chosen by, where the criterion asks for it."""
        return protected.find(self["name"].value() or "", self["looks_for"].value() or "")

    def validate_constraints(self) -> None:
        """Not row by row: two rows may exchange names. `BaseCriteria` looks at all together."""

    def clean_looks_for(self) -> str:
        return str(self.cleaned_data["looks_for"]).replace("\r\n", "\n")


class BaseCriteria(forms.BaseInlineFormSet[Criterion, Draft, CriterionForm]):
    """Rows in the order in which they stand; an empty row is no criterion."""

    def clean(self) -> None:
        super().clean()
        seen: set[str] = set()
        for form in self._kept():
            name = str(form.cleaned_data.get("name", ""))
            if name and name.casefold() in seen:
                form.add_error("name", f"Two criteria are called '{name}'. Rename or remove one.")
            seen.add(name.casefold())

    def write(self) -> None:
        """Save all rows, in a transaction of the caller."""
        for form in self.deleted_forms:
            if form.instance.pk:
                form.instance.delete()
        # Two rows may have exchanged their names, and each name is there once at any moment.
        renamed = [
            form.instance.pk
            for form in self._kept()
            if form.instance.pk and "name" in form.changed_data
        ]
        Criterion.objects.filter(draft=self.instance, pk__in=renamed).update(
            name=Concat(Value("\x01"), Cast(F("pk"), CharField()))
        )
        for position, form in enumerate(self._kept()):
            form.instance.draft = self.instance
            form.instance.position = position
            form.save()

    def _kept(self) -> list[CriterionForm]:
        return [
            form
            for form in self.forms
            if form not in self.deleted_forms and (form.instance.pk or form.has_changed())
        ]


CriteriaFormSet: type[BaseCriteria] = forms.inlineformset_factory(  # type: ignore[assignment]
    Draft,
    Criterion,
    form=CriterionForm,
    formset=BaseCriteria,
    extra=BLANK_ROWS,
    max_num=MOST_CRITERIA,
    validate_max=True,
    can_delete=True,
)


def save_draft(form: DraftForm, criteria: BaseCriteria) -> Draft:
    """Write the draft and its criteria together. Both are valid."""
    with transaction.atomic():
        is_new = form.instance.pk is None
        draft = form.save()
        if not is_new:
            Draft.objects.filter(pk=draft.pk).update(updated_at=Now())
        criteria.instance = draft
        criteria.write()
    return draft


class RunForm(forms.Form):
    insights_mode = forms.ChoiceField(
        label="Insights for",
        choices=InsightsMode,
        initial=InsightsMode.TOP,
        help_text="Who gets strengths, gaps and interview questions in words. "
        "Everybody gets a score.",
    )
    top_n = forms.IntegerField(
        label="How many are the best",
        min_value=1,
        max_value=MOST_INSIGHTS,
        required=False,
        widget=forms.NumberInput(attrs={"min": 1, "max": MOST_INSIGHTS}),
    )
    repeats = forms.BooleanField(
        label="Score a few twice",
        required=False,
        help_text="A random 5%, eight at the least: it shows how far two scorings of the same "
        "résumé lie apart, and who is tied.",
    )

    # One press is one job, however often the form arrives.
    key = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["top_n"].initial = settings.EVALUATOR_TOP_N


class PieceForm(forms.Form):
    """One part of a large file."""

    upload = forms.UUIDField()
    number = forms.IntegerField(min_value=0)
    total = forms.IntegerField(min_value=1, max_value=MOST_PIECES)
    name = forms.CharField(max_length=1_000)
    piece = forms.FileField()
