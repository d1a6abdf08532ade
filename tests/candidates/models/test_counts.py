"""The counts that triggers keep are those of the rows, whatever changed them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Count, F, Q
from django.db.models.functions import Now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from candidates.models import (
    Analysis,
    Call,
    Candidate,
    CandidateCount,
    Draft,
    Evaluation,
    EvaluationCount,
    FollowUp,
    FollowUpCount,
    TokenCount,
)
from candidates.models.analysis import OPEN_EVALUATION_STATUSES, EvaluationStatus
from candidates.models.call import CallPurpose, CallStatus
from candidates.models.candidate import OPEN_CANDIDATE_STATUSES, CandidateStatus
from candidates.models.followup import FollowUpKind, FollowUpStatus
from tests.makers import rows

pytestmark = pytest.mark.django_db

EVALUATIONS: dict[str, dict[str, Any]] = {
    EvaluationStatus.WAITING: {"score": None, "scored_at": None, "error_code": ""},
    EvaluationStatus.SCORED: {"score": 50, "scored_at": Now(), "error_code": ""},
    EvaluationStatus.FAILED: {"score": None, "scored_at": Now(), "error_code": "timed_out"},
    EvaluationStatus.UNREADABLE: {"score": None, "scored_at": Now(), "error_code": ""},
}
FILES: dict[str, dict[str, Any]] = {
    CandidateStatus.WAITING: {"read_at": None, "problem": ""},
    CandidateStatus.READABLE: {"read_at": Now(), "problem": ""},
    CandidateStatus.UNREADABLE: {"read_at": Now(), "problem": "encrypted"},
}
CALLS: dict[str, dict[str, Any]] = {
    CallStatus.OPEN: {"settled_at": None, "error_code": ""},
    CallStatus.ANSWERED: {"settled_at": Now(), "error_code": ""},
    CallStatus.REFUSED: {"settled_at": Now(), "error_code": "server_error"},
    CallStatus.UNKNOWN: {"settled_at": Now(), "error_code": "worker_ended"},
}
FOLLOWUPS: dict[str, dict[str, Any]] = {
    FollowUpStatus.WAITING: {"done_at": None, "error_code": ""},
    FollowUpStatus.DONE: {"done_at": Now(), "error_code": ""},
    FollowUpStatus.FAILED: {"done_at": Now(), "error_code": "timed_out"},
}
PART = st.tuples(st.integers(0, 3), st.integers(2, 4))  # rows whose id leaves this remainder


def chosen(queryset: Any, part: tuple[int, int]) -> Any:
    return queryset.annotate(remainder=F("pk") % part[1]).filter(remainder=part[0] % part[1])


def check(analyses: list[Analysis]) -> None:
    for analysis in analyses:
        by_status = {"waiting": 0, "scored": 0, "failed": 0, "unreadable": 0}
        counted = Evaluation.objects.filter(analysis=analysis).order_by().values_list("status")
        for status, number in counted.annotate(Count("pk")):
            by_status["waiting" if status in OPEN_EVALUATION_STATUSES else status] += number
        counted_row = EvaluationCount.objects.filter(pk=analysis.pk).first()
        reused = Evaluation.objects.filter(analysis=analysis, score__isnull=False, reused=True)
        assert (counted_row.reused if counted_row else 0) == reused.count()
        assert analysis.tally() == {"total": sum(by_status.values()), **by_status}
        followups = FollowUp.objects.filter(analysis=analysis)
        assert analysis.followup_tally() == {
            "open": followups.open().count(),
            "failed": followups.filter(status=FollowUpStatus.FAILED).count(),
        }
        calls = Call.objects.filter(analysis=analysis)
        tokens = sum(
            call.reserved_tokens
            if call.status in (CallStatus.OPEN, CallStatus.UNKNOWN)
            else call.prompt_tokens + call.completion_tokens
            for call in calls
        )
        row = TokenCount.objects.filter(pk=analysis.pk).first()
        assert (row.tokens if row else 0) == tokens
    draft = analyses[0].draft
    files = draft.candidates.aggregate(
        total=Count("pk"),
        waiting=Count("pk", filter=Q(status__in=OPEN_CANDIDATE_STATUSES)),
        readable=Count("pk", filter=Q(status=CandidateStatus.READABLE)),
        unreadable=Count("pk", filter=Q(status=CandidateStatus.UNREADABLE)),
    )
    tally = draft.file_tally()
    assert tally.pop("done") == files["readable"] + files["unreadable"]
    assert tally == files


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("candidates"), st.integers(1, 5)),
            st.tuples(st.just("enrol"), st.integers(0, 1)),
            st.tuples(st.just("evaluations"), st.sampled_from(list(EVALUATIONS)), PART),
            st.tuples(st.just("reuse"), st.booleans(), PART),
            st.tuples(st.just("files"), st.sampled_from(list(FILES)), PART),
            st.tuples(st.just("reserve"), st.integers(0, 1), st.integers(1, 4)),
            st.tuples(st.just("calls"), st.sampled_from(list(CALLS)), PART),
            st.tuples(st.just("ask again"), PART),
            st.tuples(st.just("follow-ups"), st.sampled_from(list(FOLLOWUPS)), PART),
            st.tuples(st.just("delete candidates"), PART),
            st.tuples(st.just("delete calls"), PART),
        ),
        max_size=25,
    )
)
def test_they_are_those_of_the_rows_after_any_statements(
    draft: Draft, alice: User, steps: list[Any]
) -> None:
    analyses = [rows.analysis(draft, alice) for _ in range(2)]
    for name, *values in steps:
        if name == "candidates":
            Candidate.objects.bulk_create(
                Candidate(draft=draft, filename="a", file="a", size=1, sha256=uuid4().hex)
                for _ in range(values[0])
            )
        elif name == "enrol":
            Evaluation.objects.enrol(analyses[values[0]])
        elif name == "evaluations":
            status, part = values
            chosen(Evaluation.objects, part).update(status=status, **EVALUATIONS[status])
        elif name == "reuse":
            chosen(Evaluation.objects, values[1]).update(reused=values[0])
        elif name == "files":
            status, part = values
            chosen(Candidate.objects, part).update(status=status, **FILES[status])
        elif name == "reserve":
            number, tokens = values
            Call.objects.bulk_create(
                Call(
                    owner=alice,
                    analysis=analyses[number],
                    purpose=CallPurpose.SCORE,
                    token=uuid4(),
                    reserved_tokens=100 * tokens,
                    prompt_tokens=10 * tokens,
                    completion_tokens=tokens,
                )
                for _ in range(tokens)
            )
        elif name == "ask again":
            for evaluation in chosen(Evaluation.objects, values[0]):
                FollowUp.objects.enrol(evaluation.analysis, FollowUpKind.REPEAT, [evaluation.pk])
        elif name == "follow-ups":
            status, part = values
            chosen(FollowUp.objects, part).update(status=status, **FOLLOWUPS[status])
        elif name == "calls":
            status, part = values
            chosen(Call.objects, part).update(status=status, **CALLS[status])
        elif name == "delete candidates":
            chosen(Candidate.objects, values[0]).delete()
        else:
            chosen(Call.objects, values[0]).delete()
        check(analyses)
    for analysis in analyses:
        analysis.delete()
    draft.candidates.all().delete()
    assert not EvaluationCount.objects.filter(pk__in=[each.pk for each in analyses]).exists()


def test_a_draft_is_deleted_with_its_counts(draft: Draft, alice: User) -> None:
    rows.candidates(draft, 3)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    rows.repeat(analysis.evaluations.all()[0], 40)
    rows.call(analysis)

    draft.delete()

    counts = (CandidateCount, EvaluationCount, FollowUpCount, TokenCount)
    assert not any(model.objects.exists() for model in counts)


def test_a_claim_writes_no_count(draft: Draft, alice: User) -> None:
    rows.candidates(draft, 3)
    analysis = rows.analysis(draft, alice)
    Evaluation.objects.enrol(analysis)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text FROM candidates_evaluationcount")
        before = cursor.fetchone()
        Evaluation.objects.all().claim(3, uuid4(), timedelta(seconds=9))
        cursor.execute("SELECT ctid::text FROM candidates_evaluationcount")
        assert cursor.fetchone() == before
