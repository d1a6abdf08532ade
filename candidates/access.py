"""Access control: one function per model, the only way for a view to get an object.

Each starts from the objects that are visible to the user and raises Http404 for all others, so that
a stranger cannot tell what exists. It raises PermissionDenied, with the reason, where the role of
the user does not allow `needs`. The objects come with the related rows that their pages show, and
with `role`, the user's role in the draft; a further query in a template is an error.
"""

from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Case, OuterRef, Value, When
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from .models import Analysis, Archive, Candidate, Draft, Evaluation, Membership, Note
from .models.draft import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


ROLE_REQUIRED = {
    Role.EDITOR: _("This draft is shared with you to look at. Ask its owner to let you change it."),
    Role.OWNER: _("Only the owner of this draft may do that."),
}


class Request(HttpRequest):
    """A request of a user who is logged in, as in every view of this project."""

    user: "User"


def with_role[M: models.Model](
    shown: models.QuerySet[M, M], user: "User | AnonymousUser", draft: str
) -> models.QuerySet[M, M]:
    """Each row with the user's `role` in its draft; `draft` is the lookup path, such as "draft"."""
    member = Membership.objects.filter(user=user.pk, draft=OuterRef(draft))
    owner = "owner" if draft == "pk" else f"{draft}__owner"
    role = Case(When(**{owner: user.pk}, then=Value(Role.OWNER)), default=member.values("role")[:1])
    return cast("models.QuerySet[M, M]", shown.annotate(role=role))


def allowed[M: models.Model](shown: models.QuerySet[M, M], public_id: UUID, needs: Role) -> M:
    """The row with this id. Raises Http404 without such a row, PermissionDenied where its `role`
    does not allow `needs`."""
    row: M = get_object_or_404(shown.fetch_mode(models.FETCH_RAISE), public_id=public_id)
    if not Role(row.role).may(needs):  # type: ignore[attr-defined]
        raise PermissionDenied(str(ROLE_REQUIRED[needs]))
    return row


def draft_for(user: "User | AnonymousUser", public_id: UUID, needs: Role = Role.VIEWER) -> Draft:
    return allowed(with_role(Draft.objects.visible_to(user), user, "pk"), public_id, needs)


def candidate_for(
    user: "User | AnonymousUser", public_id: UUID, needs: Role = Role.VIEWER
) -> Candidate:
    shown = Candidate.objects.filter(draft__in=Draft.objects.visible_to(user))
    shown = shown.select_related("draft", "decided_by")
    return allowed(with_role(shown, user, "draft"), public_id, needs)


def archive_for(
    user: "User | AnonymousUser", public_id: UUID, needs: Role = Role.VIEWER
) -> Archive:
    shown = Archive.objects.filter(draft__in=Draft.objects.visible_to(user))
    return allowed(with_role(shown.select_related("draft"), user, "draft"), public_id, needs)


def analysis_for(
    user: "User | AnonymousUser", public_id: UUID, needs: Role = Role.VIEWER
) -> Analysis:
    shown = Analysis.objects.visible_to(user).select_related("draft", "requested_by")
    return allowed(with_role(shown, user, "draft"), public_id, needs)


def membership_for(
    user: "User | AnonymousUser", public_id: UUID, needs: Role = Role.VIEWER
) -> Membership:
    """A membership of a draft; its `role` is the member's, not the user's as elsewhere."""
    shown = Membership.objects.filter(draft__in=Draft.objects.visible_to(user))
    membership = get_object_or_404(shown.select_related("draft"), public_id=public_id)
    draft_for(user, membership.draft.public_id, needs)
    return membership


def evaluation_for(
    user: "User | AnonymousUser", public_id: UUID, needs: Role = Role.VIEWER
) -> Evaluation:
    shown = Evaluation.objects.visible_to(user)
    shown = shown.select_related("analysis__draft", "candidate__decided_by")
    return allowed(with_role(shown, user, "analysis__draft"), public_id, needs)


def note_for(user: "User | AnonymousUser", public_id: UUID, needs: Role = Role.VIEWER) -> Note:
    shown = Note.objects.filter(candidate__draft__in=Draft.objects.visible_to(user))
    shown = shown.select_related("candidate__draft")
    return allowed(with_role(shown, user, "candidate__draft"), public_id, needs)
