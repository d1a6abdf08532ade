"""The forms of a draft: its text and criteria, its members, its runs, and a user's preferences."""

from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from .intake import MAX_PIECES
from .models import Criterion, Draft, Preference
from .models.analysis import InsightsMode
from .models.draft import MAX_CRITERIA, SHARED
from .models.preference import zones
from .scoring import protected
from .scoring.rubric import CRITERION_FIELDS, MAX_WEIGHT, criterion_identity

BLANK_ROWS = 2
MAX_INSIGHTS = 1_000
MAX_MEMBERS = 100
# Translated where it is shown.
INVALID_RUN_MESSAGE = gettext_noop(
    "Say for whom insights are wanted, and for how many (1 to 1,000)."
)


class DraftForm(forms.ModelForm[Draft]):
    class Meta:
        model = Draft
        fields = ["title", "description", "role_weight"]
        widgets = {
            "description": forms.Textarea(attrs={"rows": 12}),
            "role_weight": forms.NumberInput(attrs={"min": 0, "max": MAX_WEIGHT}),
        }
        labels = {
            "title": _("Title"),
            "description": _("Description"),
            "role_weight": _("Weight of the role as described"),
        }
        help_texts = {
            "title": _("The name of the role, such as Backend engineer."),
            "description": _(
                "The job description. The clearer it says what the person will do and has to "
                "bring, the better the ranking."
            ),
            "role_weight": _(
                "How much the description as a whole counts beside the criteria (0 to 10)."
            ),
        }
        error_messages = {"title": {"required": _("Give the draft a title.")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def differs_from_draft(self) -> bool:
        """Whether a valid form differs from the draft; a browser's line ends are no difference."""
        return any(value != self.initial.get(name) for name, value in self.cleaned_data.items())

    def clean_description(self) -> str:
        return str(self.cleaned_data["description"]).replace("\r\n", "\n")


class CriterionForm(forms.ModelForm[Criterion]):
    class Meta:
        model = Criterion
        fields = CRITERION_FIELDS
        widgets = {
            "looks_for": forms.Textarea(attrs={"rows": 2}),
            "weight": forms.NumberInput(attrs={"min": 1, "max": MAX_WEIGHT}),
        }
        labels = {
            "name": _("Name"),
            "looks_for": _("What good looks like"),
            "weight": _("Weight"),
            "must_have": _("Must have"),
        }
        error_messages = {
            "name": {"required": _("Give the criterion a name, or remove it.")},
            "weight": {
                "required": format_lazy(_("Give a whole number, 1 to {most}."), most=MAX_WEIGHT)
            },
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    @property
    def concern(self) -> protected.Concern | None:
        """What it asks for that no candidate may be chosen by; None where it does not."""
        return protected.find(self["name"].value() or "", self["looks_for"].value() or "")

    def has_changed(self) -> bool:
        """Whether the row was filled in: its place alone makes no criterion."""
        return bool({*self.changed_data} - {"ORDER"})

    def validate_constraints(self) -> None:
        """Do nothing: `BaseCriteria` compares the names of all rows."""

    def clean_looks_for(self) -> str:
        return str(self.cleaned_data["looks_for"]).replace("\r\n", "\n")


class BaseCriteria(forms.BaseFormSet[CriterionForm]):
    """Rows in the order of their places, or as they stand; empty rows are skipped."""

    def add_fields(self, form: CriterionForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["ORDER"] = forms.IntegerField(
            label=_("Place"),
            required=False,
            min_value=1,
            max_value=1_000,
            initial=None if index is None or index >= self.initial_form_count() else index + 1,
            widget=forms.NumberInput(attrs={"min": 1}),
        )

    def clean(self) -> None:
        super().clean()
        identities: set[str] = set()
        for form in self._filled_rows():
            name = str(form.cleaned_data.get("name", ""))
            identity = criterion_identity(name)
            if identity and identity in identities:
                form.add_error(
                    "name",
                    gettext("Two criteria are called '%s'. Rename or remove one.") % name,
                )
            identities.add(identity)

    def differ_from(self, draft: Draft) -> bool:
        """Whether valid rows differ from the draft's criteria. One query."""
        rows = [
            tuple(form.cleaned_data[field] for field in CRITERION_FIELDS)
            for form in self._filled_rows()
        ]
        return rows != (list(draft.criteria.values_list(*CRITERION_FIELDS)) if draft.pk else [])

    def instances(self) -> list[Criterion]:
        """Unsaved criteria of valid rows, in their order."""
        return [form.instance for form in self._filled_rows()]

    def _filled_rows(self) -> list[CriterionForm]:
        initial_count = self.initial_form_count()
        rows = [
            form
            for index, form in enumerate(self.forms)
            if form not in self.deleted_forms and (index < initial_count or form.has_changed())
        ]
        last = len(self.forms) + 1_000
        return sorted(rows, key=lambda form: form.cleaned_data.get("ORDER") or last)


CriteriaFormSet: type[BaseCriteria] = forms.formset_factory(  # type: ignore[assignment]
    CriterionForm,
    formset=BaseCriteria,
    extra=BLANK_ROWS,
    max_num=MAX_CRITERIA,
    validate_max=True,
    can_delete=True,
)


def initial_criteria(draft: Draft) -> list[dict[str, Any]]:
    """What a form begins with. One query."""
    return list(draft.criteria.values(*CRITERION_FIELDS)) if draft.pk else []


class RoleForm(forms.Form):
    role = forms.ChoiceField(
        label=_("What they may do"),
        choices=[(role.value, role.label) for role in SHARED],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class InvitationForm(RoleForm):
    """An invitation of a colleague to a draft, by e-mail address."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        error_messages={"required": _("Give the e-mail address of a colleague.")},
    )
    field_order = ("email", "role")

    def __init__(self, *args: Any, draft: Draft, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draft = draft

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        owner = self.draft.owner_id
        if User.objects.filter(pk=owner, email__iexact=email).exists():
            raise forms.ValidationError(_("This is the owner's own address."))
        members = self.draft.memberships
        if members.filter(Q(email__iexact=email) | Q(user__email__iexact=email)).exists():
            raise forms.ValidationError(_("The draft is shared with this address already."))
        if members.count() >= MAX_MEMBERS:
            raise forms.ValidationError(
                gettext("A draft can be shared with %d people at most.") % MAX_MEMBERS
            )
        return email


class RunForm(forms.Form):
    insights_mode = forms.ChoiceField(
        label=_("Insights for"),
        choices=InsightsMode,
        initial=InsightsMode.TOP,
        help_text=_(
            "Who gets strengths, gaps and interview questions in words. Everybody gets a score."
        ),
    )
    top_n = forms.IntegerField(
        label=_("How many are the best"),
        min_value=1,
        max_value=MAX_INSIGHTS,
        required=False,
        widget=forms.NumberInput(attrs={"min": 1, "max": MAX_INSIGHTS}),
    )
    repeats = forms.BooleanField(
        label=_("Score a few twice"),
        required=False,
        help_text=_(
            "A random 5%, eight at the least: it shows how far two scorings of the same résumé lie "
            "apart, and who is tied."
        ),
    )

    # So that sending the form twice starts one job.
    key = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["top_n"].initial = settings.EVALUATOR_TOP_N


class PieceForm(forms.Form):
    """A part of a large file."""

    upload = forms.UUIDField()
    number = forms.IntegerField(min_value=0)
    total = forms.IntegerField(min_value=1, max_value=MAX_PIECES)
    name = forms.CharField(max_length=1_000)
    piece = forms.FileField()


class PreferenceForm(forms.ModelForm[Preference]):
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("as my browser asks for")), *settings.LANGUAGES],
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    class Meta:
        model = Preference
        fields = [
            "language",
            "time_zone",
            "mail_completed",
            "mail_failed",
            "mail_paused",
            "mail_shared",
            "mail_digest",
            "runs_of_others",
            "in_app",
            "browser",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        regions: dict[str, list[tuple[str, str]]] = {}
        for zone in sorted(zones()):
            region, _slash, place = zone.partition("/")
            name = place.replace("_", " ").replace("/", ", ") or zone
            regions.setdefault(region, []).append((zone, name))
        self.fields["time_zone"].choices = [  # type: ignore[attr-defined]
            ("", _("as my browser says")),
            *regions.items(),
        ]
