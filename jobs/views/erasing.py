"""Erasing a candidate everywhere, and the receipts."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from candidates import blind
from candidates.access import Request, candidate_for
from candidates.models import Receipt
from candidates.models.draft import Role
from jobs.retention.erase import CannotEraseYet, erase_candidates, other_files

RECEIPTS_A_PAGE = 30


@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: Request, public_id: UUID) -> HttpResponse:
    """Erase a candidate with everything about them, after asking; and their other files."""
    candidate = candidate_for(request.user, public_id, Role.EDITOR)
    others = list(other_files(candidate, request.user))
    if request.method != "POST":
        name = blind.shown_name(candidate, candidate.draft)
        hidden = blind.is_hidden(candidate, candidate.draft)
        # By the name of this candidate where their own would reveal who it is.
        copies = [
            (other, name if hidden else blind.shown_name(other, other.draft)) for other in others
        ]
        context = {
            "name": name,
            "candidate": candidate,
            "copies": copies,
        }
        return render(request, "jobs/erase_candidate.html", context)
    chosen = set(request.POST.getlist("copy"))
    erased = [candidate, *(other for other in others if str(other.public_id) in chosen)]
    try:
        receipts = erase_candidates(erased, request.user)
    except CannotEraseYet as error:
        messages.error(request, str(error))
        return redirect(candidate)
    # Without the name: the browser keeps the message until it is shown.
    messages.success(request, _("Everything about this candidate is erased. This is the receipt."))
    return redirect(receipts[0] if len(receipts) == 1 else "jobs:receipts")


@require_safe
def receipt(request: Request, public_id: UUID) -> HttpResponse:
    """One query."""
    visible = Receipt.objects.all().visible_to(request.user).select_related("draft", "by")
    receipt = get_object_or_404(visible, public_id=public_id)
    return render(request, "jobs/receipt.html", {"receipt": receipt})


@require_safe
def receipts(request: Request) -> HttpResponse:
    """The receipts of the user's drafts and of what they erased, newest first. Two queries."""
    visible = Receipt.objects.all().visible_to(request.user).select_related("draft", "by")
    page = Paginator(visible, RECEIPTS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "jobs/receipts.html", {"page": page})
