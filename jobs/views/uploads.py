"""Uploads: of a plain form, of the script, and of large files in parts; reading files again."""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
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

# What a browser may send without the script; proxies in front of the server have similar limits.
MAX_PLAIN_REQUEST_BYTES = 100 * 1024 * 1024
STORAGE_FULL_MESSAGE = gettext_lazy(
    "There is no room left on the server, so nothing of this upload was kept. Tell whoever runs "
    "it, and upload the files again when there is."
)


@csrf_exempt  # `_upload` checks the token, once the size is known to be acceptable
@require_POST
def upload(request: Request, public_id: UUID) -> HttpResponse:
    """Accept files; the script gets JSON, a plain form a redirect.

    The size is checked before anything else, since reading a field reads the whole body.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_PLAIN_REQUEST_BYTES:
        return _upload_error(
            request,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            _("These files are more than 100 MB together. Send fewer at a time."),
        )
    try:
        return _upload(request, public_id)
    except TooManyFilesSent:
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        return _upload_error(
            request,
            HTTPStatus.BAD_REQUEST,
            _("These are more than %(most)d files in one request. Send up to %(most)d at a time.")
            % {"most": most},
        )
    except StorageFull:
        return _upload_error(request, HTTPStatus.INSUFFICIENT_STORAGE, str(STORAGE_FULL_MESSAGE))


class StorageFull(Exception):
    """A disk is full: that of the database, or that of temporary files."""


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Raise StorageFull in place of the errors of a full disk."""
    try:
        yield
    except (OperationalError, OSError) as error:
        if not (
            isinstance(error.__cause__, DiskFull)
            or (isinstance(error, OSError) and error.errno == errno.ENOSPC)
        ):
            raise
        log.error("an upload was refused: %s", type(error.__cause__ or error).__name__)
        raise StorageFull from error


@_storage_errors()
@csrf_protect
def _upload(request: Request, public_id: UUID) -> HttpResponse:
    draft = draft_for(request.user, public_id, Role.EDITOR)
    files = [intake.from_upload(file) for file in request.FILES.getlist("files")]
    with _draft_transaction(draft):
        outcomes = _accept(draft, request, files)
    if live.wants_json(request):
        return JsonResponse({"files": [_outcome_json(outcome) for outcome in outcomes]})
    _add_messages(request, outcomes)
    return redirect(draft)


@require_POST
def reread(request: Request, public_id: UUID) -> HttpResponse:
    """Read an unreadable file again."""
    candidate = candidate_for(request.user, public_id, Role.EDITOR)
    _read_again(request, candidate.draft, Candidate.objects.filter(pk=candidate.pk))
    return redirect(candidate.draft)


@require_POST
def reread_all(request: Request, public_id: UUID) -> HttpResponse:
    """Read all unreadable files of a draft again."""
    draft = draft_for(request.user, public_id, Role.EDITOR)
    _read_again(request, draft, Candidate.objects.filter(draft=draft))
    return redirect(draft)


def _read_again(request: Request, draft: Draft, candidates: CandidateQuerySet) -> None:
    with transaction.atomic():
        if again := candidates.read_again(draft, request.user):
            submit.wake_readers(draft.pk)
    if again:
        message = ngettext("%d file is being read again.", "%d files are being read again.", again)
        messages.success(request, message % again)
    else:
        messages.info(
            request, _("There was nothing to read again. What never left its archive has no file.")
        )


@csrf_exempt  # as above: `_piece` checks the token
@require_http_methods(["GET", "HEAD", "POST"])
def piece(request: Request, public_id: UUID) -> HttpResponse:
    """Accept a part of a large file; the last part completes the file. GET lists the parts that are
    stored, so that an interrupted upload can continue."""
    if request.method != "POST":
        return _stored_parts(request, public_id)
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return JsonResponse(
            {"error": _("The part of the file is too large.")},
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
    try:
        return _piece(request, public_id)
    except StorageFull:
        return JsonResponse(
            {"error": str(STORAGE_FULL_MESSAGE)}, status=HTTPStatus.INSUFFICIENT_STORAGE
        )


def _stored_parts(request: Request, public_id: UUID) -> HttpResponse:
    draft = draft_for(request.user, public_id, Role.EDITOR)
    try:
        upload = UUID(request.GET.get("upload", ""))
    except ValueError:
        return JsonResponse(
            {"error": _("Say of which upload.")}, status=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    parts = draft.pieces.filter(upload=upload).order_by("number")
    return JsonResponse({"parts": list(parts.values_list("number", flat=True))})


@_storage_errors()
@csrf_protect
def _piece(request: Request, public_id: UUID) -> HttpResponse:
    draft = draft_for(request.user, public_id, Role.EDITOR)
    form = PieceForm(request.POST, request.FILES)
    if not form.is_valid() or form.cleaned_data["number"] >= form.cleaned_data["total"]:
        return JsonResponse(
            {"error": _("This part of the file is not complete.")}, status=HTTPStatus.BAD_REQUEST
        )
    part = form.cleaned_data
    with _draft_transaction(draft):
        intake.store_piece(draft, part["upload"], part["number"], part["piece"].read())
        if part["number"] + 1 < part["total"]:
            return JsonResponse({"files": []})
        try:
            file = intake.join_pieces(draft, part["upload"], part["name"], part["total"])
        except intake.PieceMissing as missing:
            return JsonResponse({"error": str(missing)}, status=HTTPStatus.CONFLICT)
        outcomes = _accept(draft, request, [file])
    return JsonResponse({"files": [_outcome_json(outcome) for outcome in outcomes]})


def _accept(
    draft: Draft, request: Request, files: list[intake.Incoming]
) -> list[intake.UploadOutcome]:
    """Store the files and wake the readers, in the caller's transaction."""
    outcomes = intake.accept(draft, request.user, files)
    if any(outcome.candidate or outcome.archive for outcome in outcomes):
        submit.wake_readers(draft.pk)
    return outcomes


@contextmanager
def _draft_transaction(draft: Draft) -> Iterator[None]:
    """A transaction about `draft`. Raises Http404 when the draft is erased during it."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        # Foreign keys are checked at the commit.
        if Draft.objects.filter(pk=draft.pk).exists():
            raise
        raise Http404("The draft has been erased.") from error


def _outcome_json(outcome: intake.UploadOutcome) -> dict[str, str]:
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


def _add_messages(request: Request, outcomes: list[intake.UploadOutcome]) -> None:
    if not outcomes:
        messages.error(request, _("No file came along. Choose one or more files first."))
    accepted = sum(not (outcome.refused or outcome.duplicate_of) for outcome in outcomes)
    if accepted:
        message = ngettext("%d file added.", "%d files added.", accepted)
        messages.success(request, message % accepted)
    for outcome in outcomes:
        if outcome.refused or outcome.duplicate_of:
            fields = _outcome_json(outcome)
            messages.warning(request, f"{fields['name'] or _('A file')}: {fields['reason']}")


def _upload_error(request: Request, status: HTTPStatus, message: str) -> HttpResponse:
    if live.wants_json(request):
        return JsonResponse({"error": message}, status=status)
    return render(request, "upload_error.html", {"message": message}, status=status)
