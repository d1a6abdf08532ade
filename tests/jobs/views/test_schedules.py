"""The page of a schedule, and what staff may do with one."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Draft, Event, EventVerb, Membership, Preference
from candidates.models.reason import error_columns
from jobs.models import Job
from jobs.models.schedule import Frequency, RunOutcome, Schedule, ScheduledRun
from jobs.schedules import cron
from tests.makers import rows

pytestmark = pytest.mark.django_db

CHOSEN = {"frequency": "weekly", "time_of_day": "07:30", "weekday": "5", "day": "1", "cron": ""}


def address(draft: Draft) -> str:
    return reverse("jobs:schedule", args=[draft.public_id])


def choose(client: Client, draft: Draft, **values: str) -> Any:
    return client.post(address(draft), {**CHOSEN, **values}, follow=True)


def test_the_owner_chooses_when_in_their_own_time(
    as_alice: Client, alice: User, draft: Draft
) -> None:
    Preference.objects.create(user=alice, time_zone="America/New_York")
    rows.candidate(draft)

    page = choose(as_alice, draft)

    schedule = Schedule.objects.get(draft=draft)
    assert schedule.next_at is not None
    next_at = schedule.next_at.astimezone(ZoneInfo(schedule.time_zone))
    assert (next_at.isoweekday(), f"{next_at:%H:%M}") == (5, "07:30")
    assert "The schedule is saved." in page.text and "07:30 (America/New_York)" in page.text
    event = Event.objects.get(verb=EventVerb.SCHEDULE_CHANGED)
    assert (event.actor, event.params) == (alice, {"frequency": "weekly", "cron": "30 7 * * 5"})

    page = choose(as_alice, draft, frequency="off")
    assert "only when somebody presses Run" in page.text
    assert Schedule.objects.get().next_at is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"frequency": "cron"}, "five parts"),
        ({"frequency": "cron", "cron": "0 6 * *"}, "five parts"),
        ({"frequency": "cron", "cron": "* * * * *"}, "more than once an hour"),
        ({"frequency": "cron", "cron": "0 6 30 2 *"}, "there has to be such a day"),
        ({"frequency": "cron", "cron": "0 " * 200}, "at most 100"),
        ({"frequency": "hourly"}, "Select a valid choice"),
        ({"time_of_day": "25:00"}, "Enter a valid time"),
        ({"weekday": "8"}, "Select a valid choice"),
    ],
)
def test_a_bad_choice_says_what_is_wrong_and_changes_nothing(
    as_alice: Client, draft: Draft, values: dict[str, str], words: str
) -> None:
    page = choose(as_alice, draft, **values)

    assert page.status_code == 422
    assert words in page.text
    assert not Schedule.objects.exists() and not Event.objects.exists()


def test_a_cron_expression_is_kept_in_one_form(as_alice: Client, draft: Draft) -> None:
    choose(as_alice, draft, frequency="cron", cron="  0   6 *  * mon-fri ")

    assert cron.expression_of(Schedule.objects.get()) == "0 6 * * mon-fri"


def test_what_is_not_chosen_need_not_be_right(as_alice: Client, draft: Draft) -> None:
    choose(as_alice, draft, frequency="daily", cron="x" * 101, weekday="9")
    assert cron.expression_of(Schedule.objects.get()) == "30 7 * * *"

    choose(as_alice, draft, frequency="off", time_of_day="")
    assert Schedule.objects.get().frequency == Frequency.OFF


def test_others_see_it_and_change_nothing(as_eve: Client, eve: User, draft: Draft) -> None:
    Membership.objects.create(draft=draft, email=eve.email, user=eve, role="editor")

    page = as_eve.get(address(draft))

    assert "Only the owner of this draft can change the schedule." in page.text
    assert '<form method="post" class="schedule' not in page.text
    assert as_eve.post(address(draft), CHOSEN).status_code == 403
    assert not Schedule.objects.exists()


def test_the_page_tells_what_came_of_it(as_alice: Client, alice: User, draft: Draft) -> None:
    schedule = Schedule.objects.create(draft=draft)
    analysis = rows.analysis(draft, alice)
    for outcome, values in (
        (
            RunOutcome.RAN,
            {"job": rows.job(analysis), "previous_analysis": rows.analysis(draft, alice)},
        ),
        (RunOutcome.UNCHANGED, {}),
        (
            RunOutcome.FAILED,
            error_columns(Reason(FailureCode.NO_CANDIDATES)),
        ),
    ):
        ScheduledRun.objects.create(schedule=schedule, outcome=outcome, **values)

    page = as_alice.get(address(draft)).text

    assert "skipped: nothing has changed".capitalize() in page
    assert "Could not start: The draft has no candidates yet." in page
    assert reverse("candidates:movement", args=[analysis.public_id]) in page


def run_now(client: Client, schedule: Schedule) -> Any:
    chosen = {"action": "run_now", "_selected_action": [schedule.pk], "confirmed": "1"}
    return client.post(reverse("admin:jobs_schedule_changelist"), chosen, follow=True)


def permission(name: str) -> Permission:
    return Permission.objects.get(codename=name, content_type__app_label="jobs")


@pytest.fixture
def staff(eve: User) -> User:
    """May look at schedules, and no more."""
    eve.is_staff = True
    eve.save(update_fields=["is_staff"])
    eve.user_permissions.add(permission("view_schedule"))
    return eve


def test_staff_run_a_schedule_now_with_a_permission_of_its_own(
    as_eve: Client, staff: User, draft: Draft
) -> None:
    rows.candidate(draft)
    schedule = Schedule.objects.create(draft=draft)

    run_now(as_eve, schedule)
    assert not Job.objects.exists() and not ScheduledRun.objects.exists()

    staff.user_permissions.add(permission("run_schedule"))
    page = run_now(as_eve, schedule)

    assert "Backend engineer: ran." in page.text
    run = ScheduledRun.objects.get()
    assert (run.requested_by, run.due_at, run.outcome) == (staff, None, RunOutcome.RAN)
    assert Event.objects.get(verb=EventVerb.SCHEDULE_RUN).actor == staff
    assert Job.objects.get().requested_by == draft.owner
    assert "under way" in run_now(as_eve, schedule).text
    assert Job.objects.count() == 1


def test_staff_are_told_why_one_cannot_start(as_sam: Client, draft: Draft) -> None:
    page = run_now(as_sam, Schedule.objects.create(draft=draft))

    assert "The draft has no candidates yet." in page.text
