"""The résumé beside what is said of it: its text with the quotes marked, or its pages."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any

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

AT_ONCE = 2  # originals that are drawn by one process of the web server
PATIENCE = 10.0  # seconds that a request waits for its turn
PDF = "application/pdf"
KEPT = 3_600  # seconds in the reader's own browser

PARTS = {
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
_turns = BoundedSemaphore(AT_ONCE)


class Busy(Exception):
    """Others are drawing; it is for the reader to try again."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page of the original, with its number; each mark with the id of its quote where the quote
    begins, else ""."""

    number: int
    sheet: PageLayout
    marks: list[tuple[str, Any]]


def pane(candidate: Candidate, draft: Draft, quotes: Quotes, show: str | None) -> dict[str, Any]:
    """What the part of a page shows. No query; a look into the original where its pages are asked
    for."""
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
    parts = [(f"part-{at}", one) for at, one in enumerate(candidate.sections, start=1)]
    return {
        **context,
        "jumps": [(id, PARTS.get(one["kind"], one["kind"].capitalize())) for id, one in parts],
        "segments": segments(
            candidate.text,
            quotes,
            [(id, one["start"]) for id, one in parts],
            blind.spans_of(candidate) if hidden else (),
        ),
    }


@require_safe
def page(request: Request, public_id: Any, number: int) -> HttpResponse:
    """A page of the original as a picture, counted from 1."""
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
            drawn = sandbox.draw(_original(candidate), max(number, 1) - 1)
    except Unreadable as error:
        raise Http404("This page cannot be drawn.") from error
    except (Busy, SandboxFailed):
        answer = HttpResponse(
            _("The page could not be drawn in time. Try again."),
            status=503,
            content_type="text/plain; charset=utf-8",
        )
        answer.headers["Retry-After"] = "5"
        return answer
    response = HttpResponse(drawn, content_type="image/webp")
    response.headers["Cache-Control"] = f"private, max-age={KEPT}"
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
    asked = [(text[start:end], text.count(text[start:end], 0, start)) for _, start, end in quotes]
    try:
        with _sandbox() as sandbox:
            sheets = sandbox.layout(_original(candidate), asked)
    except (Unreadable, Http404) as error:
        log.info("candidate %s: its pages cannot be drawn, %s", candidate.pk, type(error).__name__)
        return {"trouble": _("The pages of this file cannot be drawn. Its text is all there is.")}
    except (Busy, SandboxFailed) as error:
        log.warning("pages are not drawn: %s", type(error).__name__)
        return {"trouble": _("The pages could not be drawn in time. Try again.")}
    begun: set[int] = set()
    drawn = []
    for number, sheet in enumerate(sheets, start=1):
        marks = []
        for mark in sheet.marks:
            if mark.quote >= len(quotes):
                continue
            marks.append(("" if mark.quote in begun else quotes[mark.quote][0], mark))
            begun.add(mark.quote)
        drawn.append(Drawn(number, sheet, marks))
    lost = [(id, asked[at][0]) for at, (id, _, _) in enumerate(quotes) if at not in begun]
    return {"pages": drawn, "lost": lost}


@contextmanager
def _sandbox() -> Iterator[Sandbox]:
    if not _turns.acquire(timeout=PATIENCE):
        raise Busy
    try:
        with Sandbox() as sandbox:
            yield sandbox
    finally:
        _turns.release()


def _original(candidate: Candidate) -> bytes:
    try:
        with candidate.file.open("rb") as file:
            return bytes(file.read())
    except FileNotFoundError as error:
        raise Http404("The file is no longer stored.") from error
