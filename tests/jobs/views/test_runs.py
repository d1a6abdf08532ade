"""Pages of jobs, and the requests that make a worker start."""

import json
import re
import threading
import time
from datetime import timedelta
from html import escape, unescape
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from candidates.facts.reason import FailureCode, Reason
from candidates.models import (
    Analysis,
    Candidate,
    Draft,
    Event,
    EventVerb,
    FollowUp,
    Membership,
    Piece,
)
from candidates.models.followup import FollowUpKind
from candidates.reasons import sentence
from evaluator.models import StoredFile
from jobs.execution import pause, submit
from jobs.execution.submit import record
from jobs.models import Heartbeat, Job, JobStatus, Lane, Notification, NotificationKind
from jobs.notifications.compose import compose
from tests.makers import rows

HTMX = {"HX-Request": "true"}
JSON = {"Accept": "application/json"}
MANY = 101


def url(name: str, thing: Draft | Job) -> str:
    return reverse(f"jobs:{name}", args=[thing.public_id])


def file(name: str, data: bytes = b"a resume") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def page_of(job: Job, client: Client) -> Any:
    return client.get(job.get_absolute_url())


def words(page: Any) -> str:
    return " ".join(page.text.split())


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    for number in (1, 2):
        rows.candidate(draft, number)
    return rows.analysis(draft, alice)


class TestGoingOn:
    def test_the_parts_that_are_there_are_told(self, as_alice: Client, draft: Draft) -> None:
        upload = uuid4()
        for number in (0, 2):
            Piece.objects.create(draft=draft, upload=upload, number=number, content=b"x")
        Piece.objects.create(draft=draft, upload=uuid4(), number=1, content=b"x")

        answer = as_alice.get(url("piece", draft), {"upload": str(upload)})
        wrong = as_alice.get(url("piece", draft), {"upload": "x"})

        assert answer.json() == {"parts": [0, 2]}
        assert wrong.status_code == 422 and wrong.json()["error"] == "Say of which upload."


class TestReadingAgain:
    def test_one_and_all_that_could_not_be_read_are_read_again(
        self, as_alice: Client, draft: Draft
    ) -> None:
        good, bad, *others = (
            rows.candidate(draft, 1),
            *(rows.unreadable(draft, number) for number in (2, 3, 4)),
        )
        Candidate.objects.filter(pk=others[1].pk).update(file="")  # never left its archive

        page = as_alice.post(reverse("jobs:reread", args=[bad.public_id]), follow=True)
        assert "1 file is being read again." in page.text
        assert Lane.objects.filter(draft=draft, job=None).exists()
        page = as_alice.post(url("reread-all", draft), follow=True)
        assert "1 file is being read again." in page.text
        page = as_alice.post(url("reread-all", draft), follow=True)
        assert "There was nothing to read again." in page.text

        statuses = dict(draft.candidates.values_list("pk", "status"))
        assert statuses[good.pk] == "readable" and statuses[others[1].pk] == "unreadable"
        assert statuses[bad.pk] == statuses[others[0].pk] == "waiting"


class TestUpload:
    def test_a_plain_form_says_what_became_of_each_file(
        self, as_alice: Client, draft: Draft
    ) -> None:
        files = [file("a.pdf", b"1"), file("b.pdf", b"1"), file("c.pdf", b""), file("d.pdf")]

        page = as_alice.post(url("upload", draft), {"files": files}, follow=True)

        assert page.redirect_chain == [(draft.get_absolute_url(), 302)]
        assert "2 files added." in page.text
        assert "b.pdf: The same file as a.pdf; it counts once." in page.text
        assert "c.pdf: The file is empty." in page.text
        assert sorted(draft.candidates.values_list("filename", flat=True)) == ["a.pdf", "d.pdf"]

    def test_the_script_gets_an_outcome_for_each_file_in_order(
        self, as_alice: Client, draft: Draft
    ) -> None:
        files = [file("a.pdf", b"1"), file("b.pdf", b"1"), file("c.pdf", b"")]

        answer = as_alice.post(url("upload", draft), {"files": files}, headers=JSON).json()

        assert [(file["name"], file["outcome"]) for file in answer["files"]] == [
            ("a.pdf", "accepted"),
            ("b.pdf", "duplicate"),
            ("c.pdf", "refused"),
        ]

    def test_files_wake_a_reader_in_the_same_transaction(
        self, as_alice: Client, draft: Draft
    ) -> None:
        as_alice.post(url("upload", draft), {"files": [file("a.pdf")]})

        assert Lane.objects.filter(draft=draft, job=None).count() == 1

    def test_what_is_there_already_wakes_nobody(self, as_alice: Client, draft: Draft) -> None:
        as_alice.post(url("upload", draft), {"files": [file("a.pdf")]})
        Lane.objects.all().delete()

        as_alice.post(url("upload", draft), {"files": [file("again.pdf")]})

        assert not Lane.objects.exists()

    def test_no_file_is_told(self, as_alice: Client, draft: Draft) -> None:
        page = as_alice.post(url("upload", draft), follow=True)

        assert "No file came along." in page.text

    @pytest.mark.parametrize("headers", [{}, JSON])
    def test_too_many_files_are_refused_plainly(
        self, as_alice: Client, draft: Draft, headers: dict[str, str]
    ) -> None:
        files = [file(f"{number}.pdf", str(number).encode()) for number in range(MANY)]

        page = as_alice.post(url("upload", draft), {"files": files}, headers=headers)

        assert page.status_code == 400
        assert "These are more than 100 files in one request." in page.text
        assert not draft.candidates.exists()

    @pytest.mark.parametrize("headers", [{}, JSON])
    def test_too_large_a_body_is_refused_before_it_is_read(
        self, as_alice: Client, draft: Draft, headers: dict[str, str]
    ) -> None:
        page = as_alice.post(
            url("upload", draft),
            data=b"",
            content_type="multipart/form-data; boundary=x",
            CONTENT_LENGTH="105906176",
            headers=headers,
        )

        assert page.status_code == 413
        assert "These files are more than 100 MB together." in page.text

    @pytest.mark.parametrize("name", ["upload", "piece"])
    def test_a_request_without_the_token_is_refused(
        self, alice: User, draft: Draft, name: str
    ) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)

        page = client.post(url(name, draft), {"files": [file("a.pdf")]})

        assert page.status_code == 403
        assert "The page was open too long" in page.text
        assert not draft.candidates.exists()

    def test_a_request_with_the_token_is_taken(self, alice: User, draft: Draft) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)
        client.get(draft.get_absolute_url())
        token = client.cookies["csrftoken"].value

        answer = client.post(
            url("upload", draft),
            {"files": [file("a.pdf")]},
            headers={**JSON, "X-CSRFToken": token},
        )

        assert answer.json()["files"][0]["outcome"] == "accepted"

    @pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "x"])
    def test_a_body_that_is_no_form_is_not_our_mistake(
        self, as_alice: Client, draft: Draft, kind: str
    ) -> None:
        page = as_alice.post(url("upload", draft), data=b"\xff\x00--", content_type=kind)

        assert page.status_code in (302, 400)
        assert not draft.candidates.exists()

    def test_a_full_request_costs_the_same_whatever_is_there(
        self, as_alice: Client, draft: Draft, django_assert_max_num_queries: Any
    ) -> None:
        rows.candidates(draft, 500)
        files = [file(f"{number}.pdf", str(number).encode()) for number in range(50)]

        with django_assert_max_num_queries(2 * 50 + 20):
            as_alice.post(url("upload", draft), {"files": files}, headers=JSON)

        assert draft.candidates.count() == 550


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["upload", "piece"])
def test_a_draft_that_is_erased_during_an_upload_is_not_found(
    as_alice: Client, draft: Draft, name: str
) -> None:
    erased = threading.Event()

    def erase() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            Draft.objects.filter(pk=draft.pk).delete()
            erased.set()
            end = time.monotonic() + 30
            while time.monotonic() < end:  # until the upload waits for us at its end
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0]:
                    break
        connection.close()

    eraser = threading.Thread(target=erase)
    eraser.start()
    assert erased.wait(30)
    piece = {"upload": uuid4(), "number": 0, "total": 1, "name": "a.pdf", "piece": file("piece")}
    answer = as_alice.post(
        url(name, draft), {"files": [file("a.pdf")], **(piece if name == "piece" else {})}
    )
    eraser.join()

    assert answer.status_code == 404
    assert not Candidate.objects.exists() and not StoredFile.objects.exists()
    assert not Lane.objects.exists() and not Piece.objects.exists()


class TestPieces:
    def send(self, client: Client, draft: Draft, at: int, data: bytes, **other: Any) -> Any:
        fields = {"upload": self.upload, "number": at, "total": 2, "name": "large.pdf", **other}
        return client.post(url("piece", draft), {**fields, "piece": file("piece", data)})

    @pytest.fixture(autouse=True)
    def _upload(self) -> None:
        self.upload = uuid4()

    def test_the_last_piece_puts_the_file_together(self, as_alice: Client, draft: Draft) -> None:
        first = self.send(as_alice, draft, 0, b"one ")
        last = self.send(as_alice, draft, 1, b"two")

        assert first.json() == {"files": []}
        assert last.json()["files"][0]["outcome"] == "accepted"
        candidate = draft.candidates.get()
        with candidate.file.open("rb") as stored:
            assert (candidate.filename, stored.read()) == ("large.pdf", b"one two")
        assert Lane.objects.filter(draft=draft).exists() and not Piece.objects.exists()

    def test_a_missing_piece_is_a_conflict_after_which_the_file_may_come_anew(
        self, as_alice: Client, draft: Draft
    ) -> None:
        answer = self.send(as_alice, draft, 1, b"two")

        assert answer.status_code == 409
        assert answer.json()["error"] == "1 of 2 parts of the file have come."

    @pytest.mark.parametrize(
        "wrong",
        [{"number": 2}, {"number": -1}, {"total": 0}, {"total": 65}, {"upload": "x"}, {"name": ""}],
    )
    def test_a_piece_that_makes_no_sense_is_refused(
        self, as_alice: Client, draft: Draft, wrong: dict[str, Any]
    ) -> None:
        answer = self.send(as_alice, draft, 0, b"x", **wrong)

        assert answer.status_code == 400 and answer.json()["error"]
        assert not Piece.objects.exists()

    def test_too_large_a_piece_is_refused_before_it_is_read(
        self, as_alice: Client, draft: Draft
    ) -> None:
        answer = as_alice.post(
            url("piece", draft),
            data=b"",
            content_type="multipart/form-data; boundary=x",
            CONTENT_LENGTH="10485761",
        )

        assert answer.status_code == 413


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
        tally = analysis.evaluations.tally()
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


class TestMail:
    def test_who_gets_a_draft_is_told_the_same_in_text_and_html(
        self, draft: Draft, alice: User
    ) -> None:
        draft.title = "<b>Tom</b> & Jerry"
        draft.save()
        member = Membership.objects.create(draft=draft, email="a@example.com", invited_by=alice)
        notification = Notification.objects.create(
            membership=member, kind=NotificationKind.SHARED, recipient="a@b.c"
        )

        message = compose(notification)

        html = str(message.alternatives[0][0])
        for body in (str(message.body), html):
            assert f"http://localhost:8000{draft.get_absolute_url()}" in body
            assert "alice shares" in body and "You may look at everything" in body
        assert "<b>Tom</b> & Jerry" in message.subject and "<b>Tom" not in html

    @pytest.mark.parametrize(
        "kind", [NotificationKind.COMPLETED, NotificationKind.FAILED, NotificationKind.PAUSED]
    )
    def test_text_and_html_say_the_same(
        self, analysis: Analysis, draft: Draft, kind: NotificationKind
    ) -> None:
        evil = "<b>Tom</b> & Jerry"
        Draft.objects.filter(pk=draft.pk).update(title=evil)
        Analysis.objects.filter(pk=analysis.pk).update(title=evil)
        Candidate.objects.filter(name="Person 1").update(name=evil)
        rows.unreadable(draft, 3)
        rows.evaluate(analysis)
        failed, done = kind == NotificationKind.FAILED, kind == NotificationKind.COMPLETED
        job = rows.job(
            analysis,
            JobStatus.FAILED if failed else JobStatus.COMPLETED,
            Reason(FailureCode.NO_CANDIDATES_LEFT) if failed else None,
        )
        record(job, EventVerb.PAUSED, reason=Reason(FailureCode.QUOTA_GONE))
        notification = Notification.objects.create(job=job, kind=kind, recipient="a@example.com")

        message = compose(Notification.objects.get(pk=notification.pk))

        html = str(message.alternatives[0][0])
        link = analysis.get_absolute_url() if done else job.get_absolute_url()
        for body in (str(message.body), html):
            assert f"http://localhost:8000{link}" in body
            assert "2 of 3 résumés" in body
            assert "1 × The file is protected by a password." in " ".join(body.split())
            assert ("no candidates any more" in body) == failed
            assert ("no quota left" in body) == (kind == NotificationKind.PAUSED)
        assert evil in message.subject and evil in str(message.body)
        assert evil not in html and "&lt;b&gt;Tom&lt;/b&gt; &amp; Jerry" in html

    def test_those_in_one_band_share_a_place_in_text_and_html(self, analysis: Analysis) -> None:
        rows.evaluate(analysis)
        analysis.evaluations.update(band=1)
        rows.repeat(analysis.evaluations.get(rank=1), 85)
        notification = Notification.objects.create(
            job=rows.job(analysis), kind=NotificationKind.COMPLETED, recipient="a@example.com"
        )

        message = compose(Notification.objects.get(pk=notification.pk))

        for body in (str(message.body), str(message.alternatives[0][0])):
            assert body.replace("&nbsp;", " ").count("1=. ") == 2
            assert "differs by 2.8 points" in body

    def test_a_subject_is_one_line(self) -> None:
        for kind in set(NotificationKind) - {
            NotificationKind.UNSTARTED
        }:  # which is told behind the bell alone
            subject = render_to_string(
                f"emails/{kind}_subject.txt", {"analysis": {"title": "T"}, "draft": {"title": "T"}}
            )
            assert len(subject.strip().splitlines()) == 1


def test_answers_to_the_script_are_json(as_alice: Client, draft: Draft) -> None:
    answer = as_alice.post(url("upload", draft), headers=JSON)

    assert json.loads(answer.content) == {"files": []}


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
