"""What was paid: on the page of an analysis, and on the page of all that is somebody's."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from candidates.models import Analysis, Call, Draft
from candidates.models.call import CallStatus
from tests.makers import rows


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    for number in (1, 2):
        rows.candidate(draft, number)
    analysis = rows.analysis(draft, alice)
    Analysis.objects.filter(pk=analysis.pk).update(engine="openai", model="gpt-x")
    analysis.refresh_from_db()
    rows.evaluate(analysis)
    return analysis


def shown(client: Client, address: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", client.get(address).text)).split())


def test_an_analysis_shows_what_it_took(as_alice: Client, analysis: Analysis) -> None:
    for _ in range(3):
        rows.call(analysis)
    rows.call(
        analysis,
        status=CallStatus.UNKNOWN,
        error_code="call_aborted",
        cost=None,
        prompt_tokens=0,
        completion_tokens=0,
    )
    analysis.evaluations.filter(rank=2).update(reused=True)

    page = shown(as_alice, analysis.get_absolute_url())

    assert "Calls 3 Scores reused 1 Tokens sent 3,000 (" in page
    assert "Tokens answered 600 Cost $0.0300 For each résumé $0.0150, 1,800 tokens" in page
    assert "Of 1 more call nobody knows yet whether it was answered" in page
    assert (
        "Answers were asked for by a strict JSON schema . Prompt version local-9"
        in page.replace("schema.", "schema .")
    )
    assert "by the server's word" not in page


def test_a_price_that_is_not_known_is_said_to_be(as_alice: Client, analysis: Analysis) -> None:
    rows.call(analysis, cost=None)

    assert "Cost price unknown" in shown(as_alice, analysis.get_absolute_url())
    assert "price unknown" in shown(as_alice, reverse("candidates:usage"))


def test_another_model_than_asked_for_is_pointed_out(as_alice: Client, analysis: Analysis) -> None:
    rows.call(analysis, answered_by="gpt-x-2026-08-07")
    same = shown(as_alice, analysis.get_absolute_url())
    rows.call(analysis, answered_by="small-model", mode="text")
    other = shown(as_alice, analysis.get_absolute_url())

    assert "by the server's word" not in same
    assert "Asked for was the model gpt-x; by the server's word small-model answered." in other
    assert "as JSON in a block of text, since the server has no JSON mode" in other


def test_an_analysis_without_calls_cost_nothing(as_alice: Client, analysis: Analysis) -> None:
    assert "Calls 0" in shown(as_alice, analysis.get_absolute_url())
    assert "Cost nothing" in shown(as_alice, analysis.get_absolute_url())

    Analysis.objects.filter(pk=analysis.pk).update(engine="local")
    assert "No call to a model, and no money" in shown(as_alice, analysis.get_absolute_url())


def test_usage_tells_months_and_analyses_the_newest_first(
    as_alice: Client, analysis: Analysis
) -> None:
    old = rows.call(analysis, cost=None)
    Call.objects.filter(pk=old.pk).update(
        created_at=timezone.now().replace(year=2025, month=3, day=1)
    )
    rows.call(analysis)
    erased = rows.call(analysis)
    Call.objects.filter(pk=erased.pk).update(analysis=None, draft=None)

    page = shown(as_alice, reverse("candidates:usage"))

    this_month = timezone.now().strftime("%B %Y")
    assert f"{this_month} 2 2,000 400 $0.0200 March 2025 1 1,000 200 price unknown" in page
    assert "Backend engineer" in page and "gpt-x 2 2,000 400 $0.0100" in page


def test_usage_costs_the_same_for_many_calls(
    as_alice: Client, analysis: Analysis, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    for _ in range(30):
        rows.call(analysis)

    with django_assert_max_num_queries(5):  # type: ignore[operator]
        as_alice.get(reverse("candidates:usage"))
