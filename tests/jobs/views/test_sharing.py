"""Sharing a draft: inviting by address, what a role allows, ending it, and the e-mail."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse

from candidates.models import Draft, Event, Membership
from jobs.models import Notification, NotificationKind
from jobs.notifications import email


def url(name: str, thing: Any) -> str:
    return reverse(f"jobs:{name}", args=[thing.public_id])


def share(client: Client, draft: Draft, email: str, role: str = "viewer") -> Any:
    return client.post(url("sharing", draft), {"email": email, "role": role}, follow=True)


def test_a_colleague_is_invited_and_told(
    as_alice: Client, as_eve: Client, eve: User, draft: Draft
) -> None:
    page = share(as_alice, draft, "EVE@example.com", "editor")

    membership = Membership.objects.get()
    assert (membership.user, membership.role) == (eve, "editor")
    assert membership.invited_by is not None and membership.invited_by.username == "alice"
    assert "has not looked yet" in page.text
    assert Event.objects.get(draft=draft).verb == "shared"
    notification = Notification.objects.get(kind=NotificationKind.SHARED)
    assert email.deliver(notification.pk)
    [sent] = mail.outbox
    assert sent.to == ["EVE@example.com"] and sent.subject == "Shared with you: Backend engineer"
    assert "alice shares" in sent.body and draft.get_absolute_url() in sent.body
    assert "You may change it, run it and decide." in sent.body

    assert as_eve.get(draft.get_absolute_url()).status_code == 200
    assert "has not looked yet" not in as_alice.get(url("sharing", draft)).text


def test_who_has_no_account_yet_finds_the_draft_at_the_first_log_in(
    as_alice: Client, anonymous: Client, draft: Draft
) -> None:
    page = share(as_alice, draft, "New@Example.com")
    assert "invited, has no account yet" in page.text
    User.objects.create_user("newcomer", "new@example.COM", "new-pass-1")

    anonymous.post(reverse("login"), {"username": "newcomer", "password": "new-pass-1"})

    assert "Shared with you" in anonymous.get(reverse("home")).text
    assert anonymous.get(draft.get_absolute_url()).status_code == 200
    assert "Shared with you" not in anonymous.get(reverse("home")).text


def test_an_account_without_an_address_gets_nothing(anonymous: Client, draft: Draft) -> None:
    User.objects.create_user("nobody", "", "nobody-pass")
    anonymous.post(reverse("login"), {"username": "nobody", "password": "nobody-pass"})

    assert anonymous.get(draft.get_absolute_url()).status_code == 404


@pytest.mark.parametrize(
    ("email", "message"),
    [
        ("", "Give the e-mail address of a colleague."),
        ("no address", "Enter a valid email address."),
        ("Alice@example.com", "This is the owner&#x27;s own address."),
        ("THERE@example.com", "The draft is shared with this address already."),
        (f"{'x' * 300}@example.com", "at most 254"),
    ],
)
def test_an_address_that_cannot_be_invited_says_why(
    as_alice: Client, draft: Draft, email: str, message: str
) -> None:
    Membership.objects.create(draft=draft, email="there@example.com")

    page = share(as_alice, draft, email)

    assert page.status_code == 422 and message in page.text
    assert Membership.objects.count() == 1 and not Notification.objects.exists()


def test_a_role_that_is_none_is_refused(as_alice: Client, draft: Draft) -> None:
    assert share(as_alice, draft, "bob@example.com", "owner").status_code == 422


def test_the_owner_changes_and_ends_it(
    as_alice: Client, as_eve: Client, eve: User, draft: Draft
) -> None:
    share(as_alice, draft, eve.email)
    membership = Membership.objects.get()

    page = as_alice.post(url("member", membership), {"role": "editor"}, follow=True)
    assert "eve@example.com may change it, run it and decide now." in page.text
    assert as_eve.get(reverse("candidates:edit", args=[draft.public_id])).status_code == 200
    page = as_alice.post(url("member", membership), {"role": "boss"}, follow=True)
    assert "Choose what eve@example.com may do." in page.text

    as_alice.post(url("remove-member", membership))
    assert as_eve.get(draft.get_absolute_url()).status_code == 404
    assert not Notification.objects.exists()  # the e-mail that was not sent yet
    verbs = list(draft.events.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["shared", "role_changed", "sharing_ended"]


def test_a_colleague_leaves_and_an_owner_cannot(
    as_alice: Client, as_eve: Client, eve: User, draft: Draft
) -> None:
    share(as_alice, draft, eve.email)

    page = as_eve.post(url("leave", draft), follow=True)
    refused = as_alice.post(url("leave", draft), follow=True)

    assert "You have left the draft “Backend engineer”." in page.text
    assert as_eve.get(draft.get_absolute_url()).status_code == 404
    assert "The draft is yours." in refused.text


def test_the_page_costs_the_same_for_many_members(
    as_alice: Client, draft: Draft, django_assert_max_num_queries: Any
) -> None:
    Membership.objects.bulk_create(
        Membership(draft=draft, email=f"colleague{number}@example.com") for number in range(100)
    )

    with django_assert_max_num_queries(6):
        as_alice.get(url("sharing", draft))
    page = share(as_alice, draft, "one-more@example.com")
    assert "with 100 people at most" in page.text
