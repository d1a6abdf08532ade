"""A job's page while it lives: it follows the job, through a lost connection too."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from candidates.models import Draft
from candidates.reasons import sentence
from jobs.models import Job, JobStatus
from tests.makers import rows

WHY = sentence(rows.TIMED_OUT)

RECORD_NOTIFICATIONS = """
window.told = [];
class Told extends EventTarget {
  static permission = "granted";
  constructor(title, { body }) { super(); window.told.push(`${title}: ${body}`); }
}
window.Notification = Told;
"""
HIDE = """Object.defineProperty(document, "hidden", { get: () => window.away === true });"""


@pytest.mark.complaints("ERR_INTERNET_DISCONNECTED", "htmx:")
def test_it_follows_its_job_through_a_lost_connection(
    at_home: Page, draft: Draft, alice: User
) -> None:
    rows.candidates(draft, 8)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    waiting = {"status": "waiting", "score": None, "rank": None, "scored_at": None}
    analysis.evaluations.filter(rank__gt=2).update(**waiting)
    job = rows.job(analysis, JobStatus.PROCESSING)
    at_home.set_viewport_size({"width": 360, "height": 740})
    at_home.add_init_script(HIDE + RECORD_NOTIFICATIONS)
    at_home.goto(job.get_absolute_url())
    expect(at_home).to_have_title("25% · Backend engineer · Candidate Evaluator")
    with at_home.expect_response(lambda answer: answer.status == 304):
        pass  # nothing has changed, and nothing is swapped

    at_home.context.set_offline(True)
    expect(at_home.locator("[data-lost]")).to_have_text("The connection is lost. Trying again …")
    evaluation = analysis.evaluations.filter(status="waiting").first()
    assert evaluation is not None
    analysis.evaluations.filter(pk=evaluation.pk).update(**rows.failure(), scored_at=timezone.now())
    at_home.context.set_offline(False)
    expect(at_home).to_have_title("37% · Backend engineer · Candidate Evaluator")
    expect(at_home.locator("[data-lost]")).to_be_empty()
    expect(at_home.locator(".troubles")).to_contain_text(WHY)

    at_home.evaluate("window.away = true")
    Job.objects.filter(pk=job.pk).complete()
    at_home.evaluate("htmx.trigger('#job', 'wake')")
    at_home.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    expect(at_home).to_have_title("Backend engineer · Candidate Evaluator")
    expect(at_home.locator("[data-status-announcement]")).to_have_text("Completed")
    assert at_home.evaluate("document.documentElement.scrollWidth") <= 360

    at_home.get_by_role("button", name=f"Retry this 1: {WHY}").press("Enter")
    expect(at_home.locator("#job")).to_contain_text(f"Retried by alice: 1 failed: {WHY}")
