"""The form of a draft: shown, saved, and saved by itself while somebody types."""

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
    criteria_of,
    save_draft,
)
from candidates.models import Draft, Event, EventVerb
from candidates.pages import live

EDITS = (EventVerb.DRAFT_CREATED, EventVerb.DRAFT_CHANGED)


def edit_draft(
    request: Request,
    draft: Draft,
    then: Callable[[Request, Draft], HttpResponse],
    posted: QueryDict | None = None,
) -> HttpResponse:
    """The form of a draft; `then` answers once what was sent is saved. To the script that saves
    while somebody types, the answer is JSON. `posted` may stand for what the request brought."""
    if request.method != "POST":
        criteria = CriteriaFormSet(initial=criteria_of(draft), prefix="criteria")
        return _form(request, DraftForm(instance=draft), criteria)
    with transaction.atomic():
        draft = _to_write(request, draft)
        is_new = draft.pk is None
        form = DraftForm(posted or request.POST, instance=draft)
        criteria = CriteriaFormSet(request.POST, prefix="criteria")
        # Both are asked, so that all that is wrong is shown at once.
        valid = all([form.is_valid(), criteria.is_valid()])
        news = valid and (form.differs_from_draft() or criteria.differ_from(draft))
        meanwhile = _changed_meanwhile(request, draft) if news and not is_new else ""
        if news and not meanwhile:
            save_draft(form, criteria)
            draft.refresh_from_db(fields=["public_id", "updated_at"])
            verb = EventVerb.DRAFT_CREATED if is_new else EventVerb.DRAFT_CHANGED
            Event.objects.record_edit(draft.pk, verb, request.user)
    if live.wants_json(request):
        return _told(form, criteria, meanwhile)
    if valid and not meanwhile:
        return then(request, Draft.objects.get(pk=draft.pk))
    return _form(request, form, criteria, meanwhile)


def _to_write(request: Request, draft: Draft) -> Draft:
    """The draft, locked. A new one carries a key, so that it is made once however often its form
    comes."""
    drafts = Draft.objects.select_for_update()
    if draft.pk is not None:
        return get_object_or_404(drafts, pk=draft.pk)
    try:
        key = UUID(request.POST.get("key", ""))
    except ValueError:
        return draft
    made = drafts.filter(public_id=key).first()
    if made is None:
        draft.public_id = key
    return made if made is not None and made.owner_id == request.user.pk else draft


def _changed_meanwhile(request: Request, draft: Draft) -> str:
    """Who changed the draft since the form was filled, and when, in words; "" when nobody did, and
    when that was seen and is to be written over. One query."""
    seen = request.POST.get("seen", "")
    if "overwrite" in request.POST:
        return ""
    if seen == draft.updated_at.isoformat() or not (seen or request.POST.get("key")):
        return ""
    last = draft.events.filter(verb__in=EDITS).select_related("actor").last()
    by = last.actor.get_username() if last and last.actor else _("somebody")
    at = date_format(localtime(draft.updated_at), _("j F Y, H:i"))
    return _("%(by)s changed this draft on %(at)s, after this form was opened.") % {
        "by": by,
        "at": at,
    }


def _form(
    request: Request, form: DraftForm, criteria: BaseCriteria, meanwhile: str = ""
) -> HttpResponse:
    draft = form.instance if form.instance.pk else None
    context = {
        "form": form,
        "criteria": criteria,
        "draft": draft,
        "is_owner": draft is not None and draft.owner_id == request.user.pk,
        "meanwhile": meanwhile,
        "seen": form.data.get("seen", "") or (draft.updated_at.isoformat() if draft else ""),
        "key": form.data.get("key") or uuid4(),
        "has_file": draft is not None and draft.description_files.exists(),
    }
    status = HTTPStatus.CONFLICT if meanwhile else HTTPStatus.UNPROCESSABLE_ENTITY
    return render(
        request,
        "candidates/draft_form.html",
        context,
        status=status if form.is_bound else HTTPStatus.OK,
    )


def _told(form: DraftForm, criteria: BaseCriteria, meanwhile: str) -> HttpResponse:
    """What became of a form that saved itself."""
    if form.errors or criteria.total_error_count():
        wrong = [*form.errors.values(), criteria.non_form_errors()]
        wrong += [error for row in criteria.forms for error in row.errors.values()]
        first = next(str(error[0]) for error in wrong if error)
        return JsonResponse({"error": first}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if meanwhile:
        return JsonResponse({"meanwhile": meanwhile}, status=HTTPStatus.CONFLICT)
    draft = form.instance
    return JsonResponse(
        {
            "seen": draft.updated_at.isoformat(),
            "edit": reverse("candidates:edit", args=[draft.public_id]),
        }
    )
