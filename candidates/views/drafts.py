"""Drafts: list, create, edit, look at, erase."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import Count, OuterRef
from django.db.models.functions import Now
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from candidates import blind
from candidates.access import Request, draft_for
from candidates.forms import (
    BaseCriteria,
    CriteriaFormSet,
    DraftForm,
    RunForm,
    criteria_of,
    save_draft,
)
from candidates.intake import discard
from candidates.models import Analysis, Candidate, Draft, Evaluation, Event
from candidates.models.analysis import Status as Scored
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
CHANGES = ("draft created", "draft changed")


@require_safe
def drafts(request: Request) -> HttpResponse:
    """All drafts of the user. Six queries."""
    page, rows = listed(request)
    return render(request, "candidates/drafts.html", {"page": page, "rows": rows})


def listed(request: Request) -> tuple[Page[Draft], list[dict[str, Any]]]:
    """A page of the user's drafts, each with its files, and its last run with the best score and
    how many files are newer. Four queries."""
    mine = Draft.objects.visible_to(request.user).select_related("owner")
    paginator = Paginator(mine.order_by("-updated_at", "-pk"), DRAFTS_A_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    shown = list(page.object_list)
    counted = Candidate.objects.filter(draft__in=shown).order_by().values_list("draft", "status")
    counts: dict[int, dict[str, int]] = {}
    for draft_id, status, number in counted.annotate(number=Count("pk")):
        counts.setdefault(draft_id, {})[status] = number
    last = Analysis.objects.filter(draft__in=shown).order_by("draft", "-created_at", "-pk")
    best = Evaluation.objects.filter(analysis=OuterRef("pk"), status=Scored.SCORED, rank=1)
    newer = Candidate.objects.filter(
        draft=OuterRef("draft"), created_at__gt=OuterRef("created_at")
    ).order_by()
    runs = Analysis.objects.filter(pk__in=last.distinct("draft").values("pk")).annotate(
        best=best.values("score")[:1],
        newer=newer.values("draft").annotate(number=Count("pk")).values("number"),
    )
    by_draft = {run.draft_id: run for run in runs.defer("criteria")}
    return page, [
        {
            "draft": draft,
            "files": _counts(counts.get(draft.pk, {})),
            "last": by_draft.get(draft.pk),
            "shared_by": draft.owner if draft.owner_id != request.user.pk else None,
        }
        for draft in shown
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Request) -> HttpResponse:
    return edited(request, Draft(owner=request.user), _saved)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, public_id: Any) -> HttpResponse:
    return edited(request, draft_for(request.user, public_id, Role.EDITOR), _saved)


def edited(
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
        news = valid and (form.says_something_new() or criteria.says_something_new(draft))
        meanwhile = _changed_meanwhile(request, draft) if news and not is_new else ""
        if news and not meanwhile:
            save_draft(form, criteria)
            draft.refresh_from_db(fields=["public_id", "updated_at"])
            verb = "draft created" if is_new else "draft changed"
            Event.objects.all().record_sitting(draft.pk, verb, request.user)
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
    last = draft.events.filter(verb__in=CHANGES).select_related("actor").last()
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


def _saved(request: Request, draft: Draft) -> HttpResponse:
    messages.success(request, _("The draft is saved."))
    return redirect(draft)


@require_POST
def duplicate(request: Request, public_id: Any) -> HttpResponse:
    """A new draft of one's own with the same role and criteria, and without the candidates."""
    draft = draft_for(request.user, public_id)
    with transaction.atomic():
        copy = draft.duplicate(request.user, _("Copy of %s") % draft.title)
        Event.objects.all().record(copy.pk, "draft created", actor=request.user, detail="a copy")
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
    files = _counts(dict(counted))
    status = request.GET.get("status", "")
    # Even the order of names would tell something of a name.
    order = ("pk",) if draft.blind else ("filename", "pk")
    chosen = draft.candidates.order_by(*order).defer("text", "flags")
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
        number = draft.candidates.filter(status=Status.UNREADABLE).count()
        files = ngettext("%d file", "%d files", number) % number
        context = {
            "thing": _("what cannot be read"),
            "with_it": _("%s that nothing could be read from, and all that is known of it.")
            % files,
            "back": draft.get_absolute_url(),
        }
        return render(request, "candidates/erase.html", context)
    with transaction.atomic():
        bad = draft.candidates.filter(status=Status.UNREADABLE).select_for_update()
        names = dict(bad.values_list("pk", "file"))
        if names:
            Candidate.objects.filter(pk__in=names).delete()
            discard(names.values())
            detail = str(len(names))
            Event.objects.all().record(
                draft.pk, "unreadable files removed", actor=request.user, detail=detail
            )
    if names:
        told = ngettext(
            "%d unreadable file is removed.", "%d unreadable files are removed.", len(names)
        )
        messages.success(request, told % len(names))
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
