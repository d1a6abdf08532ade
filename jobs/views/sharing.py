"""With whom a draft is shared: looking, inviting, changing what somebody may do, ending it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from candidates.access import Request, draft_for, membership_for
from candidates.forms import InvitationForm, RoleForm
from candidates.models import Draft, Event, Membership
from candidates.models.draft import Role
from jobs.notifications.recipients import queue_invitation


@require_http_methods(["GET", "HEAD", "POST"])
def sharing(request: Request, public_id: Any) -> HttpResponse:
    """Who has access to a draft, for all who have; inviting somebody is for the owner."""
    needs = Role.OWNER if request.method == "POST" else Role.VIEWER
    draft = draft_for(request.user, public_id, needs)
    form = InvitationForm(draft=draft)
    if request.method == "POST":
        form = InvitationForm(request.POST, draft=draft)
        with transaction.atomic():
            # Held until the commit, so that two invitations at once see each other.
            get_object_or_404(Draft.objects.select_for_update(), pk=draft.pk)
            if form.is_valid():
                _invite(request, draft, form)
                return redirect("jobs:sharing", draft.public_id)
    context = {
        "draft": draft,
        "owner": User.objects.get(pk=draft.owner_id),
        "members": draft.memberships.select_related("user"),
        "form": form,
        "is_owner": draft.owner_id == request.user.pk,
    }
    return render(request, "jobs/sharing.html", context, status=422 if form.is_bound else 200)


@require_POST
def member(request: Request, public_id: Any) -> HttpResponse:
    """Change what somebody may do."""
    membership = membership_for(request.user, public_id, Role.OWNER)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose what %s may do.") % membership.email)
    else:
        role = Role(form.cleaned_data["role"])
        with transaction.atomic():
            changed = Membership.objects.filter(pk=membership.pk).exclude(role=role)
            if changed.update(role=role):
                _record(request, membership, "role changed", role.value)
        messages.success(
            request,
            _("%(email)s %(may)s now.") % {"email": membership.email, "may": role.label},
        )
    return redirect("jobs:sharing", membership.draft.public_id)


@require_POST
def remove_member(request: Request, public_id: Any) -> HttpResponse:
    """No longer share the draft with somebody; an e-mail that is not sent yet goes too."""
    membership = membership_for(request.user, public_id, Role.OWNER)
    with transaction.atomic():
        _record(request, membership, "sharing ended")
        Membership.objects.filter(pk=membership.pk).delete()
    messages.success(request, _("The draft is no longer shared with %s.") % membership.email)
    return redirect("jobs:sharing", membership.draft.public_id)


@require_POST
def leave(request: Request, public_id: Any) -> HttpResponse:
    """Give up one's own access."""
    draft = draft_for(request.user, public_id)
    mine = draft.memberships.filter(user=request.user)
    if draft.owner_id == request.user.pk or not mine.exists():
        messages.info(request, _("The draft is yours. You can erase it, or share it with others."))
        return redirect("jobs:sharing", draft.public_id)
    with transaction.atomic():
        Event.objects.all().record(draft.pk, "left", actor=request.user)
        mine.delete()
    messages.success(request, _("You have left the draft “%s”.") % draft.title)
    return redirect("home")


def _invite(request: Request, draft: Draft, form: InvitationForm) -> None:
    email = form.cleaned_data["email"]
    account = User.objects.filter(email__iexact=email, is_active=True).order_by("pk").first()
    membership = Membership.objects.create(
        draft=draft,
        email=email,
        user=account,
        role=form.cleaned_data["role"],
        invited_by=request.user,
    )
    membership.refresh_from_db()
    _record(request, membership, "shared", membership.role)
    queue_invitation(membership)
    messages.success(request, _("The draft is shared with %s, who gets an e-mail.") % email)


def _record(request: Request, membership: Membership, verb: str, detail: str = "") -> None:
    Event.objects.all().record(
        membership.draft_id,
        verb,
        actor=request.user,
        about=membership.public_id,
        detail=f"{membership.email} {detail}".strip(),
    )
