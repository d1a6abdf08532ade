"""The ranking's page: filtered, sorted, paged and saved by its address."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from candidates.blind import pseudonym
from candidates.models import (
    Analysis,
    Candidate,
    Draft,
    Event,
    Membership,
    Note,
    RankingVisit,
    SavedFilter,
)
from candidates.models.draft import Role
from tests.makers import rows

HTMX = {"HX-Request": "true"}


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    for number in range(1, 4):
        rows.candidate(draft, number)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    return analysis


def words(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def names(answer: Any) -> list[str]:
    return [row.name for row in answer.context["rows"]]


def test_a_filter_is_told_and_can_be_cleared(as_alice: Client, analysis: Analysis) -> None:
    page = as_alice.get(analysis.get_absolute_url(), {"to": "88"})

    assert names(page) == ["Person 2", "Person 3"]
    assert "2 of 3 match. Clear filters" in words(page.text)
    assert 'name="to" min="0" max="100" step="0.1" value="88"' in page.text


def test_nobody_matches_and_the_page_says_so(as_alice: Client, analysis: Analysis) -> None:
    page = as_alice.get(analysis.get_absolute_url(), {"q": "cobol"})

    assert page.status_code == 200
    assert "Nobody matches this filter. Clear filters" in words(page.text)


def test_what_cannot_be_used_is_said(as_alice: Client, analysis: Analysis) -> None:
    page = as_alice.get(analysis.get_absolute_url(), {"from": "<b>", "sort": "c2"})

    assert page.status_code == 422
    assert "“<b>” is no score. Write a number from 0 to 100." in words(page.text)
    assert names(page) == ["Person 1", "Person 2", "Person 3"]


def test_the_part_comes_alone_with_a_clean_address(as_alice: Client, analysis: Analysis) -> None:
    asked: dict[str, str] = {"q": "", "must": "", "from": "80", "to": "", "sort": "c1"}
    part = as_alice.get(analysis.get_absolute_url(), asked, headers=HTMX)
    back = as_alice.get(
        analysis.get_absolute_url(), headers={**HTMX, "HX-History-Restore-Request": "true"}
    )

    assert "<html" not in part.text and "HX-Request" in part.headers["Vary"]
    assert part.headers["HX-Push-Url"] == f"{analysis.get_absolute_url()}?from=80&sort=c1"
    assert "<html" in back.text


@pytest.mark.slow
def test_pages_and_links_keep_the_filter(as_alice: Client, draft: Draft, alice: User) -> None:
    rows.candidates(draft, 120)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)

    page = as_alice.get(
        analysis.get_absolute_url(), {"sort": "c1", "status": "scored", "page": "2"}
    )

    assert len(page.context["rows"]) == 50
    assert 'href="?sort=c1&amp;status=scored&amp;page=3"' in page.text
    first = page.context["rows"][0]
    assert first.link == f"{first.evaluation.get_absolute_url()}?status=scored&sort=c1"


@pytest.mark.parametrize("engine", ["local", "openai"])
def test_it_costs_few_queries_however_many_there_are(
    as_alice: Client, draft: Draft, alice: User, engine: str, django_assert_max_num_queries: Any
) -> None:
    rows.candidates(draft, 300)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    analysis.evaluations.update(band=1)
    Analysis.objects.filter(pk=analysis.pk).update(engine=engine)
    asked: dict[str, str] = {
        "q": "python",
        "sort": "c1",
        "flag": "none",
        "verdict": "open",
        "page": "2",
    }

    with django_assert_max_num_queries(12):
        page = as_alice.get(analysis.get_absolute_url(), asked)

    assert [row.place for row in page.context["rows"]] == ["1="] * 50


def test_who_opens_it_has_seen_it(as_alice: Client, alice: User, analysis: Analysis) -> None:
    as_alice.head(analysis.get_absolute_url())
    assert not RankingVisit.objects.exists()

    as_alice.get(analysis.get_absolute_url())
    as_alice.get(analysis.get_absolute_url())

    assert RankingVisit.objects.visited_by(alice).get().analysis == analysis


def test_the_chart_leads_to_its_scores_and_has_numbers_in_words(
    as_alice: Client, analysis: Analysis
) -> None:
    text = as_alice.get(analysis.get_absolute_url()).text

    assert f"{analysis.get_absolute_url()}?from=85&amp;to=89.9" in text
    assert "85 to 89.9 3 3" in words(text)


def test_a_must_have_says_how_it_stands_and_notes_are_counted(
    as_alice: Client, alice: User, analysis: Analysis
) -> None:
    best = analysis.evaluations.get(rank=1)
    best.ratings = rows.ratings(analysis, 0)
    best.save(update_fields=["ratings"])
    for text in ("Call her.", "Called."):
        Note.objects.create(candidate=best.candidate, author=alice, text=text)

    page = words(as_alice.get(analysis.get_absolute_url()).text)

    assert "must have: not found" in page and "must have: met" in page
    assert "Person 1 2 notes" in page


def test_a_viewer_sees_decisions_and_makes_none(
    as_eve: Client, eve: User, draft: Draft, analysis: Analysis
) -> None:
    Membership.objects.create(draft=draft, email=eve.email, user=eve, role=Role.VIEWER)
    Candidate.objects.filter(name="Person 2").update(verdict="maybe", decided_at=timezone.now())

    page = as_eve.get(analysis.get_absolute_url())

    assert page.context["rows"][1].verdict == "maybe"
    for control in ('name="candidate"', 'name="scope"', "Keep these weights"):
        assert control not in page.text
    assert "Compare" in page.text and "Save this view" in page.text


def test_blind_nothing_tells_who_it_is(as_alice: Client, draft: Draft, analysis: Analysis) -> None:
    Draft.objects.filter(pk=draft.pk).update(blind=True)
    Candidate.objects.filter(name="Person 2").update(verdict="maybe", decided_at=timezone.now())
    first = Candidate.objects.get(name="Person 1")

    pages = [
        as_alice.get(analysis.get_absolute_url()).text,
        as_alice.get(reverse("candidates:ratings", args=[analysis.public_id])).text,
        as_alice.get(
            reverse("candidates:compare", args=[analysis.public_id]),
            {"c": [str(evaluation.public_id) for evaluation in analysis.evaluations.all()]},
        ).text,
    ]

    for text in pages:
        assert "Person 1" not in text and "cv-00001" not in text and "ada@" not in text
        assert pseudonym(first) in text
        assert "Person 2" in text


def save(client: Client, analysis: Analysis, **posted: str) -> Any:
    address = reverse("candidates:views", args=[analysis.public_id])
    return client.post(address, posted, follow=True)


def test_a_view_is_saved_found_again_and_removed(
    as_alice: Client, alice: User, analysis: Analysis
) -> None:
    query = "must=met&sort=c1"
    page = save(as_alice, analysis, name="  To   read ", query=query)

    assert page.redirect_chain[-1][0] == f"{analysis.get_absolute_url()}?{query}"
    assert "The view “To read” is saved." in page.text
    link = re.search(r'<a [^>]*aria-current="true"[^>]*>([^<]*)<', page.text)
    assert link and link[1] == "To read"

    save(as_alice, analysis, name="To read", query="must=unclear")
    view = SavedFilter.objects.get()
    assert (view.query, view.user) == ("must=unclear", alice)

    page = save(as_alice, analysis, remove=str(view.public_id))
    assert "is removed" in page.text and not SavedFilter.objects.exists()
    verbs = Event.objects.filter(actor=alice).values_list("verb", flat=True)
    assert list(verbs) == ["filter_saved", "filter_saved", "filter_removed"]


@pytest.mark.parametrize(
    ("posted", "sentence"),
    [
        ({"name": " "}, "The view has no name. Give it one."),
        ({"name": "x" * 61}, "The name has 61 characters. Shorten it to at most 60."),
    ],
)
def test_a_view_without_a_good_name_is_not_saved(
    as_alice: Client, analysis: Analysis, posted: dict[str, str], sentence: str
) -> None:
    assert sentence in save(as_alice, analysis, **posted).text
    assert not SavedFilter.objects.exists()


def test_a_colleagues_views_are_their_own(
    as_alice: Client, as_eve: Client, eve: User, draft: Draft, analysis: Analysis
) -> None:
    Membership.objects.create(draft=draft, email=eve.email, user=eve, role=Role.VIEWER)
    save(as_eve, analysis, name="Mine", query="q=python")
    view = SavedFilter.objects.get()

    save(as_alice, analysis, remove=str(view.public_id))

    assert "Mine" not in as_alice.get(analysis.get_absolute_url()).text
    assert SavedFilter.objects.get().user == eve
