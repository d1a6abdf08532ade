"""Drafts: list, create, edit, show, duplicate, erase."""

import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from candidates import blind
from candidates.access import Request, draft_for
from candidates.forms import RunForm
from candidates.intake import discard, remove_unreadable_files
from candidates.models import Candidate, Draft
from candidates.models.archive import ArchiveStatus
from candidates.models.candidate import CandidateStatus
from candidates.models.draft import Role
from candidates.pages import live
from candidates.pages.draft_form import edit_draft
from candidates.pages.draft_list import draft_rows
from candidates.reading import MAX_ARCHIVE_BYTES, MAX_BYTES
from candidates.scoring import engines, protected

log = logging.getLogger(__name__)

FILES_PER_PAGE = 50
FILES_PER_UPLOAD_REQUEST = 50  # that the script sends at once


@require_safe
def drafts(request: Request) -> HttpResponse:
    """All drafts of the user. Six queries."""
    page, rows = draft_rows(request)
    return render(request, "candidates/drafts.html", {"page": page, "rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Request) -> HttpResponse:
    return edit_draft(request, Draft(owner=request.user), _saved)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, public_id: UUID) -> HttpResponse:
    return edit_draft(request, draft_for(request.user, public_id, Role.EDITOR), _saved)


def _saved(request: Request, draft: Draft) -> HttpResponse:
    messages.success(request, _("The draft is saved."))
    return redirect(draft)


@require_POST
def duplicate(request: Request, public_id: UUID) -> HttpResponse:
    """Create a draft of the user with the same role and criteria, without the candidates."""
    draft = draft_for(request.user, public_id)
    copy = draft.duplicate(request.user, _("Copy of %s") % draft.title)
    messages.success(
        request, _("This is the copy. Its résumés are still to come, everything else is here.")
    )
    return redirect("candidates:edit", copy.public_id)


@require_safe
@never_cache  # a cached page would hold a form whose key is used
@vary_on_headers("HX-Request")
def draft(request: Request, public_id: UUID) -> HttpResponse:
    """The page of a draft; its list of files refreshes by itself. Ten queries."""
    draft = draft_for(request.user, public_id)
    role = Role(draft.role)  # type: ignore[attr-defined]
    if role != Role.OWNER and not live.is_refresh(request):
        unopened = draft.memberships.filter(user=request.user, opened_at=None)
        unopened.update(opened_at=Now())
    context = _files_context(request, draft)
    if (unchanged := live.unchanged_response(request, context["state"])) is not None:
        return unchanged
    context |= {
        "may_change": role.may(Role.EDITOR),
        "is_owner": role == Role.OWNER,
        "rows": [(candidate, *_shown_names(candidate, draft)) for candidate in context["page"]],
    }
    if live.is_refresh(request):
        answer = render(request, "candidates/draft.html#files", context)
        answer.headers["HX-Trigger"] = "files-changed"  # so that the estimate is loaded again
        return answer
    context |= _role_and_run_context(draft)
    return render(request, "candidates/draft.html", context)


def _files_context(request: Request, draft: Draft) -> dict[str, Any]:
    """The context of the list of files, with the digest of what it shows (`state`). Three queries;
    one more when `page` is iterated."""
    files = draft.file_tally()
    status = request.GET.get("status", "")
    # The order by file name would reveal something of the names.
    order = ("pk",) if draft.blind else ("filename", "pk")
    candidates = draft.candidates.order_by(*order).defer("text", "flags")
    if status == "waiting":
        candidates = candidates.filter(
            status__in=(CandidateStatus.WAITING, CandidateStatus.READING)
        )
    elif status in (CandidateStatus.READABLE, CandidateStatus.UNREADABLE):
        candidates = candidates.filter(status=status)
    else:
        status = ""
    paginator = Paginator(candidates, FILES_PER_PAGE)
    paginator.count = files[status or "total"]  # counted already
    page = paginator.get_page(request.GET.get("page"))
    archives = list(draft.archives.all())
    archive_states = [(archive.pk, archive.status, archive.done) for archive in archives]
    duplicates = draft.possible_duplicates.undecided().count()
    return {
        "draft": draft,
        "files": files,
        "archives": archives,
        "unpacking": sum(archive.status != ArchiveStatus.UNREADABLE for archive in archives),
        "duplicates": duplicates,
        "page": page,
        "status": status,
        "state": live.digest(files, status, page.number, archive_states, duplicates),
        "filters": [
            ("", _("all"), files["total"]),
            ("waiting", _("waiting"), files["waiting"]),
            ("readable", _("readable"), files["readable"]),
            ("unreadable", _("unreadable"), files["unreadable"]),
        ],
    }


def _role_and_run_context(draft: Draft) -> dict[str, Any]:
    """The context of the parts of the page that do not refresh. Two queries."""
    return {
        "members": draft.memberships.count(),
        "criteria": [
            (criterion, protected.find(criterion.name, criterion.looks_for))
            for criterion in draft.criteria.all()
        ],
        "run_form": RunForm(),
        "engine": settings.EVALUATOR_ENGINE,
        "model": settings.EVALUATOR_MODEL or engines.default_model(settings.EVALUATOR_ENGINE),
        "request_max": settings.UPLOAD_REQUEST_MAX,
        "files_per_request": FILES_PER_UPLOAD_REQUEST,
        "file_max": MAX_BYTES,
        "archive_max": MAX_ARCHIVE_BYTES,
    }


def _shown_names(candidate: Candidate, draft: Draft) -> tuple[str, str]:
    """The names of the candidate's file and of the candidate, as far as they may be shown."""
    if blind.is_hidden(candidate, draft):
        return blind.pseudonym(candidate), ""
    return candidate.filename, candidate.name


@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: Request, public_id: UUID) -> HttpResponse:
    """Erase a draft with its candidates, files, analyses and jobs, after a confirmation."""
    draft = draft_for(request.user, public_id, Role.OWNER)
    if request.method != "POST":
        context = {
            "subject": _("the draft “%s”") % draft.title,
            "consequence": _erase_consequence(draft.candidates.count(), draft.analyses.count()),
            "back_url": draft.get_absolute_url(),
        }
        return render(request, "candidates/erase.html", context)
    with transaction.atomic():
        names = list(draft.candidates.values_list("file", flat=True))
        names += draft.archives.values_list("file", flat=True)
        Draft.objects.filter(pk=draft.pk).delete()
        discard(names)
    log.info("draft %s with %d files: erased by user %s", draft.pk, len(names), request.user.pk)
    messages.success(request, _("The draft “%s” is erased.") % draft.title)
    return redirect("candidates:drafts")


@require_http_methods(["GET", "HEAD", "POST"])
def remove_unreadable(request: Request, public_id: UUID) -> HttpResponse:
    """Remove all candidates of a draft whose file cannot be read, after a confirmation."""
    draft = draft_for(request.user, public_id, Role.EDITOR)
    if request.method != "POST":
        number = draft.candidates.filter(status=CandidateStatus.UNREADABLE).count()
        files = ngettext("%d file", "%d files", number) % number
        context = {
            "subject": _("what cannot be read"),
            "consequence": _("%s that nothing could be read from, and all that is known of it.")
            % files,
            "back_url": draft.get_absolute_url(),
        }
        return render(request, "candidates/erase.html", context)
    if removed := remove_unreadable_files(draft, request.user):
        message = ngettext(
            "%d unreadable file is removed.", "%d unreadable files are removed.", removed
        )
        messages.success(request, message % removed)
    else:
        messages.info(request, _("There was no unreadable file."))
    return redirect(draft)


def _erase_consequence(candidates: int, analyses: int) -> str:
    if not candidates:
        return _("Its description and criteria go with it.")
    resumes = ngettext("%d résumé", "%d résumés", candidates) % candidates
    if not analyses:
        return _("Its %s with files and texts go with it.") % resumes
    rankings = ngettext("%d ranking", "%d rankings", analyses) % analyses
    return _("Its %(resumes)s with files and texts and %(rankings)s go with it.") % {
        "resumes": resumes,
        "rankings": rankings,
    }
