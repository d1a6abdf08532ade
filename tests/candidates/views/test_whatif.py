"""What a browser needs to try other weights, and keeping them."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from candidates.models import Analysis, Draft, Event, EventVerb
from candidates.pages.activity import describe
from candidates.views import whatif
from tests.makers import rows


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    for number in range(1, 4):
        rows.candidate(draft, number)
    rows.unreadable(draft, 4)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    return analysis


def ratings(client: Client, analysis: Analysis) -> Any:
    return client.get(reverse("candidates:ratings", args=[analysis.public_id])).json()


def keep(client: Client, analysis: Analysis, **weights: str) -> Any:
    address = reverse("candidates:weights", args=[analysis.public_id])
    posted = {f"weight-{key}": value for key, value in weights.items()}
    return client.post(address, posted, follow=True)


def weights(draft: Draft) -> list[int]:
    return list(draft.criteria.values_list("weight", flat=True))


def test_it_has_the_rule_of_the_score_and_everybody_in_the_order_of_ties(
    as_alice: Client, analysis: Analysis, django_assert_max_num_queries: Any
) -> None:
    analysis.evaluations.filter(candidate__name="Person 3").update(must_haves_met=1)

    with django_assert_max_num_queries(5):
        data = ratings(as_alice, analysis)

    assert [row[1] for row in data["rows"]] == ["Person 3", "Person 1", "Person 2"]
    assert data["rows"][0][2] == [3.0, 3.0, 3.0]
    assert (data["strongest"], data["cap"], data["unclearFrom"], data["total"]) == (4, 49, 1, 3)
    criteria = [
        (criterion["key"], criterion["weight"], criterion["must"]) for criterion in data["criteria"]
    ]
    assert criteria == [("role", 5, False), ("c1", 3, True), ("c2", 2, False)]


def test_of_many_the_best_are_told(
    as_alice: Client, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whatif, "MAX_CANDIDATES", 2)

    data = ratings(as_alice, analysis)

    assert [row[1] for row in data["rows"]] == ["Person 1", "Person 2"] and data["total"] == 3


def test_kept_weights_go_into_the_draft(
    as_alice: Client, alice: User, draft: Draft, analysis: Analysis
) -> None:
    page = keep(as_alice, analysis, role="0", c1="10", c2="2")

    assert weights(draft) == [10, 2]
    assert Draft.objects.get(pk=draft.pk).role_weight == 0
    assert "every score is reused, without a call to a model" in page.text
    assert page.redirect_chain[-1][0] == draft.get_absolute_url()
    event = Event.objects.get(actor=alice)
    assert event.verb == EventVerb.WEIGHTS_CHANGED
    python = draft.criteria.get(name="Python")
    assert event.params == {"weights": [[python.pk, 3, 10]], "role": [5, 0]}
    assert describe(event) == (
        "Weights changed by alice: Python: 3 to 10; The role as described: 5 to 0"
    )
    assert Analysis.objects.get(pk=analysis.pk).criteria == analysis.criteria


def test_the_same_weights_change_nothing(
    as_alice: Client, draft: Draft, analysis: Analysis
) -> None:
    page = keep(as_alice, analysis, role="5", c1="3", c2="2")

    assert "The draft has these weights already." in page.text and not Event.objects.exists()


@pytest.mark.parametrize("value", ["0", "11", "-1", "x", "1.5", "²", "\0"])
def test_a_weight_that_cannot_be_is_refused(
    as_alice: Client, draft: Draft, analysis: Analysis, value: str
) -> None:
    page = keep(as_alice, analysis, role="1", c1=value)

    assert "Choose 1 to 10; to leave a criterion out, remove it from the draft." in page.text
    assert weights(draft) == [3, 2] and Draft.objects.get(pk=draft.pk).role_weight == 5


def test_criteria_that_the_draft_has_no_more_are_told(
    as_alice: Client, draft: Draft, analysis: Analysis
) -> None:
    draft.criteria.filter(name="Python").delete()

    page = keep(as_alice, analysis, c1="9", c2="7")

    assert "1 criterion of this ranking is not in the draft any more." in page.text
    assert weights(draft) == [7]
