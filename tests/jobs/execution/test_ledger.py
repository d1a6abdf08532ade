"""Every call to a model in the ledger, and what the ledger holds back."""

import time
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connections

from candidates.models import Call, Draft, TokenCount
from candidates.models.analysis import EvaluationStatus
from candidates.models.call import CallPurpose, CallStatus
from candidates.reasons import sentence
from jobs.execution import ledger, pause, submit
from jobs.models import Job, JobStatus, Notification
from tests.makers import rows
from tests.retries import shorten_retries_within_calls
from tests.servers.model import Behaviour, ModelServer, completion_reply, error, rated
from tests.workers_here import forget_limits, work_off

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]


def several(draft: Draft, number: int) -> None:
    for each in range(number):
        rows.candidate(draft, each, text=f"Python services, the {each}th time over")


@pytest.mark.slow
def test_the_ledger_comes_to_what_the_server_charged_to_the_token(
    alice: User, draft: Draft, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten_retries_within_calls(monkeypatch, 0.01)
    model.behaviour = type(model.behaviour)(
        latency=0.01, rate_limited=0.1, failing=0.1, dropped=0.05, garbled=0.05, retry_after="0.05"
    )
    several(draft, 30)
    job = submit.submit(draft, alice, mode="top", top_n=5)

    work_off()

    assert Job.objects.get(pk=job.pk).status == JobStatus.COMPLETED
    assert job.analysis.tally()[EvaluationStatus.SCORED] == 30
    calls = job.analysis.calls
    assert calls.count() == len(model.requests)
    assert not calls.open().exists()
    assert {**calls.usage(), **model.usage()} == calls.usage()
    assert calls.filter(status=CallStatus.ANSWERED, purpose=CallPurpose.SCORE).count() == 30
    assert calls.filter(status=CallStatus.ANSWERED, purpose=CallPurpose.INSIGHT).count() == 5
    assert calls.filter(status=CallStatus.REFUSED).exists()


def test_a_call_is_in_the_ledger_before_it_leaves(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    seen: list[int] = []

    def looks(request: dict[str, Any]) -> Any:
        seen.append(Call.objects.open().count())
        connections.close_all()
        return error(500) if len(seen) == 1 else rated(request)

    model.script = [looks]
    rows.candidate(draft)
    submit.submit(draft, alice, mode="none")

    work_off()

    assert seen == [1, 1]
    assert sorted(Call.objects.values_list("status", "error_code", "http_status")) == [
        (CallStatus.ANSWERED, "", 200),
        (CallStatus.REFUSED, "server_error", 500),
    ]


def test_an_answer_that_cannot_be_used_is_in_the_ledger_with_what_it_cost(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    model.script = [completion_reply("I would rather not.")]
    rows.candidate(draft)
    job = submit.submit(draft, alice, mode="none")

    work_off()

    assert Job.objects.get(pk=job.pk).status == JobStatus.FAILED
    assert job.analysis.calls.usage()["calls"] == 2  # the answer, and the one that was to mend it
    assert {**job.analysis.calls.usage(), **model.usage()} == job.analysis.calls.usage()


def test_calls_cost_what_the_price_table_says(
    alice: User, draft: Draft, model: ModelServer, settings: LazySettings
) -> None:
    settings.EVALUATOR_PRICES = {"gpt-5-mini": {"input": 1.0, "cached": 0.5, "output": 10.0}}
    several(draft, 3)
    job = submit.submit(draft, alice, mode="none")

    work_off()

    spent = job.analysis.calls.usage()
    fresh = spent["prompt_tokens"] - spent["cached_tokens"]
    expected = fresh * 1.0 + spent["cached_tokens"] * 0.5 + spent["completion_tokens"] * 10.0
    assert spent["cost"] == (Decimal(str(expected)) / 1_000_000).quantize(Decimal("0.000001"))
    assert Call.objects.by_month().get()["cost"] == spent["cost"]


def test_a_model_without_a_price_has_no_cost(alice: User, draft: Draft, model: ModelServer) -> None:
    rows.candidate(draft)
    job = submit.submit(draft, alice, mode="none", model="mine")

    work_off()

    assert job.analysis.calls.usage()["cost"] is None


def test_a_budget_is_never_passed_and_the_job_goes_on_when_it_is_raised(
    alice: User, draft: Draft, model: ModelServer, settings: LazySettings
) -> None:
    settings.EVALUATOR_MAX_TOKENS_PER_JOB = 6_000
    settings.EVALUATOR_CONCURRENCY = 2
    several(draft, 12)
    job = submit.submit(draft, alice, mode="none")

    work_off()

    job.refresh_from_db()
    assert job.is_paused and "EVALUATOR_MAX_TOKENS_PER_JOB" in sentence(job.pause_reason)
    charged = model.usage()
    assert 0 < charged["prompt_tokens"] + charged["completion_tokens"] <= 6_000
    done = job.analysis.tally()[EvaluationStatus.SCORED]
    assert 0 < done < 12
    assert not Call.objects.open().exists()
    assert Notification.objects.get().kind == "paused"

    settings.EVALUATOR_MAX_TOKENS_PER_JOB = 1_000_000
    pause.resume_job(job, alice)
    work_off()

    assert Job.objects.get(pk=job.pk).status == JobStatus.COMPLETED
    assert len(model.requests) == 12


@pytest.mark.slow
def test_calls_on_their_way_are_waited_for_before_the_budget_is_said_to_be_spent(
    alice: User, draft: Draft, model: ModelServer, settings: LazySettings
) -> None:
    settings.EVALUATOR_MAX_TOKENS_PER_JOB = 9_000
    settings.EVALUATOR_CONCURRENCY = 12
    model.behaviour = Behaviour(latency=0.2)
    several(draft, 40)
    job = submit.submit(draft, alice, mode="none")

    work_off()

    job.refresh_from_db()
    charged = model.usage()
    spent = charged["prompt_tokens"] + charged["completion_tokens"]
    smallest = min(Call.objects.values_list("reserved_tokens", flat=True))
    assert 9_000 - smallest < spent <= 9_000
    assert f"{spent:,}" in sentence(job.pause_reason)


@pytest.mark.slow
def test_what_is_on_its_way_when_nothing_works_any_more_is_waited_for(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    several(draft, 12)
    job = submit.submit(draft, alice, mode="none")

    def runs_out(request: dict[str, Any]) -> Any:
        if request["_nonce"] == 1:
            return rated(request)
        if request["_nonce"] == 2:
            while len(model.requests) < 5:
                time.sleep(0.01)
            return error(429, "insufficient_quota")
        reply = rated(request)
        reply.seconds = 0.5
        return reply

    model.script = [runs_out]
    work_off()

    job.refresh_from_db()
    assert job.is_paused and job.pause_code == "quota_gone"
    answered = sum(reply.prompt_tokens > 0 for reply in model.log)
    assert job.analysis.tally()[EvaluationStatus.SCORED] == answered >= 4
    assert not Call.objects.filter(status=CallStatus.UNKNOWN).exists()


def test_a_limit_of_calls_a_minute_lets_the_others_wait_for_their_turn(
    alice: User, draft: Draft, model: ModelServer, settings: LazySettings
) -> None:
    forget_limits()
    settings.EVALUATOR_RPM = 5
    several(draft, 8)
    job = submit.submit(draft, alice, mode="none")

    numbers = count(1)

    def cancels_after_five(request: dict[str, Any]) -> Any:
        if next(numbers) == 5:
            submit.cancel(job, alice)
        connections.close_all()
        return rated(request)

    model.script = [cancels_after_five]
    work_off()

    tally = job.analysis.tally()
    assert len(model.requests) == 5
    assert 0 < tally[EvaluationStatus.SCORED] <= 5  # a cancel does not wait for what is on its way
    assert tally[EvaluationStatus.SCORED] + tally[EvaluationStatus.WAITING] == 8
    assert set(job.analysis.evaluations.values_list("attempts", flat=True)) <= {0, 1}


def test_a_call_that_nobody_settled_is_named(alice: User, draft: Draft) -> None:
    job = rows.job(rows.analysis(draft, alice))
    ticket = ledger.Ticket(
        draft=draft,
        purpose=CallPurpose.SCORE,
        model="m",
        token=draft.public_id,
        analysis=job.analysis,
    )
    [[call], _] = ledger.reserve([(ticket, 700)])

    assert Call.objects.filter(token=draft.public_id).lose() == 1
    assert TokenCount.objects.get(pk=job.analysis_id).tokens == 700

    row = Call.objects.get(pk=call)
    assert (row.status, row.error_code) == (CallStatus.UNKNOWN, "worker_ended")
    assert Call.objects.all().usage()["unknown"] == 1
    # An answer that comes after that is too late to be believed.
    assert Call.objects.all().settle([]) == 0


def test_a_score_by_a_prompt_that_a_deploy_replaced_is_not_taken_for_one_by_the_new(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    rows.candidate(draft)
    job = submit.submit(draft, alice, mode="none")
    # Asked for before the deploy, worked on after it.
    type(job.analysis).objects.filter(pk=job.analysis_id).update(version="score-v0")
    work_off()
    submit.submit(draft, alice, mode="none")
    work_off()

    assert len(model.requests) == 1  # both were made by today's prompt
