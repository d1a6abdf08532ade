"""Access control of jobs: the only way for a view to get a job."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models

from candidates.access import allowed, with_role
from candidates.models.draft import Role

from .models import Halt, Job

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


def job_for(user: "User | AnonymousUser", public_id: UUID, needs: Role = Role.VIEWER) -> Job:
    """The job, ready to show. Raises Http404 when it does not exist or is not visible to `user`,
    PermissionDenied where their role in its draft does not allow `needs`.

    `halted` is the reason of the halt of the whole queue; None when there is no halt.
    """
    shown = Job.objects.visible_to(user).select_related("analysis__draft", "requested_by")
    shown = shown.annotate(halted=models.Subquery(Halt.objects.values("reason")[:1]))
    return allowed(with_role(shown, user, "analysis__draft"), public_id, needs)
