"""The notices of a user."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from candidates.access import Request
from jobs.models import BadAddress, Notice

NOTICES_PER_PAGE = 30


@require_safe
def notices(request: Request) -> HttpResponse:
    """The notices, newest first, and whether the user's address is bad. Five queries."""
    visible = Notice.objects.visible_to(request.user)
    visible = visible.select_related("draft", "job__analysis", "actor")
    page = Paginator(visible, NOTICES_PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "jobs/notices.html",
        {"page": page, "bad_address": BadAddress.objects.for_address(request.user.email)},
    )


@require_POST
def open_notice(request: Request, public_id: UUID) -> HttpResponse:
    """Mark the notice as read, and go to what it is about."""
    visible = Notice.objects.visible_to(request.user).select_related("draft", "job__analysis")
    notice = get_object_or_404(visible, public_id=public_id)
    Notice.objects.filter(pk=notice.pk).mark_read()
    return redirect(notice)


@require_POST
def read_all(request: Request) -> HttpResponse:
    Notice.objects.filter(user=request.user).mark_read()
    return redirect("jobs:notices")
