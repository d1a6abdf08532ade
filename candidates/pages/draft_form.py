"""The form of a draft: shown, saved, and saved automatically while the user types."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID, uuid4

from django.db import transaction
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from candidates.access import Request
from candidates.forms import (
    BaseCriteria,
    CriteriaFormSet,
    DraftForm,
    initial_criteria,
)
from candidates.models import Draft, EventVerb
from candidates.pages import live

EDITS = (EventVerb.DRAFT_CREATED, EventVerb.DRAFT_CHANGED)


def edit_draft(
    request: Request,
    draft: Draft,
    then: Callable[[Request, Draft], HttpResponse],
    posted: QueryDict | None = None,
) -> HttpResponse:
    """Show or save the form of a draft; `then` makes the answer once the form is saved. The script
    that saves while the user types gets JSON. `posted` takes the place of the request's data."""
    if request.method != "POST":
        criteria = CriteriaFormSet(initial=initial_criteria(draft), prefix="criteria")
        return _render_form(request, DraftForm(instance=draft), criteria)
    with transaction.atomic():
        draft = _lock_draft(request, draft)
        is_new = draft.pk is None
        form = DraftForm(posted or request.POST, instance=draft)
        criteria = CriteriaFormSet(request.POST, prefix="criteria")
        # Both are validated, so that all errors are shown at once.
        is_valid = all([form.is_valid(), criteria.is_valid()])
        is_changed = is_valid and (form.differs_from_draft() or criteria.differ_from(draft))
        conflict = _edit_conflict(request, draft) if is_changed and not is_new else ""
        if is_changed and not conflict:
            draft.save_edit(criteria.instances(), request.user)
    if live.wants_json(request):
        return _autosave_answer(form, criteria, conflict)
    if is_valid and not conflict:
        return then(request, Draft.objects.get(pk=draft.pk))
    return _render_form(request, form, criteria, conflict)


def _lock_draft(request: Request, draft: Draft) -> Draft:
    """The draft, locked. The form of a new draft carries a key, so that the draft is created once
    however often the form is sent."""
    drafts = Draft.objects.select_for_update()
    if draft.pk is not None:
        return get_object_or_404(drafts, pk=draft.pk)
    try:
        key = UUID(request.POST.get("key", ""))
    except ValueError:
        return draft
    existing = drafts.filter(public_id=key).first()
    if existing is None:
        draft.public_id = key
    return existing if existing is not None and existing.owner_id == request.user.pk else draft


def _edit_conflict(request: Request, draft: Draft) -> str:
    """A sentence that tells who changed the draft after the form was opened, and when; "" without
    such a change, and where the user chose to overwrite it. One query."""
    loaded_version = request.POST.get("seen", "")
    if "overwrite" in request.POST:
        return ""
    if loaded_version == draft.updated_at.isoformat():
        return ""
    if not (loaded_version or request.POST.get("key")):
        return ""
    last = draft.events.filter(verb__in=EDITS).select_related("actor").last()
    by = last.actor.get_username() if last and last.actor else _("somebody")
    time = date_format(localtime(draft.updated_at), _("j F Y, H:i"))
    return _("%(by)s changed this draft on %(at)s, after this form was opened.") % {
        "by": by,
        "at": time,
    }


def _render_form(
    request: Request, form: DraftForm, criteria: BaseCriteria, conflict: str = ""
) -> HttpResponse:
    draft = form.instance if form.instance.pk else None
    context = {
        "form": form,
        "criteria": criteria,
        "draft": draft,
        "is_owner": draft is not None and draft.owner_id == request.user.pk,
        "conflict": conflict,
        "version": form.data.get("seen", "") or (draft.updated_at.isoformat() if draft else ""),
        "key": form.data.get("key") or uuid4(),
        "has_file": draft is not None and draft.description_files.exists(),
    }
    status = HTTPStatus.CONFLICT if conflict else HTTPStatus.UNPROCESSABLE_ENTITY
    return render(
        request,
        "candidates/draft_form.html",
        context,
        status=status if form.is_bound else HTTPStatus.OK,
    )


def _autosave_answer(form: DraftForm, criteria: BaseCriteria, conflict: str) -> HttpResponse:
    """The result of an automatic save: an error, a conflict, or the new version."""
    if form.errors or criteria.total_error_count():
        errors = [*form.errors.values(), criteria.non_form_errors()]
        errors += [error for row in criteria.forms for error in row.errors.values()]
        first = next(str(error[0]) for error in errors if error)
        return JsonResponse({"error": first}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if conflict:
        return JsonResponse({"meanwhile": conflict}, status=HTTPStatus.CONFLICT)
    draft = form.instance
    return JsonResponse(
        {
            "seen": draft.updated_at.isoformat(),
            "edit": reverse("candidates:edit", args=[draft.public_id]),
        }
    )
