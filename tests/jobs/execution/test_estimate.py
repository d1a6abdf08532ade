"""What a run would take, against what the scripted server then charges."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from candidates.models import Analysis, Call, Candidate, Draft
from candidates.models.candidate import CandidateStatus
from jobs.execution import submit
from jobs.execution.estimate import estimate_run
from jobs.models import Heartbeat, Job
from tests import workers_here
from tests.makers import rows
from tests.servers.model import ModelServer

# The estimate takes three bytes for a token and full answers, the server four and short ones.
AT_MOST = 2.5
HTMX = {"HX-Request": "true"}


@pytest.fixture
def model(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    workers_here.shorten_waits(monkeypatch)
    with workers_here.model_server(settings) as server:
        yield server


def resume(number: int) -> bytes:
    work = f"Built payment services in Python and PostgreSQL, ledger number {number}.\n" * 40
    return f"Person Number{number}\n\n{work}".encode()


@pytest.fixture
def full(draft: Draft) -> Draft:
    workers_here.upload(draft, {f"{number}.txt": resume(number) for number in range(12)})
    workers_here.work_off()
    return draft


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
class TestAgainstTheServer:
    @pytest.mark.parametrize("mode", ["none", "top", "all"])
    @pytest.mark.parametrize("repeats", [False, True])
    def test_calls_are_exact_and_tokens_are_near(
        self, full: Draft, alice: User, model: ModelServer, mode: str, repeats: bool
    ) -> None:
        estimate = estimate_run(full, mode=mode, top_n=3, repeats=repeats)
        submit.submit(full, alice, mode=mode, top_n=3, repeats=repeats)

        workers_here.work_off()

        charged = model.usage()
        tokens = charged["prompt_tokens"] + charged["completion_tokens"]
        assert estimate.calls == len(model.requests) == Call.objects.count()
        assert estimate.usage.calls == estimate.calls
        assert (estimate.resumes, estimate.scorecards, estimate.reused) == (12, 12, 0)
        assert estimate.insights == (3 if mode == "top" else 0)
        assert estimate.repeats == (8 if repeats else 0)
        assert tokens <= estimate.tokens <= AT_MOST * tokens

    def test_what_is_known_is_not_counted_again(
        self, full: Draft, alice: User, model: ModelServer
    ) -> None:
        submit.submit(full, alice, mode="top", top_n=3)
        workers_here.work_off()
        before = len(model.requests)

        again = estimate_run(full, mode="top", top_n=3)
        other = estimate_run(full, mode="all")
        workers_here.upload(full, {"new.txt": resume(99), "twin.docx": resume(98), "twin.txt": b""})
        workers_here.work_off()
        more = estimate_run(full, mode="top", top_n=3)
        submit.submit(full, alice, mode="top", top_n=3)
        workers_here.work_off()

        assert (again.calls, again.reused, again.tokens) == (0, 12, 0)
        assert other.calls == 12  # another prompt
        fresh = full.candidates.filter(status=CandidateStatus.READABLE).count() - 12
        assert (more.scorecards, more.reused) == (fresh, 12)
        made = len(model.requests) - before
        assert more.scorecards <= made <= more.calls

    def test_identical_texts_cost_one_call(
        self, full: Draft, alice: User, model: ModelServer
    ) -> None:
        workers_here.upload(full, {"same.md": resume(0)})
        workers_here.work_off()
        Candidate.objects.update(name="")  # each file has its own bytes, some the same text
        submit.submit(full, alice, mode="none")

        estimate = estimate_run(full, mode="none")
        workers_here.work_off()

        assert estimate.calls == len(model.requests)


@pytest.mark.django_db
class TestFigures:
    @pytest.fixture
    def openai(self, settings: LazySettings) -> LazySettings:
        settings.EVALUATOR_ENGINE = "openai"
        settings.EVALUATOR_MODEL = "gpt-5-mini"
        return settings

    def test_the_built_in_engine_calls_nobody(self, draft: Draft) -> None:
        rows.candidates(draft, 3)

        estimate = estimate_run(draft, repeats=True)

        assert (estimate.resumes, estimate.calls, estimate.cost) == (3, 0, 0.0)
        assert str(estimate).endswith("3 résumés, 0 scores reused, no calls, nothing to pay.")

    def test_money_follows_the_price_table(self, draft: Draft, openai: LazySettings) -> None:
        rows.candidates(draft, 100)
        usual = estimate_run(draft, mode="none")
        openai.EVALUATOR_PRICES = {"gpt-5-mini": {"input": 1.0, "cached": 1.0, "output": 0.0}}
        dear = estimate_run(draft, mode="none")
        openai.EVALUATOR_MODEL = "nobody-knows"
        unknown = estimate_run(draft, mode="none")

        assert usual.cost is not None and 0 < usual.cost < 1
        assert dear.cost == pytest.approx(dear.usage.prompt_tokens / 1e6)
        assert unknown.cost is None and "price unknown: set EVALUATOR_PRICES" in str(unknown)

    def test_a_long_prompt_is_cached_from_the_second_call_on(
        self, draft: Draft, openai: LazySettings
    ) -> None:
        Draft.objects.filter(pk=draft.pk).update(description="We build ledgers. " * 400)
        draft.refresh_from_db()
        rows.candidates(draft, 10)

        estimate = estimate_run(draft, mode="none")

        shared = estimate.usage.cached_tokens / 9
        assert shared > 1024 and shared * 10 < estimate.usage.prompt_tokens

    @pytest.mark.slow
    def test_a_resume_counts_for_no_more_than_the_model_takes_in(
        self, draft: Draft, openai: LazySettings
    ) -> None:
        openai.EVALUATOR_PRICES = {"gpt-5-mini": {"context": 8_000}}
        rows.candidate(draft, 1, text="word " * 100_000)

        estimate = estimate_run(draft, mode="none")

        assert estimate.usage.prompt_tokens < 8_000

    def test_the_time_is_told_from_calls_that_were_made_and_only_then(
        self, draft: Draft, alice: User, openai: LazySettings
    ) -> None:
        rows.candidates(draft, 320)
        analysis = rows.analysis(draft, alice)
        Analysis.objects.filter(pk=analysis.pk).update(model="gpt-5-mini")
        analysis.refresh_from_db()
        Heartbeat.objects.create(host="h", pid=1, workers=2, canary_at=timezone.now())
        openai.EVALUATOR_CONCURRENCY = 16
        assert estimate_run(draft, mode="none").time == ""

        for seconds in (2, 3, 3, 3, 40):
            call = rows.call(analysis)
            Call.objects.filter(pk=call.pk).update(
                settled_at=call.created_at + timedelta(seconds=seconds)
            )
        estimate = estimate_run(draft, mode="none")
        openai.EVALUATOR_RPM = 32
        limited = estimate_run(draft, mode="none")
        Heartbeat.objects.all().delete()

        assert estimate.seconds == pytest.approx(3 * 320 / 32) and estimate.time == "30 s"
        assert limited.time == "10 min"
        assert estimate_run(draft, mode="none").time == ""  # nobody to make them

    def test_passing_the_budget_is_told(self, draft: Draft, openai: LazySettings) -> None:
        rows.candidates(draft, 3)
        openai.EVALUATOR_MAX_TOKENS_PER_JOB = 1_000

        assert "more than the 1,000 tokens that a job may take" in str(estimate_run(draft))
        openai.EVALUATOR_MAX_TOKENS_PER_JOB = 1_000_000
        assert "that a job may take" not in str(estimate_run(draft))

    def test_an_older_file_of_the_same_person_is_not_counted(
        self, draft: Draft, openai: LazySettings
    ) -> None:
        newest = rows.candidate(draft, 1)
        rows.candidate(draft, 2, same_as=newest)
        rows.waiting(draft, 3)

        estimate = estimate_run(draft, mode="none")

        assert (estimate.resumes, estimate.scorecards, estimate.unread) == (1, 1, 1)

    def test_it_costs_the_same_for_many_candidates(
        self, draft: Draft, alice: User, openai: LazySettings, django_assert_max_num_queries: Any
    ) -> None:
        rows.candidates(draft, 500)

        with django_assert_max_num_queries(9), CaptureQueriesContext(connection) as seen:
            estimate_run(draft, mode="top", repeats=True)

        assert not [query for query in seen if '"text" FROM' in query["sql"]]


class TestPage:
    def test_the_draft_page_gets_the_figures_for_what_is_chosen(
        self, as_alice: Client, draft: Draft, settings: LazySettings
    ) -> None:
        settings.EVALUATOR_ENGINE = "openai"
        settings.EVALUATOR_MODEL = "nobody-knows"
        settings.EVALUATOR_MAX_TOKENS_PER_JOB = 100
        rows.candidates(draft, 20)
        rows.waiting(draft, 1)
        address = reverse("jobs:estimate", args=[draft.public_id])
        chosen = {"insights_mode": "top", "top_n": "4", "repeats": "on"}

        part = as_alice.get(address, chosen, headers=HTMX).text
        whole = as_alice.get(address).text

        text = " ".join(part.split())
        assert "<html" not in part and "<html" in whole
        assert "(20 to score, up to 4 for insights, 8 to score twice)" in text
        assert "price unknown: set EVALUATOR_PRICES" in text
        assert "That is more than the 100 tokens" in text
        assert "1 file not read yet will come on top." in text
        assert "20 to score, up to 10 for insights)" in " ".join(whole.split())

    def test_without_resumes_or_with_a_choice_that_is_none_it_says_so(
        self, as_alice: Client, draft: Draft
    ) -> None:
        address = reverse("jobs:estimate", args=[draft.public_id])

        assert "told when there are résumés" in as_alice.get(address).text
        assert "Say for whom" in as_alice.get(address, {"insights_mode": "some"}).text

    def test_a_role_that_cannot_be_rated_says_why(self, as_alice: Client, alice: User) -> None:
        bare = Draft.objects.create(owner=alice, title="Nothing")
        bare.refresh_from_db()

        page = as_alice.get(reverse("jobs:estimate", args=[bare.public_id]))

        assert "There is nothing to rate by." in page.text


def test_without_calls_the_time_comes_from_the_last_jobs(draft: Draft, alice: User) -> None:
    rows.candidates(draft, 10)
    assert estimate_run(draft, engine="local").time == ""
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    job = rows.job(analysis)
    Job.objects.filter(pk=job.pk).update(completed_at=job.started_at + timedelta(seconds=20))  # type: ignore[operator]

    assert estimate_run(draft, engine="local").time == "20 s"
