"""A filter of a ranking: from an address, into one, and what it leaves in which order."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils import timezone

from candidates.facts.flags import Flag, FlagKind
from candidates.models import Analysis, Candidate, Draft, Evaluation
from candidates.ranking import RankingFilter, count_ranking, find_neighbours
from tests.makers import rows

# The ratings of five people by the role, Python (a must-have) and PostgreSQL.
RATED = {"Ada": (4, 4, 1), "Bo": (3, 3, 4), "Cy": (3, 1, 3), "Di": (2, 0, 2), "Ed": (1, 2, 0)}
SCORES = {"Ada": 90, "Bo": 80, "Cy": 50, "Di": 40, "Ed": 30}


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    for number, name in enumerate(RATED, start=1):
        rows.candidate(draft, number, name=name, text=f"{name} Example\nWorks with tool{number}.")
    rows.unreadable(draft, 6)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    for evaluation in analysis.evaluations.filter(status="scored").select_related("candidate"):
        name = evaluation.candidate.name
        ratings = rows.ratings(analysis)
        for rating, value in zip(ratings, RATED[name], strict=True):
            rating["rating"] = float(value)
        evaluation.ratings, evaluation.score = ratings, SCORES[name]
        evaluation.must_haves_met = int(RATED[name][1] >= 2)
        evaluation.save(update_fields=["ratings", "score", "must_haves_met"])
    return analysis


def parsed(analysis: Analysis, query: str) -> RankingFilter:
    return RankingFilter.from_query(QueryDict(query), analysis)


def names(analysis: Analysis, query: str) -> str:
    matches = parsed(analysis, query).evaluations(analysis).select_related("candidate")
    return " ".join(str(evaluation.candidate) for evaluation in matches)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "Ada Bo Cy Di Ed cv-00006.txt"),
        ("status=unreadable", "cv-00006.txt"),
        ("status=scored", "Ada Bo Cy Di Ed"),
        ("from=40&to=80", "Bo Cy Di"),
        ("to=30", "Ed"),
        ("must=met", "Ada Bo Ed"),
        ("must=unclear", "Cy"),
        ("must=missing", "Di"),
        ("by=c2&least=3", "Bo Cy"),
        ("sort=c2", "Bo Cy Di Ada Ed cv-00006.txt"),
        ("sort=c1&must=met", "Ada Bo Ed"),
        ("q=tool3", "Cy"),
        ("q=works+-tool3+-tool1", "Bo Di Ed"),
        ("verdict=open&from=50", "Ada Bo Cy"),
        ("verdict=reject", ""),
    ],
)
def test_what_is_asked_for_comes_in_order(analysis: Analysis, query: str, expected: str) -> None:
    assert names(analysis, query) == expected


def test_flags_of_the_file_and_of_the_scoring_are_found(analysis: Analysis) -> None:
    flag = Flag(FlagKind.RECOGNISED, page=1).to_json()
    Candidate.objects.filter(name="Bo").update(flags=[flag])
    Candidate.objects.filter(name="Cy").update(hidden=[{"kind": "tiny", "text": "x", "page": 1}])
    analysis.evaluations.filter(candidate__name="Di").update(
        flags=[Flag(FlagKind.SHORTENED).to_json()]
    )

    assert names(analysis, "flag=recognised") == "Bo"
    assert names(analysis, "flag=hidden-text") == "Cy"
    assert names(analysis, "flag=shortened") == "Di"
    assert names(analysis, "flag=any") == "Bo Cy Di"
    assert names(analysis, "flag=none&status=scored") == "Ada Ed"


def test_a_filter_and_its_address_are_the_same(analysis: Analysis) -> None:
    query = (
        "q=two+words&status=scored&must=met&from=0&to=80.5&flag=any&verdict=open&by=c1&least=2"
        "&sort=role"
    )

    filter = parsed(analysis, query)

    assert filter.query == query and not filter.wrong
    assert parsed(analysis, filter.query) == filter
    assert filter.low == 0 and filter.high == Decimal("80.5")
    assert parsed(analysis, filter.query_with(sort="", q="")).sort == ""


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("from=high", "“high” is no score. Write a number from 0 to 100."),
        ("to=101", "“101” is no score."),
        ("from=nan", "“nan” is no score."),
        ("from=Infinity", "“Infinity” is no score."),
        ("from=80&to=20", "No score lies between 80.0 and 20.0. Write the lower one first."),
        ("sort=c9", "“c9” is not something to filter by."),
        ("status=<b>", "“<b>” is not something to filter by."),
        ("verdict=hire", "“hire” is not something to filter by."),
        ("by=c1&least=7", "“7” is not something to filter by."),
        (f"q={'x' * 201}", "The search has 201 characters. Shorten it to at most 200."),
    ],
)
def test_what_cannot_be_used_is_told_and_passed_over(
    analysis: Analysis, query: str, sentence: str
) -> None:
    filter = parsed(analysis, query)

    assert any(error.startswith(sentence) for error in filter.wrong), filter.wrong
    assert filter.query == "" and filter.evaluations(analysis).count() == 6


@pytest.mark.parametrize("query", ["q=%00", "q=%00a", "flag=%00", "q='", "q=%22", "q=%26+%7C+!"])
def test_no_text_breaks_a_search(analysis: Analysis, query: str) -> None:
    filter = parsed(analysis, query)

    assert filter.evaluations(analysis).count() <= 6 and count_ranking(analysis, filter).total == 6


def test_blind_nobody_is_found_by_what_tells_who_they_are(analysis: Analysis) -> None:
    text = "Ada Example-Smith, she builds tool1, ada@example.com, +49 30 1234567"
    Candidate.objects.filter(name="Ada").update(
        name="Ada Example-Smith", email="ada@example.com", phone="+49 30 1234567", text=text
    )
    assert names(analysis, "q=ada+tool1") == "Ada Example-Smith"
    Draft.objects.filter(pk=analysis.draft_id).update(blind=True)
    analysis = Analysis.objects.select_related("draft").get(pk=analysis.pk)

    hits = [names(analysis, f"q={q}") for q in ("ada", "smith", "ada+tool1", "she")]
    hits += [names(analysis, "q=ada%40example.com"), names(analysis, "q=1234567")]

    assert hits == [""] * 6
    assert names(analysis, "q=tool1") == "Ada Example-Smith"
    # "Not Ada" would tell who Ada is by leaving her out.
    assert names(analysis, "q=works+-ada") == ""
    decided = {"verdict": "maybe", "decided_at": timezone.now()}
    Candidate.objects.filter(name__startswith="Ada").update(**decided)
    assert names(analysis, "q=ada") == "Ada Example-Smith"


def test_the_overview_counts_all_and_what_a_filter_leaves(
    analysis: Analysis, django_assert_num_queries: Any
) -> None:
    decided = {"verdict": "shortlist", "decided_at": timezone.now()}
    Candidate.objects.filter(name="Ada").update(**decided)
    with django_assert_num_queries(1):
        counts = count_ranking(analysis, parsed(analysis, "from=35"))

    assert (counts.total, counts.chosen, counts.left) == (6, 4, 0)
    assert counts.tally["scored"] == 5 and counts.tally["unreadable"] == 1
    assert counts.verdicts["shortlist"] == 1 and counts.verdicts["open"] == 5
    bars = {bucket.low: (bucket.total, bucket.chosen) for bucket in counts.buckets if bucket.total}
    assert bars == {30: (1, 0), 40: (1, 1), 50: (1, 1), 80: (1, 1), 90: (1, 1)}


def test_the_bars_of_the_chart_hold_every_score_once(analysis: Analysis) -> None:
    buckets = count_ranking(analysis, parsed(analysis, "")).buckets
    scores = [Decimal(tenth) / 10 for tenth in range(1001)]

    for score in scores:
        assert sum(bucket.low <= score <= bucket.high for bucket in buckets) == 1


def by_name(analysis: Analysis, name: str) -> Evaluation:
    return analysis.evaluations.get(candidate__name=name)


def test_neighbours_are_those_of_the_filter(
    analysis: Analysis, django_assert_num_queries: Any
) -> None:
    query = parsed(analysis, "must=met&sort=c2")  # Bo Ada Ed
    bo, ada, ed = (by_name(analysis, name) for name in ("Bo", "Ada", "Ed"))
    with django_assert_num_queries(2):
        assert find_neighbours(analysis, ada, query) == (bo, ed, 2, 3)

    assert find_neighbours(analysis, bo, query) == (None, ada, 1, 3)
    assert find_neighbours(analysis, ed, query) == (ada, None, 3, 3)
    assert find_neighbours(analysis, by_name(analysis, "Di"), query) == (None, None, None, 3)


def test_the_order_is_total(analysis: Analysis) -> None:
    for query in ("", "sort=c1", "sort=role&q=works"):
        assert parsed(analysis, query).evaluations(analysis).totally_ordered
