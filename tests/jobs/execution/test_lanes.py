"""Lanes in this process, on real rows: from new files to one e-mail in the outbox."""

import threading
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connections
from django_q.models import OrmQ

from candidates.models import Candidate, Draft, Evaluation, Event
from candidates.models.analysis import EvaluationStatus
from candidates.reasons import sentence
from jobs.execution import lanes, pause, submit, work
from jobs.models import Heartbeat, Job, JobStatus, Lane, Notification
from tests import workers_here
from tests.makers import files, rows
from tests.servers.model import ModelServer, completion_reply, error, rated
from tests.workers_here import upload, work_off

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]


@pytest.mark.processes
def test_from_files_to_a_ranking(alice: User, draft: Draft) -> None:
    upload(
        draft,
        {
            "strong.pdf": files.pdf(
                [
                    "Ada Strong",
                    "Built payment services in Python for nine years.",
                    "Tuned PostgreSQL for a bank's ledger.",
                ]
            ),
            "weak.docx": files.docx("Bob Weak", "Baked bread in a village bakery for nine years."),
            "locked.pdf": files.encrypted_pdf(),
        },
    )
    job = submit.submit(draft, alice)

    work_off()

    job.refresh_from_db()
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    ranked = list(job.analysis.evaluations.ranked().select_related("candidate"))
    assert [row.candidate.filename for row in ranked] == ["strong.pdf", "weak.docx", "locked.pdf"]
    assert [row.rank for row in ranked] == [1, 2, None]
    assert ranked[2].status == EvaluationStatus.UNREADABLE
    assert "password" in ranked[2].candidate.reason
    best = ranked[0]
    assert best.candidate.name == "Ada Strong"
    for rating in best.ratings:
        for quote in rating["quotes"]:
            assert best.candidate.text[quote["start"] : quote["end"]] == quote["text"]
    assert any(rating["quotes"] for rating in best.ratings)
    verbs = Event.objects.filter(about=job.public_id).values_list("verb", flat=True)
    assert list(verbs) == ["queued", "started", "completed"]
    assert Notification.objects.get().recipient == "alice@example.com"
    assert not Lane.objects.exists()


@pytest.mark.processes
def test_a_run_reads_what_nobody_has_read_yet(alice: User, draft: Draft) -> None:
    upload(draft, {"one.txt": b"Ada Example\nPython engineer, PostgreSQL expert."})
    job = submit.submit(draft, alice)
    Lane.objects.filter(job=None).delete()  # the readers never come

    work_off()

    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED
    assert job.analysis.evaluations.get().status == EvaluationStatus.SCORED


@pytest.mark.processes
def test_when_nothing_can_be_scored_the_job_has_failed_and_says_why(
    alice: User, draft: Draft
) -> None:
    upload(draft, {"a.pdf": files.encrypted_pdf(), "b.pdf": files.damaged_pdf()})
    job = submit.submit(draft, alice)

    work_off()

    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert sentence(job.error) == "None of the 2 résumés could be scored: 2 unreadable."
    assert Notification.objects.get().kind == "failed"


@pytest.mark.parametrize(("mode", "number"), [("none", 0), ("top", 2), ("all", 3)])
def test_insights_go_to_whom_they_were_asked_for(
    alice: User, draft: Draft, mode: str, number: int
) -> None:
    for firm in range(3):
        rows.candidate(draft, firm, text=f"{rows.TEXT}\nWorked for firm {firm}.")
    job = submit.submit(draft, alice, mode=mode, top_n=2)

    work_off()

    insights = job.analysis.evaluations.order_by("rank").values_list("insights", flat=True)
    assert [insight is not None for insight in insights] == [i < number for i in range(3)]


def test_the_same_résumé_costs_one_call_and_a_second_run_none(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    for number in range(4):
        rows.candidate(draft, number, text=f"Same words\nWith Python at firm {number // 2} only.")

    first = submit.submit(draft, alice, mode="none")
    work_off()
    assert len(model.requests) == 2
    assert {**first.analysis.calls.usage(), **model.usage()} == first.analysis.calls.usage()
    assert first.analysis.calls.usage()["calls"] == 2
    assert first.analysis.evaluations.filter(reused=True).count() == 2

    second = submit.submit(draft, alice, mode="none")
    work_off()
    assert len(model.requests) == 2
    assert second.analysis.calls.count() == 0
    assert second.analysis.tally()[EvaluationStatus.SCORED] == 4


def test_a_stranger_s_scores_are_not_reused(
    alice: User, eve: User, draft: Draft, model: ModelServer
) -> None:
    rows.candidate(draft)
    submit.submit(draft, alice, mode="none")
    work_off()
    theirs = Draft.objects.create(owner=eve, title=draft.title, description=draft.description)
    rows.candidate(theirs)
    submit.submit(theirs, eve, mode="none")
    work_off()

    assert len(model.requests) == 2


def test_one_résumé_that_fails_does_not_take_the_others_along(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    def refuses_bob(request: dict[str, Any]) -> Any:
        is_bob = "Bob" in request["messages"][2]["content"]
        return completion_reply(None, refusal="I cannot.") if is_bob else rated(request)

    model.script = [refuses_bob]
    rows.candidate(draft, 1, text="Bob's words about Python services")
    rows.candidate(draft, 2)
    job = submit.submit(draft, alice)

    work_off()

    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED
    failed = job.analysis.evaluations.get(status=EvaluationStatus.FAILED)
    assert sentence(failed.error) == "The model's answer cannot be used: the model refused."

    model.script = [rated]
    submit.retry(job, alice)
    work_off()
    assert job.analysis.tally()[EvaluationStatus.SCORED] == 2
    assert list(job.analysis.evaluations.order_by("rank").values_list("rank", flat=True)) == [1, 2]


def test_a_refused_key_pauses_the_job_with_what_to_mend_and_it_resumes_where_it_stopped(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    model.script = [error(401)]
    for number in range(8):
        rows.candidate(draft, number, text=f"Python services, the {number}th time over")
    job = submit.submit(draft, alice, mode="none")

    work_off()

    job.refresh_from_db()
    assert job.status == JobStatus.PROCESSING and job.is_paused
    assert "OPENAI_API_KEY" in sentence(job.pause_reason)
    assert len(model.requests) <= 3
    assert job.analysis.tally()[EvaluationStatus.WAITING] == 8
    assert Notification.objects.get().kind == "paused"

    model.script = [rated]
    assert pause.resume_job(job, alice)
    work_off()
    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED and not job.is_paused
    assert job.analysis.tally()[EvaluationStatus.SCORED] == 8
    assert sorted(Notification.objects.values_list("kind", flat=True)) == ["completed", "paused"]


def test_a_fault_of_the_program_costs_one_résumé(
    alice: User, draft: Draft, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from candidates.scoring.engines import local

    honest = local.score

    def trips(document: str, *rest: Any) -> Any:
        if "trips" in document:
            raise KeyError(document)
        return honest(document, *rest)

    monkeypatch.setattr(local, "score", trips)
    rows.candidate(draft, 1, text="This one trips the program up")
    rows.candidate(draft, 2)
    job = submit.submit(draft, alice)

    work_off()

    failed = job.analysis.evaluations.get(status=EvaluationStatus.FAILED)
    assert failed.error == work.PROGRAM_FAULT
    assert job.analysis.evaluations.filter(status=EvaluationStatus.SCORED).count() == 1
    assert "KeyError in trips" in caplog.text
    assert "This one" not in caplog.text


def test_a_cancel_stops_the_lane_and_gives_back_what_it_held(
    alice: User, draft: Draft, model: ModelServer, settings: LazySettings
) -> None:
    settings.EVALUATOR_CONCURRENCY = 2
    for number in range(12):
        rows.candidate(draft, number, text=f"Python services, the {number}th time over")
    job = submit.submit(draft, alice)

    def cancels_at_the_fourth(request: dict[str, Any]) -> Any:
        if len(model.requests) == 4:
            submit.cancel(job, alice)
            connections.close_all()
        # What is asked after it is answered later than the lane looks whether to go on.
        return replace(rated(request), seconds=0.0 if len(model.requests) < 4 else 30.0)

    model.script = [cancels_at_the_fourth]
    work_off()

    tally = job.analysis.tally()
    assert Job.objects.get(pk=job.pk).status == JobStatus.CANCELLED
    assert not job.analysis.evaluations.filter(status=EvaluationStatus.SCORING).exists()
    assert tally[EvaluationStatus.WAITING] > 0
    assert tally[EvaluationStatus.SCORED] + tally[EvaluationStatus.WAITING] == 12
    assert not Lane.objects.exists()
    assert not Notification.objects.exists()


def test_a_long_turn_makes_room_when_others_wait(
    alice: User, draft: Draft, model: ModelServer, settings: LazySettings
) -> None:
    settings.LANE_SLICE = 0
    settings.EVALUATOR_CONCURRENCY = 2
    for number in range(9):
        rows.candidate(draft, number, text=f"Python services, the {number}th time over")
    job = submit.submit(draft, alice, mode="none")
    # The queue still holds the lane's own message: to the turn, somebody waits.
    lane = Lane.objects.get()
    workers_here.score(lane.pk)

    assert not Lane.objects.filter(pk=lane.pk).exists()
    assert Lane.objects.filter(job=job, started_at=None).count() == 1

    OrmQ.objects.all().delete()
    settings.LANE_SLICE = 20
    work_off()
    assert job.analysis.tally()[EvaluationStatus.SCORED] == 9
    assert len(model.requests) == 9


def test_a_lane_that_lost_its_token_writes_nothing(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    rows.candidate(draft)
    job = submit.submit(draft, alice)

    def taken_over(request: dict[str, Any]) -> Any:
        # The lane last: it looks for its own row all the time, and stops when it is another's.
        Evaluation.objects.update(token=uuid4())
        Lane.objects.update(token=uuid4())
        connections.close_all()
        return rated(request)

    model.script = [taken_over]
    workers_here.score(Lane.objects.get().pk)

    evaluation = job.analysis.evaluations.get()
    assert (evaluation.status, evaluation.score) == (EvaluationStatus.SCORING, None)
    assert Lane.objects.count() == 1


@pytest.mark.slow
def test_lanes_at_the_same_time_finish_once(alice: User, draft: Draft) -> None:
    Heartbeat.objects.create(host="here", pid=1, workers=4)
    Heartbeat.objects.all().record_canary()
    for number in range(80):
        rows.candidate(draft, number, text=f"{rows.TEXT}\nThe {number}th firm in Python.")
    job = submit.submit(draft, alice)
    lanes.enrol(job)
    waiting = list(Lane.objects.filter(job=job).values_list("pk", flat=True))
    assert len(waiting) == 4

    def take(pk: int) -> None:
        try:
            workers_here.score(pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take, args=[pk]) for pk in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    work_off()

    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED
    ranks = list(job.analysis.evaluations.order_by("rank").values_list("rank", flat=True))
    assert ranks == list(range(1, 81))
    assert set(job.analysis.evaluations.values_list("attempts", flat=True)) == {1}
    assert Notification.objects.count() == 1
    assert Event.objects.filter(about=job.public_id, verb="completed").count() == 1


def test_asking_twice_is_harmless(alice: User, draft: Draft) -> None:
    rows.candidate(draft)
    job = submit.submit(draft, alice)
    lane = Lane.objects.get()

    workers_here.score(lane.pk)
    workers_here.score(lane.pk)
    lanes.read(987_654)

    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED


def test_an_erased_candidate_is_no_loss_to_the_others(
    alice: User, draft: Draft, model: ModelServer
) -> None:
    rows.candidate(draft, 1, text="Python of somebody who will be erased")
    rows.candidate(draft, 2, text="Python of somebody who will stay in it")

    def erases(request: dict[str, Any]) -> Any:
        Candidate.objects.filter(text__contains="erased").delete()
        connections.close_all()
        return rated(request)

    model.script = [erases]
    job = submit.submit(draft, alice)
    work_off()

    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED
    assert job.analysis.tally()[EvaluationStatus.SCORED] == 1
