"""Requests that bring files: a plain form's, the script's, and the parts of a large one."""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import TooManyFilesSent
from django.db import IntegrityError, OperationalError, transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST
from psycopg.errors import DiskFull

from candidates import intake
from candidates.access import Request, candidate_for, draft_for
from candidates.forms import PieceForm
from candidates.models import Candidate, CandidateQuerySet, Draft
from candidates.models.draft import Role
from candidates.pages import live
from jobs.execution import submit

log = logging.getLogger(__name__)

# What a browser without our script may send at once; proxies in front of us end near it.
PLAIN_REQUEST_MAX = 100 * 1024 * 1024
NO_ROOM = gettext_lazy(
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
            _("These files are more than 100 MB together. Send fewer at a time."),
        )
    try:
        return _upload(request, public_id)
    except TooManyFilesSent:
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        return _too_much(
            request,
            HTTPStatus.BAD_REQUEST,
            _("These are more than %(most)d files in one request. Send up to %(most)d at a time.")
            % {"most": most},
        )
    except NoRoom:
        return _too_much(request, HTTPStatus.INSUFFICIENT_STORAGE, str(NO_ROOM))


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
        log.error("an upload was refused: %s", type(error.__cause__ or error).__name__)
        raise NoRoom from error


@_while_there_is_room()
@csrf_protect
def _upload(request: Request, public_id: Any) -> HttpResponse:
    draft = draft_for(request.user, public_id, Role.EDITOR)
    files = [intake.from_upload(file) for file in request.FILES.getlist("files")]
    with _all_or_nothing(draft):
        outcomes = _take_in(draft, request, files)
    if live.wants_json(request):
        return JsonResponse({"files": [_told(outcome) for outcome in outcomes]})
    _tell(request, outcomes)
    return redirect(draft)


@require_POST
def reread(request: Request, public_id: Any) -> HttpResponse:
    """Read a file once more that could not be read."""
    candidate = candidate_for(request.user, public_id, Role.EDITOR)
    _read_again(request, candidate.draft, Candidate.objects.filter(pk=candidate.pk))
    return redirect(candidate.draft)


@require_POST
def reread_all(request: Request, public_id: Any) -> HttpResponse:
    """The same for all of a draft."""
    draft = draft_for(request.user, public_id, Role.EDITOR)
    _read_again(request, draft, Candidate.objects.filter(draft=draft))
    return redirect(draft)


def _read_again(request: Request, draft: Draft, candidates: CandidateQuerySet) -> None:
    with transaction.atomic():
        if again := candidates.read_again(draft, request.user):
            submit.wake_readers(draft.pk)
    if again:
        told = ngettext("%d file is being read again.", "%d files are being read again.", again)
        messages.success(request, told % again)
    else:
        messages.info(
            request, _("There was nothing to read again. What never left its archive has no file.")
        )


@csrf_exempt  # as above
@require_http_methods(["GET", "HEAD", "POST"])
def piece(request: Request, public_id: Any) -> HttpResponse:
    """Take in one part of a large file; the last part puts the file together. Asked with GET, it
    tells which parts are there, so that an upload that was cut short need not begin anew."""
    if request.method != "POST":
        return _parts(request, public_id)
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return JsonResponse(
            {"error": _("The part of the file is too large.")},
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
    try:
        return _piece(request, public_id)
    except NoRoom:
        return JsonResponse({"error": str(NO_ROOM)}, status=HTTPStatus.INSUFFICIENT_STORAGE)


def _parts(request: Request, public_id: Any) -> HttpResponse:
    draft = draft_for(request.user, public_id, Role.EDITOR)
    try:
        upload = UUID(request.GET.get("upload", ""))
    except ValueError:
        return JsonResponse(
            {"error": _("Say of which upload.")}, status=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    parts = draft.pieces.filter(upload=upload).order_by("number")
    return JsonResponse({"parts": list(parts.values_list("number", flat=True))})


@_while_there_is_room()
@csrf_protect
def _piece(request: Request, public_id: Any) -> HttpResponse:
    draft = draft_for(request.user, public_id, Role.EDITOR)
    form = PieceForm(request.POST, request.FILES)
    if not form.is_valid() or form.cleaned_data["number"] >= form.cleaned_data["total"]:
        return JsonResponse(
            {"error": _("This part of the file is not complete.")}, status=HTTPStatus.BAD_REQUEST
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


def _take_in(
    draft: Draft, request: Request, files: list[intake.Incoming]
) -> list[intake.UploadOutcome]:
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


def _told(outcome: intake.UploadOutcome) -> dict[str, str]:
    if outcome.refused:
        return {"name": outcome.name, "outcome": "refused", "reason": outcome.refused}
    if outcome.duplicate_of:
        return {
            "name": outcome.name,
            "outcome": "duplicate",
            "reason": _("The same file as %s; it counts once.") % outcome.duplicate_of,
        }
    if outcome.archive:
        reason = _("It is being unpacked; its files are listed as they come out.")
        return {"name": outcome.name, "outcome": "accepted", "reason": reason}
    return {"name": outcome.name, "outcome": "accepted", "reason": ""}


def _tell(request: Request, outcomes: list[intake.UploadOutcome]) -> None:
    if not outcomes:
        messages.error(request, _("No file came along. Choose one or more files first."))
    accepted = sum(not (outcome.refused or outcome.duplicate_of) for outcome in outcomes)
    if accepted:
        told = ngettext("%d file added.", "%d files added.", accepted)
        messages.success(request, told % accepted)
    for outcome in outcomes:
        if outcome.refused or outcome.duplicate_of:
            one = _told(outcome)
            messages.warning(request, f"{one['name'] or _('A file')}: {one['reason']}")


def _too_much(request: Request, status: HTTPStatus, sentence: str) -> HttpResponse:
    if live.wants_json(request):
        return JsonResponse({"error": sentence}, status=status)
    return render(request, "too_much.html", {"sentence": sentence}, status=status)
