"""A ranking to be taken away: CSV, XLSX, JSON, and the shortlist to be printed."""

import re
import unicodedata
from itertools import chain
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import FileResponse, Http404, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from candidates import exports, report
from candidates.access import Request, analysis_for
from candidates.models import Analysis, Event, EventVerb
from candidates.models.candidate import Verdict
from candidates.ranking import RankingFilter
from candidates.reasons import criterion_name

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
BOM = "\ufeff"  # without it Excel takes UTF-8 for the code page of the country


@require_safe
def export(request: Request, public_id: UUID, kind: str) -> HttpResponseBase:
    """The candidates that the filter in the address leaves; as PDF, the shortlist of them."""
    if kind not in TYPES:
        raise Http404("No such export.")
    analysis = analysis_for(request.user, public_id)
    evaluations = RankingFilter.from_query(request.GET, analysis).evaluations(analysis)
    review = exports.ReviewData.of(analysis.draft)
    if kind == "pdf":
        evaluations = evaluations.filter(candidate__verdict=Verdict.SHORTLIST)
    rows = exports.export_rows(analysis, evaluations, review=review)
    names, must_have = exports.criterion_names(analysis)
    response: HttpResponseBase
    if kind == "csv":
        lines = exports.csv_lines(rows, names, must_have, review=True)
        response = StreamingHttpResponse(chain([BOM], lines), content_type=TYPES[kind])
    elif kind == "json":
        response = StreamingHttpResponse(
            exports.json_parts({"analysis": _about(analysis)}, rows), content_type=TYPES[kind]
        )
    elif kind == "xlsx":
        response = FileResponse(exports.xlsx_file(rows, names, must_have), content_type=TYPES[kind])
    else:
        response = FileResponse(report.shortlist_pdf(analysis, rows), content_type=TYPES[kind])
    if request.method == "GET":
        Event.objects.record(
            analysis.draft_id,
            EventVerb.RANKING_EXPORTED,
            actor=request.user,
            about=analysis.public_id,
            params={"format": kind},
        )
    response.headers["Content-Disposition"] = attachment(f"{analysis.title}.{kind}")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def attachment(name: str) -> str:
    """The header by which a browser saves the answer under this name (RFC 6266): an ASCII form for
    old programs, and the whole of it as RFC 5987 has it."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    bare = re.sub(r"[^\w.-]+", "-", bare).strip("-.") or "ranking"
    return f"attachment; filename=\"{bare}\"; filename*=UTF-8''{quote(name, safe='')}"


def _about(analysis: Analysis) -> dict[str, Any]:
    return {
        "id": str(analysis.public_id),
        "title": analysis.title,
        "engine": analysis.engine,
        "model": analysis.model,
        "version": analysis.version,
        "created_at": analysis.created_at.isoformat(),
        "exported_at": timezone.now().isoformat(),
        "criteria": [
            {
                "key": criterion.key,
                "name": criterion_name(criterion),
                "weight": criterion.weight,
                "must_have": criterion.must_have,
            }
            for criterion in analysis.rubric.criteria
        ],
    }
