"""Pages of a candidate: the result of reading, the original file, and personal data as a ZIP."""

from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from candidates import blind
from candidates.access import Request, archive_for, candidate_for
from candidates.models import Event, EventVerb
from candidates.models.draft import Role
from candidates.models.duplicate import other_files
from candidates.pages.flags import reading_notes
from candidates.personal_data import personal_data_zip

from .duplicates import duplicate_notes
from .exports import attachment
from .ratings import without_traces
from .reading import pane
from .review import review_context

SURE_CONFIDENCE = 0.7  # below it a page says that a name, address or number may be wrong


@require_safe
def candidate(request: Request, public_id: UUID) -> HttpResponse:
    """The status of the file, what reading found, and its evaluations. Nine queries."""
    candidate = candidate_for(request.user, public_id)
    draft = candidate.draft
    hidden = blind.is_hidden(candidate, draft)
    evaluations = candidate.evaluations.select_related("analysis").defer("analysis__criteria")
    role: Role = candidate.role  # type: ignore[attr-defined]
    context = {
        **review_context(candidate, role),
        **pane(candidate, draft, [], request.GET.get("show")),
        "name": blind.shown_name(candidate, draft),
        "draft": draft,
        "flags": without_traces(reading_notes(candidate), candidate, draft),
        "maybe": duplicate_notes(draft, [candidate.pk]).get(candidate.pk, []),
        "other_files": [] if hidden else other_files(candidate),
        "language": _language_name(candidate.language) if candidate.language else "",
        "unsure": [key for key, sure in candidate.confidence.items() if 0 < sure < SURE_CONFIDENCE],
        "sure": SURE_CONFIDENCE,
        "is_owner": role == Role.OWNER and not hidden,
        "evaluations": evaluations.order_by("-analysis__created_at")[:20],
    }
    return render(request, "candidates/candidate.html", context)


@require_safe
def original(request: Request, public_id: UUID) -> HttpResponseBase:
    """The file as it was uploaded, as a download that is never shown in the site's own origin.

    The file comes from a stranger: the headers prevent that a browser runs it, or a cache stores
    it.
    """
    candidate = candidate_for(request.user, public_id)
    if blind.is_hidden(candidate, candidate.draft):
        messages.error(request, _("The original is hidden until somebody decides."))
        return redirect(candidate)
    if not candidate.file:
        raise Http404("The file never came out of its archive.")
    try:
        file = candidate.file.open("rb")
    except FileNotFoundError as error:
        raise Http404("The file is no longer stored.") from error
    response = FileResponse(file, content_type="application/octet-stream")
    response.headers["Content-Length"] = str(candidate.size)
    response.headers["Content-Disposition"] = (
        f"attachment; filename*=UTF-8''{quote(candidate.filename, safe='')}"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@require_POST
def personal_data(request: Request, public_id: UUID) -> HttpResponseBase:
    """The personal data of the candidate as a ZIP, for the owner of the draft; recorded."""
    candidate = candidate_for(request.user, public_id, Role.OWNER)
    if blind.is_hidden(candidate, candidate.draft):
        messages.error(request, _("Who this is stays hidden until somebody decides."))
        return redirect(candidate)
    try:
        file = personal_data_zip(candidate)
    except FileNotFoundError as error:
        raise Http404("The file is no longer stored.") from error
    Event.objects.record(
        candidate.draft_id,
        EventVerb.CANDIDATE_EXPORTED,
        actor=request.user,
        about=candidate.public_id,
    )
    response = FileResponse(file, content_type="application/zip")
    response.headers["Content-Disposition"] = attachment(f"{candidate}.zip")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
def remove_archive(request: Request, public_id: UUID) -> HttpResponse:
    """Remove an archive that could not be unpacked; files unpacked from it stay."""
    archive = archive_for(request.user, public_id, Role.EDITOR)
    archive.remove(request.user)
    messages.success(request, _("The archive “%(name)s” is removed.") % {"name": archive})
    return redirect(archive.draft)


def _language_name(code: str) -> str:
    """The name of a language by its code of ISO 639-1; the code where Django has none."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code
