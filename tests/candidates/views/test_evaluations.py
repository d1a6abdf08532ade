"""One candidate's ratings with their evidence, beside the résumé."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from candidates.facts.flags import Flag, FlagKind
from candidates.models import Analysis, Draft, Evaluation
from candidates.scoring import evidence
from candidates.scoring.redact import redact
from candidates.scoring.scorecard import Insight, Point, Quote, Rating
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


def test_ratings_come_with_reason_and_quotes_that_lead_to_their_marks(
    as_alice: Client, analysis: Analysis
) -> None:
    page = as_alice.get(analysis.evaluations.get(rank=1).get_absolute_url()).text

    links = re.findall(
        r'<a class="quote" href="#([^"]+)">Built payment services in Python.</a>', page
    )
    assert len(links) == 3  # the role, and two criteria
    for link in links:
        assert page.count(f'id="{link}"') == 1
    assert re.search(
        r'<mark id="role-1" tabindex="-1">Built payment services in Python.</mark>', page
    )
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
    best.flags = [Flag(FlagKind.COPIES_DESCRIPTION).to_json()]
    best.save(update_fields=["ratings", "flags"])

    page = words(as_alice.get(best.get_absolute_url()).text)

    assert "unsupported" in page
    assert "2 quotes of the engine do not stand in the résumé and were dropped." in page
    assert "A large part of the job description stands in the résumé word for word" in page


def test_insights_are_shown(as_alice: Client, analysis: Analysis) -> None:
    best = analysis.evaluations.get(rank=1)
    best.insights = Insight(
        (Point("Strong evidence of Python.", Quote("Built <it>", 0, 5)),),
        (Point("No Rust."),),
        (Point("Why no Rust?"),),
    ).to_json()
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
    assert neighbours(third)[0] == second.get_absolute_url()


def test_a_candidate_without_a_score_has_a_page_too(as_alice: Client, analysis: Analysis) -> None:
    page = as_alice.get(analysis.evaluations.get(status="unreadable").get_absolute_url())

    assert "The file is protected by a password." in page.text


def test_one_candidate_costs_few_queries(
    as_alice: Client, analysis: Analysis, django_assert_max_num_queries: Any
) -> None:
    best = analysis.evaluations.get(rank=1)
    assert best.scored_at is not None and best.scored_at < timezone.now()

    with django_assert_max_num_queries(9):
        as_alice.get(best.get_absolute_url())


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
    strengths = tuple(Point("Builds.", quote) for quote in rating.quotes)
    best.insights = Insight(strengths, (), ()).to_json()
    best.save(update_fields=["ratings", "insights"])
    best.candidate.text, best.candidate.name = TEXT, "Ada Example"
    best.candidate.save(update_fields=["text", "name"])

    page = as_alice.get(best.get_absolute_url()).text

    marked = re.findall(r'<mark id="role-1" tabindex="-1">(.*?)</mark>', page, re.DOTALL)
    assert [unescape(text) for text in marked] == [QUOTES[quote]]
    assert page.count('href="#strength-1"') == page.count('id="strength-1"') == 1
    assert f"<q>{escape(QUOTES[quote])}</q>" in page


def test_a_strength_leads_to_the_place_that_it_was_found_at(
    as_alice: Client, analysis: Analysis
) -> None:
    text = "Led a team in 2012.\n\nLed a team in 2019.\n"
    second = text.rindex("Led")
    best = analysis.evaluations.get(rank=1)
    strength = Point("Leads.", Quote("Led a team", second, second + len("Led a team")))
    best.insights = Insight((strength,), (), ()).to_json()
    best.save(update_fields=["insights"])
    best.candidate.text = text
    best.candidate.save(update_fields=["text"])

    page = as_alice.get(best.get_absolute_url()).text

    before, _, after = page.partition('id="strength-1"')
    assert "in 2012" in before and "in 2012" not in after and "in 2019" in after


def test_a_strength_without_a_quote_leads_nowhere(as_alice: Client, analysis: Analysis) -> None:
    best = analysis.evaluations.get(rank=1)
    best.insights = Insight((Point("Flies."),), (), ()).to_json()
    best.save(update_fields=["insights"])

    page = as_alice.get(best.get_absolute_url()).text

    assert "Flies." in page and "#strength" not in page
