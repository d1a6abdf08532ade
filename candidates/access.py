"""Who may see it: one function per object, and no other way in for a view.

Each starts from what is visible to the user and answers 404 for everything else, so that a stranger
cannot tell what exists. The objects come with what their pages show; a query hidden in a template
is then an error.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from .models import Analysis, Archive, Candidate, Draft, Evaluation

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class Request(HttpRequest):
    """A request that has passed the log-in: every view of ours has somebody at it."""

    user: "User"


def draft_for(user: "User | AnonymousUser", public_id: UUID) -> Draft:
    shown = Draft.objects.visible_to(user).fetch_mode(models.FETCH_RAISE)
    return get_object_or_404(shown, public_id=public_id)


def candidate_for(user: "User | AnonymousUser", public_id: UUID) -> Candidate:
    shown = Candidate.objects.filter(draft__in=Draft.objects.visible_to(user))
    shown = shown.select_related("draft").fetch_mode(models.FETCH_RAISE)
    return get_object_or_404(shown, public_id=public_id)


def archive_for(user: "User | AnonymousUser", public_id: UUID) -> Archive:
    shown = Archive.objects.filter(draft__in=Draft.objects.visible_to(user))
    shown = shown.select_related("draft").fetch_mode(models.FETCH_RAISE)
    return get_object_or_404(shown, public_id=public_id)


def analysis_for(user: "User | AnonymousUser", public_id: UUID) -> Analysis:
    shown = Analysis.objects.visible_to(user).select_related("draft", "requested_by")
    return get_object_or_404(shown.fetch_mode(models.FETCH_RAISE), public_id=public_id)


def evaluation_for(user: "User | AnonymousUser", public_id: UUID) -> Evaluation:
    shown = Evaluation.objects.visible_to(user).select_related("analysis__draft", "candidate")
    return get_object_or_404(shown.fetch_mode(models.FETCH_RAISE), public_id=public_id)
