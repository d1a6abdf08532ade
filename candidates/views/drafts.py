"""Drafts: list, create, edit, look at, erase."""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from candidates.access import Request, draft_for
from candidates.forms import CriteriaFormSet, DraftForm, RunForm, save_draft
from candidates.intake import discard
from candidates.models import Analysis, Candidate, Draft, Event
from candidates.models.archive import Status as Packed
from candidates.models.candidate import Status
from candidates.models.draft import Role
from candidates.reading import MAX_ARCHIVE_BYTES, MAX_BYTES
from candidates.scoring import engines, protected

from . import live

log = logging.getLogger(__name__)

DRAFTS_A_PAGE = 25
FILES_A_PAGE = 50
FILES_A_REQUEST = 50


@require_safe
def drafts(request: Request) -> HttpResponse:
    """All drafts of the user. Five queries."""
    mine = Draft.objects.visible_to(request.user).order_by("-updated_at", "-pk")
    page = Paginator(mine, DRAFTS_A_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    counted = Candidate.objects.filter(draft__in=shown).values_list("draft", "status")
    counts: dict[int, dict[str, int]] = {}
    for draft_id, status, number in counted.annotate(number=Count("pk")):
        counts.setdefault(draft_id, {})[status] = number
    last = Analysis.objects.filter(draft__in=shown).order_by("draft", "-created_at")
    runs = {analysis.draft_id: analysis for analysis in last.distinct("draft").defer("criteria")}
    rows = [
        {"draft": draft, "files": _counts(counts.get(draft.pk, {})), "last": runs.get(draft.pk)}
        for draft in shown
    ]
    return render(request, "candidates/drafts.html", {"page": page, "rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Request) -> HttpResponse:
    return edited(request, Draft(owner=request.user), _saved)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, public_id: Any) -> HttpResponse:
    return edited(request, draft_for(request.user, public_id, Role.EDITOR), _saved)


def edited(
    request: Request, draft: Draft, then: Callable[[Request, Draft], HttpResponse]
) -> HttpResponse:
    """The form of a draft; `then` answers once what was sent is saved."""
    is_new = draft.pk is None
    posted = request.POST if request.method == "POST" else None
    form = DraftForm(posted, instance=draft)
    criteria = CriteriaFormSet(posted, instance=draft, prefix="criteria")
    # Both are asked, so that all that is wrong is shown at once.
    if posted is not None and all([form.is_valid(), criteria.is_valid()]):
        with transaction.atomic():
            draft = save_draft(form, criteria)
            Event.objects.all().record(
                draft.pk, "draft created" if is_new else "draft changed", actor=request.user
            )
        return then(request, Draft.objects.get(pk=draft.pk))
    context = {"form": form, "criteria": criteria, "draft": None if is_new else draft}
    return render(
        request, "candidates/draft_form.html", context, status=200 if posted is None else 422
    )


def _saved(request: Request, draft: Draft) -> HttpResponse:
    messages.success(request, "The draft is saved.")
    return redirect(draft)


@require_safe
@never_cache  # a page of before would hold a form that has been used
@vary_on_headers("HX-Request")
def draft(request: Request, public_id: Any) -> HttpResponse:
    """One draft with its files; the part that lives refreshes by itself. Eight queries."""
    draft = draft_for(request.user, public_id)
    counted = draft.candidates.order_by().values_list("status").annotate(number=Count("pk"))
    files = _counts(dict(counted))
    status = request.GET.get("status", "")
    chosen = draft.candidates.order_by("filename", "pk").defer("text", "flags")
    if status == "waiting":
        chosen = chosen.filter(status__in=(Status.WAITING, Status.READING))
    elif status in (Status.READABLE, Status.UNREADABLE):
        chosen = chosen.filter(status=status)
    else:
        status = ""
    paginator = Paginator(chosen, FILES_A_PAGE)
    paginator.count = files[status or "total"]  # known already
    page = paginator.get_page(request.GET.get("page"))
    archives = list(draft.archives.all())
    unpacking = sum(archive.status != Packed.UNREADABLE for archive in archives)
    told = [(archive.pk, archive.status, archive.done) for archive in archives]
    alike = draft.likenesses.undecided().count()
    state = live.digest(files, status, page.number, told, alike)
    if (unchanged := live.nothing_new(request, state)) is not None:
        return unchanged
    context = {
        "draft": draft,
        "files": files,
        "archives": archives,
        "unpacking": unpacking,
        "alike": alike,
        "page": page,
        "status": status,
        "state": state,
        "filters": [
            ("", "all", files["total"]),
            *((name, name, files[name]) for name in ("waiting", "readable", "unreadable")),
        ],
    }
    if live.is_refresh(request):
        answer = render(request, "candidates/draft.html#files", context)
        answer.headers["HX-Trigger"] = "files-changed"  # what a run would take has changed too
        return answer
    context |= {
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


@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: Request, public_id: Any) -> HttpResponse:
    """Remove a draft with its candidates, files, analyses and jobs, after asking."""
    draft = draft_for(request.user, public_id, Role.OWNER)
    if request.method != "POST":
        context = {
            "thing": f"the draft “{draft.title}”",
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
    messages.success(request, f"The draft “{draft.title}” is erased.")
    return redirect("candidates:drafts")


def _with_it(candidates: int, analyses: int) -> str:
    if not candidates:
        return "Its description and criteria go with it."
    rankings = f" and {analyses} ranking{'s' * (analyses != 1)}" if analyses else ""
    return (
        f"Its {candidates} résumé{'s' * (candidates != 1)} with files and texts{rankings} "
        "go with it."
    )


def _counts(by_status: dict[str, int]) -> dict[str, int]:
    """Files by what a person wants to know: can it be read, can it not, or is that open?"""
    waiting = by_status.get(Status.WAITING, 0) + by_status.get(Status.READING, 0)
    total = sum(by_status.values())
    return {
        "total": total,
        "waiting": waiting,
        "readable": by_status.get(Status.READABLE, 0),
        "unreadable": by_status.get(Status.UNREADABLE, 0),
        "done": total - waiting,
    }
