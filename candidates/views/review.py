"""Reviewing one candidate: the decision with its history, notes, and lifting blind mode."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from candidates import blind
from candidates.access import Request, candidate_for, draft_for, note_for
from candidates.models import Candidate, Decision, Draft, Note
from candidates.models.candidate import Verdict
from candidates.models.draft import Role
from candidates.pages import verdicts
from candidates.pages.live import is_refresh

REVIEW_TEMPLATE = "candidates/review.html"


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


def review_context(
    candidate: Candidate, role: Role | str, form: NoteForm | None = None
) -> dict[str, Any]:
    """The context of the part with decision and notes. Two queries; `role` is the reader's."""
    without_name = blind.identity_mask(candidate, candidate.draft)
    history = candidate.decisions.select_related("decided_by").order_by("-pk")
    notes = candidate.notes.select_related("author")
    return {
        "candidate": candidate,
        "hidden": blind.is_hidden(candidate, candidate.draft),
        "decided": verdicts.VERDICT_WORDS[Verdict(candidate.verdict)].decided,
        "choices": verdicts.CHOICES,
        "may_change": Role(role).may(Role.EDITOR),
        "history": [(verdicts.VERDICT_WORDS[Verdict(row.verdict)].decided, row) for row in history],
        "notes": [(without_name(note.text), note) for note in notes],
        "note_form": form or NoteForm(),
    }


@require_POST
def decide(request: Request, public_id: UUID) -> HttpResponse:
    """Shortlist, maybe, reject, or clear the decision; "undo" undoes the user's own, unless there
    is a newer one."""
    candidate = candidate_for(request.user, public_id, Role.EDITOR)
    verdict = request.POST.get("verdict", "")
    if verdict == "undo":
        last = candidate.decisions.last()
        if last is not None:
            Decision.objects.undo(
                candidate.draft, last.batch, request.user, about=candidate.public_id
            )
    elif verdict in Verdict:
        Decision.objects.decide(
            candidate.draft,
            [candidate.pk],
            Verdict(verdict),
            request.user,
            about=candidate.public_id,
        )
    else:
        messages.error(request, _("Choose shortlist, maybe or reject."))
        return _back(request, candidate)
    return _after(request, candidate)


@require_POST
def note(request: Request, public_id: UUID) -> HttpResponse:
    """Add a note."""
    candidate = candidate_for(request.user, public_id, Role.EDITOR)
    form = NoteForm(request.POST)
    if not form.is_valid():
        # Shown beside the field; without JavaScript on top of the page.
        if is_refresh(request):
            return _part(request, candidate, form)
        messages.error(request, form.errors["text"].as_text())
        return _back(request, candidate)
    Note.objects.add(candidate, form.cleaned_data["text"], request.user)
    return _after(request, candidate)


@require_POST
def delete_note(request: Request, public_id: UUID) -> HttpResponse:
    note = note_for(request.user, public_id, Role.EDITOR)
    if note.author_id != request.user.pk:
        messages.error(request, _("Only who wrote a note can delete it."))
        return _back(request, note.candidate)
    Note.objects.remove(note, request.user)
    return _after(request, note.candidate)


@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: Request, public_id: UUID) -> HttpResponse:
    """Show everybody of the draft who a hidden candidate is, after a confirmation."""
    candidate = candidate_for(request.user, public_id, Role.EDITOR)
    if request.method != "POST":
        back = request.GET.get("back", "")
        context = {
            "name": blind.shown_name(candidate, candidate.draft),
            "draft": candidate.draft,
            "back": back if _is_internal(request, back) else candidate.get_absolute_url(),
        }
        return render(request, "candidates/reveal.html", context)
    if blind.reveal(candidate, request.user):
        messages.success(request, _("Everybody who sees this draft now sees who it is."))
    else:
        messages.info(request, _("Nothing was hidden about this candidate."))
    return _back(request, candidate)


@require_POST
def switch_blind(request: Request, public_id: UUID) -> HttpResponse:
    """Turn a draft's blind mode on or off, by the field `blind`."""
    draft = draft_for(request.user, public_id, Role.EDITOR)
    on = request.POST.get("blind") in ("1", "on", "true")
    if not blind.set_blind_mode(draft, request.user, on=on):
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
    context = review_context(fresh, fresh.role, form)  # type: ignore[attr-defined]
    back = request.POST.get("back", "")
    return render(request, REVIEW_TEMPLATE, context | {"back": back})


def _back(request: Request, candidate: Candidate) -> HttpResponse:
    """A redirect to the page where the button was."""
    back = request.POST.get("back", "")
    return redirect(back if _is_internal(request, back) else candidate.get_absolute_url())


def _is_internal(request: Request, address: str) -> bool:
    return address.startswith("/") and url_has_allowed_host_and_scheme(
        address, allowed_hosts=None, require_https=request.is_secure()
    )
