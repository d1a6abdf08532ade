"""Rows as the workers leave them, without running a worker: read candidates, a finished ranking."""

from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.utils import timezone

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Analysis, Call, Candidate, Draft, Evaluation, FollowUp, Note
from candidates.models.analysis import EvaluationStatus
from candidates.models.call import CallPurpose, CallStatus
from candidates.models.candidate import CandidateStatus
from candidates.models.followup import FollowUpKind, FollowUpStatus
from candidates.models.reason import error_columns
from candidates.reading import Problem
from candidates.scoring.fingerprint import document_key
from candidates.scoring.prepare import prepare_for_storage
from candidates.scoring.scorecard import Quote, Rating
from jobs.models import Job, JobStatus

TEXT = "Ada Example\nada@example.com\n\nBuilt payment services in Python.\nTuned PostgreSQL."
TIMED_OUT = Reason(FailureCode.TIMED_OUT, {"tries": 4})
QUOTE = "Built payment services in Python."


def candidate(draft: Draft, number: int = 1, **values: Any) -> Candidate:
    """A readable candidate of the draft, with a stored file."""
    data = values.pop("data", f"{draft.pk} {number}".encode())
    text, name = values.get("text", TEXT), values.get("name", f"Person {number}")
    row = Candidate(
        draft=draft,
        **{
            "filename": f"cv-{number:05}.txt",
            "size": len(data),
            "sha256": sha256(data).hexdigest(),
            "status": CandidateStatus.READABLE,
            "read_at": timezone.now(),
            "name": f"Person {number}",
            "text": TEXT,
            **_prepared(text, name),
            "pages": 1,
            **values,
        },
    )
    row.file.save("resume", ContentFile(data), save=False)
    row.save()
    row.refresh_from_db()
    return row


def _prepared(text: str, name: str) -> dict[str, Any]:
    if not text:
        return {}
    prepared, spans = prepare_for_storage(text, name)
    return {"prepared": spans, "redacted_key": document_key(prepared.document)}


def note(candidate: Candidate, author: User, text: str = "Call back.") -> Note:
    made = Note.objects.create(candidate=candidate, author=author, text=text)
    made.refresh_from_db()
    return made


def unreadable(draft: Draft, number: int, problem: Problem = Problem.ENCRYPTED) -> Candidate:
    return candidate(
        draft, number, status=CandidateStatus.UNREADABLE, problem=problem, text="", name="", pages=0
    )


def waiting(draft: Draft, number: int) -> Candidate:
    return candidate(
        draft, number, status=CandidateStatus.WAITING, read_at=None, text="", name="", pages=0
    )


def candidates(draft: Draft, count: int, *, distinct: bool = False) -> None:
    """Many readable candidates in one statement; their files are not stored.

    With `distinct` no two have the same text, so that each costs a call of its own.
    """
    now = timezone.now()
    Candidate.objects.bulk_create(
        Candidate(
            draft=draft,
            filename=f"many-{number:05}.txt",
            file=f"resumes/{draft.pk}/{number}",
            size=10,
            sha256=sha256(f"many {draft.pk} {number}".encode()).hexdigest(),
            status=CandidateStatus.READABLE,
            read_at=now,
            name=f"Many {number}",
            text=f"{TEXT}\nWorked for {_mark(draft, number)}." if distinct else TEXT,
        )
        for number in range(count)
    )


def _mark(draft: Draft, number: int) -> str:
    """Letters that no other candidate has; digits may be redacted."""
    digits = f"{draft.pk:06x}{number:06x}"
    return digits.translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))


def analysis(draft: Draft, user: User) -> Analysis:
    made = Analysis.objects.create(
        draft=draft,
        requested_by=user,
        title=draft.title,
        criteria=draft.rubric().to_json(),
        engine="local",
        model="a-model",
        version="local-9",
        top_n=10,
    )
    made.refresh_from_db()
    return made


def ratings(analysis: Analysis, value: float = 3.0) -> list[dict[str, Any]]:
    """The same rating for each criterion, with a quote that stands in TEXT."""
    start = TEXT.index(QUOTE)
    quote = Quote(QUOTE, start, start + len(QUOTE))
    return [
        Rating(criterion.key, value, "Says so plainly.", (quote,)).to_json()
        for criterion in analysis.rubric.criteria
    ]


def evaluate(analysis: Analysis) -> None:
    """Score every readable candidate of the draft, the first the best; close the unreadable."""
    now = timezone.now()
    rank = 0
    rows = []
    for candidate_row in analysis.draft.candidates.order_by("pk"):
        row = Evaluation(analysis=analysis, candidate=candidate_row, scored_at=now)
        if candidate_row.status == CandidateStatus.READABLE:
            rank += 1
            row.status, row.rank, row.score = EvaluationStatus.SCORED, rank, max(0, 90 - rank)
            row.ratings = ratings(analysis)
        else:
            row.status = EvaluationStatus.UNREADABLE
        rows.append(row)
    Evaluation.objects.bulk_create(rows)


def failure(reason: Reason = TIMED_OUT) -> dict[str, Any]:
    """Columns of an evaluation that failed for the reason."""
    failed = {"status": EvaluationStatus.FAILED, "score": None, "rank": None}
    return {**failed, **error_columns(reason)}


def job(
    analysis: Analysis, status: JobStatus = JobStatus.COMPLETED, error: Reason | None = None
) -> Job:
    now = timezone.now()
    made = Job.objects.create(
        analysis=analysis,
        requested_by=analysis.requested_by,
        status=status,
        **error_columns(error),
        started_at=None if status == JobStatus.PENDING else now,
        completed_at=None if status in (JobStatus.PENDING, JobStatus.PROCESSING) else now,
    )
    made.refresh_from_db()
    return made


def call(analysis: Analysis, **values: Any) -> Call:
    """A call of the analysis that was answered and paid for."""
    made = Call.objects.create(
        owner=analysis.draft.owner,
        draft=analysis.draft,
        analysis=analysis,
        **{
            "purpose": CallPurpose.SCORE,
            "token": uuid4(),
            "model": analysis.model,
            "status": CallStatus.ANSWERED,
            "settled_at": timezone.now(),
            "reserved_tokens": 1_500,
            "prompt_tokens": 1_000,
            "completion_tokens": 200,
            "cached_tokens": 500,
            "cost": Decimal("0.01"),
            "mode": "json_schema",
            "answered_by": analysis.model,
            **values,
        },
    )
    made.refresh_from_db()
    return made


def repeat(evaluation: Evaluation, score: float) -> None:
    """The evaluation has been scored again, and got this."""
    FollowUp.objects.create(
        analysis=evaluation.analysis,
        evaluation=evaluation,
        kind=FollowUpKind.REPEAT,
        status=FollowUpStatus.DONE,
        score=score,
        done_at=timezone.now(),
    )
