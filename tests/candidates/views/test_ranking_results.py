"""The ranking."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Analysis, Draft
from tests.makers import rows


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    for number in range(1, 4):
        rows.candidate(draft, number)
    rows.unreadable(draft, 4)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    return analysis


def words(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_the_best_come_first_and_the_unreadable_last_with_the_reason(
    as_alice: Client, analysis: Analysis
) -> None:
    page = words(as_alice.get(analysis.get_absolute_url()).text)

    places = [page.index(name) for name in ("Person 1", "Person 2", "Person 3", "cv-00004.txt")]
    assert places == sorted(places)
    assert "The file is protected by a password." in page
    assert "3 of 4 résumés scored by the engine local (a-model, local-9)" in page
    assert "no score yet" not in page


def test_must_haves_say_how_they_stand(as_alice: Client, analysis: Analysis) -> None:
    best = analysis.evaluations.get(rank=1)
    for rating, state in ((3.0, "met"), (1.0, "unclear"), (0.0, "not found")):
        best.ratings = rows.ratings(analysis, rating)
        best.save(update_fields=["ratings"])

        for url in (analysis.get_absolute_url(), best.get_absolute_url()):
            assert f"must have: {state}" in words(as_alice.get(url).text)


def test_while_it_runs_the_scores_so_far_are_in_order(as_alice: Client, analysis: Analysis) -> None:
    analysis.evaluations.update(rank=None)
    analysis.evaluations.filter(candidate__name="Person 3").update(score=99)
    analysis.evaluations.filter(candidate__name="Person 2").update(
        status="waiting", score=None, scored_at=None, ratings=[]
    )

    page = words(as_alice.get(analysis.get_absolute_url()).text)

    assert page.index("Person 3") < page.index("Person 1") < page.index("Person 2")
    assert "1 has no score yet" in page


def test_a_failed_evaluation_says_why(as_alice: Client, analysis: Analysis) -> None:
    analysis.evaluations.filter(rank=3).update(
        **rows.failure(Reason(FailureCode.REQUEST_REFUSED, {"server_code": "<b>"})), ratings=[]
    )

    page = as_alice.get(analysis.get_absolute_url())

    assert "The model server refused the request: &lt;b&gt;." in page.text
    assert words(page.text).index("Person 3") < words(page.text).index("cv-00004.txt")


def test_a_ranking_that_has_not_begun_says_so(as_alice: Client, draft: Draft, alice: User) -> None:
    page = as_alice.get(rows.analysis(draft, alice).get_absolute_url())

    assert "Nobody is in this ranking yet" in page.text


def test_pages_go_on_from_the_scored_to_the_others(
    as_alice: Client, draft: Draft, alice: User
) -> None:
    rows.candidates(draft, 70)
    for number in range(1, 41):
        rows.unreadable(draft, number)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)

    def names(page: int) -> list[str]:
        answer = as_alice.get(analysis.get_absolute_url(), {"page": page})
        return [row.evaluation.candidate.filename for row in answer.context["rows"]]

    assert names(1) == [f"many-{number:05}.txt" for number in range(50)]
    assert names(2) == [f"many-{number:05}.txt" for number in range(50, 70)] + [
        f"cv-{number:05}.txt" for number in range(1, 31)
    ]
    assert names(3) == [f"cv-{number:05}.txt" for number in range(31, 41)]


def test_a_ranking_costs_the_same_for_many_candidates(
    as_alice: Client, draft: Draft, alice: User, django_assert_max_num_queries: Any
) -> None:
    rows.candidates(draft, 500)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)

    with django_assert_max_num_queries(12):
        page = as_alice.get(analysis.get_absolute_url(), {"page": "4"})

    assert [row.evaluation.rank for row in page.context["rows"]] == list(range(151, 201))


def test_those_in_one_band_share_a_place_and_the_page_says_what_that_means(
    as_alice: Client, analysis: Analysis
) -> None:
    analysis.evaluations.filter(rank=1).update(band=1)
    analysis.evaluations.filter(rank__in=(2, 3)).update(band=2)
    rows.repeat(analysis.evaluations.get(rank=1), 86)

    page = as_alice.get(analysis.get_absolute_url()).text
    third = as_alice.get(analysis.evaluations.get(rank=3).get_absolute_url()).text

    places = re.findall(r'<td class="place">([^<]*)<', page)
    assert places == ["1", "2=", "2=", "–"]
    assert (
        "Scored twice, the same résumé differs by 2.1 points (standard deviation of the overall "
        "score, from 1 résumé). Candidates within that of the best of their group share a place"
    ) in words(page)
    assert "Rank 2=" in third


def test_a_model_is_asked_twice_on_request_and_the_built_in_engine_never(
    as_alice: Client, analysis: Analysis
) -> None:
    local = as_alice.get(analysis.get_absolute_url()).text
    Analysis.objects.filter(pk=analysis.pk).update(engine="openai")
    model = as_alice.get(analysis.get_absolute_url()).text

    assert "Score some twice" not in local and "the same score every time" in words(local)
    assert "Score some twice" in model
