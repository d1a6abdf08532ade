"""Requests that bring files: a plain form's, the script's, and the parts of a large one."""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import TooManyFilesSent
from django.db import IntegrityError, OperationalError, transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST
from psycopg.errors import DiskFull

from candidates import intake
from candidates.access import Request, draft_for
from candidates.forms import PieceForm
from candidates.models import Draft
from candidates.models.draft import Role
from jobs import submit

log = logging.getLogger(__name__)

# What a browser without our script may send at once; proxies in front of us end near it.
PLAIN_REQUEST_MAX = 100 * 1024 * 1024
NO_ROOM = (
    "There is no room left on the server, so nothing of this upload was kept. Tell whoever runs "
    "it, and upload the files again when there is."
)


@csrf_exempt  # the part below asks for the token, once the size is known to be bearable
@require_POST
def upload(request: Request, public_id: Any) -> HttpResponse:
    """Take in files: from the script as JSON, from a plain form with a redirect.

    The size is looked at before anything else: whatever reads a field reads the whole body.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > PLAIN_REQUEST_MAX:
        return _too_much(
            request,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "These files are more than 100 MB together. Send fewer at a time.",
        )
    try:
        return _upload(request, public_id)
    except TooManyFilesSent:
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        return _too_much(
            request,
            HTTPStatus.BAD_REQUEST,
            f"These are more than {most} files in one request. Send up to {most} at a time.",
        )
    except NoRoom:
        return _too_much(request, HTTPStatus.INSUFFICIENT_STORAGE, NO_ROOM)


class NoRoom(Exception):
    """A disk is full: the database's, or the one of files on their way in."""


@contextmanager
def _while_there_is_room() -> Iterator[None]:
    """Raises NoRoom."""
    try:
        yield
    except (OperationalError, OSError) as error:
        if not (
            isinstance(error.__cause__, DiskFull)
            or (isinstance(error, OSError) and error.errno == errno.ENOSPC)
        ):
            raise
        log.error("an upload was refused: %s", error)
        raise NoRoom from error


@_while_there_is_room()
@csrf_protect
def _upload(request: Request, public_id: Any) -> HttpResponse:
    draft = draft_for(request.user, public_id, Role.EDITOR)
    files = [intake.from_upload(file) for file in request.FILES.getlist("files")]
    with _all_or_nothing(draft):
        outcomes = _take_in(draft, request, files)
    if _wants_json(request):
        return JsonResponse({"files": [_told(outcome) for outcome in outcomes]})
    _tell(request, outcomes)
    return redirect(draft)


@csrf_exempt  # as above
@require_POST
def piece(request: Request, public_id: Any) -> HttpResponse:
    """Take in one part of a large file; the last part puts the file together."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return JsonResponse(
            {"error": "The part of the file is too large."},
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
    try:
        return _piece(request, public_id)
    except NoRoom:
        return JsonResponse({"error": NO_ROOM}, status=HTTPStatus.INSUFFICIENT_STORAGE)


@_while_there_is_room()
@csrf_protect
def _piece(request: Request, public_id: Any) -> HttpResponse:
    draft = draft_for(request.user, public_id, Role.EDITOR)
    form = PieceForm(request.POST, request.FILES)
    if not form.is_valid() or form.cleaned_data["number"] >= form.cleaned_data["total"]:
        return JsonResponse(
            {"error": "This part of the file is not complete."}, status=HTTPStatus.BAD_REQUEST
        )
    part = form.cleaned_data
    with _all_or_nothing(draft):
        intake.keep_piece(draft, part["upload"], part["number"], part["piece"].read())
        if part["number"] + 1 < part["total"]:
            return JsonResponse({"files": []})
        try:
            file = intake.join_pieces(draft, part["upload"], part["name"], part["total"])
        except intake.PieceMissing as missing:
            return JsonResponse({"error": str(missing)}, status=HTTPStatus.CONFLICT)
        outcomes = _take_in(draft, request, [file])
    return JsonResponse({"files": [_told(outcome) for outcome in outcomes]})


def _take_in(draft: Draft, request: Request, files: list[intake.Incoming]) -> list[intake.Outcome]:
    """Store the files and wake those who read them, in the caller's transaction."""
    outcomes = intake.accept(draft, request.user, files)
    if any(outcome.candidate or outcome.archive for outcome in outcomes):
        submit.wake_readers(draft.pk)
    return outcomes


@contextmanager
def _all_or_nothing(draft: Draft) -> Iterator[None]:
    """A transaction about `draft`. Raises Http404 when somebody erased the draft meanwhile."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        # The new rows' keys are checked at the very end.
        if Draft.objects.filter(pk=draft.pk).exists():
            raise
        raise Http404("The draft has been erased.") from error


def _told(outcome: intake.Outcome) -> dict[str, str]:
    if outcome.refused:
        return {"name": outcome.name, "outcome": "refused", "reason": outcome.refused}
    if outcome.duplicate_of:
        return {
            "name": outcome.name,
            "outcome": "duplicate",
            "reason": f"The same file as {outcome.duplicate_of}; it counts once.",
        }
    if outcome.archive:
        reason = "It is being unpacked; its files are listed as they come out."
        return {"name": outcome.name, "outcome": "accepted", "reason": reason}
    return {"name": outcome.name, "outcome": "accepted", "reason": ""}


def _tell(request: Request, outcomes: list[intake.Outcome]) -> None:
    if not outcomes:
        messages.error(request, "No file came along. Choose one or more files first.")
    accepted = sum(not (outcome.refused or outcome.duplicate_of) for outcome in outcomes)
    if accepted:
        messages.success(request, f"{accepted} file{'s' * (accepted != 1)} added.")
    for outcome in outcomes:
        if outcome.refused or outcome.duplicate_of:
            told = _told(outcome)
            messages.warning(request, f"{told['name'] or 'A file'}: {told['reason']}")


def _wants_json(request: Request) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _too_much(request: Request, status: HTTPStatus, sentence: str) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"error": sentence}, status=status)
    return render(request, "too_much.html", {"sentence": sentence}, status=status)
