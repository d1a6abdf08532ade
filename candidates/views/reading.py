"""The résumé beside its ratings: its text with the quotes marked, or its pages as images."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from candidates import blind
from candidates.access import Request, candidate_for
from candidates.models import Candidate, Draft
from candidates.models.candidate import CandidateStatus
from candidates.pages.marks import segments
from candidates.reading import PageLayout, Unreadable
from candidates.reading.sandbox.parent import Sandbox, SandboxFailed

log = logging.getLogger(__name__)

MAX_CONCURRENT_DRAWINGS = 2  # in a process of the web server
DRAWING_WAIT_SECONDS = 10.0  # that a request waits for its turn
BROWSER_CACHE_SECONDS = 3_600
PDF = "application/pdf"

SECTION_TITLES = {
    "awards": gettext_lazy("Awards"),
    "certifications": gettext_lazy("Certificates"),
    "contact": gettext_lazy("Contact"),
    "education": gettext_lazy("Education"),
    "experience": gettext_lazy("Experience"),
    "interests": gettext_lazy("Interests"),
    "languages": gettext_lazy("Languages"),
    "projects": gettext_lazy("Projects"),
    "publications": gettext_lazy("Publications"),
    "references": gettext_lazy("References"),
    "skills": gettext_lazy("Skills"),
    "summary": gettext_lazy("Profile"),
    "volunteering": gettext_lazy("Volunteering"),
}

Quotes = Sequence[tuple[str, int, int]]
_drawings = BoundedSemaphore(MAX_CONCURRENT_DRAWINGS)


class DrawingBusy(Exception):
    """Other requests are drawing; the reader has to try again."""


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page of the original. Each mark has the id of its quote where the quote begins, else ""."""

    number: int
    sheet: PageLayout
    marks: list[tuple[str, Any]]


def pane(candidate: Candidate, draft: Draft, quotes: Quotes, show: str | None) -> dict[str, Any]:
    """The context of the part of a page that shows the résumé. No query; opens the original
    where its pages are requested."""
    hidden = blind.is_hidden(candidate, draft)
    has_pages = _has_pages(candidate)
    context = {
        "candidate": candidate,
        "hidden": hidden,
        "has_pages": has_pages,
        "shows_pages": show == "pages" and has_pages and not hidden,
        "recognised": any(flag["kind"].startswith("recognised") for flag in candidate.flags),
    }
    if context["shows_pages"]:
        return {**context, **_pages(candidate, quotes)}
    sections = [
        (f"part-{number}", section) for number, section in enumerate(candidate.sections, start=1)
    ]
    return {
        **context,
        "jumps": [
            (id, SECTION_TITLES.get(section["kind"], section["kind"].capitalize()))
            for id, section in sections
        ],
        "segments": segments(
            candidate.text,
            quotes,
            [(id, section["start"]) for id, section in sections],
            blind.identity_spans(candidate) if hidden else (),
        ),
    }


@require_safe
def page(request: Request, public_id: UUID, number: int) -> HttpResponse:
    """A page of the original as an image. `number` counts from 1."""
    candidate = candidate_for(request.user, public_id)
    if blind.is_hidden(candidate, candidate.draft):
        raise Http404("The original is hidden.")
    if not _has_pages(candidate):
        return HttpResponse(
            _("Only PDFs and pictures have pages that can be shown."),
            status=422,
            content_type="text/plain; charset=utf-8",
        )
    try:
        with _sandbox() as sandbox:
            image = sandbox.draw(_original(candidate), max(number, 1) - 1)
    except Unreadable as error:
        raise Http404("This page cannot be drawn.") from error
    except (DrawingBusy, SandboxFailed):
        answer = HttpResponse(
            _("The page could not be drawn in time. Try again."),
            status=503,
            content_type="text/plain; charset=utf-8",
        )
        answer.headers["Retry-After"] = "5"
        return answer
    response = HttpResponse(image, content_type="image/webp")
    response.headers["Cache-Control"] = f"private, max-age={BROWSER_CACHE_SECONDS}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _has_pages(candidate: Candidate) -> bool:
    kind = candidate.media_type
    readable = candidate.status == CandidateStatus.READABLE and bool(candidate.file)
    return readable and (kind == PDF or kind.startswith("image/"))


def _pages(candidate: Candidate, quotes: Quotes) -> dict[str, Any]:
    text = candidate.text
    # Each quote with the number of times that its text occurs before it.
    texts = [(text[start:end], text.count(text[start:end], 0, start)) for _, start, end in quotes]
    try:
        with _sandbox() as sandbox:
            sheets = sandbox.layout(_original(candidate), texts)
    except (Unreadable, Http404) as error:
        log.info("candidate %s: its pages cannot be drawn, %s", candidate.pk, type(error).__name__)
        return {"error": _("The pages of this file cannot be drawn. Its text is all there is.")}
    except (DrawingBusy, SandboxFailed) as error:
        log.warning("pages are not drawn: %s", type(error).__name__)
        return {"error": _("The pages could not be drawn in time. Try again.")}
    placed: set[int] = set()  # quotes whose beginning is marked
    pages = []
    for number, sheet in enumerate(sheets, start=1):
        marks = []
        for mark in sheet.marks:
            if mark.quote >= len(quotes):
                continue
            marks.append(("" if mark.quote in placed else quotes[mark.quote][0], mark))
            placed.add(mark.quote)
        pages.append(DrawnPage(number, sheet, marks))
    missing = [
        (id, texts[index][0]) for index, (id, _, _) in enumerate(quotes) if index not in placed
    ]
    return {"pages": pages, "missing_quotes": missing}


@contextmanager
def _sandbox() -> Iterator[Sandbox]:
    if not _drawings.acquire(timeout=DRAWING_WAIT_SECONDS):
        raise DrawingBusy
    try:
        with Sandbox() as sandbox:
            yield sandbox
    finally:
        _drawings.release()


def _original(candidate: Candidate) -> bytes:
    try:
        with candidate.file.open("rb") as file:
            return bytes(file.read())
    except FileNotFoundError as error:
        raise Http404("The file is no longer stored.") from error
