"""Up to four candidates side by side."""

import re
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from candidates.models import Analysis, Draft
from candidates.scoring.scorecard import Insight, Point
from tests.makers import rows


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    for number in range(1, 6):
        rows.candidate(draft, number)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    return analysis


def ids(analysis: Analysis) -> list[str]:
    return [str(evaluation.public_id) for evaluation in analysis.evaluations.order_by("rank")]


def words(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def look(client: Client, analysis: Analysis, chosen: list[str]) -> Any:
    return client.get(reverse("candidates:compare", args=[analysis.public_id]), {"c": chosen})


def test_ratings_stand_beside_each_other_with_reasons_and_the_strongest_marked(
    as_alice: Client, analysis: Analysis, django_assert_max_num_queries: Any
) -> None:
    best = analysis.evaluations.get(rank=2)
    best.ratings = rows.ratings(analysis, 4)
    best.insights = Insight((Point("Payments."),), (), ()).to_json()
    best.save(update_fields=["ratings", "insights"])

    with django_assert_max_num_queries(5):
        page = look(as_alice, analysis, ids(analysis)[:3])

    [header] = re.findall(r"<thead>(.*?)</thead>", page.text, re.DOTALL)
    assert words(header).split("Person")[1].startswith(" 1 Rank 1 · 89.0")
    lines = re.findall(r"<tr>(.*?)</tr>", page.text.split("<tbody>")[1], re.DOTALL)
    python = lines[1].split("<td")[1:]
    assert ["strongest" in words(cell) for cell in python] == [False, True, False]
    assert "Says so plainly." in python[0] and "Built payment services in Python." in python[0]
    assert "Payments." in lines[-1] and "none were asked for" in lines[-1]


def test_where_all_are_alike_nobody_is_the_strongest(as_alice: Client, analysis: Analysis) -> None:
    assert "★" not in look(as_alice, analysis, ids(analysis)[:2]).text


def test_one_is_taken_out(as_alice: Client, analysis: Analysis) -> None:
    first, second, third = ids(analysis)[:3]
    page = look(as_alice, analysis, [first, second, third])

    address = reverse("candidates:compare", args=[analysis.public_id])
    assert f'href="{address}?c={first}&amp;c={third}"' in page.text


def test_the_checked_rows_lead_there(as_alice: Client, analysis: Analysis) -> None:
    address = reverse("candidates:compare", args=[analysis.public_id])
    answer = as_alice.post(address, {"who": ids(analysis)[:2], "scope": "checked"})

    first, second = ids(analysis)[:2]
    assert answer.headers["Location"] == f"{address}?c={first}&c={second}"


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (slice(0, 5), "5 candidates were named; four fit side by side."),
        (slice(0, 0), "Nobody is chosen. Check two to four candidates"),
    ],
)
def test_too_many_and_too_few_are_told(
    as_alice: Client, analysis: Analysis, chosen: slice, sentence: str
) -> None:
    page = look(as_alice, analysis, ids(analysis)[chosen])

    assert page.status_code == 422 and sentence in page.text


def test_who_is_not_there_is_told(as_alice: Client, analysis: Analysis) -> None:
    page = look(as_alice, analysis, [ids(analysis)[0], str(uuid4()), "x"])

    assert page.status_code == 422
    assert "Somebody who was named is not in this ranking any more." in page.text
    assert "Person 1" in page.text
