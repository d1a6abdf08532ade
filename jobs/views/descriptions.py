"""A job description as a file: upload it, and take over its text once a worker has read it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from candidates import intake
from candidates.access import Request, draft_for
from candidates.models import Draft
from candidates.models.description import DescriptionFileStatus
from candidates.models.draft import MAX_DESCRIPTION_CHARACTERS, MAX_TITLE_CHARACTERS, Role
from candidates.pages import live
from candidates.pages.draft_form import edit_draft
from jobs.execution.describe import DescriptionRefused, upload_description
from jobs.models import Heartbeat


@require_POST
def describe(request: Request, public_id: UUID) -> HttpResponse:
    """Save the draft's form as it was sent, and start reading the file sent with it."""
    return edit_draft(request, draft_for(request.user, public_id, Role.EDITOR), _ask)


@require_POST
def describe_new(request: Request) -> HttpResponse:
    """The same for a new draft; without a title it gets the name of the file."""
    file = request.FILES.get("file")
    posted = request.POST.copy()
    if file is not None and not posted.get("title", "").strip():
        stem = intake.clean_name(file.name or "").rpartition(".")[0]
        posted["title"] = " ".join(stem.replace("_", " ").split())[:MAX_TITLE_CHARACTERS]
    return edit_draft(request, Draft(owner=request.user), _ask, posted)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def described(request: Request, public_id: UUID) -> HttpResponse:
    """The result of the last file: a page, and the part of the form's page that shows it. Three
    queries."""
    draft = draft_for(request.user, public_id, Role.EDITOR)
    last = draft.description_files.defer("content").first()
    if request.method == "POST":
        return _take_over(request, draft, last.text if last else "")
    no_workers = last is not None and last.is_open and not Heartbeat.objects.alive().exists()
    state = live.digest(last and (last.pk, last.status), no_workers)
    if (unchanged := live.unchanged_response(request, state)) is not None:
        return unchanged
    context = {
        "draft": draft,
        "file": last,
        "is_ready": last is not None and last.status == DescriptionFileStatus.READY,
        "state": state,
        "no_workers": no_workers,
        "in_form": live.is_refresh(request),
    }
    part = "#described" if live.is_refresh(request) else ""
    return render(request, f"jobs/description_file.html{part}", context)


def _ask(request: Request, draft: Draft) -> HttpResponse:
    file = request.FILES.get("file")
    if file is None:
        messages.error(request, _("No file came along. Choose the job description first."))
    else:
        try:
            upload_description(draft, request.user, intake.from_upload(file))
        except DescriptionRefused as error:
            messages.error(request, str(error))
    return redirect(f"{reverse('candidates:edit', args=[draft.public_id])}#described")


def _take_over(request: Request, draft: Draft, text: str) -> HttpResponse:
    """Replace the description by the text, or append the text to it; used without scripts."""
    whole = f"{draft.description}\n\n{text}".strip() if "append" in request.POST else text
    if not text:
        messages.info(request, _("There is no text to take over."))
    elif len(whole) > MAX_DESCRIPTION_CHARACTERS:
        messages.error(
            request,
            _("Together that is more than %d characters. Shorten the description first.")
            % MAX_DESCRIPTION_CHARACTERS,
        )
    else:
        draft.replace_description(whole, request.user)
        messages.success(request, _("The text is taken over. Edit as you like."))
    return redirect("candidates:edit", draft.public_id)
