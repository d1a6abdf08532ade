"""The ranking of an analysis: a page of candidates, with a filter, a chart and decisions."""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from candidates.access import Request, analysis_for
from candidates.blind import is_hidden, shown_name
from candidates.models import Analysis, Evaluation, Note, RankingVisit, SavedFilter
from candidates.models.analysis import EvaluationStatus
from candidates.models.candidate import Verdict
from candidates.models.draft import Role
from candidates.pages import cells, flags, live, verdicts
from candidates.pages.repeatability import repeatability
from candidates.ranking import WAITING, Bucket, RankingFilter, RankingOverview, count_ranking
from candidates.scoring.engines import LOCAL
from candidates.scoring.rubric import Rubric
from candidates.scoring.scorecard import MAX_RATING

from .duplicates import duplicate_notes
from .movement import has_earlier
from .usage import analysis_usage

EVALUATIONS_PER_PAGE = 50
CHART_HEIGHT = 40  # in units of its drawing
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


@dataclass(frozen=True, slots=True)
class Row:
    evaluation: Evaluation
    name: str
    file: str  # "" where it is the name shown, or is hidden
    place: str
    width: str  # a CSS class
    cells: str  # "" without a rating
    tags: list[flags.FlagTag]
    link: str
    verdict_buttons: str  # "" for users who may not decide
    select_label: str
    verdict: str  # its label
    notes: int


@require_safe
@vary_on_headers("HX-Request")
def analysis(request: Request, public_id: UUID) -> HttpResponse:
    """The ranking so far. Twelve queries at most, however many candidates."""
    analysis = analysis_for(request.user, public_id)
    filter = RankingFilter.from_query(request.GET, analysis)
    if request.method == "GET":
        RankingVisit.objects.record(analysis, request.user)
    return ranking(request, analysis, filter, request.GET)


def ranking(
    request: Request,
    analysis: Analysis,
    filter: RankingFilter,
    query: QueryDict,
    *,
    message: str = "",
) -> HttpResponse:
    """The page, or the part of it that a filter and a decision change; `message` tells the result.

    `query` has the page's number, and `undo`, the batch of decisions that can be undone.
    """
    counts = count_ranking(analysis, filter)
    paginator = Paginator(range(counts.chosen), EVALUATIONS_PER_PAGE)
    page = paginator.get_page(query.get("page"))
    context = {
        **_results_context(analysis, filter, counts, page),
        "undo": query.get("undo", ""),
        "message": message,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if filter.wrong else HTTPStatus.OK
    if live.is_refresh(request) and not request.headers.get("HX-History-Restore-Request"):
        part = render(request, "candidates/analysis.html#results", context, status=status)
        page_query = filter.query_with(page=page.number if page.number > 1 else "")
        part.headers["HX-Push-Url"] = f"{analysis.get_absolute_url()}?{page_query}".rstrip("?")
        return part
    context |= _page_context(request, analysis, filter, counts)
    return render(request, "candidates/analysis.html", context, status=status)


def _results_context(
    analysis: Analysis, filter: RankingFilter, counts: RankingOverview, page: Page[int]
) -> dict[str, Any]:
    """The context of the part that a filter changes. Two queries."""
    rubric = analysis.rubric
    may_decide = Role(analysis.role).may(Role.EDITOR)  # type: ignore[attr-defined]
    return {
        "analysis": analysis,
        "draft": analysis.draft,
        "rubric": rubric,
        "filter": filter,
        "overview": counts,
        "chart": _chart(counts, filter),
        "page": page,
        "rows": _rows(
            *(analysis, rubric, filter, page.start_index(), page.end_index()), may_decide=may_decide
        ),
        "sorts": [
            (criterion, filter.query_with(sort=criterion.key)) for criterion in rubric.criteria
        ],
        "by_score": filter.query_with(sort=""),
        "may_decide": may_decide,
        "verdicts": verdicts.VERDICT_WORDS.values(),
        "exports": ("csv", "xlsx", "json"),
    }


def _page_context(
    request: Request, analysis: Analysis, filter: RankingFilter, counts: RankingOverview
) -> dict[str, Any]:
    """The context of the rest of the page: saved filters, choices, confidence and cost."""
    repeat_error, repeating = analysis.followups.repeats()
    saved_filters = SavedFilter.objects.filter(draft=analysis.draft_id, user=request.user)
    scored = counts.tally[EvaluationStatus.SCORED]
    return {
        "left": counts.left,
        "has_earlier": has_earlier(analysis),
        "doubt": repeatability(repeat_error),
        "repeating": repeating,
        "may_repeat": analysis.engine != LOCAL and scored > 1,
        "usage": analysis_usage(analysis, scored, counts.reused),
        "views": [(saved, saved.query == filter.query) for saved in saved_filters],
        "statuses": STATUS_WORDS.items(),
        "musts": MUST_WORDS.items(),
        "verdict_choices": Verdict.choices,
        "flag_choices": flags.filter_choices(),
        "levels": range(1, int(MAX_RATING) + 1),
        "more_is_open": bool(
            filter.params.keys() & {"status", "from", "to", "flag", "by", "least"}
        ),
        "is_model": analysis.engine != LOCAL,
    }


def _rows(
    analysis: Analysis,
    rubric: Rubric,
    filter: RankingFilter,
    first: int,
    last: int,
    *,
    may_decide: bool,
) -> list[Row]:
    """Places `first` to `last` of the candidates that match, counted from 1. Two queries."""
    evaluations = list(_evaluations(analysis, filter, first, last))
    duplicates = duplicate_notes(analysis.draft, [row.candidate_id for row in evaluations])
    rating_cells, verdict_buttons = cells.RatingCells(rubric), cells.VerdictButtons()
    select_label, duplicate_label = _("Choose %(name)s"), _("same person?")
    query = f"?{filter.query}".rstrip("?")
    rows = []
    for evaluation in evaluations:
        candidate = evaluation.candidate
        name = shown_name(candidate, analysis.draft)
        shows_file = candidate.name and not is_hidden(candidate, analysis.draft)
        tied = {evaluation.band} & {evaluation.band_before, evaluation.band_after} - {None}
        duplicate_tags = [
            flags.FlagTag(duplicate_label, note.sentence)
            for note in duplicates.get(candidate.pk, [])
        ]
        rows.append(
            Row(
                evaluation=evaluation,
                name=name,
                file=candidate.filename if shows_file else "",
                place=evaluation.place(tied),
                width=cells.width(float(evaluation.score or 0)),
                cells=rating_cells.of(evaluation.ratings) if evaluation.ratings else "",
                tags=flags.tags(evaluation) + duplicate_tags,
                link=evaluation.get_absolute_url() + query,
                verdict_buttons=verdict_buttons.of(evaluation.public_id, name, candidate.verdict)
                if may_decide
                else "",
                select_label=select_label % {"name": name},
                verdict=verdicts.shown_verdict(candidate.verdict),
                notes=evaluation.notes,
            )
        )
    return rows


def _evaluations(analysis: Analysis, filter: RankingFilter, first: int, last: int) -> Iterable[Any]:
    """The evaluations of a page with their candidates, the bands of their neighbours, and the
    number of notes. One query."""
    # The database sorts ids alone, and fetches the wide rows of this page only.
    ids = filter.evaluations(analysis).values("pk")[max(first - 1, 0) : last]
    ranked = Evaluation.objects.filter(
        analysis=analysis.pk, status=EvaluationStatus.SCORED, rank__isnull=False
    )
    before = ranked.filter(rank__lt=OuterRef("rank")).order_by("-rank").values("band")[:1]
    after = ranked.filter(rank__gt=OuterRef("rank")).order_by("rank").values("band")[:1]
    notes = Note.objects.filter(candidate=OuterRef("candidate")).order_by().values("candidate")
    evaluations: Iterable[Any] = (
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
            notes=Coalesce(Subquery(notes.annotate(n=Count("pk")).values("n")), 0),
        )
    )
    return evaluations


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the chart, in units of its drawing."""

    bucket: Bucket
    x: int
    top: int
    height: int
    chosen_top: int
    chosen_height: int
    query: str
    is_on: bool


def _chart(counts: RankingOverview, filter: RankingFilter) -> list[Bar]:
    highest = max((bucket.total for bucket in counts.buckets), default=0) or 1
    bars = []
    for index, bucket in enumerate(counts.buckets):
        height = _bar_height(bucket.total, highest)
        chosen_height = _bar_height(bucket.chosen, highest)
        is_on = filter.low == bucket.low and filter.high == bucket.high
        scores = {"from": "", "to": ""} if is_on else {"from": bucket.low, "to": bucket.high}
        bars.append(
            Bar(
                bucket=bucket,
                x=10 * index,
                top=CHART_HEIGHT - height,
                height=height,
                chosen_top=CHART_HEIGHT - chosen_height,
                chosen_height=chosen_height,
                query=filter.query_with(**scores),
                is_on=is_on,
            )
        )
    return bars


def _bar_height(number: int, highest: int) -> int:
    # At least 1, so that a bar of few among many is visible.
    return max(1, round(CHART_HEIGHT * number / highest)) if number else 0
