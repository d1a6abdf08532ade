"""Sharing a draft: who has access, inviting, changing a role, removing access, leaving."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from candidates.access import Request, draft_for, membership_for
from candidates.forms import InvitationForm, RoleForm
from candidates.models import Draft, Membership
from candidates.models.draft import Role
from jobs.notifications.recipients import queue_invitation


@require_http_methods(["GET", "HEAD", "POST"])
def sharing(request: Request, public_id: UUID) -> HttpResponse:
    """Who has access to a draft, for everybody who has; only the owner invites."""
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
def member(request: Request, public_id: UUID) -> HttpResponse:
    """Change a member's role."""
    membership = membership_for(request.user, public_id, Role.OWNER)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose what %s may do.") % membership.email)
    else:
        role = Role(form.cleaned_data["role"])
        Membership.objects.change_role(membership, role, request.user)
        messages.success(
            request,
            _("%(email)s %(may)s now.") % {"email": membership.email, "may": role.label},
        )
    return redirect("jobs:sharing", membership.draft.public_id)


@require_POST
def remove_member(request: Request, public_id: UUID) -> HttpResponse:
    """Remove a member; an e-mail that is not sent yet goes too."""
    membership = membership_for(request.user, public_id, Role.OWNER)
    Membership.objects.remove(membership, request.user)
    messages.success(request, _("The draft is no longer shared with %s.") % membership.email)
    return redirect("jobs:sharing", membership.draft.public_id)


@require_POST
def leave(request: Request, public_id: UUID) -> HttpResponse:
    """Give up one's own access."""
    draft = draft_for(request.user, public_id)
    if draft.owner_id == request.user.pk or not Membership.objects.leave(draft, request.user):
        messages.info(request, _("The draft is yours. You can erase it, or share it with others."))
        return redirect("jobs:sharing", draft.public_id)
    messages.success(request, _("You have left the draft “%s”.") % draft.title)
    return redirect("home")


def _invite(request: Request, draft: Draft, form: InvitationForm) -> None:
    email = form.cleaned_data["email"]
    role = Role(form.cleaned_data["role"])
    queue_invitation(Membership.objects.invite(draft, email, role, request.user))
    messages.success(request, _("The draft is shared with %s, who gets an e-mail.") % email)
