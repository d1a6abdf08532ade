"""Jobs in the admin: list, filters, progress, detail, and actions with a permission each."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import localtime

from candidates.models import Draft, Evaluation, Event, EventVerb
from candidates.models.analysis import EvaluationStatus
from candidates.reading import Problem
from jobs.execution import submit
from jobs.models import Halt, Job, JobStatus, Lane
from jobs.models.job import PERMISSIONS, Priority
from jobs.monitoring import errors
from tests.makers import rows

LIST = "admin:jobs_job_changelist"
KEY = errors.ErrorKey("scoring", rows.TIMED_OUT.code, dict(rows.TIMED_OUT.params))
BROKEN = "The model did not answer in time; 4 tries."
NEEDS = {
    "cancel": "cancel_job",
    "pause": "pause_job",
    "resume": "pause_job",
    "retry": "retry_job",
    "retry_failed": "retry_job",
    "requeue": "requeue_job",
    "raise_priority": "prioritise_job",
    "lower_priority": "prioritise_job",
}


@pytest.fixture
def job(draft: Draft) -> Job:
    """One that is under way: two of five are scored, one failed, one cannot be read."""
    for number in range(4):
        rows.candidate(draft, number)
    rows.unreadable(draft, 9)
    analysis = rows.analysis(draft, draft.owner)
    rows.evaluate(analysis)
    made = rows.job(analysis, JobStatus.PROCESSING)
    first, second = analysis.evaluations.filter(status=EvaluationStatus.SCORED).order_by("pk")[:2]
    failed = analysis.evaluations.filter(pk=first.pk)
    failed.update(**rows.failure(), scored_at=Now())
    waits = analysis.evaluations.filter(pk=second.pk)
    waits.update(status=EvaluationStatus.WAITING, score=None, rank=None, scored_at=None, attempts=2)
    return made


@pytest.fixture
def over(draft: Draft) -> Job:
    """One that is completed; one of its two résumés failed."""
    for number in range(2):
        rows.candidate(draft, number)
    analysis = rows.analysis(draft, draft.owner)
    rows.evaluate(analysis)
    failed = analysis.evaluations.filter(pk=analysis.evaluations.order_by("pk")[0].pk)
    failed.update(**rows.failure())
    return rows.job(analysis)


def staff(user: User, *may: str) -> Client:
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    user.user_permissions.set(Permission.objects.filter(codename__in=("view_job", *may)))
    client = Client()
    client.force_login(user)
    return client


def act(client: Client, name: str, *jobs: Job, confirmed: bool = True) -> str:
    sent = {"action": name, "_selected_action": [job.pk for job in jobs]}
    answer = client.post(
        reverse(LIST), {**sent, **({"confirmed": "yes"} if confirmed else {})}, follow=True
    )
    return answer.text


def test_the_list_tells_how_far_each_job_is(as_sam: Client, job: Job) -> None:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        page = as_sam.get(reverse(LIST))

    assert "4 of 5, 1 failed, 1 unreadable" in re.sub(r"\s+", " ", page.text)
    assert f"progress/?job={job.pk}" in page.text
    assert len(seen) <= 15


def test_the_bars_go_on_until_the_job_is_over(as_sam: Client, job: Job) -> None:
    url = reverse("admin:jobs_job_progress", query={"job": [job.pk, "x", "9" * 30]})
    part = as_sam.get(url).text
    assert 'hx-trigger="every 5s"' in part
    assert f'id="progress-{job.pk}" hx-swap-oob="true"' in part

    assert Job.objects.filter(pk=job.pk).cancel()
    part = as_sam.get(url).text
    assert "hx-trigger" not in part
    assert "cancelled" in part


@pytest.mark.parametrize(
    ("query", "is_listed"),
    [
        ({"state": "open"}, True),
        ({"state": "processing"}, True),
        ({"state": "paused"}, False),
        ({"engine": "local"}, True),
        ({"engine": "openai"}, False),
        ({"age": "hour"}, True),
        ({"age": "older"}, False),
        ({"owner": "x"}, False),
        ({"owner": "999999999"}, False),
        ({"reason": str(KEY)}, True),
        ({"reason": f'reading:["{Problem.ENCRYPTED}", {{}}]'}, True),
        ({"reason": 'scoring:["timed_out", {"tries": 3}]'}, False),
        ({"reason": "scoring:Another."}, False),
        ({"reason": 'scoring:["of the kind", {}]'}, False),
        ({"reason": 'call:["call_aborted", {"http_status": null}]'}, False),
        ({"reason": "nothing:of the kind"}, False),
        ({"q": "Backend"}, True),
        ({"q": "alice@example.com"}, True),
        ({"q": "nobody"}, False),
        ({"q": "0f1d61e4-ac49-4cf4-9a61-6ff0f7a6b3f5"}, False),
        ({"o": "2"}, True),
        ({"o": "-4.2"}, True),
    ],
)
def test_the_list_is_filtered_searched_and_sorted(
    as_sam: Client, job: Job, query: dict[str, str], is_listed: bool
) -> None:
    page = as_sam.get(reverse(LIST, query=query))

    assert page.status_code == 200
    assert (f"· {str(job.public_id)[:8]}" in page.text) == is_listed


def test_a_job_is_found_by_its_id_and_its_owner(as_sam: Client, job: Job, alice: User) -> None:
    shown = str(job.public_id)[:8]
    for query in ({"q": str(job.public_id)}, {"q": shown}, {"owner": str(alice.pk)}):
        assert f"· {str(job.public_id)[:8]}" in as_sam.get(reverse(LIST, query=query)).text


def test_a_long_list_is_not_counted_to_its_end(
    as_sam: Client, over: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candidates.admin.MOST_COUNTED", 2)
    for _ in range(3):
        rows.job(over.analysis)

    assert "2 jobs or more" in as_sam.get(reverse(LIST)).text


def test_the_page_of_a_job_tells_all_that_happened(as_sam: Client, job: Job) -> None:
    submit.record(job, EventVerb.STARTED)
    lane = Lane.objects.create(draft=job.analysis.draft, job=job)

    with CaptureQueriesContext(connection) as seen:
        page = as_sam.get(reverse("admin:jobs_job_change", args=[job.pk]))

    assert "Started" in page.text
    assert f"<td>{lane.pk}</td>" in page.text
    assert BROKEN in page.text
    assert Problem.ENCRYPTED.sentence.split(".")[0] in page.text
    suspect = Evaluation.objects.get(attempts=2)
    assert reverse("admin:candidates_evaluation_change", args=[suspect.pk]) in page.text
    assert "Cancel this job" in page.text
    assert "Retry all" not in page.text  # it is under way
    assert len(seen) <= 15


def test_whoever_sees_jobs_alone_is_offered_no_link_that_is_refused(eve: User, job: Job) -> None:
    page = staff(eve).get(reverse("admin:jobs_job_change", args=[job.pk])).text

    suspect = Evaluation.objects.get(attempts=2)
    assert f"<td>{suspect.pk}</td>" in page
    assert "/admin/candidates/" not in page
    assert "/admin/auth/" not in page


def test_times_of_what_happened_have_seconds(as_sam: Client, job: Job) -> None:
    submit.record(job, EventVerb.STARTED)
    at = localtime(Event.objects.get().created_at)

    page = as_sam.get(reverse("admin:jobs_job_change", args=[job.pk])).text

    assert f"{at:%H:%M:%S}</td><td>Started" in page


@pytest.mark.parametrize("name", NEEDS)
def test_each_act_needs_its_own_permission(eve: User, job: Job, name: str) -> None:
    if name == "resume":
        assert Job.objects.all().pause(rows.TIMED_OUT)
    if name.startswith("retry"):
        assert Job.objects.all().cancel()
    others = [codename for codename, _ in PERMISSIONS if codename != NEEDS[name]]
    without = staff(eve, *others)
    before = Job.objects.values().get()
    act(without, name, job)
    assert Job.objects.values().get() == before
    assert not Event.objects.exists()

    may = staff(eve, NEEDS[name])
    asked = act(may, name, job, confirmed=False)
    assert "No, take me back" in asked
    assert f"{job.analysis.title} · {str(job.public_id)[:8]} ({job.analysis.draft.owner})" in asked
    assert not Event.objects.exists()
    assert "was done to 1." in act(may, name, job)
    assert Event.objects.filter(actor=eve).count() == 1


def test_an_act_is_offered_and_done_on_the_jobs_own_page(as_sam: Client, job: Job) -> None:
    url = reverse("admin:jobs_job_change", args=[job.pk])
    assert 'name="CHANGE_FORM-action" value="cancel"' in as_sam.get(url).text
    sent = {"CHANGE_FORM-action": "raise_priority", "_selected_action": [job.pk]}

    asked = as_sam.post(url, sent)
    assert 'name="CHANGE_FORM-action" value="raise_priority"' in asked.text
    as_sam.post(url, {**sent, "confirmed": "yes"})

    assert Job.objects.get().priority == Priority.HIGH


def test_what_moved_on_since_it_was_asked_is_left_alone(as_sam: Client, over: Job) -> None:
    assert "Nothing was done" in act(as_sam, "cancel", over)
    assert not Event.objects.exists()


def test_errors_are_grouped_and_counted_for_each_window(as_sam: Client, job: Job) -> None:
    Evaluation.objects.filter(status=EvaluationStatus.FAILED).update(
        scored_at=Now() - timedelta(hours=2)
    )

    page = as_sam.get(reverse("admin:jobs_job_errors")).text

    row = next(each for each in page.split("<tr>") if BROKEN in each)
    counts = re.findall(r'class="number">(\d+)', row)
    assert counts == ["0", "1", "1", "1", "1"]
    assert "protected by a password" in page


def test_all_that_failed_for_one_reason_are_retried(as_sam: Client, over: Job, sam: User) -> None:
    url = reverse("admin:jobs_job_retry_errors")
    match = {"reason": str(KEY), "window": "1h"}
    named = f"{over.analysis.title} · {str(over.public_id)[:8]} ({over.analysis.draft.owner})"
    assert named in as_sam.get(url, match).text

    page = as_sam.post(url, {**match, "confirmed": "yes"}, follow=True)

    assert "1 job is retried." in page.text
    again = Job.objects.open().get()
    assert again.analysis == over.analysis
    assert Event.objects.get(about=again.public_id).actor == sam
    # There is nothing left for a second press.
    assert "0 jobs are retried." in as_sam.post(url, match, follow=True).text


@pytest.mark.parametrize(
    "match",
    [
        {},
        {"reason": str(KEY), "window": "1y"},
        {"reason": f'reading:["{Problem.ENCRYPTED}", {{}}]', "window": "1h"},
        {"reason": "scoring:\0", "window": "1h"},
        {"reason": 'scoring:["timed_out", {"tries": "\\u0000"}]', "window": "1h"},
        {"reason": 'scoring:["timed_out", {"tries": NaN}]', "window": "1h"},
        {"reason": 'scoring:["timed_out", {}]', "window": "1h"},
        {"reason": 'scoring:["timed_out"]', "window": "1h"},
        {"reason": "scoring:" + "[" * 50_000, "window": "1h"},
        {"reason": 'nothing:["timed_out", {"tries": 4}]', "window": "1h"},
    ],
)
def test_a_retry_of_nothing_that_there_is_is_not_found(
    as_sam: Client, match: dict[str, str]
) -> None:
    assert as_sam.get(reverse("admin:jobs_job_retry_errors"), match).status_code == 404


def test_who_may_only_look_retries_nothing(over: Job, eve: User) -> None:
    client = staff(eve)
    match = {"reason": str(KEY), "window": "1h"}

    assert "retry" not in client.get(reverse("admin:jobs_job_errors")).text.split("<tbody>")[1]
    assert client.post(reverse("admin:jobs_job_retry_errors"), match).status_code == 403
    assert not Job.objects.open().exists()


def test_who_may_not_even_look_sees_no_progress_and_no_errors(job: Job, eve: User) -> None:
    client = staff(eve)
    eve.user_permissions.clear()

    for name in ("progress", "errors", "retry_errors"):
        assert client.get(reverse(f"admin:jobs_job_{name}")).status_code == 403


def test_a_halted_queue_is_told_on_the_list(as_sam: Client, job: Job) -> None:
    assert "Pause the whole queue" in as_sam.get(reverse(LIST)).text
    Halt.objects.create(reason="The model server moves.")

    page = as_sam.get(reverse(LIST)).text

    assert "The model server moves." in page
    assert "Let the queue go on" in page
