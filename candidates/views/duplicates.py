"""Files that may be of the same person, and what the manager makes of that."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from candidates import blind
from candidates.access import Request, candidate_for, draft_for
from candidates.models import Candidate, Draft, PossibleDuplicate
from candidates.models.draft import Role
from candidates.models.duplicate import DuplicateDecision
from candidates.pages.words import Note

GROUPS_A_PAGE = 20
MOST_FILES_OF_ONE = 500


@dataclass(frozen=True, slots=True)
class Group:
    """Files of what may be one person, the newest first, and what speaks for it."""

    rows: list["File"]
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class File:
    """What may be shown of a file; "" for what was not found, or is hidden."""

    candidate: Candidate
    name: str
    file: str
    found: str
    email: str


@require_http_methods(["GET", "HEAD", "POST"])
def people(request: Request, public_id: Any) -> HttpResponse:
    """The groups nobody has decided about, and the decision about one. Four queries."""
    needs = Role.EDITOR if request.method == "POST" else Role.VIEWER
    draft = draft_for(request.user, public_id, needs)
    if request.method == "POST":
        return _decide(request, draft)
    pairs = draft.possible_duplicates.undecided().select_related("first", "second")
    groups = pairs.defer("first__text", "second__text").groups()
    page = Paginator([_group(group, draft) for group in groups], GROUPS_A_PAGE).get_page(
        request.GET.get("page")
    )
    role: Role = draft.role  # type: ignore[attr-defined]
    context = {"draft": draft, "page": page, "may_change": Role(role).may(Role.EDITOR)}
    return render(request, "candidates/people.html", context)


@require_POST
def part(request: Request, public_id: Any) -> HttpResponse:
    """Take back that several files are one person's."""
    candidate = candidate_for(request.user, public_id, Role.EDITOR)
    PossibleDuplicate.objects.all().take_back(candidate, request.user)
    messages.success(request, _("Each file stands for itself again."))
    return redirect("candidates:people", candidate.draft.public_id)


def notes(draft: Draft, candidates: list[int]) -> dict[int, list[Note]]:
    """Who of these may be somebody else in the draft as well, by id. One query."""
    pairs = (
        PossibleDuplicate.objects.all()
        .undecided()
        .filter(Q(first__in=candidates) | Q(second__in=candidates))
    )
    found: dict[int, list[Note]] = {}
    for pair in pairs.select_related("first", "second").defer("first__text", "second__text"):
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            what = _("May be the same person as %(other)s: %(reason)s") % {
                "other": _called(other, draft),
                "reason": pair.reason,
            }
            found.setdefault(one.pk, []).append(Note(what))
    return found


def _called(candidate: Candidate, draft: Draft) -> str:
    name, file = blind.shown_name(candidate, draft), blind.shown_file(candidate, draft)
    return f"{name} ({file})" if file and file != name else name


def _group(pairs: list[PossibleDuplicate], draft: Draft) -> Group:
    files = {file.pk: file for pair in pairs for file in (pair.first, pair.second)}
    newest_first = sorted(files.values(), key=lambda one: (one.created_at, one.pk), reverse=True)
    return Group(
        [_file(one, draft) for one in newest_first],
        list(dict.fromkeys(pair.reason for pair in pairs)),
    )


def _file(candidate: Candidate, draft: Draft) -> File:
    name, file = blind.shown_name(candidate, draft), blind.shown_file(candidate, draft)
    if blind.is_hidden(candidate, draft):
        return File(candidate, name, file, "", "")
    return File(candidate, name, file, candidate.name, candidate.email)


def _decide(request: Request, draft: Draft) -> HttpResponse:
    named = [one for one in request.POST.getlist("files")[:MOST_FILES_OF_ONE] if _is_id(one)]
    chosen = list(draft.candidates.filter(public_id__in=named).defer("text"))
    decision = request.POST.get("decision", "")
    decided = 0
    if len(chosen) > 1 and decision in (DuplicateDecision.MERGED, DuplicateDecision.APART):
        decided = PossibleDuplicate.objects.all().decide(
            draft, chosen, DuplicateDecision(decision), request.user
        )
    if not decided:
        messages.info(request, _("Nothing was left to decide there. It may have been done before."))
    elif decision == DuplicateDecision.MERGED:
        messages.success(
            request,
            ngettext(
                "%(number)s file is one person now; the newest of them is ranked.",
                "%(number)s files are one person now; the newest of them is ranked.",
                len(chosen),
            )
            % {"number": len(chosen)},
        )
    else:
        messages.success(
            request, _("They are different people, and will not be asked about again.")
        )
    return redirect("candidates:people", draft.public_id)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
