"""What somebody has been told behind the bell."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from candidates.access import Request
from jobs.models import BadAddress, Notice

NOTICES_A_PAGE = 30


@require_safe
def notices(request: Request) -> HttpResponse:
    """The newest first, and whether their e-mail comes back. Five queries."""
    mine = Notice.objects.visible_to(request.user)
    mine = mine.select_related("draft", "job__analysis", "actor")
    page = Paginator(mine, NOTICES_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "jobs/notices.html",
        {"page": page, "bad": BadAddress.objects.for_address(request.user.email)},
    )


@require_POST
def open_notice(request: Request, public_id: Any) -> HttpResponse:
    """Read it, and go to what it is about."""
    mine = Notice.objects.visible_to(request.user).select_related("draft", "job__analysis")
    notice = get_object_or_404(mine, public_id=public_id)
    Notice.objects.filter(pk=notice.pk).read()
    return redirect(notice)


@require_POST
def read_all(request: Request) -> HttpResponse:
    Notice.objects.filter(user=request.user).read()
    return redirect("jobs:notices")
