"""The bell: how many are new, what they lead to, and how they are marked as read."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from candidates.models import Draft, Membership
from jobs.models import Job, JobStatus, Notice, NotificationKind
from jobs.notifications import recipients
from tests.makers import rows

NOTICES = reverse("jobs:notices")


@pytest.fixture
def job(draft: Draft, alice: User) -> Job:
    rows.candidates(draft, 2)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    return rows.job(analysis)


def test_the_bell_counts_what_is_new_on_every_page(as_alice: Client, job: Job) -> None:
    assert "Notices, 0 of them new" in as_alice.get(NOTICES).text
    recipients.queue_for_job(job, NotificationKind.COMPLETED)
    recipients.queue_for_job(job, NotificationKind.PAUSED)

    assert "Notices, 2 of them new" in as_alice.get(reverse("jobs:jobs")).text


def test_a_notice_is_read_by_opening_it(as_alice: Client, job: Job) -> None:
    recipients.queue_for_job(job, NotificationKind.COMPLETED)
    notice = Notice.objects.get()

    answer = as_alice.post(reverse("jobs:open-notice", args=[notice.public_id]))

    assert answer.headers["Location"] == job.analysis.get_absolute_url()
    assert "Notices, 0 of them new" in as_alice.get(NOTICES).text


def test_all_are_read_at_once(as_alice: Client, as_eve: Client, eve: User, job: Job) -> None:
    recipients.queue_for_job(job, NotificationKind.FAILED)
    Notice.objects.create(user=eve, draft=job.analysis.draft, kind=NotificationKind.SHARED)

    page = as_alice.post(reverse("jobs:read-all"), follow=True)

    assert "The analysis of “Backend engineer” failed" in page.text
    assert "Mark all as read" not in page.text
    assert Notice.objects.unread().get().user == eve


def test_what_is_no_longer_shared_is_no_longer_told(
    as_eve: Client, eve: User, draft: Draft
) -> None:
    membership = Membership.objects.create(draft=draft, email=eve.email, user=eve)
    recipients.queue_invitation(membership)
    assert "Backend engineer" in as_eve.get(NOTICES).text

    membership.delete()

    page = as_eve.get(NOTICES).text
    assert "Backend engineer" not in page and "0 of them new" in page


def test_many_notices_cost_the_same(
    as_alice: Client, alice: User, job: Job, django_assert_max_num_queries: Any
) -> None:
    for occasion in range(40):
        recipients.queue_for_job(
            rows.job(job.analysis, JobStatus.COMPLETED), NotificationKind.COMPLETED, occasion
        )

    with django_assert_max_num_queries(5):
        assert "Page 1 of 2" in " ".join(as_alice.get(NOTICES).text.split())
