"""Log-in, log-out, password reset, and the pages for what goes wrong."""

import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.views.defaults import server_error

from evaluator import login_throttle
from evaluator.models import FailedLogIn


def test_a_wrong_password_is_told_without_saying_whether_the_account_exists(
    anonymous: Client, alice: User
) -> None:
    pages = [
        anonymous.post(reverse("login"), {"username": name, "password": "wrong"}).text
        for name in ("alice", "nobody")
    ]

    plain = [re.sub(r'value="[^"]*"', "", page) for page in pages]
    assert plain[0] == plain[1]
    assert "Please enter a correct username and password." in plain[0]


def test_the_log_in_leads_to_where_one_wanted_to_go_and_nowhere_else(
    anonymous: Client, alice: User
) -> None:
    who = {"username": "alice", "password": "alice-pass"}

    inside = anonymous.post(reverse("login"), {**who, "next": "/jobs/"})
    outside = anonymous.post(reverse("login"), {**who, "next": "https://evil.example/"})

    assert inside.headers["Location"] == "/jobs/"
    assert outside.headers["Location"] == reverse("home")


def test_log_out_is_a_button_on_every_page(as_alice: Client) -> None:
    page = as_alice.get(reverse("candidates:drafts"))
    assert f'action="{reverse("logout")}"' in page.text

    answer = as_alice.post(reverse("logout"))

    assert answer.headers["Location"] == reverse("login")
    assert as_alice.get(reverse("candidates:drafts")).status_code == 302


def test_a_forgotten_password_is_chosen_anew_with_the_link_in_the_e_mail(
    anonymous: Client, alice: User
) -> None:
    page = anonymous.post(reverse("password_reset"), {"email": alice.email}, follow=True)
    assert "Look into your mail" in page.text
    [message] = mail.outbox
    assert message.subject == "A new password for the Candidate Evaluator"
    link = re.search(r"http://testserver(/accounts/reset/\S+)", str(message.body))
    assert link is not None

    form = anonymous.get(link[1], follow=True)
    assert "Choose a new password" in form.text
    address = form.redirect_chain[-1][0]
    chosen = "a-much-better-one"
    done = anonymous.post(address, {"new_password1": chosen, "new_password2": chosen}, follow=True)

    assert "The password is set" in done.text
    assert anonymous.login(username="alice", password=chosen)
    assert "has been used or is too old" in anonymous.get(link[1], follow=True).text


def test_nobody_learns_from_the_reset_who_has_an_account(anonymous: Client, alice: User) -> None:
    page = anonymous.post(reverse("password_reset"), {"email": "x@example.com"}, follow=True)

    assert "Look into your mail" in page.text
    assert mail.outbox == []


def test_a_password_is_changed(as_alice: Client, alice: User) -> None:
    old, new = "alice-pass", "a-much-better-one"
    data = {"old_password": old, "new_password1": new, "new_password2": new}

    page = as_alice.post(reverse("password_change"), data, follow=True)

    assert "The password is changed" in page.text


def test_a_page_that_is_not_there_says_so_in_our_own_words(as_alice: Client) -> None:
    page = as_alice.get("/nothing/here/")

    assert page.status_code == 404
    assert "There is nothing here" in page.text and "To your drafts" in page.text


@pytest.mark.django_db
def test_a_host_that_is_not_ours_is_refused(anonymous: Client) -> None:
    page = anonymous.get(reverse("login"), headers={"Host": "evil.example"})

    assert page.status_code == 400
    assert "The request could not be used" in page.text and "evil.example" not in page.text


def test_a_mistake_of_ours_shows_a_page_and_no_trace(
    as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret of the trace")

    monkeypatch.setattr("candidates.models.draft.DraftQuerySet.visible_to", broken)
    as_alice.raise_request_exception = False

    page = as_alice.get(reverse("candidates:drafts"))

    assert page.status_code == 500
    assert "Something went wrong on our side" in page.text and "secret" not in page.text


def test_guessing_is_slowed_down_and_says_for_how_long(
    anonymous: Client, alice: User, eve: User
) -> None:
    def tries(name: str, password: str) -> Any:
        return anonymous.post(reverse("login"), {"username": name, "password": password})

    for _ in range(login_throttle.MAX_FAILURES):
        assert tries("alice", "wrong").status_code == 200
    refused = tries("Alice ", "alice-pass")

    assert refused.status_code == 429
    assert 500 < int(refused.headers["Retry-After"]) <= 600
    assert "Wait 10 minutes, then try again" in refused.text
    assert tries("eve", "eve-pass").status_code == 302
    admin = anonymous.post(reverse("admin:login"), {"username": "alice", "password": "alice-pass"})
    assert admin.status_code == 200 and "correct username and password" in admin.text.lower()
    FailedLogIn.objects.update(tried_at=timezone.now() - login_throttle.THROTTLE_WINDOW)
    assert tries("alice", "alice-pass").status_code == 302


def test_a_log_in_that_works_wipes_the_slate(anonymous: Client, alice: User) -> None:
    wrong, right = ({"username": "alice", "password": word} for word in ("no", "alice-pass"))
    for _ in range(login_throttle.MAX_FAILURES - 1):
        anonymous.post(reverse("login"), wrong)
    anonymous.post(reverse("login"), right)

    assert not FailedLogIn.objects.exists()


def test_a_form_that_is_too_large_is_told_so(as_alice: Client, settings: LazySettings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000

    page = as_alice.post(reverse("candidates:settings"), {"language": "x" * 2_000})

    assert page.status_code == 413
    assert "This is too much at once" in page.text


def test_the_offline_page_needs_nothing_but_itself(anonymous: Client) -> None:
    page = anonymous.get(reverse("offline"))
    worker = anonymous.get(reverse("service-worker"))

    assert re.findall(r'(?:href|src)="([^"]*)"', page.text) == ["data:,", ""]
    assert "<script" not in page.text
    assert worker.headers["Content-Type"].startswith("text/javascript")
    assert '"/offline/"' in worker.text
    assert "worker-src 'self'" in page.headers["Content-Security-Policy"]


def test_the_page_of_our_own_mistakes_asks_no_database(
    rf: RequestFactory,
) -> None:
    page = server_error(rf.get("/"))  # a test without `db`: a query would fail

    assert page.status_code == 500
    assert "Something went wrong on our side" in page.text
