"""Drafts: list, create, edit, look at, erase."""

import logging
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
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
from candidates.forms import (
    RunForm,
)
from candidates.intake import discard, remove_unreadable_files
from candidates.models import Candidate, Draft
from candidates.models.archive import ArchiveStatus
from candidates.models.candidate import CandidateStatus
from candidates.models.draft import Role
from candidates.pages import live
from candidates.pages.draft_form import edit_draft
from candidates.pages.draft_list import draft_rows, file_counts
from candidates.reading import MAX_ARCHIVE_BYTES, MAX_BYTES
from candidates.scoring import engines, protected

log = logging.getLogger(__name__)

FILES_A_PAGE = 50
FILES_A_REQUEST = 50


@require_safe
def drafts(request: Request) -> HttpResponse:
    """All drafts of the user. Six queries."""
    page, rows = draft_rows(request)
    return render(request, "candidates/drafts.html", {"page": page, "rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Request) -> HttpResponse:
    return edit_draft(request, Draft(owner=request.user), _saved)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, public_id: Any) -> HttpResponse:
    return edit_draft(request, draft_for(request.user, public_id, Role.EDITOR), _saved)


def _saved(request: Request, draft: Draft) -> HttpResponse:
    messages.success(request, _("The draft is saved."))
    return redirect(draft)


@require_POST
def duplicate(request: Request, public_id: Any) -> HttpResponse:
    """A new draft of one's own with the same role and criteria, and without the candidates."""
    draft = draft_for(request.user, public_id)
    copy = draft.duplicate(request.user, _("Copy of %s") % draft.title)
    messages.success(
        request, _("This is the copy. Its résumés are still to come, everything else is here.")
    )
    return redirect("candidates:edit", copy.public_id)


@require_safe
@never_cache  # a page of before would hold a form that has been used
@vary_on_headers("HX-Request")
def draft(request: Request, public_id: Any) -> HttpResponse:
    """One draft with its files; the part that lives refreshes by itself. Ten queries."""
    draft = draft_for(request.user, public_id)
    role = Role(draft.role)  # type: ignore[attr-defined]
    if role != Role.OWNER and not live.is_refresh(request):
        unopened = draft.memberships.filter(user=request.user, opened_at=None)
        unopened.update(opened_at=Now())
    counted = draft.candidates.order_by().values_list("status").annotate(number=Count("pk"))
    files = file_counts(dict(counted))
    status = request.GET.get("status", "")
    # Even the order of names would tell something of a name.
    order = ("pk",) if draft.blind else ("filename", "pk")
    chosen = draft.candidates.order_by(*order).defer("text", "flags")
    if status == "waiting":
        chosen = chosen.filter(status__in=(CandidateStatus.WAITING, CandidateStatus.READING))
    elif status in (CandidateStatus.READABLE, CandidateStatus.UNREADABLE):
        chosen = chosen.filter(status=status)
    else:
        status = ""
    paginator = Paginator(chosen, FILES_A_PAGE)
    paginator.count = files[status or "total"]  # known already
    page = paginator.get_page(request.GET.get("page"))
    archives = list(draft.archives.all())
    unpacking = sum(archive.status != ArchiveStatus.UNREADABLE for archive in archives)
    told = [(archive.pk, archive.status, archive.done) for archive in archives]
    alike = draft.possible_duplicates.undecided().count()
    state = live.digest(files, status, page.number, told, alike)
    if (unchanged := live.nothing_new(request, state)) is not None:
        return unchanged
    context = {
        "draft": draft,
        "may_change": role.may(Role.EDITOR),
        "is_owner": role == Role.OWNER,
        "files": files,
        "archives": archives,
        "unpacking": unpacking,
        "alike": alike,
        "page": page,
        "rows": [(one, *_called(one, draft)) for one in page],
        "status": status,
        "state": state,
        "filters": [
            ("", _("all"), files["total"]),
            ("waiting", _("waiting"), files["waiting"]),
            ("readable", _("readable"), files["readable"]),
            ("unreadable", _("unreadable"), files["unreadable"]),
        ],
    }
    if live.is_refresh(request):
        answer = render(request, "candidates/draft.html#files", context)
        answer.headers["HX-Trigger"] = "files-changed"  # what a run would take has changed too
        return answer
    context |= {
        "members": draft.memberships.count(),
        "criteria": [
            (one, protected.find(one.name, one.looks_for)) for one in draft.criteria.all()
        ],
        "run_form": RunForm(),
        "engine": settings.EVALUATOR_ENGINE,
        "model": settings.EVALUATOR_MODEL or engines.default_model(settings.EVALUATOR_ENGINE),
        "request_max": settings.UPLOAD_REQUEST_MAX,
        "files_a_request": FILES_A_REQUEST,
        "file_max": MAX_BYTES,
        "archive_max": MAX_ARCHIVE_BYTES,
    }
    return render(request, "candidates/draft.html", context)


def _called(candidate: Candidate, draft: Draft) -> tuple[str, str]:
    """What the page calls the candidate's file, and the candidate."""
    if blind.is_hidden(candidate, draft):
        return blind.stand_in(candidate), ""
    return candidate.filename, candidate.name


@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: Request, public_id: Any) -> HttpResponse:
    """Remove a draft with its candidates, files, analyses and jobs, after asking."""
    draft = draft_for(request.user, public_id, Role.OWNER)
    if request.method != "POST":
        context = {
            "thing": _("the draft “%s”") % draft.title,
            "with_it": _with_it(draft.candidates.count(), draft.analyses.count()),
            "back": draft.get_absolute_url(),
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
def remove_unreadable(request: Request, public_id: Any) -> HttpResponse:
    """Remove every candidate of a draft whose file cannot be read, after asking."""
    draft = draft_for(request.user, public_id, Role.EDITOR)
    if request.method != "POST":
        number = draft.candidates.filter(status=CandidateStatus.UNREADABLE).count()
        files = ngettext("%d file", "%d files", number) % number
        context = {
            "thing": _("what cannot be read"),
            "with_it": _("%s that nothing could be read from, and all that is known of it.")
            % files,
            "back": draft.get_absolute_url(),
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


def _with_it(candidates: int, analyses: int) -> str:
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
