"""Start, cancel, retry, pause, resume and repeat a run."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from candidates.facts.reason import FailureCode, Reason
from candidates.models import (
    Analysis,
    Draft,
    Event,
)
from jobs.execution import pause
from jobs.models import Job, JobStatus, Lane
from tests.jobs.views.requests import HTMX, url, words
from tests.makers import rows


class TestRun:
    def test_run_leads_to_the_job(self, as_alice: Client, draft: Draft, alice: User) -> None:
        rows.candidate(draft)

        page = as_alice.post(url("run", draft), {"insights_mode": "top", "top_n": "3"}, follow=True)

        job = Job.objects.get()
        assert page.redirect_chain == [(job.get_absolute_url(), 302)]
        assert (job.analysis.insights_mode, job.analysis.top_n) == ("top", 3)
        assert job.requested_by == alice
        assert "Waiting to start" in page.text

    def test_pressing_twice_is_one_job(self, as_alice: Client, draft: Draft) -> None:
        rows.candidate(draft)

        for _ in range(2):
            as_alice.post(url("run", draft), {"insights_mode": "none"})

        assert Job.objects.count() == 1

    def test_without_candidates_it_says_what_to_do(self, as_alice: Client, draft: Draft) -> None:
        page = as_alice.post(url("run", draft), {"insights_mode": "none"}, follow=True)

        assert "The draft has no candidates yet. Add their résumés first." in page.text

    @pytest.mark.parametrize(
        "data", [{}, {"insights_mode": "some"}, {"insights_mode": "top", "top_n": "0"}]
    )
    def test_a_form_that_cannot_be_used_starts_nothing(
        self, as_alice: Client, draft: Draft, data: dict[str, str]
    ) -> None:
        rows.candidate(draft)

        page = as_alice.post(url("run", draft), data, follow=True)

        assert "Say for whom insights are wanted" in page.text
        assert not Job.objects.exists()

    def test_many_candidates_cost_no_more_queries(
        self, as_alice: Client, draft: Draft, django_assert_max_num_queries: Any
    ) -> None:
        rows.candidates(draft, 500)

        with django_assert_max_num_queries(20):
            as_alice.post(url("run", draft), {"insights_mode": "all"})

        assert Job.objects.exists()


def test_a_form_that_arrives_twice_is_one_job(as_alice: Client, draft: Draft) -> None:
    rows.candidate(draft)
    page = as_alice.get(draft.get_absolute_url())
    key = page.context["run_form"]["key"].value()
    form = {"insights_mode": "none", "top_n": "3", "key": str(key)}

    first, second = (as_alice.post(url("run", draft), form) for _ in range(2))

    assert first.headers["Location"] == second.headers["Location"]
    assert Job.objects.count() == 1
    assert "no-store" in page.headers["Cache-Control"]
    assert as_alice.get(draft.get_absolute_url()).context["run_form"]["key"].value() != key


class TestCancelAndRetry:
    def test_cancel_keeps_the_scores(self, as_alice: Client, analysis: Analysis) -> None:
        rows.evaluate(analysis)
        job = rows.job(analysis, JobStatus.PROCESSING)

        page = as_alice.post(url("cancel", job), follow=True)

        assert "The job is cancelled. Scores so far are kept." in page.text
        assert Job.objects.get().status == JobStatus.CANCELLED

    def test_a_finished_job_stays_finished(self, as_alice: Client, analysis: Analysis) -> None:
        rows.evaluate(analysis)
        job = rows.job(analysis)

        page = as_alice.post(url("cancel", job), follow=True)

        assert "The job was already over." in page.text
        assert Job.objects.get().status == JobStatus.COMPLETED

    def test_retry_leads_to_a_new_job(self, as_alice: Client, analysis: Analysis) -> None:
        job = rows.job(analysis, JobStatus.FAILED, rows.TIMED_OUT)

        page = as_alice.post(url("retry", job), follow=True)

        again = Job.objects.exclude(pk=job.pk).get()
        assert page.redirect_chain == [(again.get_absolute_url(), 302)]

    def test_nothing_to_retry_is_told(self, as_alice: Client, analysis: Analysis) -> None:
        rows.evaluate(analysis)
        job = rows.job(analysis)

        page = as_alice.post(url("retry", job), follow=True)

        assert "Nothing is left to retry" in page.text
        assert Job.objects.count() == 1


class TestPauseAndResume:
    REASON = Reason(FailureCode.QUOTA_GONE)
    WHY = "The account at the model server has no quota left. Raise it, then resume the job."

    def test_a_paused_job_says_why_and_how_to_go_on(
        self, as_alice: Client, analysis: Analysis
    ) -> None:
        job = rows.job(analysis, JobStatus.PROCESSING)
        pause.pause_for_problem(job, self.REASON)

        page = words(as_alice.get(job.get_absolute_url()))

        assert "Paused" in page and self.WHY in page
        assert "Resume the job" in page and "Cancel the job" in page
        assert "Pause the job" not in page
        assert "You can close this page" not in page and "No worker is alive" not in page
        assert f"Paused: {self.WHY}" in page  # what happened

    def test_it_asks_again_seldom_while_it_is_paused(
        self, as_alice: Client, analysis: Analysis
    ) -> None:
        job = rows.job(analysis, JobStatus.PROCESSING)
        pause.pause_for_problem(job, self.REASON)
        part = as_alice.get(job.get_absolute_url(), headers=HTMX)
        asks = {**HTMX, "If-None-Match": part.context["state"]}
        same = as_alice.get(job.get_absolute_url(), headers=asks)
        Job.objects.filter(pk=job.pk).resume()
        news = as_alice.get(job.get_absolute_url(), headers=asks)

        assert 'hx-trigger="every 10s, wake"' in part.text
        assert same.status_code == 304
        assert 'hx-trigger="every 1s, wake"' in news.text

    def test_a_person_pauses_and_resumes_and_both_are_recorded(
        self, as_alice: Client, alice: User, analysis: Analysis
    ) -> None:
        job = rows.job(analysis, JobStatus.PROCESSING)

        paused = as_alice.post(url("pause", job), follow=True)
        assert Job.objects.get().is_paused
        resumed = as_alice.post(url("resume", job), follow=True)

        assert "The job is paused." in paused.text and "Paused by alice." in paused.text
        assert "The job goes on where it stopped." in resumed.text
        assert "Resumed by alice" in words(resumed)
        assert not Job.objects.get().is_paused
        assert Lane.objects.filter(job=job).count() == 1
        events = Event.objects.filter(about=job.public_id).values_list("verb", "actor")
        assert list(events) == [("paused", alice.pk), ("resumed", alice.pk)]

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    def test_pressing_twice_does_it_once(
        self, as_alice: Client, analysis: Analysis, verb: str
    ) -> None:
        job = rows.job(analysis, JobStatus.PROCESSING)
        if verb == "resume":
            pause.pause_for_problem(job, self.REASON)

        for _ in range(2):
            page = as_alice.post(url(verb, job), follow=True)

        assert "There was nothing to" in page.text
        assert Event.objects.filter(about=job.public_id, verb=f"{verb}d").count() == 1
        assert Lane.objects.filter(job=job).count() == (1 if verb == "resume" else 0)

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    def test_a_job_that_is_over_is_neither_paused_nor_resumed(
        self, as_alice: Client, analysis: Analysis, verb: str
    ) -> None:
        job = rows.job(analysis)

        page = as_alice.post(url(verb, job), follow=True)

        assert "There was nothing to" in page.text
        assert Job.objects.get().status == JobStatus.COMPLETED

    def test_lists_say_paused_and_why(self, as_alice: Client, analysis: Analysis) -> None:
        pause.pause_for_problem(rows.job(analysis, JobStatus.PROCESSING), self.REASON)

        for page in (reverse("jobs:jobs"), url("of-draft", analysis.draft)):
            shown = words(as_alice.get(page))
            assert "paused" in shown and self.WHY in shown and "running" not in shown

    def test_the_time_before_a_pause_says_nothing_about_the_pace(
        self, as_alice: Client, alice: User, analysis: Analysis
    ) -> None:
        rows.evaluate(analysis)
        analysis.evaluations.filter(rank=2).update(
            status="waiting", score=None, rank=None, scored_at=None
        )
        job = rows.job(analysis, JobStatus.PROCESSING)
        analysis.evaluations.filter(rank=1).update(scored_at=timezone.now())
        assert as_alice.get(job.get_absolute_url()).context["progress"].left is not None

        pause.pause_for_problem(job, self.REASON)
        pause.resume_job(job, alice)

        assert as_alice.get(job.get_absolute_url()).context["progress"].left is None


class TestRepeat:
    def test_a_run_may_score_a_few_twice(self, as_alice: Client, draft: Draft) -> None:
        rows.candidate(draft)

        as_alice.post(url("run", draft), {"insights_mode": "none", "repeats": "on"})

        assert Job.objects.get().analysis.repeats

    def test_a_few_are_scored_again_on_request(self, as_alice: Client, analysis: Analysis) -> None:
        rows.evaluate(analysis)
        address = reverse("jobs:repeat", args=[analysis.public_id])

        page = as_alice.post(address, follow=True)
        again = as_alice.post(address, follow=True)

        job = Job.objects.get()
        assert page.redirect_chain == again.redirect_chain == [(job.get_absolute_url(), 302)]
        assert analysis.followups.filter(kind="repeat").count() == 2
        assert "Repeats asked for by alice: 2 résumés" in words(page)

    def test_that_all_are_repeated_already_is_told(
        self, as_alice: Client, analysis: Analysis
    ) -> None:
        rows.evaluate(analysis)
        for evaluation in analysis.evaluations.all():
            rows.repeat(evaluation, 80)

        page = as_alice.post(reverse("jobs:repeat", args=[analysis.public_id]), follow=True)

        assert "Every score of this ranking has been repeated already." in page.text
