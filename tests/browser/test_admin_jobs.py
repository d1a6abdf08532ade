"""Staff steer jobs in a browser: one who may do everything, and one who may only look."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from candidates.models import Draft, Event
from candidates.models.analysis import EvaluationStatus
from candidates.reasons import sentence
from jobs.models import Halt, Job, JobStatus
from jobs.models.job import PERMISSIONS
from tests.makers import rows

WHY = sentence(rows.TIMED_OUT)

# Django's admin has no icon, and a browser asks for one.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.complaints("404")]
ALL = [codename for codename, _ in PERMISSIONS]
BUTTONS = ("Cancel this job", "Pause this job", "Raise the priority", "Lower the priority")


@pytest.fixture
def job(draft: Draft) -> Job:
    """One that is under way, with one of its two résumés scored."""
    for number in range(2):
        rows.candidate(draft, number)
    analysis = rows.analysis(draft, draft.owner)
    rows.evaluate(analysis)
    waits = analysis.evaluations.filter(rank=2)
    waits.update(status=EvaluationStatus.WAITING, score=None, rank=None, scored_at=None)
    return rows.job(analysis, JobStatus.PROCESSING)


def log_in(page: Page, user: User, live_server: LiveServer, *may: str) -> None:
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    user.user_permissions.set(Permission.objects.filter(codename__in=may))
    client = Client()
    client.force_login(user)
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])


def test_who_may_do_everything_watches_a_job_and_steers_it(
    page: Page, live_server: LiveServer, eve: User, job: Job
) -> None:
    halts = ("view_halt", "add_halt", "delete_halt")
    log_in(page, eve, live_server, "view_job", "view_analysis", *halts, *ALL)
    page.goto(reverse("admin:jobs_job_changelist"))
    bar = page.locator(f"#progress-{job.pk}")
    expect(bar).to_contain_text("1 of 2")
    job.analysis.evaluations.filter(status=EvaluationStatus.WAITING).update(
        **rows.failure(), scored_at=job.created_at
    )
    expect(bar).to_contain_text("2 of 2, 1 failed")  # by itself

    page.get_by_role("link", name="Backend engineer").click()
    for name in BUTTONS:
        expect(page.get_by_role("button", name=name)).to_be_visible()
    page.get_by_role("button", name="Cancel this job").press("Enter")
    expect(page.get_by_text("Nobody else is scored.")).to_be_visible()
    page.get_by_role("button", name="Cancel this job").click()
    expect(page.get_by_text("was done to 1.")).to_be_visible()
    assert Job.objects.get().status == JobStatus.CANCELLED
    assert Event.objects.get(verb="cancelled").actor == eve

    page.goto(reverse("admin:jobs_job_errors"))
    page.get_by_role("link", name=f"Retry these 1: {WHY}").first.click()
    page.get_by_role("button", name="Retry all that match").click()
    expect(page.get_by_text("1 job is retried.")).to_be_visible()

    page.goto(reverse("admin:jobs_job_changelist"))
    page.get_by_role("link", name="Pause the whole queue").click()
    page.get_by_label("Reason").fill("The model server moves.")
    page.get_by_role("button", name="Pause the whole queue").click()
    page.goto(reverse("admin:jobs_job_changelist"))
    expect(page.get_by_text("The model server moves.")).to_be_visible()
    page.get_by_role("link", name="Let the queue go on").click()
    page.get_by_role("button", name="Let the queue go on").click()
    expect(page.get_by_text("deleted successfully")).to_be_visible()
    assert not Halt.objects.exists()


def test_who_may_only_look_is_offered_nothing_and_each_permission_its_own(
    page: Page, live_server: LiveServer, eve: User, job: Job
) -> None:
    log_in(page, eve, live_server, "view_job")
    page.set_viewport_size({"width": 360, "height": 800})
    url = reverse("admin:jobs_job_changelist")
    page.goto(url)
    expect(page.locator(f"#progress-{job.pk}")).to_contain_text("1 of 2")
    expect(page.locator("select[name=action]")).to_have_count(0)
    expect(page.get_by_role("link", name="Pause the whole queue")).to_have_count(0)
    own = {
        "cancel_job": ["Cancel this job"],
        "pause_job": ["Pause this job"],
        "requeue_job": ["Send this job to the queue again"],
        "prioritise_job": ["Raise the priority", "Lower the priority"],
        "retry_job": [],
        "clear_evaluation": [],
    }
    assert set(own) == set(ALL)
    for codename, buttons in own.items():
        eve.user_permissions.set(Permission.objects.filter(codename__in=("view_job", codename)))
        page.goto(reverse("admin:jobs_job_change", args=[job.pk]))
        expect(page.locator(".acts button")).to_have_text(buttons)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
