"""The pages of jobs: one, all, and those of a draft."""

import json
import re
from datetime import timedelta
from html import escape, unescape
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
    EventVerb,
    FollowUp,
    Membership,
)
from candidates.models.followup import FollowUpKind
from candidates.reasons import sentence
from jobs.execution import pause, submit
from jobs.models import Heartbeat, Job, JobStatus
from tests.jobs.views.requests import HTMX, page_of, url, words
from tests.makers import rows


class TestJobPage:
    def test_it_shows_the_counts_and_asks_again_while_it_runs(
        self, as_alice: Client, analysis: Analysis
    ) -> None:
        rows.evaluate(analysis)
        analysis.evaluations.filter(rank=2).update(
            status="waiting", score=None, rank=None, scored_at=None
        )
        job = rows.job(analysis, JobStatus.PROCESSING)

        page = words(as_alice.get(job.get_absolute_url()))

        assert "50% done" in page
        assert '<progress value="1" max="2"' in page
        assert 'hx-trigger="every 1s, wake"' in page
        assert "The scores so far" in page

    def test_polling_stops_when_the_job_is_over(self, as_alice: Client, analysis: Analysis) -> None:
        rows.evaluate(analysis)
        job = rows.job(analysis)

        part = as_alice.get(job.get_absolute_url(), headers=HTMX)

        assert "hx-trigger" not in part.text and "<html" not in part.text
        assert "2 of 2 résumés are scored and ranked." in words(part)
        assert analysis.get_absolute_url() in part.text

    def test_nothing_new_is_an_empty_answer(self, as_alice: Client, analysis: Analysis) -> None:
        job = rows.job(analysis, JobStatus.PENDING)
        state = as_alice.get(job.get_absolute_url(), headers=HTMX).context["state"]

        asks = {**HTMX, "If-None-Match": state}
        same = as_alice.get(job.get_absolute_url(), headers=asks)
        whole = as_alice.get(job.get_absolute_url(), headers={"If-None-Match": state})
        Job.objects.filter(pk=job.pk).cancel()
        news = as_alice.get(job.get_absolute_url(), headers=asks)

        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", state)
        assert whole.status_code == 200 and "<html" in whole.text
        assert "Cancelled" in news.text

    def test_that_no_worker_is_alive_is_told(self, as_alice: Client, analysis: Analysis) -> None:
        job = rows.job(analysis, JobStatus.PENDING)
        alone = as_alice.get(job.get_absolute_url())
        Heartbeat.objects.create(host="h", pid=1, workers=1, canary_at=timezone.now())
        attended = as_alice.get(job.get_absolute_url())

        assert "No worker is alive" in alone.text
        assert "No worker is alive" not in attended.text

    def test_that_the_queue_is_halted_is_told_with_the_reason(
        self, as_alice: Client, analysis: Analysis, alice: User
    ) -> None:
        job = rows.job(analysis, JobStatus.PENDING)
        before = as_alice.get(job.get_absolute_url(), headers=HTMX)
        pause.halt_queue(alice, "The model server moves house.")
        asks = {**HTMX, "If-None-Match": before.context["state"]}
        news = as_alice.get(job.get_absolute_url(), headers=asks)
        pause.lift_halt(alice)
        after = as_alice.get(job.get_absolute_url(), headers=HTMX)

        assert "halted" not in before.text and "halted" not in after.text
        assert "halted by those who run this site: “The model server moves house.”" in news.text
        assert "No worker is alive" not in news.text

    def test_the_pace_counts_what_this_job_did(self, as_alice: Client, analysis: Analysis) -> None:
        rows.evaluate(analysis)
        analysis.evaluations.filter(rank=1).update(scored_at=timezone.now() - timedelta(days=1))
        analysis.evaluations.filter(rank=2).update(
            status="waiting", score=None, rank=None, scored_at=None
        )
        job = rows.job(analysis, JobStatus.PROCESSING)

        assert as_alice.get(job.get_absolute_url()).context["progress"].left is None

        analysis.evaluations.filter(rank=1).update(scored_at=timezone.now())
        assert as_alice.get(job.get_absolute_url()).context["progress"].left is not None

    def test_the_pace_is_that_of_the_last_half_minute(
        self, as_alice: Client, analysis: Analysis
    ) -> None:
        rows.candidates(analysis.draft, 40)
        rows.evaluate(analysis)
        now = timezone.now()
        job = rows.job(analysis, JobStatus.PROCESSING)
        Job.objects.filter(pk=job.pk).update(started_at=now - timedelta(hours=1))
        scored = analysis.evaluations.filter
        scored(rank__gt=12).update(status="waiting", score=None, rank=None, scored_at=None)
        scored(rank__lte=6).update(scored_at=now - timedelta(minutes=50))
        scored(rank__range=(7, 12)).update(scored_at=now - timedelta(seconds=5))

        progress = as_alice.get(job.get_absolute_url()).context["progress"]

        assert progress.pace == "12.0 a minute"
        assert progress.time_left in ("2 minutes", "3 minutes")

    def test_a_young_job_is_asked_about_often_and_an_older_one_seldom(
        self, as_alice: Client, analysis: Analysis
    ) -> None:
        job = rows.job(analysis, JobStatus.PROCESSING)
        young = as_alice.get(job.get_absolute_url()).text
        Job.objects.filter(pk=job.pk).update(started_at=timezone.now() - timedelta(minutes=5))

        assert 'hx-trigger="every 1s, wake"' in young
        assert 'hx-trigger="every 10s, wake"' in as_alice.get(job.get_absolute_url()).text

    def test_failures_are_grouped_and_those_of_one_reason_are_retried(
        self, as_alice: Client, analysis: Analysis
    ) -> None:
        rows.candidates(analysis.draft, 3)
        rows.unreadable(analysis.draft, 9)
        rows.evaluate(analysis)
        empty = Reason.because_of(FailureCode.ANSWER_UNUSABLE, Reason(FailureCode.ANSWER_EMPTY))
        analysis.evaluations.filter(rank__lte=3).update(**rows.failure(empty))
        analysis.evaluations.filter(rank=4).update(**rows.failure())
        job = rows.job(analysis)

        page = as_alice.get(job.get_absolute_url())
        form = re.search(r'name="reason" value="([^"]+)"', page.text)
        assert form is not None
        sent = {"reason": unescape(form[1])}
        assert Reason.from_json(json.loads(sent["reason"])) == empty
        as_alice.post(url("retry", job), sent)
        as_alice.post(url("cancel", Job.objects.exclude(pk=job.pk).get()))
        again = as_alice.post(url("retry", job), sent, follow=True)

        assert [(row.number, row.may_retry) for row in page.context["unscored"]] == [
            (3, True), (1, True), (1, False)
        ]  # fmt: skip
        assert page.text.count(">Retry these<") == 2
        tally = analysis.tally()
        assert (tally["waiting"], tally["failed"], tally["scored"]) == (3, 1, 1)
        assert "No résumé is left that failed for this reason." in again.text
        assert Job.objects.count() == 2
        why = escape(sentence(empty))
        assert f"Retried by alice: 3 failed: {why}" in words(page_of(job, as_alice))

    @pytest.mark.parametrize(
        "reason",
        ["The answer was empty.", "{}", '{"code": "x", "params": {}}', "[" * 50_000,
         '{"code": "timed_out", "params": {"tries": NaN}}'],
    )  # fmt: skip
    def test_a_retry_for_what_is_no_reason_is_refused(
        self, as_alice: Client, analysis: Analysis, reason: str
    ) -> None:
        rows.evaluate(analysis)
        analysis.evaluations.update(**rows.failure())
        job = rows.job(analysis)

        assert as_alice.post(url("retry", job), {"reason": reason}).status_code == 400
        assert Job.objects.count() == 1

    def test_a_viewer_sees_the_job_and_no_button(
        self, as_eve: Client, eve: User, analysis: Analysis
    ) -> None:
        Membership.objects.create(draft=analysis.draft, email=eve.email, user=eve)
        page = as_eve.get(rows.job(analysis, JobStatus.PROCESSING).get_absolute_url())

        assert "0% done" in words(page)
        assert "Cancel the job" not in page.text and "Pause the job" not in page.text

    def test_a_failed_job_says_why_and_offers_a_retry(
        self, as_alice: Client, analysis: Analysis
    ) -> None:
        job = rows.job(
            analysis,
            JobStatus.FAILED,
            Reason(FailureCode.MODEL_UNKNOWN, {"model": "<wrong>", "status": 404}),
        )

        page = as_alice.get(job.get_absolute_url())

        assert "the model &#x27;&lt;wrong&gt;&#x27; or" in page.text
        assert "Retry what has no score" in page.text

    def test_the_timeline_tells_who_did_what(
        self, as_alice: Client, alice: User, analysis: Analysis
    ) -> None:
        job = rows.job(analysis)
        submit.record(job, EventVerb.QUEUED, actor=alice)
        submit.record(job, EventVerb.COMPLETED, params={"scored": 2, "total": 2})
        Event.objects.record(analysis.draft_id, EventVerb.FILES_ADDED, params={"count": 7})

        page = words(as_alice.get(job.get_absolute_url()))

        assert "Queued by alice" in page and "Completed: 2 of 2 scored" in page
        assert "Files added" not in page

    @pytest.mark.slow
    def test_it_costs_the_same_for_many_candidates(
        self,
        as_alice: Client,
        alice: User,
        draft: Draft,
        django_assert_max_num_queries: Any,
    ) -> None:
        rows.candidates(draft, 500)
        analysis = rows.analysis(draft, alice)
        rows.evaluate(analysis)
        job = rows.job(analysis, JobStatus.PROCESSING)

        with django_assert_max_num_queries(10):
            as_alice.get(job.get_absolute_url())

    def test_what_is_asked_after_the_ranking_is_told(
        self, as_alice: Client, analysis: Analysis
    ) -> None:
        rows.evaluate(analysis)
        job = rows.job(analysis, JobStatus.PROCESSING)
        best = list(analysis.evaluations.values_list("pk", flat=True))
        FollowUp.objects.all().enrol(analysis, FollowUpKind.INSIGHT, best)

        running = words(as_alice.get(job.get_absolute_url()))
        FollowUp.objects.update(
            status="failed", error_code="program_failed", done_at=timezone.now()
        )
        Job.objects.filter(pk=job.pk).complete()
        over = words(as_alice.get(job.get_absolute_url()))

        assert "2 insights or second scorings are still to come." in running
        assert "100% done" not in running
        assert "2 insights or second scorings failed." in over and "Retry what failed" in over


class TestLists:
    def test_no_jobs_say_what_a_job_is(self, as_alice: Client) -> None:
        assert "A job is one run of an analysis" in as_alice.get(reverse("jobs:jobs")).text

    def test_jobs_are_listed_with_their_counts(self, as_alice: Client, analysis: Analysis) -> None:
        rows.evaluate(analysis)
        rows.job(analysis)
        rows.job(analysis, JobStatus.FAILED, Reason(FailureCode.NO_CANDIDATES_LEFT))

        for page in (reverse("jobs:jobs"), url("of-draft", analysis.draft)):
            shown = words(as_alice.get(page))
            assert shown.count("2 of 2") == 2
            assert "completed" in shown and "The draft has no candidates any more." in shown

    def test_the_draft_page_gets_the_part_alone(self, as_alice: Client, draft: Draft) -> None:
        part = as_alice.get(url("of-draft", draft), headers=HTMX)

        assert "This draft has not been run yet." in part.text
        assert "<html" not in part.text

    def test_many_jobs_cost_the_same(
        self, as_alice: Client, analysis: Analysis, django_assert_max_num_queries: Any
    ) -> None:
        rows.evaluate(analysis)
        for _ in range(25):
            rows.job(analysis)

        with django_assert_max_num_queries(6):
            page = as_alice.get(reverse("jobs:jobs"))

        assert "Page 1 of 2" in words(page)
