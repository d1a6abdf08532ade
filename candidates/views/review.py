"""What people make of one candidate: the decision with its history, notes, and who it is."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from candidates import blind
from candidates.access import Request, candidate_for, draft_for, note_for
from candidates.models import Candidate, Decision, Draft, Event, Note
from candidates.models.candidate import Verdict
from candidates.models.draft import Role
from candidates.pages.live import is_refresh

PART = "candidates/judgement.html"
# Of each decision: its key on the keyboard, what its button says, and what it is called when made.
CHOICES = (
    (Verdict.SHORTLIST, "s", pgettext_lazy("verb", "Shortlist")),
    (Verdict.MAYBE, "m", pgettext_lazy("decision", "Maybe")),
    (Verdict.REJECT, "x", pgettext_lazy("verb", "Reject")),
)
DECIDED = {
    Verdict.SHORTLIST: gettext_lazy("Shortlisted"),
    Verdict.MAYBE: pgettext_lazy("decision", "Maybe"),
    Verdict.REJECT: gettext_lazy("Rejected"),
    Verdict.OPEN: gettext_lazy("Not decided"),
}


class NoteForm(forms.ModelForm[Note]):
    class Meta:
        model = Note
        fields = ["text"]
        labels = {"text": gettext_lazy("Add a note")}
        widgets = {"text": forms.Textarea(attrs={"rows": 2})}
        error_messages = {
            "text": {
                "required": gettext_lazy("Write something first."),
                "max_length": gettext_lazy("A note has 5,000 characters at the most."),
            }
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


def judgement(
    candidate: Candidate, role: Role | str, form: NoteForm | None = None
) -> dict[str, Any]:
    """What the part of a page shows. Two queries; `role` is of who looks at it."""
    say = blind.voice(candidate, candidate.draft)
    history = candidate.decisions.select_related("by").order_by("-pk")
    notes = candidate.notes.select_related("author")
    return {
        "candidate": candidate,
        "hidden": blind.is_hidden(candidate, candidate.draft),
        "decided": DECIDED[Verdict(candidate.verdict)],
        "choices": CHOICES,
        "may_change": Role(role).may(Role.EDITOR),
        "history": [(DECIDED[Verdict(one.verdict)], one) for one in history],
        "notes": [(say(note.text), note) for note in notes],
        "note_form": form or NoteForm(),
    }


@require_POST
def decide(request: Request, public_id: Any) -> HttpResponse:
    """Shortlist, maybe, reject, or take the decision back; "undo" is the user's own, unless
    somebody has decided anew since."""
    candidate = candidate_for(request.user, public_id, Role.EDITOR)
    asked = request.POST.get("verdict", "none")
    last = candidate.decisions.last()
    if asked not in (*Verdict, "undo"):
        messages.error(request, _("Choose shortlist, maybe or reject."))
        return _back(request, candidate)
    with transaction.atomic():
        decisions = Decision.objects.all()
        if asked != "undo":
            _act, changed = decisions.decide(
                candidate.draft, [candidate.pk], Verdict(asked), request.user
            )
        elif last is not None:
            changed = decisions.undo(candidate.draft, last.act, request.user)
            asked = last.before
        else:
            changed = 0
        if changed:
            Event.objects.all().record(
                candidate.draft_id,
                "candidate decided",
                actor=request.user,
                about=candidate.public_id,
                detail=asked,
            )
    return _after(request, candidate)


@require_POST
def note(request: Request, public_id: Any) -> HttpResponse:
    candidate = candidate_for(request.user, public_id, Role.EDITOR)
    form = NoteForm(request.POST)
    if not form.is_valid():
        # Said where it was written; without JavaScript on top of the page.
        if is_refresh(request):
            return _part(request, candidate, form)
        messages.error(request, form.errors["text"].as_text())
        return _back(request, candidate)
    with transaction.atomic():
        form.instance.candidate, form.instance.author = candidate, request.user
        written = form.save()
        written.refresh_from_db(fields=["public_id"])
        Event.objects.all().record(
            candidate.draft_id, "note added", actor=request.user, about=candidate.public_id
        )
    return _after(request, candidate)


@require_POST
def delete_note(request: Request, public_id: Any) -> HttpResponse:
    note = note_for(request.user, public_id, Role.EDITOR)
    if note.author_id != request.user.pk:
        messages.error(request, _("Only who wrote a note can delete it."))
        return _back(request, note.candidate)
    with transaction.atomic():
        Event.objects.all().record(
            note.candidate.draft_id,
            "note deleted",
            actor=request.user,
            about=note.candidate.public_id,
        )
        Note.objects.filter(pk=note.pk).delete()
    return _after(request, note.candidate)


@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: Request, public_id: Any) -> HttpResponse:
    """Show everybody of the draft who a hidden candidate is, after asking."""
    candidate = candidate_for(request.user, public_id, Role.EDITOR)
    if request.method != "POST":
        back = request.GET.get("back", "")
        context = {
            "name": blind.shown_name(candidate, candidate.draft),
            "draft": candidate.draft,
            "back": back if _is_ours(request, back) else candidate.get_absolute_url(),
        }
        return render(request, "candidates/reveal.html", context)
    if blind.reveal(candidate, request.user):
        messages.success(request, _("Everybody who sees this draft now sees who it is."))
    else:
        messages.info(request, _("Nothing was hidden about this candidate."))
    return _back(request, candidate)


@require_POST
def switch_blind(request: Request, public_id: Any) -> HttpResponse:
    """Blind mode of a draft on or off, as `blind` says."""
    draft = draft_for(request.user, public_id, Role.EDITOR)
    on = request.POST.get("blind") in ("1", "on", "true")
    if not blind.switch(draft, request.user, on=on):
        messages.info(request, _("Blind mode was so already."))
    elif on:
        messages.success(
            request, _("Blind mode is on: who candidates are is hidden until somebody decides.")
        )
    else:
        messages.success(request, _("Blind mode is off: everybody sees who the candidates are."))
    return redirect(draft)


def _after(request: Request, candidate: Candidate) -> HttpResponse:
    """The part again, or the whole page where more of it changes."""
    draft: Draft = candidate.draft
    if not is_refresh(request):
        return _back(request, candidate)
    if draft.blind:
        answer = HttpResponse(status=204)
        answer.headers["HX-Refresh"] = "true"
        return answer
    return _part(request, candidate)


def _part(request: Request, candidate: Candidate, form: NoteForm | None = None) -> HttpResponse:
    fresh = candidate_for(request.user, candidate.public_id)
    return render(request, PART, judgement(fresh, fresh.role, form))  # type: ignore[attr-defined]


def _back(request: Request, candidate: Candidate) -> HttpResponse:
    """To the page where the button was."""
    back = request.POST.get("back", "")
    return redirect(back if _is_ours(request, back) else candidate.get_absolute_url())


def _is_ours(request: Request, address: str) -> bool:
    return address.startswith("/") and url_has_allowed_host_and_scheme(
        address, allowed_hosts=None, require_https=request.is_secure()
    )
