"""The ranking of an analysis: who is shown, in which order, and what was decided about them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from candidates.access import Request, analysis_for
from candidates.blind import is_hidden, shown_name
from candidates.models import Analysis, Evaluation, Look, Note, SavedView
from candidates.models.analysis import EvaluationStatus
from candidates.models.candidate import Verdict
from candidates.models.draft import Role
from candidates.pages import cells, live, tags
from candidates.pages.words import doubt
from candidates.ranking import UNDECIDED, WAITING, Bucket, Filter, RankingOverview, overview
from candidates.scoring.engines import LOCAL
from candidates.scoring.rubric import Rubric
from candidates.scoring.scorecard import MAX_RATING

from .duplicates import notes
from .movement import has_earlier
from .usage import analysis_usage

EVALUATIONS_A_PAGE = 50
HIGHEST = 40  # of the chart's bars
STATUS_WORDS = {
    EvaluationStatus.SCORED: gettext_lazy("scored"),
    WAITING: gettext_lazy("waiting for a score"),
    EvaluationStatus.FAILED: gettext_lazy("failed"),
    EvaluationStatus.UNREADABLE: gettext_lazy("unreadable"),
}
MUST_WORDS = {
    "met": gettext_lazy("all met"),
    "unclear": gettext_lazy("some unclear"),
    "missing": gettext_lazy("some not found"),
}
VERDICT_WORDS = {
    UNDECIDED: gettext_lazy("not decided"),
    Verdict.SHORTLIST: pgettext_lazy("decision", "shortlist"),
    Verdict.MAYBE: pgettext_lazy("decision", "maybe"),
    Verdict.REJECT: pgettext_lazy("decision", "reject"),
}


@dataclass(frozen=True, slots=True)
class Row:
    evaluation: Evaluation
    name: str
    file: str  # "" where it says no more than the name, or would tell it
    place: str
    width: str  # a class
    cells: str  # "" without a rating
    tags: list[tags.Tag]
    link: str
    choices: str  # "" for those who may not decide
    choose: str
    verdict: str  # in words
    notes: int


@require_safe
@vary_on_headers("HX-Request")
def analysis(request: Request, public_id: UUID) -> HttpResponse:
    """The ranking, as far as it is known. Twelve queries at most, however many candidates."""
    analysis = analysis_for(request.user, public_id)
    filter = Filter.from_query(request.GET, analysis)
    if request.method == "GET":
        Look.objects.note(analysis, request.user)
    return ranking(request, analysis, filter, request.GET)


def ranking(
    request: Request, analysis: Analysis, filter: Filter, query: QueryDict, *, told: str = ""
) -> HttpResponse:
    """The page, or the part of it that a filter and a decision change; `told` is what was done.

    `query` has the page's number, and `undo`, the act that can be taken back.
    """
    seen = overview(analysis, filter)
    rubric = analysis.rubric
    may_decide = Role(analysis.role).may(Role.EDITOR)  # type: ignore[attr-defined]
    paginator = Paginator(range(seen.chosen), EVALUATIONS_A_PAGE)
    page = paginator.get_page(query.get("page"))
    context = {
        "analysis": analysis,
        "draft": analysis.draft,
        "rubric": rubric,
        "filter": filter,
        "overview": seen,
        "chart": _chart(seen, filter),
        "page": page,
        "rows": _rows(
            *(analysis, rubric, filter, page.start_index(), page.end_index()), may_decide=may_decide
        ),
        "sorts": [(one, filter.query_with(sort=one.key)) for one in rubric.criteria],
        "by_score": filter.query_with(sort=""),
        "may_decide": may_decide,
        "verdicts": _verdicts(),
        "exports": ("csv", "xlsx", "json"),
        "undo": query.get("undo", ""),
        "told": told,
    }
    status = 422 if filter.wrong else 200
    if live.is_refresh(request) and not request.headers.get("HX-History-Restore-Request"):
        part = render(request, "candidates/analysis.html#results", context, status=status)
        page_query = filter.query_with(page=page.number if page.number > 1 else "")
        part.headers["HX-Push-Url"] = f"{analysis.get_absolute_url()}?{page_query}".rstrip("?")
        return part
    error, repeating = analysis.followups.repeats()
    views = SavedView.objects.filter(draft=analysis.draft_id, user=request.user)
    context |= {
        "left": seen.left,
        "has_earlier": has_earlier(analysis),
        "doubt": doubt(error),
        "repeating": repeating,
        "may_repeat": analysis.engine != LOCAL and seen.tally[EvaluationStatus.SCORED] > 1,
        "usage": analysis_usage(analysis, seen.tally[EvaluationStatus.SCORED], seen.reused),
        "views": [(view, view.query == filter.query) for view in views],
        "statuses": STATUS_WORDS.items(),
        "musts": MUST_WORDS.items(),
        "verdict_choices": VERDICT_WORDS.items(),
        "flag_choices": tags.choices(),
        "levels": range(1, int(MAX_RATING) + 1),
        "more_is_open": bool(
            filter.params.keys() & {"status", "from", "to", "flag", "by", "least"}
        ),
        "is_model": analysis.engine != LOCAL,
    }
    return render(request, "candidates/analysis.html", context, status=status)


def _verdicts() -> list[tuple[str, Any, str]]:
    """What can be decided: value, words, key."""
    return [
        (Verdict.SHORTLIST, _("Shortlist"), "s"),
        (Verdict.MAYBE, _("Maybe"), "m"),
        (Verdict.REJECT, _("Reject"), "x"),
    ]


def _rows(
    analysis: Analysis, rubric: Rubric, filter: Filter, first: int, last: int, *, may_decide: bool
) -> list[Row]:
    """Places `first` to `last` of what the filter asks for, counted from 1. Two queries."""
    # Sorted are ids alone; the wide rows come for those of this page.
    ids = filter.of(analysis).values("pk")[max(first - 1, 0) : last]
    beside = Evaluation.objects.filter(
        analysis=analysis.pk, status=EvaluationStatus.SCORED, rank__isnull=False
    )
    before = beside.filter(rank__lt=OuterRef("rank")).order_by("-rank").values("band")[:1]
    after = beside.filter(rank__gt=OuterRef("rank")).order_by("rank").values("band")[:1]
    written = Note.objects.filter(candidate=OuterRef("candidate")).order_by().values("candidate")
    found = (
        analysis.evaluations.filter(pk__in=ids)
        .order_by(*filter.order)
        .select_related("candidate")
        .defer(
            *("insights", "marks", "candidate__text", "candidate__prepared"),
            *("candidate__signature", "candidate__bands", "candidate__sections"),
            *("candidate__links", "candidate__confidence"),
        )
        .annotate(
            band_before=Subquery(before),
            band_after=Subquery(after),
            notes=Coalesce(Subquery(written.annotate(n=Count("pk")).values("n")), 0),
        )
    )
    shown: list[Any] = list(found)
    alike = notes(analysis.draft, [one.candidate_id for one in shown])
    drawn, choices = cells.Cells(rubric), cells.Choices(_verdicts() if may_decide else ())
    choose, same = _("Choose %(name)s"), _("same person?")
    query = f"?{filter.query}".rstrip("?")
    rows = []
    for one in shown:
        candidate = one.candidate
        name = shown_name(candidate, analysis.draft)
        shows_file = candidate.name and not is_hidden(candidate, analysis.draft)
        tied = {one.band} & {one.band_before, one.band_after} - {None}
        rows.append(
            Row(
                evaluation=one,
                name=name,
                file=candidate.filename if shows_file else "",
                place=one.place(tied),
                width=cells.width(float(one.score or 0)),
                cells=drawn.of(one.ratings) if one.ratings else "",
                tags=tags.tags(one)
                + [tags.Tag(same, note.what) for note in alike.get(candidate.pk, [])],
                link=one.get_absolute_url() + query,
                choices=choices.of(one.public_id, name, candidate.verdict) if may_decide else "",
                choose=choose % {"name": name},
                verdict=str(VERDICT_WORDS.get(candidate.verdict, "")),
                notes=one.notes,
            )
        )
    return rows


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the chart, in units of its drawing."""

    bucket: Bucket
    x: int
    top: int  # of all
    height: int
    chosen_top: int
    chosen_height: int
    query: str
    is_on: bool


def _chart(seen: RankingOverview, filter: Filter) -> list[Bar]:
    most = max((bucket.total for bucket in seen.buckets), default=0) or 1
    bars = []
    for place, bucket in enumerate(seen.buckets):
        # A bar of few among many is still seen.
        tall = max(1, round(HIGHEST * bucket.total / most)) if bucket.total else 0
        chosen = max(1, round(HIGHEST * bucket.chosen / most)) if bucket.chosen else 0
        is_on = filter.low == bucket.low and filter.high == bucket.high
        asked = {"from": "", "to": ""} if is_on else {"from": bucket.low, "to": bucket.high}
        query = filter.query_with(**asked)
        bars.append(
            Bar(bucket, 10 * place, HIGHEST - tall, tall, HIGHEST - chosen, chosen, query, is_on)
        )
    return bars
