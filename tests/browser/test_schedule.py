"""The schedule's page in a browser: it asks for what belongs to the choice, on a phone too."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from candidates.models import Draft
from jobs.models.schedule import Schedule
from jobs.schedules.cron import expression_of
from tests.makers import rows


@pytest.mark.complaints("422")
def test_an_owner_sets_a_schedule_by_keyboard(at_home: Page, draft: Draft, alice: User) -> None:
    page = at_home
    rows.candidate(draft)
    page.goto(draft.get_absolute_url())
    page.get_by_role("link", name="Schedule").click()
    day, weekday = page.get_by_label("On day"), page.get_by_label("On", exact=True)
    cron, time_of_day = page.get_by_label("Cron expression"), page.get_by_label("At", exact=True)
    for field in (day, weekday, cron, time_of_day):
        expect(field).to_be_hidden()

    run = page.get_by_label("Run", exact=True)
    run.focus()
    run.select_option("cron")
    expect(cron).to_be_visible()
    expect(time_of_day).to_be_hidden()
    cron.fill("61 6 * * *")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The first part is the minute: 0 to 59.")).to_be_visible()

    page.get_by_label("Run", exact=True).select_option("monthly")
    day.select_option("31")
    time_of_day.fill("22:15")
    page.get_by_role("button", name="Save the schedule").click()
    expect(page.get_by_text("The schedule is saved.")).to_be_visible()
    assert expression_of(Schedule.objects.get(draft=draft)) == "15 22 L * *"

    page.set_viewport_size({"width": 360, "height": 780})
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360
