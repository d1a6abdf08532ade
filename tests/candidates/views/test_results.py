"""The ranking, and one candidate's ratings with their evidence."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from candidates.models import Analysis, Draft, Evaluation
from candidates.scoring import evidence
from candidates.scoring.redact import redact
from candidates.scoring.scorecard import Quote, Rating
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
    for rating, told in ((3.0, "met"), (1.0, "unclear"), (0.0, "not found")):
        best.ratings = rows.ratings(analysis, rating)
        best.save(update_fields=["ratings"])

        for url in (analysis.get_absolute_url(), best.get_absolute_url()):
            assert f"must have: {told}" in words(as_alice.get(url).text)


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
        status="failed", error="The model <did> not answer.", score=None, rank=None, ratings=[]
    )

    page = as_alice.get(analysis.get_absolute_url())

    assert "The model &lt;did&gt; not answer." in page.text
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


def test_ratings_come_with_reason_and_quotes_that_lead_to_their_marks(
    as_alice: Client, analysis: Analysis
) -> None:
    page = as_alice.get(analysis.evaluations.get(rank=1).get_absolute_url()).text

    links = re.findall(r'<a href="#([^"]+)">Built payment services in Python.</a>', page)
    assert len(links) == 3  # the role, and two criteria
    for link in links:
        assert page.count(f'id="{link}"') == 1
    assert re.search(r'<mark id="role-1">Built payment services in Python.</mark>', page)
    assert "Says so plainly." in page


def test_the_text_is_shown_whole_and_as_text(as_alice: Client, analysis: Analysis) -> None:
    best = analysis.evaluations.get(rank=1)
    text = "Ada <script>alert('x')</script> & Co.\n</mark></div>\nPython"
    start = text.index("<script>")
    quote = Quote("<script>alert('x')", start, start + len("<script>alert('x')"))
    best.ratings = [
        Rating(criterion.key, 3, "<i>why</i>", (quote,)).to_json()
        for criterion in analysis.rubric.criteria
    ]
    best.save(update_fields=["ratings"])
    best.candidate.text = text
    best.candidate.save(update_fields=["text"])

    page = as_alice.get(best.get_absolute_url()).text

    shown = re.search(r'<div class="resume"[^>]*>(.*?)</div>', page, re.DOTALL)
    assert shown is not None
    assert unescape(re.sub(r"</?(?:mark|span)\b[^>]*>", "", shown[1])) == text
    assert "<script>alert" not in page and "<i>why" not in page


def test_what_was_lowered_and_dropped_is_told(as_alice: Client, analysis: Analysis) -> None:
    best = analysis.evaluations.get(rank=1)
    best.ratings = [
        Rating(criterion.key, 1, "No quote holds.", (), supported=False, dropped=2).to_json()
        for criterion in analysis.rubric.criteria
    ]
    best.flags = [{"kind": "copies-description", "found": ""}]
    best.save(update_fields=["ratings", "flags"])

    page = words(as_alice.get(best.get_absolute_url()).text)

    assert "unsupported" in page
    assert "2 quotes of the engine do not stand in the résumé and were dropped." in page
    assert "A large part of the job description stands in the résumé word for word" in page


def test_insights_are_shown(as_alice: Client, analysis: Analysis) -> None:
    best = analysis.evaluations.get(rank=1)
    best.insights = {
        "strengths": [{"text": "Strong evidence of Python.", "quote": "Built <it>"}],
        "gaps": [{"text": "No Rust.", "quote": ""}],
        "questions": ["Why no Rust?"],
    }
    best.save(update_fields=["insights"])

    page = words(as_alice.get(best.get_absolute_url()).text)

    for part in ("Strong evidence of Python. Built <it>", "No Rust.", "Why no Rust?"):
        assert part in page


def test_neighbours_by_rank_are_a_step_away(as_alice: Client, analysis: Analysis) -> None:
    first, second, third = analysis.evaluations.filter(rank__isnull=False).order_by("rank")

    def neighbours(evaluation: Evaluation) -> list[str]:
        return re.findall(
            r'rel="(?:prev|next)"\s+href="([^"]+)"',
            as_alice.get(evaluation.get_absolute_url()).text,
        )

    assert neighbours(first) == [second.get_absolute_url()]
    assert neighbours(second) == [first.get_absolute_url(), third.get_absolute_url()]
    assert neighbours(third) == [second.get_absolute_url()]


def test_a_candidate_without_a_score_has_a_page_too(as_alice: Client, analysis: Analysis) -> None:
    page = as_alice.get(analysis.evaluations.get(status="unreadable").get_absolute_url())

    assert "The file is protected by a password." in page.text


def test_one_candidate_costs_few_queries(
    as_alice: Client, analysis: Analysis, django_assert_max_num_queries: Any
) -> None:
    best = analysis.evaluations.get(rank=1)
    assert best.scored_at is not None and best.scored_at < timezone.now()

    with django_assert_max_num_queries(5):
        as_alice.get(best.get_absolute_url())


def test_those_in_one_band_share_a_place_and_the_page_says_what_that_means(
    as_alice: Client, analysis: Analysis
) -> None:
    analysis.evaluations.filter(rank=1).update(band=1)
    analysis.evaluations.filter(rank__in=(2, 3)).update(band=2)
    rows.repeat(analysis.evaluations.get(rank=1), 86)

    page = as_alice.get(analysis.get_absolute_url()).text
    one = as_alice.get(analysis.evaluations.get(rank=3).get_absolute_url()).text

    places = re.findall(r'<td class="place">([^<]*)<', page)
    assert places == ["1", "2=", "2=", "–"]
    assert (
        "Scored twice, the same résumé differs by 2.1 points (standard deviation of the overall "
        "score, from 1 résumé). Candidates within that of the best of their group share a place"
    ) in words(page)
    assert "Rank 2=" in one


def test_a_model_is_asked_twice_on_request_and_the_built_in_engine_never(
    as_alice: Client, analysis: Analysis
) -> None:
    local = as_alice.get(analysis.get_absolute_url()).text
    Analysis.objects.filter(pk=analysis.pk).update(engine="openai")
    model = as_alice.get(analysis.get_absolute_url()).text

    assert "Score some twice" not in local and "the same score every time" in words(local)
    assert "Score some twice" in model


TEXT = (
    "Ada Example\nada@example.com\n\nBuilt pay-\nment services\n  in Python, as Ada Example did.\n"
    "Tuned\u00a0PostgreSQL \u201cby hand\u201d.\n"
)
QUOTES = {
    "Built payment services in Python, as": "Built pay-\nment services\n  in Python, as",
    "in Python, as             did.": "in Python, as Ada Example did.",
    'Tuned PostgreSQL "by hand".': "Tuned\u00a0PostgreSQL \u201cby hand\u201d.",
}


@pytest.mark.parametrize("quote", QUOTES)
def test_a_quote_is_marked_over_line_breaks_and_what_was_taken_out(
    as_alice: Client, analysis: Analysis, quote: str
) -> None:
    best = analysis.evaluations.get(rank=1)
    seen = redact(TEXT, "Ada Example")
    rating = evidence.ground("role", 3.0, "So it is.", [quote], seen, TEXT)
    best.ratings = [rating.to_json()]
    best.insights = {
        "strengths": [
            {"text": "Builds.", "quote": seen[one.start : one.end]} for one in rating.quotes
        ],
        "gaps": [],
        "questions": [],
    }
    best.save(update_fields=["ratings", "insights"])
    best.candidate.text, best.candidate.name = TEXT, "Ada Example"
    best.candidate.save(update_fields=["text", "name"])

    page = as_alice.get(best.get_absolute_url()).text

    marked = re.findall(r'<mark id="role-1">(.*?)</mark>', page, re.DOTALL)
    assert [unescape(one) for one in marked] == [QUOTES[quote]]
    assert page.count('href="#strength-1"') == page.count('id="strength-1"') == 1
    assert f"<q>{escape(QUOTES[quote])}</q>" in page


def test_a_strength_whose_quote_is_not_in_the_text_leads_nowhere(
    as_alice: Client, analysis: Analysis
) -> None:
    best = analysis.evaluations.get(rank=1)
    best.insights = {
        "strengths": [
            {"text": "Flies.", "quote": "Flew to the moon."},
            {"text": "X.", "quote": ""},
        ],
        "gaps": [],
        "questions": [],
    }
    best.save(update_fields=["insights"])

    page = as_alice.get(best.get_absolute_url()).text

    assert "<q>Flew to the moon.</q>" in page and "#strength" not in page
