"""Files that may be of the same person: the groups to decide about, and the decision."""

from dataclasses import dataclass
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
from candidates.pages.flags import FlagNote

GROUPS_A_PAGE = 20
MAX_FILES_IN_GROUP = 500


@dataclass(frozen=True, slots=True)
class FileRow:
    """What may be shown of a file; "" for what reading did not find, or is hidden."""

    candidate: Candidate
    name: str
    file: str
    found_name: str
    email: str


@dataclass(frozen=True, slots=True)
class FileGroup:
    """Files of what may be one person, the newest first, with what they have in common."""

    rows: list[FileRow]
    reasons: list[str]


@require_http_methods(["GET", "HEAD", "POST"])
def people(request: Request, public_id: UUID) -> HttpResponse:
    """The undecided groups, and the decision about one of them. Four queries."""
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
    return render(request, "candidates/duplicates.html", context)


@require_POST
def part(request: Request, public_id: UUID) -> HttpResponse:
    """Undo that several files were merged as one person's."""
    candidate = candidate_for(request.user, public_id, Role.EDITOR)
    PossibleDuplicate.objects.undo_merge(candidate, request.user)
    messages.success(request, _("Each file stands for itself again."))
    return redirect("candidates:people", candidate.draft.public_id)


def duplicate_notes(draft: Draft, candidates: list[int]) -> dict[int, list[FlagNote]]:
    """By candidate's id, who else in the draft may be the same person. One query."""
    pairs = PossibleDuplicate.objects.undecided().filter(
        Q(first__in=candidates) | Q(second__in=candidates)
    )
    notes: dict[int, list[FlagNote]] = {}
    for pair in pairs.select_related("first", "second").defer("first__text", "second__text"):
        for candidate, other in ((pair.first, pair.second), (pair.second, pair.first)):
            sentence = _("May be the same person as %(other)s: %(reason)s") % {
                "other": _shown(other, draft),
                "reason": pair.reason,
            }
            notes.setdefault(candidate.pk, []).append(FlagNote(sentence))
    return notes


def _shown(candidate: Candidate, draft: Draft) -> str:
    name, file = blind.shown_name(candidate, draft), blind.shown_filename(candidate, draft)
    return f"{name} ({file})" if file and file != name else name


def _group(pairs: list[PossibleDuplicate], draft: Draft) -> FileGroup:
    files = {file.pk: file for pair in pairs for file in (pair.first, pair.second)}
    newest_first = sorted(files.values(), key=lambda file: (file.created_at, file.pk), reverse=True)
    return FileGroup(
        [_row(file, draft) for file in newest_first],
        list(dict.fromkeys(pair.reason for pair in pairs)),
    )


def _row(candidate: Candidate, draft: Draft) -> FileRow:
    name, file = blind.shown_name(candidate, draft), blind.shown_filename(candidate, draft)
    if blind.is_hidden(candidate, draft):
        return FileRow(candidate, name, file, "", "")
    return FileRow(candidate, name, file, candidate.name, candidate.email)


def _decide(request: Request, draft: Draft) -> HttpResponse:
    ids = [text for text in request.POST.getlist("files")[:MAX_FILES_IN_GROUP] if _is_uuid(text)]
    chosen = list(draft.candidates.filter(public_id__in=ids).defer("text"))
    decision = request.POST.get("decision", "")
    decided = 0
    if len(chosen) > 1 and decision in (DuplicateDecision.MERGED, DuplicateDecision.APART):
        decided = PossibleDuplicate.objects.decide(
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


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
