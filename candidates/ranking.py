"""Which candidates of an analysis are shown, and in which order: a filter as a value.

The filter is read from a page's address and written back into one, so that every view of a ranking
can be sent to a colleague, saved by name, and stepped through candidate by candidate.
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

from .models import Analysis, Candidate, CandidateQuerySet, Evaluation, EvaluationQuerySet
from .models.analysis import OPEN_EVALUATION_STATUSES, EvaluationStatus
from .models.candidate import Verdict
from .scoring import rank

MAX_SEARCH_CHARACTERS = 200
MAX_FLAG_CHARACTERS = 40
BUCKET_POINTS = 5  # of score, in a bar of the chart
BUCKET_COUNT = 100 // BUCKET_POINTS
LAST_BUCKET_START = 100 - BUCKET_POINTS  # it includes 100; the others end a tenth before the next
TENTH = Decimal("0.1")
WAITING = "waiting"
STATUSES = (EvaluationStatus.SCORED, WAITING, EvaluationStatus.FAILED, EvaluationStatus.UNREADABLE)
MUSTS = ("met", "unclear", "missing")
RATINGS = ("1", "2", "3", "4")  # the least rating of a criterion
ANY, NONE, HIDDEN = "any", "none", "hidden-text"
# Lexemes that only reveal a gender: not searchable in blind mode.
GENDERED_LEXEMES = (
    "he him his himself she her hers herself mr mrs ms miss mx mme herr herrn frau madame monsieur"
)


class _QueryValues:
    """Values of an address's parameters; `errors` has a sentence for each that cannot be used."""

    def __init__(self, query: Mapping[str, Any]) -> None:
        self.query = query
        self.errors: list[str] = []

    def text(self, name: str) -> str:
        # PostgreSQL accepts no NUL in a text.
        return str(self.query.get(name) or "").replace("\0", "").strip()

    def search(self, name: str) -> str:
        text = self.text(name)
        if len(text) <= MAX_SEARCH_CHARACTERS:
            return text
        self.errors.append(
            _("The search has %(length)d characters. Shorten it to at most %(most)d.")
            % {"length": len(text), "most": MAX_SEARCH_CHARACTERS}
        )
        return ""

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name)
        if not value or value in choices:
            return value
        self.errors.append(
            _("“%(value)s” is not something to filter by. Choose from the lists.")
            % {"value": value[:60]}
        )
        return ""

    def score(self, name: str) -> Decimal | None:
        value = self.text(name).replace(",", ".")
        if not value:
            return None
        try:
            number = Decimal(value)
            if 0 <= number <= 100:
                return number.quantize(TENTH)
        except InvalidOperation:
            pass
        self.errors.append(
            _("“%(value)s” is no score. Write a number from 0 to 100.") % {"value": value[:60]}
        )
        return None

    def score_range(self, from_name: str, to_name: str) -> tuple[Decimal | None, Decimal | None]:
        low, high = self.score(from_name), self.score(to_name)
        if low is None or high is None or low <= high:
            return low, high
        self.errors.append(
            _("No score lies between %(low)s and %(high)s. Write the lower one first.")
            % {"low": low, "high": high}
        )
        return None, None


@dataclass(frozen=True, slots=True)
class RankingFilter:
    """The conditions; "" and None mean any. `wrong` has a sentence for each value of the address
    that cannot be used and is ignored."""

    q: str = ""
    status: str = ""
    must: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    flag: str = ""
    verdict: str = ""
    by: str = ""  # key of a criterion …
    least: int | None = None  # … and the least rating it must have
    sort: str = ""  # key of a criterion; "" sorts by score
    wrong: tuple[str, ...] = field(default=(), compare=False)
    draft_id: int = field(default=0, compare=False)
    is_blind: bool = field(default=False, compare=False)
    keys: tuple[str, ...] = field(default=(), compare=False)  # of the rubric, in its order
    must_haves: tuple[int, ...] = field(default=(), compare=False)  # positions in `keys`

    @classmethod
    def from_query(cls, query: Mapping[str, Any], analysis: Analysis) -> Self:
        """From the parameters of an address; never raises. The analysis comes with its draft."""
        criteria = analysis.rubric.criteria
        keys = tuple(criterion.key for criterion in criteria)
        values = _QueryValues(query)
        search = values.search("q")
        low, high = values.score_range("from", "to")
        by, least = values.choice("by", keys), values.choice("least", RATINGS)
        if not (by and least):  # half of the pair filters nothing
            by = least = ""
        return cls(
            q=search,
            status=values.choice("status", STATUSES),
            must=values.choice("must", MUSTS),
            low=low,
            high=high,
            flag=values.text("flag")[:MAX_FLAG_CHARACTERS],
            verdict=values.choice("verdict", tuple(Verdict.values)),
            by=by,
            least=int(least) if least else None,
            sort=values.choice("sort", keys),
            wrong=tuple(values.errors),
            draft_id=analysis.draft_id,
            is_blind=analysis.draft.blind,
            keys=keys,
            must_haves=tuple(
                position for position, criterion in enumerate(criteria) if criterion.must_have
            ),
        )

    @property
    def params(self) -> dict[str, str]:
        """The parameters of an address, without empty ones."""
        values = {
            "q": self.q,
            "status": self.status,
            "must": self.must,
            "from": _format_score(self.low),
            "to": _format_score(self.high),
            "flag": self.flag,
            "verdict": self.verdict,
            "by": self.by,
            "least": str(self.least or ""),
            "sort": self.sort,
        }
        return {name: value for name, value in values.items() if value}

    @property
    def query(self) -> str:
        return urlencode(self.params)

    def query_with(self, **changed: Any) -> str:
        """The query of this filter with some parameters changed; "" removes a parameter."""
        values = {**self.params, **{name: str(value) for name, value in changed.items()}}
        return urlencode({name: value for name, value in values.items() if value})

    @property
    def narrows(self) -> bool:
        """Whether it may exclude candidates; a sort order alone does not."""
        return bool(self.params.keys() - {"sort"})

    @property
    def condition(self) -> Q:
        """The condition on evaluations of the analysis."""
        condition = Q()
        if self.status == WAITING:
            condition &= Q(status__in=OPEN_EVALUATION_STATUSES)
        elif self.status:
            condition &= Q(status=self.status)
        if self.must:
            condition &= self._must_have_condition()
        if self.low is not None:
            condition &= Q(score__gte=self.low)
        if self.high is not None:
            condition &= Q(score__lte=self.high)
        if self.flag:
            condition &= self._flag_condition()
        if self.verdict:
            condition &= Q(candidate__verdict=self.verdict)
        if self.by and self.least:
            condition &= Q(**{f"marks__{self.keys.index(self.by)}__gte": self.least})
        if self.q:
            matches = _search(self.q, self.draft_id, is_blind=self.is_blind)
            condition &= Q(candidate__in=matches.values("pk"))
        return condition

    def _must_have_condition(self) -> Q:
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

    def _flag_condition(self) -> Q:
        if self.flag in (ANY, NONE):
            none = Q(flags=[], candidate__flags=[], candidate__hidden=[])
            return none if self.flag == NONE else ~none
        if self.flag == HIDDEN:
            return ~Q(candidate__hidden=[])
        kind = [{"kind": self.flag}]
        return Q(flags__contains=kind) | Q(candidate__flags__contains=kind)

    def evaluations(self, analysis: Analysis) -> EvaluationQuerySet:
        """The evaluations of the analysis that match, in the order of the filter."""
        rows: EvaluationQuerySet = analysis.evaluations.filter(self.condition)
        return rows.order_by(*self.order)

    @property
    def order(self) -> tuple[Any, ...]:
        """A total order: scored evaluations first, by rank, or by score until ranks are written."""
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


def _format_score(score: Decimal | None) -> str:
    return "" if score is None else f"{score.normalize():f}"


def _search(q: str, draft_id: int, *, is_blind: bool) -> CandidateQuerySet:
    """Candidates of the draft whose résumé contains the words.

    In blind mode the name, the address and the like do not count as words of an undecided
    candidate's résumé: a search for them has no match. "Not" is not understood then, since the
    candidates that it excludes would reveal as much.
    """
    kind = "plain" if is_blind else "websearch"
    query = SearchQuery(q, search_type=kind, config="simple")
    matches = Candidate.objects.filter(draft=draft_id, words__search=query)
    if is_blind:
        is_match = Func(
            *(_lexemes_without_identity(), query),
            template="(%(expressions)s)",
            arg_joiner=" @@ ",
            output_field=BooleanField(),
        )
        matches = matches.filter(~Q(verdict=Verdict.OPEN) | Q(is_match))
    return matches


def _lexemes_without_identity() -> Func:
    """The lexemes of a résumé without those of the name, the contact data and the gender."""
    identity = Concat(
        *("name", Value(" "), "email", Value(" "), "phone", Value(" "), "filename"),
        Value(" "),
        Cast("links", TextField()),
        output_field=TextField(),
    )
    separated = Func(
        *(identity, Value(r"[\W_]+"), Value(" "), Value("g")),
        function="regexp_replace",
        output_field=TextField(),
    )
    names = Func(
        Concat(
            *(identity, Value(" "), separated, Value(f" {GENDERED_LEXEMES}")),
            output_field=TextField(),
        ),
        template="tsvector_to_array(to_tsvector('simple', %(expressions)s))",
        output_field=ArrayField(TextField()),
    )
    return Func(F("words__search"), names, function="ts_delete", output_field=SearchVectorField())


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bar of the chart: scores `low` to `high`, both included."""

    low: int
    high: Decimal
    total: int
    chosen: int


@dataclass(frozen=True, slots=True)
class RankingOverview:
    """Counts of a whole analysis, and of the part that matches a filter (`chosen`)."""

    total: int
    chosen: int
    reused: int
    tally: dict[str, int]  # by status
    verdicts: dict[str, int]
    buckets: tuple[Bucket, ...]

    @property
    def left(self) -> int:
        """The number of evaluations without a result so far."""
        return sum(self.tally[status] for status in OPEN_EVALUATION_STATUSES)


def count_ranking(analysis: Analysis, filter: RankingFilter) -> RankingOverview:
    """Count the analysis. One query, which scans the whole analysis once."""
    bucket = Cast(Floor(F("score") / BUCKET_POINTS), IntegerField())
    hit_count = Count("pk", filter=filter.condition) if filter.narrows else Count("pk")
    groups = (
        analysis.evaluations.order_by()
        .values_list("status", "candidate__verdict", bucket)
        .annotate(n=Count("pk"), hits=hit_count, reused_count=Count("pk", filter=Q(reused=True)))
    )
    tally = dict.fromkeys((str(status) for status in EvaluationStatus), 0)
    verdicts = dict.fromkeys((str(verdict) for verdict in Verdict), 0)
    bars = [[0, 0] for _bucket in range(BUCKET_COUNT)]
    total = chosen = reused = 0
    for status, verdict, position, number, hits, reused_here in groups:
        total += number
        chosen += hits
        reused += reused_here
        tally[status] += number
        verdicts[verdict] += number
        if position is not None:
            bar = bars[min(position, BUCKET_COUNT - 1)]
            bar[0] += number
            bar[1] += hits
    return RankingOverview(
        total,
        chosen,
        reused,
        tally,
        verdicts,
        tuple(
            Bucket(
                low,
                Decimal(100) if low == LAST_BUCKET_START else low + BUCKET_POINTS - TENTH,
                *bar,
            )
            for low, bar in zip(range(0, 100, BUCKET_POINTS), bars, strict=True)
        ),
    )


def find_neighbours(
    analysis: Analysis, evaluation: Evaluation, filter: RankingFilter
) -> tuple[Evaluation | None, Evaluation | None, int | None, int]:
    """The evaluations before and after `evaluation` among those that match the filter, its place
    among them (from 1, None where it does not match), and their number. Two queries."""
    order = filter.order
    rows = analysis.evaluations.filter(filter.condition).order_by()
    placed = rows.annotate(
        position=Window(RowNumber(), order_by=order),
        before=Window(Lag("pk"), order_by=order),
        after=Window(Lead("pk"), order_by=order),
        number=Window(Count("pk")),
    )
    # The second half is never true: it makes Django filter outside of the windows, after they have
    # counted all rows.
    this = Q(pk=evaluation.pk) | Q(position=0)
    for before, after, position, number in placed.filter(this).values_list(
        "before", "after", "position", "number"
    ):
        neighbours = analysis.evaluations.only("public_id", "rank", "status").in_bulk(
            [pk for pk in (before, after) if pk is not None]
        )
        return neighbours.get(before), neighbours.get(after), position, number
    return None, None, None, rows.count()
