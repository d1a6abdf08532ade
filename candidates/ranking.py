"""Which candidates of an analysis are shown, and in which order: a filter as a value.

It is read from a page's address and written back into one, so that every view of a ranking can be
sent to a colleague, saved by name, and stepped through candidate by candidate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Self
from urllib.parse import urlencode

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import (
    BooleanField,
    Case,
    Count,
    F,
    Func,
    IntegerField,
    Q,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.functions import Cast, Concat, Floor, Lag, Lead, RowNumber
from django.utils.translation import gettext as _

from .models import Analysis, Candidate, Evaluation, EvaluationQuerySet
from .models.analysis import OPEN_EVALUATION_STATUSES, EvaluationStatus
from .models.candidate import Verdict
from .scoring import rank

LONGEST_SEARCH = 200  # characters
BUCKET = 5  # points of score that one bar of the chart stands for
BUCKETS = 100 // BUCKET
LAST = 100 - BUCKET  # of them; the others end a tenth before the next
TENTH = Decimal("0.1")
WAITING = "waiting"
STATUSES = (EvaluationStatus.SCORED, WAITING, EvaluationStatus.FAILED, EvaluationStatus.UNREADABLE)
MUSTS = ("met", "unclear", "missing")
ANY, NONE, HIDDEN = "any", "none", "hidden-text"
# Lexemes that tell only whether a man or a woman is meant: nothing to search by in blind mode.
GENDERED = (
    "he him his himself she her hers herself mr mrs ms miss mx mme herr herrn frau madame monsieur"
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for; "" and None where all are meant. `wrong` has a sentence for each value of
    the address that could not be used and was passed over."""

    q: str = ""
    status: str = ""
    must: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    flag: str = ""
    verdict: str = ""
    by: str = ""  # key of a criterion …
    least: int | None = None  # … that is rated at least so
    sort: str = ""  # key of a criterion; "" is by score
    wrong: tuple[str, ...] = field(default=(), compare=False)
    draft_id: int = field(default=0, compare=False)
    is_blind: bool = field(default=False, compare=False)
    keys: tuple[str, ...] = field(default=(), compare=False)  # of the rubric, in its order
    must_haves: tuple[int, ...] = field(default=(), compare=False)  # their places in `keys`

    @classmethod
    def from_query(cls, query: Mapping[str, Any], analysis: Analysis) -> Self:
        """From the parameters of an address; never raises. The analysis comes with its draft."""
        criteria = analysis.rubric.criteria
        keys = tuple(one.key for one in criteria)
        wrong: list[str] = []

        def text(name: str) -> str:
            # PostgreSQL takes no NUL in a text.
            return str(query.get(name) or "").replace("\0", "").strip()

        def one_of(name: str, known: tuple[str, ...]) -> str:
            value = text(name)
            if value and value not in known:
                wrong.append(
                    _("“%(value)s” is not something to filter by. Choose from the lists.")
                    % {"value": value[:60]}
                )
                return ""
            return value

        def points(name: str) -> Decimal | None:
            value = text(name).replace(",", ".")
            if not value:
                return None
            try:
                number = Decimal(value)
                if 0 <= number <= 100:
                    return number.quantize(TENTH)
            except InvalidOperation:
                pass
            wrong.append(
                _("“%(value)s” is no score. Write a number from 0 to 100.") % {"value": value[:60]}
            )
            return None

        q = text("q")
        if len(q) > LONGEST_SEARCH:
            wrong.append(
                _("The search has %(length)d characters. Shorten it to at most %(most)d.")
                % {"length": len(q), "most": LONGEST_SEARCH}
            )
            q = ""
        low, high = points("from"), points("to")
        if low is not None and high is not None and low > high:
            wrong.append(
                _("No score lies between %(low)s and %(high)s. Write the lower one first.")
                % {"low": low, "high": high}
            )
            low = high = None
        by, least = one_of("by", keys), one_of("least", ("1", "2", "3", "4"))
        if not (by and least):  # one alone asks for nothing
            by = least = ""
        flag = text("flag")[:40]
        return cls(
            q=q,
            status=one_of("status", STATUSES),
            must=one_of("must", MUSTS),
            low=low,
            high=high,
            flag=flag,
            verdict=one_of("verdict", tuple(Verdict.values)),
            by=by,
            least=int(least) if least else None,
            sort=one_of("sort", keys),
            wrong=tuple(wrong),
            draft_id=analysis.draft_id,
            is_blind=analysis.draft.blind,
            keys=keys,
            must_haves=tuple(at for at, one in enumerate(criteria) if one.must_have),
        )

    @property
    def params(self) -> dict[str, str]:
        """As an address has them, without what asks for nothing."""
        told = {
            "q": self.q,
            "status": self.status,
            "must": self.must,
            "from": _plain(self.low),
            "to": _plain(self.high),
            "flag": self.flag,
            "verdict": self.verdict,
            "by": self.by,
            "least": str(self.least or ""),
            "sort": self.sort,
        }
        return {name: value for name, value in told.items() if value}

    @property
    def query(self) -> str:
        return urlencode(self.params)

    def query_with(self, **changed: Any) -> str:
        """The query of this filter with some parameters changed; "" takes one away."""
        told = {**self.params, **{name: str(value) for name, value in changed.items()}}
        return urlencode({name: value for name, value in told.items() if value})

    @property
    def narrows(self) -> bool:
        """Whether it leaves anybody out; an order alone does not."""
        return bool(self.params.keys() - {"sort"})

    @property
    def condition(self) -> Q:
        """On evaluations of the analysis."""
        asked = Q()
        if self.status == WAITING:
            asked &= Q(status__in=OPEN_EVALUATION_STATUSES)
        elif self.status:
            asked &= Q(status=self.status)
        if self.must:
            asked &= self._must()
        if self.low is not None:
            asked &= Q(score__gte=self.low)
        if self.high is not None:
            asked &= Q(score__lte=self.high)
        if self.flag:
            asked &= self._flagged()
        if self.verdict:
            asked &= Q(candidate__verdict=self.verdict)
        if self.by and self.least:
            asked &= Q(**{f"marks__{self.keys.index(self.by)}__gte": self.least})
        if self.q:
            asked &= Q(candidate__in=_found(self.q, self.draft_id, is_blind=self.is_blind))
        return asked

    def _must(self) -> Q:
        met = Q(must_haves_met=len(self.must_haves))
        missing = Q()
        for place in self.must_haves:
            missing |= Q(**{f"marks__{place}__lt": rank.MIN_UNCLEAR_RATING})
        scored = Q(status=EvaluationStatus.SCORED)
        if self.must == "met":
            return scored & met
        if not self.must_haves:
            return Q(pk__in=())
        return scored & (missing if self.must == "missing" else ~met & ~missing)

    def _flagged(self) -> Q:
        if self.flag in (ANY, NONE):
            none = Q(flags=[], candidate__flags=[], candidate__hidden=[])
            return none if self.flag == NONE else ~none
        if self.flag == HIDDEN:
            return ~Q(candidate__hidden=[])
        kind = [{"kind": self.flag}]
        return Q(flags__contains=kind) | Q(candidate__flags__contains=kind)

    def of(self, analysis: Analysis) -> EvaluationQuerySet:
        """Those of the analysis that it asks for, in its order."""
        rows: EvaluationQuerySet = analysis.evaluations.filter(self.condition)
        return rows.order_by(*self.order)

    @property
    def order(self) -> tuple[Any, ...]:
        """A total order: those with a score first. While no rank is written, scores stand in."""
        first: tuple[Any, ...] = ()
        if self.sort:
            first = (F(f"marks__{self.keys.index(self.sort)}").desc(nulls_last=True),)
        return (
            Case(
                When(status=EvaluationStatus.SCORED, then=0), default=1, output_field=IntegerField()
            ).asc(),
            *first,
            F("rank").asc(nulls_last=True),
            F("score").desc(nulls_last=True),
            F("must_haves_met").desc(),
            F("strong").desc(),
            F("status").asc(),
            F("pk").asc(),
        )


def _plain(points: Decimal | None) -> str:
    return "" if points is None else f"{points.normalize():f}"


def _found(q: str, draft_id: int, *, is_blind: bool) -> Any:
    """Candidates of the draft in whose résumé the words stand.

    In blind mode the name, the address and the like are no words of the résumé of somebody about
    whom nothing is decided: who looks for them finds nobody, and "not" is not understood, since
    whom it leaves out would tell as much.
    """
    own = Candidate.objects.filter(draft=draft_id)
    kind = "plain" if is_blind else "websearch"
    query = SearchQuery(q, search_type=kind, config="simple")
    found = own.filter(words__search=query)
    if is_blind:
        told = Concat(
            *("name", Value(" "), "email", Value(" "), "phone", Value(" "), "filename"),
            Value(" "),
            Cast("links", TextField()),
            output_field=TextField(),
        )
        apart = Func(
            *(told, Value(r"[\W_]+"), Value(" "), Value("g")),
            function="regexp_replace",
            output_field=TextField(),
        )
        names = Func(
            Concat(told, Value(" "), apart, Value(f" {GENDERED}"), output_field=TextField()),
            template="tsvector_to_array(to_tsvector('simple', %(expressions)s))",
            output_field=ArrayField(TextField()),
        )
        left = Func(
            F("words__search"), names, function="ts_delete", output_field=SearchVectorField()
        )
        holds = Func(
            *(left, query),
            template="(%(expressions)s)",
            arg_joiner=" @@ ",
            output_field=BooleanField(),
        )
        found = found.filter(~Q(verdict=Verdict.OPEN) | Q(holds))
    return found.values("pk")


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bar of the chart: scores `low` to `high`, both included."""

    low: int
    high: Decimal
    total: int
    chosen: int


@dataclass(frozen=True, slots=True)
class RankingOverview:
    """Counts of a whole analysis, and of what a filter leaves of it."""

    total: int
    chosen: int
    reused: int
    tally: dict[str, int]  # by status
    verdicts: dict[str, int]
    buckets: tuple[Bucket, ...]

    @property
    def left(self) -> int:
        """Without a score so far."""
        return sum(self.tally[status] for status in OPEN_EVALUATION_STATUSES)


def overview(analysis: Analysis, filter: Filter) -> RankingOverview:
    """One query, which goes through the whole analysis once."""
    bucket = Cast(Floor(F("score") / BUCKET), IntegerField())
    hit = Count("pk", filter=filter.condition) if filter.narrows else Count("pk")
    groups = (
        analysis.evaluations.order_by()
        .values_list("status", "candidate__verdict", bucket)
        .annotate(n=Count("pk"), hit=hit, again=Count("pk", filter=Q(reused=True)))
    )
    tally = dict.fromkeys((str(status) for status in EvaluationStatus), 0)
    verdicts = dict.fromkeys((str(verdict) for verdict in Verdict), 0)
    bars = [[0, 0] for _ in range(BUCKETS)]
    total = chosen = reused = 0
    for status, verdict, place, number, hits, again in groups:
        total += number
        chosen += hits
        reused += again
        tally[status] += number
        verdicts[verdict] += number
        if place is not None:
            bar = bars[min(place, BUCKETS - 1)]
            bar[0] += number
            bar[1] += hits
    return RankingOverview(
        total,
        chosen,
        reused,
        tally,
        verdicts,
        tuple(
            Bucket(low, Decimal(100) if low == LAST else low + BUCKET - TENTH, *bar)
            for low, bar in zip(range(0, 100, BUCKET), bars, strict=True)
        ),
    )


def around(
    analysis: Analysis, evaluation: Evaluation, filter: Filter
) -> tuple[Evaluation | None, Evaluation | None, int | None, int]:
    """The one before and the one after in what the filter asks for, the place of `evaluation` in
    it, counted from 1, and how many there are. Its place is None where it is not among them.

    Two queries.
    """
    order = filter.order
    rows = analysis.evaluations.filter(filter.condition).order_by()
    placed = rows.annotate(
        at=Window(RowNumber(), order_by=order),
        before=Window(Lag("pk"), order_by=order),
        after=Window(Lead("pk"), order_by=order),
        number=Window(Count("pk")),
    )
    # Either-or with what the windows tell, never true, has it asked after they have looked at all.
    this = Q(pk=evaluation.pk) | Q(at=0)
    found = placed.filter(this).values_list("before", "after", "at", "number")
    for before, after, place, number in found:
        beside = analysis.evaluations.only("public_id", "rank", "status").in_bulk(
            [pk for pk in (before, after) if pk is not None]
        )
        return beside.get(before), beside.get(after), place, number
    return None, None, None, rows.count()
