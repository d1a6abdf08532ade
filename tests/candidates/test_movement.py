"""Two rankings of a draft side by side: who came, went and moved; and the page that shows it."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from candidates import movement
from candidates.models import Analysis, Candidate, Draft, Evaluation
from candidates.movement import Direction
from tests.makers import rows

pytestmark = pytest.mark.django_db

MANY = 1_000


def ranking(draft: Draft, *people: Candidate) -> Analysis:
    """The people in this order; who has no text could not be read."""
    analysis = rows.analysis(draft, draft.owner)
    rows.evaluate(analysis)
    analysis.evaluations.exclude(candidate__in=people).delete()
    analysis.evaluations.update(rank=None)
    for rank, person in enumerate((person for person in people if person.text), start=1):
        evaluations = analysis.evaluations.filter(candidate=person)
        evaluations.update(rank=rank, score=Decimal(99 - rank))
    return analysis


def people(draft: Draft, count: int) -> list[Candidate]:
    return [rows.candidate(draft, number, name=f"Person {number}") for number in range(count)]


def directions(before: Analysis, now: Analysis) -> list[tuple[str, str, str, int]]:
    movements = movement.movement_rows(movement.list_movements(before, now, "", 0, 50), before, now)
    return [
        (row.name, row.direction.value, f"{row.place_before}>{row.place_now}", row.shift)
        for row in movements
    ]


def test_everybody_has_a_place_then_and_now(draft: Draft) -> None:
    a, b, c, d = people(draft, 4)
    before, now = ranking(draft, a, b, c), ranking(draft, d, c, a)

    assert directions(before, now) == [
        ("Person 3", "new", ">1", 0),
        ("Person 2", "up", "3>2", 1),
        ("Person 0", "down", "1>3", -1),
        ("Person 1", "gone", "2>", 0),
    ]
    assert movement.count_movements(before, now) == {
        "new": 1,
        "up": 1,
        "down": 1,
        "gone": 1,
        "same": 0,
    }


def test_who_only_makes_room_has_not_moved(draft: Draft) -> None:
    a, b, c = people(draft, 3)
    before, now = ranking(draft, a, b), ranking(draft, c, a, b)

    assert [row[1:] for row in directions(before, now)] == [
        ("new", ">1", 0),
        ("same", "1>2", 0),
        ("same", "2>3", 0),
    ]
    highlights = movement.find_highlights(before, now)
    assert [row.direction for row in highlights.arrived] == [Direction.NEW]
    assert not highlights.up and not highlights.down


def test_a_newer_file_takes_the_place_of_the_older_one(draft: Draft) -> None:
    a, b, newer = people(draft, 3)
    before = ranking(draft, a, b)
    Candidate.objects.filter(pk=b.pk).update(same_as=newer)

    assert directions(before, ranking(draft, newer, a)) == [
        ("Person 2", "up", "2>1", 1),
        ("Person 0", "down", "1>2", -1),
    ]


def test_only_what_happens_near_the_top_is_worth_an_email(
    draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(movement, "TOP_RANKS", 2)
    a, b, c, d, e = people(draft, 5)
    before = ranking(draft, a, b, c, d, e)

    assert not movement.find_highlights(before, ranking(draft, a, b, d, c, e))
    highlights = movement.find_highlights(before, ranking(draft, a, d, b, c, e))
    assert [arrival.rank_before for arrival in highlights.arrived] == [4]
    assert [fall.rank_now for fall in highlights.down] == [3]
    assert highlights and not highlights.unreadable


def test_a_file_is_newly_unreadable_once(draft: Draft) -> None:
    a = rows.candidate(draft, 1)
    bad = rows.unreadable(draft, 2)
    first, second, third = ranking(draft, a), ranking(draft, a, bad), ranking(draft, a, bad)

    assert movement.find_highlights(first, second).unreadable == 1
    assert not movement.find_highlights(second, third)


def page_of(analysis: Analysis, **query: str) -> tuple[str, dict[str, str]]:
    return reverse("candidates:movement", args=[analysis.public_id]), query


def test_the_page_compares_with_the_ranking_before_or_a_chosen_one(
    as_alice: Client, draft: Draft
) -> None:
    a, b = people(draft, 2)
    first, second, third = ranking(draft, a, b), ranking(draft, b, a), ranking(draft, b, a)

    assert "Who moved since the ranking before" in as_alice.get(third.get_absolute_url()).text
    assert "Who moved since" not in as_alice.get(first.get_absolute_url()).text
    assert "no earlier ranking" in as_alice.get(*page_of(first)).text
    page = as_alice.get(*page_of(third)).text
    assert page.count("where they were") == 2
    page = as_alice.get(*page_of(third, since=str(first.public_id))).text
    assert "▲" in page and "▼" in page
    page = as_alice.get(*page_of(third, since=str(first.public_id), way="up")).text
    assert "Person 1" in page and "Person 0" not in page
    for wrong in ("x", str(third.public_id)):
        answer = as_alice.get(*page_of(second, since=wrong))
        assert answer.status_code == 422 and "not there any more" in answer.text


def test_a_blind_draft_stays_blind(as_alice: Client, draft: Draft) -> None:
    a, b = people(draft, 2)
    ranking(draft, a, b)
    now = ranking(draft, b, a)
    Draft.objects.update(blind=True)

    page = as_alice.get(*page_of(now)).text

    assert "Person" not in page and page.count("Candidate ") >= 2


@pytest.mark.slow
def test_many_are_compared_in_few_queries(
    as_alice: Client,
    alice: User,
    draft: Draft,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    rows.candidates(draft, MANY)
    ids = list(draft.candidates.values_list("pk", flat=True))
    analyses = [rows.analysis(draft, alice) for _ in range(2)]
    for step, analysis in zip((1, -1), analyses, strict=True):
        Evaluation.objects.bulk_create(
            Evaluation(
                analysis=analysis,
                candidate_id=pk,
                status="scored",
                score=50,
                rank=rank,
                scored_at=draft.created_at,
            )
            for rank, pk in enumerate(ids[::step], start=1)
        )

    with django_assert_max_num_queries(12):
        page = as_alice.get(*page_of(analyses[1], page="7"))

    assert f"Page 7 of {MANY // 50}" in page.text
