"""What a run would take: calls, reused scores, tokens, money, time.

Everything is counted in the database, in a few queries however many candidates there are. Tokens
come from the lengths of the texts, rather too many than too few; calls about the best are the most
that there can be.
"""

import math
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from django.conf import settings
from django.db.models import (
    CharField,
    Count,
    Exists,
    F,
    Func,
    IntegerField,
    Max,
    OuterRef,
    Q,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, Least, NullIf
from django.utils.translation import gettext as _

from candidates.models import Call, Draft, Evaluation
from candidates.models.analysis import EvaluationStatus, InsightsMode, Sha256
from candidates.models.call import CallPurpose, CallStatus
from candidates.models.candidate import CandidateStatus
from candidates.models.followup import to_repeat
from candidates.pages import durations
from candidates.pages.money import money
from candidates.scoring import catalogue, engines
from candidates.scoring.engines import Forecast
from candidates.scoring.fingerprint import prefix
from candidates.scoring.scorecard import Usage
from jobs.models import Heartbeat, Job, JobStatus

SAMPLE_CALLS = 200  # the last ones, which their usual time is taken from
MIN_SAMPLE_CALLS = 5  # with fewer there is no usual time
SAMPLE_JOBS = 5


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would take. `resumes` are those that have been read; of them `reused` have a score
    already. Calls are of three kinds. `cost` in US dollars and `seconds` are None where unknown."""

    engine: str
    model: str
    resumes: int
    reused: int
    unread: int
    is_unpacking: bool
    scorecards: int
    insights: int
    repeats: int
    usage: Usage
    cost: float | None
    seconds: float | None
    budget: int  # tokens a job may take; 0 for no limit

    @property
    def calls(self) -> int:
        return self.scorecards + self.insights + self.repeats

    @property
    def tokens(self) -> int:
        return self.usage.prompt_tokens + self.usage.completion_tokens

    @property
    def is_local(self) -> bool:
        return self.engine == engines.LOCAL

    @property
    def passes_budget(self) -> bool:
        return bool(self.budget) and self.tokens > self.budget

    @property
    def price(self) -> str:
        return money(self.cost) or _("price unknown: set EVALUATOR_PRICES")

    @property
    def time(self) -> str:
        """In words; "" where it is not known."""
        return durations.short(self.seconds)

    def __str__(self) -> str:
        parts = [f"{self.resumes:,} résumé{'s' * (self.resumes != 1)}"]
        parts.append(f"{self.reused:,} score{'s' * (self.reused != 1)} reused")
        if not self.calls:
            parts.append("no calls, nothing to pay")
        else:
            parts.append(f"{self.calls:,} call{'s' * (self.calls != 1)}")
            parts.append(f"about {self.tokens:,} tokens")
            parts.append(f"about {self.price}" if self.cost is not None else self.price)
            parts += [f"about {self.time}"] if self.time else []
        line = f"{self.engine} ({self.model}): {', '.join(parts)}."
        if self.passes_budget:
            line += (
                f" That is more than the {self.budget:,} tokens that a job may take "
                "(EVALUATOR_MAX_TOKENS_PER_JOB): it would pause before."
            )
        return line


def estimate_run(
    draft: Draft,
    *,
    mode: str = InsightsMode.TOP,
    top_n: int | None = None,
    engine: str = "",
    repeats: bool = False,
) -> Estimate:
    """What `submit` with the same values would lead to. Nine queries at most.

    Raises InvalidRubric when nothing could be rated.
    """
    engine = engine or settings.EVALUATOR_ENGINE
    model = settings.EVALUATOR_MODEL or engines.default_model(engine)
    rubric = draft.rubric()
    counts = _counts(draft)
    resumes = counts["readable"]
    facts = catalogue.facts(model, settings.EVALUATOR_PRICES)
    forecast = partial(engines.forecast, engine, rubric, facts)
    with_insights = mode == InsightsMode.ALL
    score = forecast("score+insight" if with_insights else "score")
    version = engines.version(engine, with_insights=with_insights)
    readable = _with_fingerprints(draft, prefix(engine, model, version, rubric))
    fresh, size = _fresh(readable, draft.owner_id, score.room if score else 0)
    insights = repeated = 0
    if score and mode == InsightsMode.TOP:
        best = min(top_n or settings.EVALUATOR_TOP_N, resumes)
        insights = _insight_calls(readable, draft.owner_id, best, fresh)
    if score and repeats:
        repeated = min(resumes, to_repeat(resumes))
    mean = counts["bytes"] / resumes if resumes else 0.0
    usage = _usage(score, fresh, size)
    usage += _mean_usage(forecast("insight") if insights else None, insights, mean)
    usage += _mean_usage(forecast("score") if repeated else None, repeated, mean)
    return Estimate(
        engine=engine,
        model=model,
        resumes=resumes,
        reused=resumes - fresh,
        unread=counts["unread"],
        is_unpacking=draft.archives.open().exists(),
        scorecards=fresh if score else 0,
        insights=insights,
        repeats=repeated,
        usage=usage,
        cost=facts.cost(usage) if score else 0.0,
        seconds=_seconds(draft.owner_id, engine, model, usage, fresh),
        budget=settings.EVALUATOR_MAX_TOKENS_PER_JOB,
    )


def _counts(draft: Draft) -> dict[str, int]:
    """How many files are read (`readable`) and how many are not (`unread`), and the `bytes` of all
    texts. One query."""
    counts = draft.candidates.filter(same_as=None).aggregate(
        readable=Count("pk", filter=Q(status=CandidateStatus.READABLE)),
        unread=Count("pk", filter=Q(status__in=(CandidateStatus.WAITING, CandidateStatus.READING))),
        bytes=Sum(_octets(), filter=Q(status=CandidateStatus.READABLE), default=0),
    )
    return {name: int(value) for name, value in counts.items()}


def _with_fingerprints(draft: Draft, shared: str) -> Any:
    """Readable candidates with the fingerprint that each would get; `shared` is its prefix."""
    own = Sha256(Concat(Value(shared), F("redacted_key")))
    return draft.candidates.filter(same_as=None, status=CandidateStatus.READABLE).annotate(own=own)


def _known(owner_id: int) -> Any:
    return Evaluation.objects.filter(
        fingerprint=OuterRef("own"), status=EvaluationStatus.SCORED, analysis__draft__owner=owner_id
    )


def _fresh(readable: Any, owner_id: int, room: int) -> tuple[int, int]:
    """How many different résumés have no score yet, and the bytes of what is sent of them, of each
    up to `room`. One query."""
    sent: Any = Least(_octets(), Value(room)) if room else _octets()
    key = Coalesce(NullIf(F("redacted_key"), Value("")), Cast("pk", CharField()))
    unknown = readable.filter(Q(redacted_key="") | ~Exists(_known(owner_id))).order_by()
    by_key = unknown.values(key=key).annotate(sent=Max(sent))
    fresh = by_key.aggregate(number=Count("key"), total=Sum("sent", default=0))
    return int(fresh["number"]), int(fresh["total"])


def _insight_calls(readable: Any, owner_id: int, best: int, fresh: int) -> int:
    """Calls for the insights of the `best` at the most: known ones take none. One query."""
    with_insights = _known(owner_id).filter(insights__version=engines.WITH_INSIGHTS)
    known = readable.filter(Exists(with_insights)).order_by().values("own").distinct().count()
    return int(min(best, best - min(known, best) + fresh))


def _usage(forecast: Forecast | None, calls: int, size: int) -> Usage:
    """What so many calls take that send `size` bytes of résumés in all; nothing where the engine
    makes no calls."""
    if forecast is None:
        return Usage()
    return Usage(
        calls=calls,
        prompt_tokens=forecast.shared * calls + -(-size // catalogue.BYTES_PER_TOKEN),
        completion_tokens=forecast.answer * calls,
        cached_tokens=forecast.cached * max(0, calls - 1),
        estimated=True,
    )


def _mean_usage(forecast: Forecast | None, calls: int, mean: float) -> Usage:
    """What so many calls take about résumés of `mean` bytes."""
    if forecast is None:
        return Usage()
    return _usage(forecast, calls, math.ceil(calls * min(mean, forecast.room or mean)))


def _seconds(owner_id: int, engine: str, model: str, usage: Usage, fresh: int) -> float | None:
    """About how long the run takes; None where that is unknown. Two queries at most."""
    if usage.calls:
        return _seconds_of_calls(owner_id, model, usage)
    return _seconds_without_calls(owner_id, engine, fresh)


def _seconds_of_calls(owner_id: int, model: str, usage: Usage) -> float | None:
    """From the usual time of the owner's last calls of the model; None where there are too few of
    those, or no worker."""
    workers = Heartbeat.objects.workers()
    last = Call.objects.filter(
        owner=owner_id, model=model, status=CallStatus.ANSWERED, purpose=CallPurpose.SCORE
    ).order_by("-created_at")
    durations = last.annotate(took=F("settled_at") - F("created_at")).values_list("took", flat=True)
    seconds = [took.total_seconds() for took in durations[:SAMPLE_CALLS] if took is not None]
    if len(seconds) < MIN_SAMPLE_CALLS or not workers:
        return None
    usual = float(median(seconds))
    tokens = usage.prompt_tokens + usage.completion_tokens
    bounds = [usual, usual * usage.calls / (settings.EVALUATOR_CONCURRENCY * workers)]
    limits = (usage.calls, settings.EVALUATOR_RPM), (tokens, settings.EVALUATOR_TPM)
    bounds += [60 * used / per_minute for used, per_minute in limits if per_minute]
    return max(bounds)


def _seconds_without_calls(owner_id: int, engine: str, fresh: int) -> float | None:
    """From the pace of the owner's last jobs of the engine; None where there is none."""
    if not fresh:
        return 1.0
    scored = Evaluation.objects.filter(
        analysis=OuterRef("analysis"), status=EvaluationStatus.SCORED, reused=False
    ).order_by()
    last = Job.objects.filter(
        analysis__engine=engine, analysis__draft__owner=owner_id, status=JobStatus.COMPLETED
    ).annotate(
        took_for=F("completed_at") - F("started_at"),
        scored=scored.values("analysis").annotate(n=Count("pk")).values("n"),
    )
    pairs = last.order_by("-created_at").values_list("took_for", "scored")[:SAMPLE_JOBS]
    paces = [took.total_seconds() / number for took, number in pairs if took and number]
    return fresh * float(median(paces)) if paces else None


def _octets() -> Func:
    """Bytes of a text, which PostgreSQL knows without reading it."""
    return Func(F("text"), function="octet_length", output_field=IntegerField())
