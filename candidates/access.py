"""Who may see it, and what they may do: one function per object, and no other way in for a view.

Each starts from what is visible to the user and answers 404 for everything else, so that a stranger
cannot tell what exists; a colleague whose role does not reach as far as `needs` gets 403 and is
told why. The objects come with what their pages show, and with `role`, the user's; a query hidden
in a template is then an error.
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


NOT_YOURS = {
    Role.EDITOR: _("This draft is shared with you to look at. Ask its owner to let you change it."),
    Role.OWNER: _("Only the owner of this draft may do that."),
}


class Request(HttpRequest):
    """A request that has passed the log-in: every view of ours has somebody at it."""

    user: "User"


def with_role[M: models.Model](
    shown: models.QuerySet[M, M], user: "User | AnonymousUser", draft: str
) -> models.QuerySet[M, M]:
    """Each row with the user's `role` in its draft; `draft` is the way there, such as "draft"."""
    member = Membership.objects.filter(user=user.pk, draft=OuterRef(draft))
    owner = "owner" if draft == "pk" else f"{draft}__owner"
    role = Case(When(**{owner: user.pk}, then=Value(Role.OWNER)), default=member.values("role")[:1])
    return cast("models.QuerySet[M, M]", shown.annotate(role=role))


def allowed[M: models.Model](shown: models.QuerySet[M, M], public_id: UUID, needs: Role) -> M:
    """The row of this id; 404 without one, 403 where its `role` does not reach that far."""
    found: M = get_object_or_404(shown.fetch_mode(models.FETCH_RAISE), public_id=public_id)
    if not Role(found.role).may(needs):  # type: ignore[attr-defined]
        raise PermissionDenied(str(NOT_YOURS[needs]))
    return found


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
    """Somebody's access to a draft; `role` is theirs, and not the user's as elsewhere."""
    shown = Membership.objects.filter(draft__in=Draft.objects.visible_to(user))
    found = get_object_or_404(shown.select_related("draft"), public_id=public_id)
    draft_for(user, found.draft.public_id, needs)
    return found


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
