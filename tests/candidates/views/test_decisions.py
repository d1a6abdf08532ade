"""Deciding from the ranking: one, the checked, all that match, and taking it back."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from candidates.models import Analysis, Candidate, Decision, Draft, Event, Membership
from candidates.models.draft import Role
from tests.makers import rows

HTMX = {"HX-Request": "true"}


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    for number in range(1, 5):
        rows.candidate(draft, number)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    return analysis


def ids(analysis: Analysis) -> list[str]:
    return [str(row.public_id) for row in analysis.evaluations.order_by("rank")]


def verdicts() -> list[str]:
    return list(Candidate.objects.order_by("pk").values_list("verdict", flat=True))


def post(client: Client, name: str, analysis: Analysis, **posted: Any) -> Any:
    address = reverse(f"candidates:{name}", args=[analysis.public_id])
    return client.post(address, posted, follow=True)


def test_one_is_decided_and_undone_without_a_script(
    as_alice: Client, alice: User, analysis: Analysis
) -> None:
    row = ids(analysis)[1]
    page = post(
        as_alice, "decide", analysis, candidate=f"shortlist:{row}", query="sort=c1", page="1"
    )

    assert verdicts() == ["open", "shortlist", "open", "open"]
    assert "1 candidate is on the shortlist." in page.text
    batch = Decision.objects.get().batch
    assert page.redirect_chain[-1][0] == f"{analysis.get_absolute_url()}?sort=c1&undo={batch}"
    assert f'name="act" value="{batch}"' in page.text
    assert re.search(rf'value="open:{row}"[^>]*aria-pressed="true"', page.text)

    page = post(as_alice, "undo", analysis, act=str(batch), query="sort=c1")

    assert verdicts() == ["open"] * 4 and "Taken back for 1 candidate." in page.text
    events = Event.objects.filter(actor=alice, about=analysis.public_id)
    assert list(events.values_list("verb", "params")) == [
        ("decided", {"verdict": "shortlist", "count": 1}),
        ("decision_undone", {"count": 1}),
    ]


def test_the_part_comes_with_the_state_as_it_is(as_alice: Client, analysis: Analysis) -> None:
    first, second = ids(analysis)[:2]
    address = reverse("candidates:decide", args=[analysis.public_id])
    as_alice.post(address, {"candidate": f"reject:{first}"})

    part = as_alice.post(
        address, {"candidate": f"maybe:{second}", "query": "verdict=open"}, headers=HTMX
    )

    assert "<html" not in part.text and "HX-Push-Url" not in part.headers
    assert [str(row.evaluation.public_id) for row in part.context["rows"]] == ids(analysis)[2:]
    assert "1 candidate is a maybe." in part.text and "data-undo=" in part.text


def test_the_checked_are_decided_at_once_and_cleared(as_alice: Client, analysis: Analysis) -> None:
    chosen = ids(analysis)[:3]
    page = post(as_alice, "decide", analysis, who=chosen, verdict="reject", scope="checked")
    assert verdicts() == ["reject"] * 3 + ["open"]
    assert "3 candidates are rejected." in page.text
    assert Decision.objects.values("batch").distinct().count() == 1

    post(as_alice, "decide", analysis, who=chosen[:2], verdict="open", scope="checked")
    assert verdicts() == ["open", "open", "reject", "open"]


def test_all_that_match_are_asked_about_with_their_number(
    as_alice: Client, analysis: Analysis
) -> None:
    asked = post(as_alice, "decide", analysis, verdict="reject", scope="all", query="to=88")
    assert verdicts() == ["open"] * 4
    assert "<strong>3 candidates</strong> becomes “reject”" in asked.text

    form = dict(re.findall(r'name="(scope|query|count|verdict)" value="([^"]*)"', asked.text))
    page = post(as_alice, "decide", analysis, **form)

    assert verdicts() == ["open", "reject", "reject", "reject"]
    assert "3 candidates are rejected." in page.text


def test_it_is_asked_again_when_others_match_meanwhile(
    as_alice: Client, analysis: Analysis
) -> None:
    again = post(as_alice, "decide", analysis, verdict="maybe", scope="all", count="2")

    assert verdicts() == ["open"] * 4 and "<strong>4 candidates</strong>" in again.text


def test_htmx_is_led_to_the_question(as_alice: Client, analysis: Analysis) -> None:
    address = reverse("candidates:decide", args=[analysis.public_id])
    answer = as_alice.post(address, {"verdict": "maybe", "scope": "all"}, headers=HTMX)

    assert answer.headers["HX-Redirect"] == f"{address}?decide=maybe"


@pytest.mark.parametrize(
    ("posted", "sentence"),
    [
        ({}, "Choose what to decide: press a button."),
        ({"verdict": "hire"}, "Choose what to decide: press a button."),
        ({"candidate": "hire:x"}, "Choose what to decide: press a button."),
        ({"verdict": "maybe"}, "Nobody is chosen. Check somebody first."),
        ({"verdict": "maybe", "who": ["x", str(uuid4())]}, "Nobody is chosen."),
        ({"candidate": "maybe:\0"}, "Nobody is chosen."),
    ],
)
def test_what_cannot_be_decided_is_said(
    as_alice: Client, analysis: Analysis, posted: dict[str, Any], sentence: str
) -> None:
    assert sentence in post(as_alice, "decide", analysis, **posted).text
    assert not Decision.objects.exists()


def test_those_of_another_ranking_are_not_touched(
    as_alice: Client, as_eve: Client, eve: User, analysis: Analysis
) -> None:
    theirs = Draft.objects.create(owner=eve, title="Eve's", description="Words.")
    other = rows.analysis(Draft.objects.get(pk=theirs.pk), eve)
    post(as_eve, "decide", other, who=ids(analysis), verdict="reject")

    assert verdicts() == ["open"] * 4


@pytest.mark.slow
def test_only_ones_own_acts_are_taken_back(
    as_alice: Client, as_eve: Client, eve: User, draft: Draft, analysis: Analysis
) -> None:
    Membership.objects.create(draft=draft, email=eve.email, user=eve, role=Role.EDITOR)
    post(as_alice, "decide", analysis, candidate=f"maybe:{ids(analysis)[0]}")
    act = str(Decision.objects.get().batch)

    for wrong in (act, "x", str(uuid4()), ""):
        assert "There is nothing to take back" in post(as_eve, "undo", analysis, act=wrong).text
    assert verdicts()[0] == "maybe"


def test_what_was_decided_already_is_not_decided_again(
    as_alice: Client, analysis: Analysis
) -> None:
    for _ in range(2):
        page = post(as_alice, "decide", analysis, who=ids(analysis)[:1], verdict="maybe")

    assert "That had been decided already." in page.text and Decision.objects.count() == 1
