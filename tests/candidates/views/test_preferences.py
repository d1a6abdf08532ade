"""Language and time zone: of the browser until somebody chooses, then theirs."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from candidates.models import Preference
from evaluator.middleware import apply_preferences

SETTINGS = reverse("candidates:settings")
FORM = {"language": "de", "time_zone": "Asia/Tokyo", "mail_failed": "on"}


def test_the_browser_says_the_language_until_it_is_chosen(as_alice: Client) -> None:
    german = {"Accept-Language": "de-AT,de;q=0.9"}

    assert '<html lang="en">' in as_alice.get(SETTINGS).text
    page = as_alice.get(SETTINGS, headers=german)
    assert '<html lang="de">' in page.text and page.headers["Content-Language"] == "de"
    as_alice.post(SETTINGS, {**FORM, "language": "en"})
    assert '<html lang="en">' in as_alice.get(SETTINGS, headers=german).text


def test_what_is_chosen_is_kept_and_shown(as_alice: Client, alice: User) -> None:
    page = as_alice.post(SETTINGS, FORM, follow=True)

    assert '<html lang="de">' in page.text
    preference = Preference.objects.get(user=alice)
    assert (preference.time_zone, preference.mail_failed, preference.mail_completed) == (
        "Asia/Tokyo",
        True,
        False,
    )


def test_a_zone_or_language_that_is_none_is_refused(as_alice: Client) -> None:
    page = as_alice.post(SETTINGS, {**FORM, "time_zone": "../etc", "language": "xx"})

    assert page.status_code == 422
    assert page.text.count("errorlist") == 2
    assert not Preference.objects.exists()


@pytest.mark.parametrize(
    ("chosen", "cookie", "zone"),
    [
        ("", "", "UTC"),
        ("", "Europe/Berlin", "Europe/Berlin"),
        ("Asia/Tokyo", "Europe/Berlin", "Asia/Tokyo"),
        ("", "../../etc/passwd", "UTC"),
        ("", "America", "UTC"),
    ],
)
def test_times_are_those_of_where_the_reader_is(
    alice: User, chosen: str, cookie: str, zone: str
) -> None:
    Preference.objects.create(user=alice, time_zone=chosen)
    request = RequestFactory().get("/", headers={"Cookie": f"zone={cookie}"})
    request.user = alice

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(timezone.get_current_timezone_name())

    assert apply_preferences(view)(request).text == zone
    assert timezone.get_current_timezone_name() == "UTC"


def test_it_costs_no_query(as_alice: Client, alice: User, django_assert_num_queries: Any) -> None:
    Preference.objects.create(user=alice, language="de")

    with django_assert_num_queries(2):  # the session, and its user
        assert '<html lang="de">' in as_alice.get(SETTINGS).text
