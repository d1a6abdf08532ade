"""What a run would take, told before it: calls, reused scores, tokens, money, time.

Everything is counted in the database, in a few queries however many candidates there are. Tokens
come from the lengths of the texts, rather more than fewer; of calls about the best it is the most
there can be.
"""

import math
from dataclasses import dataclass
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
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from candidates.models import Call, Draft, Evaluation
from candidates.models.analysis import EvaluationStatus, InsightsMode, Sha256
from candidates.models.call import CallPurpose, CallStatus
from candidates.models.candidate import CandidateStatus
from candidates.models.followup import to_repeat
from candidates.pages.money import money
from candidates.scoring import catalogue, engines
from candidates.scoring.engines import Forecast
from candidates.scoring.fingerprint import prefix
from candidates.scoring.rubric import Rubric
from candidates.scoring.scorecard import Usage
from jobs.models import Heartbeat, Job, JobStatus

LOOKED_AT = 200  # calls from which their usual time is told
JOBS_LOOKED_AT = 5
FEWEST = 5  # of the calls, below which nothing is told


@dataclass(frozen=True, slots=True)
class Estimate:
    """`resumes` are those that have been read: of them `reused` have a score already. Calls are of
    three kinds. `cost` in US dollars and `seconds` are None where they cannot be told."""

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
        """In words; "" where it cannot be told."""
        if self.seconds is None:
            return ""
        if self.seconds < 90:
            return _("%(number)s s") % {"number": max(1, round(self.seconds))}
        if self.seconds < 90 * 60:
            return _("%(number)s min") % {"number": round(self.seconds / 60)}
        return _("%(number)s h") % {"number": number_format(round(self.seconds / 3600, 1), 1)}

    def __str__(self) -> str:
        told = [f"{self.resumes:,} résumé{'s' * (self.resumes != 1)}"]
        told.append(f"{self.reused:,} score{'s' * (self.reused != 1)} reused")
        if not self.calls:
            told.append("no calls, nothing to pay")
        else:
            told.append(f"{self.calls:,} call{'s' * (self.calls != 1)}")
            told.append(f"about {self.tokens:,} tokens")
            told.append(f"about {self.price}" if self.cost is not None else self.price)
            told += [f"about {self.time}"] if self.time else []
        line = f"{self.engine} ({self.model}): {', '.join(told)}."
        if self.passes_budget:
            line += (
                f" That is more than the {self.budget:,} tokens that a job may take "
                "(EVALUATOR_MAX_TOKENS_PER_JOB): it would pause before."
            )
        return line


def estimate(
    draft: Draft,
    *,
    mode: str = InsightsMode.TOP,
    top_n: int | None = None,
    engine: str = "",
    repeats: bool = False,
) -> Estimate:
    """What `submit` with the same values would lead to. Nine queries at most.

    Raises ValueError with a plain sentence when nothing could be rated.
    """
    engine = engine or settings.EVALUATOR_ENGINE
    model = settings.EVALUATOR_MODEL or engines.default_model(engine)
    rubric = draft.rubric()
    counts = _counts(draft)
    resumes = counts["readable"]
    facts = catalogue.facts(model, settings.EVALUATOR_PRICES)
    with_insights = mode == InsightsMode.ALL
    score = engines.forecast(engine, rubric, facts, "score+insight" if with_insights else "score")
    version = engines.version(engine, with_insights=with_insights)
    readable = _with_fingerprints(draft, prefix(engine, model, version, rubric))
    fresh, size = _fresh(readable, draft.owner_id, score.room if score else 0)
    asked = {"score": fresh, "insight": 0, "repeat": 0}
    usage = Usage()
    if score:
        usage += _usage(score, fresh, size)
        mean = counts["bytes"] / resumes if resumes else 0.0
        if mode == InsightsMode.TOP:
            best = min(top_n or settings.EVALUATOR_TOP_N, resumes)
            asked["insight"] = min(best, best - min(_told(readable, draft.owner_id), best) + fresh)
            usage += _alone(engine, rubric, facts, "insight", asked["insight"], mean)
        if repeats:
            asked["repeat"] = min(resumes, to_repeat(resumes))
            usage += _alone(engine, rubric, facts, "score", asked["repeat"], mean)
    return Estimate(
        engine=engine,
        model=model,
        resumes=resumes,
        reused=resumes - fresh,
        unread=counts["unread"],
        is_unpacking=draft.archives.open().exists(),
        scorecards=fresh if score else 0,
        insights=asked["insight"],
        repeats=asked["repeat"],
        usage=usage,
        cost=facts.cost(usage) if score else 0.0,
        seconds=(
            _seconds(draft.owner_id, model, usage)
            if usage.calls
            else _seconds_without_calls(draft.owner_id, engine, fresh)
        ),
        budget=settings.EVALUATOR_MAX_TOKENS_PER_JOB,
    )


def _counts(draft: Draft) -> dict[str, int]:
    """How many files have been read and how many have not, and the bytes of all texts."""
    told = draft.candidates.filter(same_as=None).aggregate(
        readable=Count("pk", filter=Q(status=CandidateStatus.READABLE)),
        unread=Count("pk", filter=Q(status__in=(CandidateStatus.WAITING, CandidateStatus.READING))),
        bytes=Sum(_octets(), filter=Q(status=CandidateStatus.READABLE), default=0),
    )
    return {name: int(value) for name, value in told.items()}


def _with_fingerprints(draft: Draft, shared: str) -> Any:
    own = Sha256(Concat(Value(shared), F("redacted_key")))
    return draft.candidates.filter(same_as=None, status=CandidateStatus.READABLE).annotate(own=own)


def _known(owner_id: int) -> Any:
    return Evaluation.objects.filter(
        fingerprint=OuterRef("own"), status=EvaluationStatus.SCORED, analysis__draft__owner=owner_id
    )


def _fresh(readable: Any, owner_id: int, room: int) -> tuple[int, int]:
    """How many different résumés have no score yet, and the bytes of what is sent of them."""
    sent: Any = Least(_octets(), Value(room)) if room else _octets()
    key = Coalesce(NullIf(F("redacted_key"), Value("")), Cast("pk", CharField()))
    unknown = readable.filter(Q(redacted_key="") | ~Exists(_known(owner_id))).order_by()
    each = unknown.values(key=key).annotate(sent=Max(sent))
    told = each.aggregate(number=Count("key"), total=Sum("sent", default=0))
    return int(told["number"]), int(told["total"])


def _told(readable: Any, owner_id: int) -> int:
    """About how many of these insights are there already."""
    told = _known(owner_id).filter(insights__version=engines.WITH_INSIGHTS)
    return int(readable.filter(Exists(told)).order_by().values("own").distinct().count())


def _usage(each: Forecast, calls: int, size: int) -> Usage:
    return Usage(
        calls=calls,
        prompt_tokens=each.shared * calls + -(-size // catalogue.A_TOKEN),
        completion_tokens=each.answer * calls,
        cached_tokens=each.cached * max(0, calls - 1),
        estimated=True,
    )


def _alone(
    engine: str, rubric: Rubric, facts: catalogue.Facts, kind: Any, calls: int, mean: float
) -> Usage:
    each = engines.forecast(engine, rubric, facts, kind)
    if each is None or not calls:
        return Usage()
    return _usage(each, calls, math.ceil(calls * min(mean, each.room or mean)))


def _seconds(owner_id: int, model: str, usage: Usage) -> float | None:
    """From the usual time of this owner's last calls of the model; None where there are too few,
    or nobody to make them."""
    workers = Heartbeat.objects.workers()
    last = Call.objects.filter(
        owner=owner_id, model=model, status=CallStatus.ANSWERED, purpose=CallPurpose.SCORE
    ).order_by("-created_at")
    took = last.annotate(took=F("settled_at") - F("created_at")).values_list("took", flat=True)
    seconds = [one.total_seconds() for one in took[:LOOKED_AT] if one is not None]
    if len(seconds) < FEWEST or not workers:
        return None
    usual = float(median(seconds))
    tokens = usage.prompt_tokens + usage.completion_tokens
    bounds = [usual, usual * usage.calls / (settings.EVALUATOR_CONCURRENCY * workers)]
    for used, a_minute in ((usage.calls, settings.EVALUATOR_RPM), (tokens, settings.EVALUATOR_TPM)):
        if a_minute:
            bounds.append(60 * used / a_minute)
    return max(bounds)


def _seconds_without_calls(owner_id: int, engine: str, fresh: int) -> float | None:
    """From the pace of this owner's last jobs of the engine; None where there is none."""
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
    pairs = last.order_by("-created_at").values_list("took_for", "scored")[:JOBS_LOOKED_AT]
    paces = [took.total_seconds() / number for took, number in pairs if took and number]
    return fresh * float(median(paces)) if paces else None


def _octets() -> Func:
    """Bytes of a text; PostgreSQL tells them without reading it."""
    return Func(F("text"), function="octet_length", output_field=IntegerField())
