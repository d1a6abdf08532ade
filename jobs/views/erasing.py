"""Erasing a candidate everywhere, and the receipts of that."""

from typing import Any

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
def erase(request: Request, public_id: Any) -> HttpResponse:
    """Remove a candidate with all that is known of them, after asking; and their other files."""
    candidate = candidate_for(request.user, public_id, Role.EDITOR)
    others = list(other_files(candidate, request.user))
    if request.method != "POST":
        name = blind.shown_name(candidate, candidate.draft)
        hidden = blind.is_hidden(candidate, candidate.draft)
        named = [
            (other, name if hidden else blind.shown_name(other, other.draft)) for other in others
        ]
        context = {
            "name": name,
            "candidate": candidate,
            "copies": named,  # by the name of this one where their own would tell who it is
        }
        return render(request, "jobs/erase_candidate.html", context)
    chosen = set(request.POST.getlist("copy"))
    whole = [candidate, *(other for other in others if str(other.public_id) in chosen)]
    try:
        receipts = erase_candidates(whole, request.user)
    except CannotEraseYet as error:
        messages.error(request, str(error))
        return redirect(candidate)
    # Without the name, which would be kept in the browser until the message is shown.
    messages.success(request, _("Everything about this candidate is erased. This is the receipt."))
    return redirect(receipts[0] if len(receipts) == 1 else "jobs:receipts")


@require_safe
def receipt(request: Request, public_id: Any) -> HttpResponse:
    """One query."""
    found = Receipt.objects.all().visible_to(request.user).select_related("draft", "by")
    return render(
        request, "jobs/receipt.html", {"receipt": get_object_or_404(found, public_id=public_id)}
    )


@require_safe
def receipts(request: Request) -> HttpResponse:
    """Those of the user's drafts and of what they have erased, the newest first. Two queries."""
    mine = Receipt.objects.all().visible_to(request.user).select_related("draft", "by")
    page = Paginator(mine, RECEIPTS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "jobs/receipts.html", {"page": page})
