"""Who gets where: every address of the program, as owner, stranger and nobody.

The addresses come from the resolver. One without a policy here fails: whoever adds a page says who
may see it.
"""

import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django.plugin import DjangoDbBlocker

from candidates import intake
from candidates.models import (
    Analysis,
    Archive,
    Candidate,
    Draft,
    Evaluation,
    Event,
    Membership,
    Note,
    Receipt,
)
from candidates.models.draft import SHARED, Role
from jobs.models import Delivery, Job, JobStatus, Notice, NotificationKind, Webhook
from tests.conftest import make_draft
from tests.makers import rows

LOGIN = reverse("login")

PUBLIC = "everybody"
LOGGED_IN = "whoever is logged in, for what is theirs"
MEMBERS_BY_ROLE = "the owner of the thing in the address; to others it does not exist"
OWNER_ONLY = "whose it is, and whoever shares the draft is a stranger to it"
# Of each address: who, the methods it answers, and the thing its id is of.
POLICIES: dict[str, tuple[str, tuple[str, ...], type | None]] = {
    "login": (PUBLIC, ("GET", "POST"), None),
    "offline": (PUBLIC, ("GET",), None),
    "service-worker": (PUBLIC, ("GET",), None),
    "password_reset": (PUBLIC, ("GET", "POST"), None),
    "password_reset_done": (PUBLIC, ("GET",), None),
    "password_reset_confirm": (PUBLIC, ("GET", "POST"), None),
    "password_reset_complete": (PUBLIC, ("GET",), None),
    "home": (LOGGED_IN, ("GET",), None),
    "logout": (LOGGED_IN, ("POST",), None),
    "password_change": (LOGGED_IN, ("GET", "POST"), None),
    "password_change_done": (LOGGED_IN, ("GET",), None),
    "candidates:drafts": (LOGGED_IN, ("GET",), None),
    "candidates:new": (LOGGED_IN, ("GET", "POST"), None),
    "candidates:draft": (MEMBERS_BY_ROLE, ("GET",), Draft),
    "candidates:edit": (MEMBERS_BY_ROLE, ("GET", "POST"), Draft),
    "candidates:erase-draft": (MEMBERS_BY_ROLE, ("GET", "POST"), Draft),
    "candidates:duplicate": (MEMBERS_BY_ROLE, ("POST",), Draft),
    "candidates:remove-unreadable": (MEMBERS_BY_ROLE, ("GET", "POST"), Draft),
    "candidates:people": (MEMBERS_BY_ROLE, ("GET", "POST"), Draft),
    "candidates:part": (MEMBERS_BY_ROLE, ("POST",), Candidate),
    "candidates:candidate": (MEMBERS_BY_ROLE, ("GET",), Candidate),
    "candidates:original": (MEMBERS_BY_ROLE, ("GET",), Candidate),
    "candidates:page": (MEMBERS_BY_ROLE, ("GET",), Candidate),
    "candidates:dossier": (MEMBERS_BY_ROLE, ("POST",), Candidate),
    "jobs:receipts": (LOGGED_IN, ("GET",), None),
    "jobs:receipt": (OWNER_ONLY, ("GET",), Receipt),
    "candidates:judge": (MEMBERS_BY_ROLE, ("POST",), Candidate),
    "candidates:note": (MEMBERS_BY_ROLE, ("POST",), Candidate),
    "candidates:delete-note": (MEMBERS_BY_ROLE, ("POST",), Note),
    "candidates:reveal": (MEMBERS_BY_ROLE, ("GET", "POST"), Candidate),
    "candidates:blind": (MEMBERS_BY_ROLE, ("POST",), Draft),
    "jobs:erase-candidate": (MEMBERS_BY_ROLE, ("GET", "POST"), Candidate),
    "candidates:remove-archive": (MEMBERS_BY_ROLE, ("POST",), Archive),
    "candidates:analysis": (MEMBERS_BY_ROLE, ("GET",), Analysis),
    "candidates:decide": (MEMBERS_BY_ROLE, ("GET", "POST"), Analysis),
    "candidates:undo": (MEMBERS_BY_ROLE, ("POST",), Analysis),
    "candidates:views": (MEMBERS_BY_ROLE, ("POST",), Analysis),
    "candidates:compare": (MEMBERS_BY_ROLE, ("GET", "POST"), Analysis),
    "candidates:movement": (MEMBERS_BY_ROLE, ("GET",), Analysis),
    "candidates:ratings": (MEMBERS_BY_ROLE, ("GET",), Analysis),
    "candidates:weights": (MEMBERS_BY_ROLE, ("POST",), Analysis),
    "candidates:evaluation": (MEMBERS_BY_ROLE, ("GET",), Evaluation),
    "candidates:export": (MEMBERS_BY_ROLE, ("GET",), Analysis),
    "candidates:settings": (LOGGED_IN, ("GET", "POST"), None),
    "candidates:usage": (LOGGED_IN, ("GET",), None),
    "jobs:sample": (LOGGED_IN, ("POST",), None),
    "jobs:notices": (LOGGED_IN, ("GET",), None),
    "jobs:read-all": (LOGGED_IN, ("POST",), None),
    "jobs:open-notice": (OWNER_ONLY, ("POST",), Notice),
    "jobs:webhooks": (LOGGED_IN, ("GET", "POST"), None),
    "jobs:webhook": (OWNER_ONLY, ("GET", "POST"), Webhook),
    "jobs:switch-webhook": (OWNER_ONLY, ("POST",), Webhook),
    "jobs:test-webhook": (OWNER_ONLY, ("POST",), Webhook),
    "jobs:remove-webhook": (OWNER_ONLY, ("GET", "POST"), Webhook),
    "jobs:call-again": (OWNER_ONLY, ("POST",), Delivery),
    "jobs:jobs": (LOGGED_IN, ("GET",), None),
    "jobs:job": (MEMBERS_BY_ROLE, ("GET",), Job),
    "jobs:cancel": (MEMBERS_BY_ROLE, ("POST",), Job),
    "jobs:pause": (MEMBERS_BY_ROLE, ("POST",), Job),
    "jobs:resume": (MEMBERS_BY_ROLE, ("POST",), Job),
    "jobs:retry": (MEMBERS_BY_ROLE, ("POST",), Job),
    "jobs:repeat": (MEMBERS_BY_ROLE, ("POST",), Analysis),
    "jobs:sharing": (MEMBERS_BY_ROLE, ("GET", "POST"), Draft),
    "jobs:schedule": (MEMBERS_BY_ROLE, ("GET", "POST"), Draft),
    "jobs:leave": (MEMBERS_BY_ROLE, ("POST",), Draft),
    "jobs:member": (MEMBERS_BY_ROLE, ("POST",), Membership),
    "jobs:remove-member": (MEMBERS_BY_ROLE, ("POST",), Membership),
    "jobs:of-draft": (MEMBERS_BY_ROLE, ("GET",), Draft),
    "jobs:upload": (MEMBERS_BY_ROLE, ("POST",), Draft),
    "jobs:piece": (MEMBERS_BY_ROLE, ("GET", "POST"), Draft),
    "jobs:reread": (MEMBERS_BY_ROLE, ("POST",), Candidate),
    "jobs:reread-all": (MEMBERS_BY_ROLE, ("POST",), Draft),
    "jobs:estimate": (MEMBERS_BY_ROLE, ("GET",), Draft),
    "jobs:describe-new": (LOGGED_IN, ("POST",), None),
    "jobs:describe": (MEMBERS_BY_ROLE, ("POST",), Draft),
    "jobs:described": (MEMBERS_BY_ROLE, ("GET", "POST"), Draft),
    "jobs:suggest-new": (LOGGED_IN, ("POST",), None),
    "jobs:suggest": (MEMBERS_BY_ROLE, ("POST",), Draft),
    "jobs:suggested": (MEMBERS_BY_ROLE, ("GET", "POST"), Draft),
    "jobs:run": (MEMBERS_BY_ROLE, ("POST",), Draft),
}
EXTRA_ARGUMENTS: dict[str, list[Any]] = {
    "candidates:page": [1],
    "candidates:export": ["csv"],
}  # what an address names beside its thing
THINGS = [name for name, (who, _, _) in POLICIES.items() if who in (MEMBERS_BY_ROLE, OWNER_ONLY)]
SHARED_THINGS = [name for name in THINGS if POLICIES[name][0] == MEMBERS_BY_ROLE]
# Django's own, with a permission test of its own below; and where e-mail providers knock, who show
# a secret (tests/jobs/notifications/test_providers.py).
EXCLUDED_PREFIXES = ("admin:", "anymail:")


def names(resolver: URLResolver, space: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from names(pattern, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}"


# The log-in is found twice: ours stands before Django's.
OWN_URL_NAMES = {name for name in names(get_resolver()) if not name.startswith(EXCLUDED_PREFIXES)}


def without_token(page: str) -> str:
    """The page without what differs at each look."""
    return re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]*', r"\1", page)


@dataclass
class House:
    """Something of Alice's of each kind."""

    things: dict[type, Any]

    def address(self, name: str) -> str:
        kind = POLICIES[name][2]
        if name == "password_reset_confirm":
            return reverse(name, args=["x", "y"])
        if kind is None:
            return reverse(name)
        return reverse(name, args=[self.things[kind].public_id, *EXTRA_ARGUMENTS.get(name, [])])


@pytest.fixture(scope="module")
def standing_house(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[User, House]]:
    """Alice and her house, made once: each test's own changes are rolled back to it."""
    block = transaction.atomic()
    with django_db_blocker.unblock():
        block.__enter__()
        alice = User.objects.create_user("alice", "alice@example.com", "alice-pass")
        house = make_house(alice, make_draft(alice))
    yield alice, house
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        block.__exit__(None, None, None)


@pytest.fixture
def alice(standing_house: tuple[User, House], db: None) -> User:
    return copy(standing_house[0])


@pytest.fixture
def house(standing_house: tuple[User, House], db: None) -> House:
    return House({kind: copy(thing) for kind, thing in standing_house[1].things.items()})


def make_house(alice: User, draft: Draft) -> House:
    candidate = rows.candidate(draft, 1, filename="secret-cv.txt", name="Secret Person")
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    [outcome] = intake.accept(draft, alice, [intake.Incoming("a.zip", 4, lambda: b"PK\x03\x04")])
    things: tuple[Any, ...] = (
        draft,
        candidate,
        analysis,
        analysis.evaluations.get(candidate=candidate),
        rows.job(analysis),
        outcome.archive,
        rows.note(candidate, alice),
        Membership.objects.create(draft=draft, email="secret@example.com"),
        Notice.objects.create(user=alice, draft=draft, kind=NotificationKind.SHARED),
        webhook := Webhook.objects.create(user=alice, url="https://secret.example.com/in"),
        Delivery.objects.create(webhook=webhook, kind="test", body="{}"),
        Receipt.objects.create(candidate=uuid4(), draft=draft, owner=alice, erased={}),
    )
    for thing in things:
        thing.refresh_from_db()
    return House({type(thing): thing for thing in things})


def test_every_address_has_a_policy_and_every_policy_an_address() -> None:
    assert sorted(OWN_URL_NAMES) == sorted(POLICIES)


@pytest.mark.parametrize("name", POLICIES)
def test_nobody_gets_to_the_log_in_and_no_further(
    name: str, anonymous: Client, house: House
) -> None:
    who, methods, _ = POLICIES[name]
    before = Event.objects.count()
    for method in methods:
        answer = anonymous.generic(method, house.address(name))
        if who == PUBLIC:
            assert answer.status_code in (200, 302, 503)
        else:
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith(LOGIN)
    assert Event.objects.count() == before


@pytest.mark.parametrize("name", THINGS)
@pytest.mark.parametrize("cast", ["as_eve", "as_sam"])
def test_to_a_stranger_it_does_not_exist(
    name: str, cast: str, house: House, request: pytest.FixtureRequest
) -> None:
    stranger: Client = request.getfixturevalue(cast)
    kind = POLICIES[name][2]
    assert kind is not None
    before = Event.objects.count()
    for method in POLICIES[name][1]:
        theirs = stranger.generic(method, house.address(name))
        nowhere = stranger.generic(
            method, reverse(name, args=[uuid4(), *EXTRA_ARGUMENTS.get(name, [])])
        )
        assert theirs.status_code == nowhere.status_code == 404
        # Not even the page tells the one from the other.
        assert without_token(theirs.text) == without_token(nowhere.text)
        assert "Secret Person" not in theirs.text and "Backend engineer" not in theirs.text
    assert Event.objects.count() == before
    assert kind._default_manager.filter(pk=house.things[kind].pk).exists()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", THINGS)
def test_the_owner_gets_there(name: str, as_alice: Client, house: House) -> None:
    for method in POLICIES[name][1]:
        answer = as_alice.generic(method, house.address(name))
        assert answer.status_code in (200, 302, 400, 422)
        assert not answer.headers.get("Location", "").startswith(LOGIN)


# What a viewer may not even open; and of what remains, they may send nothing.
FOR_EDITORS = {
    "candidates:decide",
    "candidates:edit",
    "jobs:erase-candidate",
    "candidates:remove-unreadable",
    "candidates:reveal",
    "jobs:described",
    "jobs:piece",
    "jobs:suggested",
}
FOR_THE_OWNER = {"candidates:erase-draft"}
VIEWERS_MAY_SEND = {
    "candidates:compare",
    "candidates:duplicate",
    "candidates:views",
    "jobs:leave",
}
ONLY_THE_OWNER_SENDS = {
    "candidates:dossier",
    "jobs:schedule",
    "jobs:sharing",
    "jobs:member",
    "jobs:remove-member",
}


@pytest.mark.parametrize("name", SHARED_THINGS)
@pytest.mark.parametrize("role", SHARED)
def test_a_colleague_gets_as_far_as_their_role(
    name: str, role: Role, as_eve: Client, eve: User, house: House
) -> None:
    draft = house.things[Draft]
    Membership.objects.create(draft=draft, email=eve.email, user=eve, role=role)
    for method in POLICIES[name][1]:
        answer = as_eve.generic(method, house.address(name))
        sends = method == "POST"
        closed = (
            name in FOR_THE_OWNER
            or (sends and name in ONLY_THE_OWNER_SENDS)
            or (
                role == Role.VIEWER
                and (name in FOR_EDITORS or (sends and name not in VIEWERS_MAY_SEND))
            )
        )
        if closed:
            assert answer.status_code == 403
            assert "owner" in answer.text
        else:
            assert answer.status_code in (200, 302, 400, 422)


@pytest.mark.parametrize("name", [name for name, policy in POLICIES.items() if policy[0] != PUBLIC])
def test_other_methods_are_refused(name: str, as_alice: Client, house: House) -> None:
    if name.startswith("password_change"):
        pytest.skip("a view of Django's own, which answers what it has")
    allowed = {*POLICIES[name][1], *(("HEAD",) if "GET" in POLICIES[name][1] else ())}
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} - allowed:
        assert as_alice.generic(method, house.address(name)).status_code == 405
    # Nor does a form talk a GET into being something else.
    if "POST" not in allowed:
        headers = {"X-HTTP-Method-Override": "DELETE"}
        assert as_alice.get(house.address(name), {"_method": "DELETE"}, headers=headers).status_code
        assert house.things[Draft]._meta.model.objects.exists()


INVALID_IDS = ["0", "-1", "9223372036854775808", "1;DROP TABLE", "%00", "../x", "new-ish", "{id}x"]


@pytest.mark.parametrize("name", THINGS)
def test_an_id_that_is_none_is_not_found(name: str, as_alice: Client, house: House) -> None:
    kind = POLICIES[name][2]
    public_id = str(house.things[kind].public_id)  # type: ignore[index]
    for id in INVALID_IDS:
        address = house.address(name).replace(public_id, id.format(id=public_id))
        assert as_alice.get(address).status_code == 404


@pytest.mark.parametrize("page", ["home", "candidates:drafts", "jobs:jobs"])
def test_lists_hold_nothing_of_others(page: str, as_eve: Client, house: House) -> None:
    text = as_eve.get(reverse(page)).text

    assert "Backend engineer" not in text and str(house.things[Draft].public_id) not in text


def test_of_drafts_with_the_same_file_each_owner_sees_their_own(
    as_eve: Client, eve: User, house: House
) -> None:
    other = Draft.objects.create(owner=eve, title="Eve's", description="Words.")
    candidate = rows.candidate(Draft.objects.get(pk=other.pk), 1)

    assert as_eve.get(candidate.get_absolute_url()).status_code == 200
    assert as_eve.get(house.things[Candidate].get_absolute_url()).status_code == 404


def test_an_account_that_was_closed_is_out_at_once(
    as_alice: Client, alice: User, house: House
) -> None:
    alice.is_active = False
    alice.save(update_fields=["is_active"])

    answer = as_alice.get(house.address("candidates:draft"))

    assert answer.headers["Location"].startswith(LOGIN)


def test_the_admin_is_for_staff(as_alice: Client, as_sam: Client) -> None:
    assert as_alice.get(reverse("admin:index")).status_code == 302
    assert as_sam.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("name", THINGS)
def test_pages_carry_a_policy_that_lets_no_foreign_script_run(
    name: str, as_alice: Client, house: House
) -> None:
    if "GET" not in POLICIES[name][1]:
        pytest.skip("takes no GET")

    answer = as_alice.get(house.address(name))

    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy
    if not answer.streaming:
        assert " style=" not in answer.text and "<script>" not in answer.text
        assert " onclick=" not in answer.text and "javascript:" not in answer.text


def test_a_strangers_job_can_be_neither_cancelled_nor_paused(as_eve: Client, house: House) -> None:
    job = house.things[Job]
    Job.objects.filter(pk=job.pk).update(status=JobStatus.PROCESSING, completed_at=None)

    as_eve.post(house.address("jobs:cancel"))
    as_eve.post(house.address("jobs:pause"))

    assert Job.objects.get(pk=job.pk).status == JobStatus.PROCESSING
    assert not Job.objects.get(pk=job.pk).is_paused


def test_nobody_sees_what_others_paid(as_eve: Client, as_alice: Client, house: House) -> None:
    rows.call(house.things[Analysis])

    assert "Backend engineer" in as_alice.get(reverse("candidates:usage")).text
    assert "No model has been called for you yet." in as_eve.get(reverse("candidates:usage")).text
