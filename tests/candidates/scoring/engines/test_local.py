"""The local engine: the same answer every time, from this document alone, with its evidence."""

import asyncio
import gc
import random
import tracemalloc
from dataclasses import replace

import pytest

from candidates import posting
from candidates.facts.flags import Flag, FlagKind
from candidates.scoring import rank
from candidates.scoring.engines import lexical, local
from candidates.scoring.reason_codes import RatingCode
from candidates.scoring.redact import redact
from candidates.scoring.rubric import Rubric, RubricCriterion
from candidates.scoring.scorecard import Scorecard

DESCRIPTION = """\
We run the booking system of small hauliers, a Django application on a large PostgreSQL database.
You would build and operate web services in Python with three colleagues.

- Several years of building and running web services in Python, with Django or a similar framework
- Real depth in relational databases: modelling, indexes, slow queries, migrations on live tables
- Asynchronous work in production: queues, workers, retries, idempotent jobs
- The patience to explain a design to a junior colleague
"""
CRITERIA = (
    RubricCriterion("c1", "Python web services", "Django, Flask or FastAPI in production", 9, True),
    RubricCriterion(
        "c2", "Relational databases", "indexes, slow queries, migrations, PostgreSQL", 7
    ),
    RubricCriterion("c3", "Background processing", "queues, workers, retries", 6),
    RubricCriterion("c4", "Mentoring", "helps juniors grow", 3),
    RubricCriterion("c5", "Cannulation", "places peripheral cannulas", 1, True),
)
RUBRIC = Rubric.build(title="Backend Engineer", description=DESCRIPTION, criteria=CRITERIA[:4])
STRONG = """\
Ada Maria Lovelace
ada.lovelace@example.com | +44 20 7946 0123 | 12 Acacia Avenue, Leeds
Backend engineer

Profile
Backend engineer with nine years of Python. She likes old code and small pull requests.

Experience
Senior backend engineer, Tallow Pay 2019 - present
• Built the settlement service in Django; Lovelace runs it in production with three colleagues.
• Partitioned a 410 GB PostgreSQL table in use, and halved slow queries with two new indexes.
• Moved nightly scripts to Celery workers with a queue, retries and idempotent jobs.
• Mentor of two juniors, who now review her code.
Web developer, Halcyon Tickets 2014 - 2019
• Wrote the seat service in Flask that sold 61,000 tickets in nine minutes.
"""
MIDDLING = """\
Data analyst
Four years of reports in SQL and Excel for a chain of shops.
• Wrote a Python script that cleans the weekly figures.
• Presented the results to the buyers every Monday.
"""
CHEF = """\
Head chef
• Ran a kitchen of eleven, with 140 covers a night.
• Cut the waste of food by a third and wrote the menus of four seasons.
"""
STUFFED = """\
Backend engineer, Python, Django, Flask, FastAPI, PostgreSQL, queues, workers, retries
Python, Django, web services, relational databases, indexes, slow queries, migrations
Mentoring, juniors, production, queues, workers, retries, idempotent jobs, modelling
Python, Django, Flask, FastAPI, PostgreSQL, SQL, indexes, queries, migrations, tables
Responsible for Python, Django, databases, queues, workers, mentoring, and production.
"""
ODD = {
    "empty": "",
    "blank": " \n\t\n",
    "one word": "Python",
    "figures": "2019 2020 17 %",
    "emoji": "🚀 Python 🚀 services 👩‍💻 in Django " * 5,
    "German": "Ich habe neun Jahre lang Webdienste mit Python und Django entwickelt und betrieben.",
    "Chinese": "我用 Python 和 Django 开发后端服务，负责 PostgreSQL 数据库。",
    "control": "Python\x00 Django\x0c web\u2028services\r\nin production for six years",
    "no spaces": "Python" * 5_000,
    "huge": STRONG * 2_000,
}


def overall(document: str, rubric: Rubric = RUBRIC) -> float:
    return rank.overall_score(rubric, local.score(redact(document), rubric).ratings).score


def rating(document: str, key: str, rubric: Rubric = RUBRIC) -> float:
    return {r.criterion: r.rating for r in local.score(document, rubric).ratings}[key]


def assert_sound(document: str, card: Scorecard, rubric: Rubric) -> None:
    assert [rating.criterion for rating in card.ratings] == [c.key for c in rubric.criteria]
    for rating in card.ratings:
        assert 0 <= rating.rating <= 4
        assert rating.rating == round(rating.rating, 1)
        assert rating.quotes or rating.rating <= 1
        assert rating.reason is not None and rating.explanation == ""
        assert len(rating.quotes) <= 3
        for quote in rating.quotes:
            assert document[quote.start : quote.end] == quote.text
            assert any(map(str.isalpha, quote.text))


@pytest.mark.parametrize("document", ODD.values(), ids=ODD.keys())
def test_any_document_gets_a_sound_scorecard(document: str) -> None:
    assert_sound(document, local.score(document, RUBRIC), RUBRIC)


@pytest.mark.parametrize("name", ["empty", "blank", "figures"])
def test_a_document_without_words_gets_nothing(name: str) -> None:
    assert {r.rating for r in local.score(ODD[name], RUBRIC).ratings} == {0}


def test_a_strong_resume_is_rated_high_and_a_stranger_low() -> None:
    assert overall(STRONG) > 75 > 40 > overall(MIDDLING) > overall(CHEF)
    assert overall(CHEF) < 15


def test_the_same_document_has_the_same_scorecard_in_any_company() -> None:
    documents = [STRONG, MIDDLING, CHEF, STUFFED, *ODD.values()]
    first = [local.score(document, RUBRIC) for document in documents]
    local._prepare.cache_clear()
    order = list(range(len(documents)))
    random.Random(7).shuffle(order)
    again = {number: local.score(documents[number], RUBRIC) for number in order}

    assert [again[number] for number in range(len(documents))] == first


def test_who_it_is_changes_nothing() -> None:
    other = (
        STRONG.replace("Ada Maria Lovelace", "Xi Wu")
        .replace("ada.lovelace@example.com", "xi@example.org")
        .replace("+44 20 7946 0123", "(555) 010-9999")
        .replace("12 Acacia Avenue, Leeds", "7 Rose Street, Accra")
        .replace("Lovelace", "Wu")
        .replace("She ", "He ")
        .replace(" her ", " his ")
    )
    original = local.score(redact(STRONG, "Ada Maria Lovelace"), RUBRIC)
    changed = local.score(redact(other, "Xi Wu"), RUBRIC)

    assert [(r.rating, r.reason) for r in original.ratings] == [
        (r.rating, r.reason) for r in changed.ratings
    ]


def test_a_list_of_keywords_does_not_top_an_honest_resume() -> None:
    assert overall(STUFFED) < overall(STRONG) - 10
    assert overall(STUFFED * 20) < overall(STRONG) - 10


def test_a_pasted_description_is_flagged_and_not_counted() -> None:
    pasted = local.score(CHEF + DESCRIPTION, RUBRIC)

    assert pasted.flags == (Flag(FlagKind.COPIES_DESCRIPTION),)
    assert overall(CHEF + DESCRIPTION) < 20
    assert local.score(STRONG, RUBRIC).flags == ()


def test_quotes_speak_of_their_criterion() -> None:
    quotes = {
        r.criterion: " ".join(q.text for q in r.quotes) for r in local.score(STRONG, RUBRIC).ratings
    }

    assert "Django" in quotes["c1"]
    assert "PostgreSQL" in quotes["c2"]
    assert "workers" in quotes["c3"]
    assert "Mentor of two juniors" in quotes["c4"]


def test_a_reason_names_the_terms_of_the_rubric_that_were_found() -> None:
    strong = {r.criterion: r.reason for r in local.score(STRONG, RUBRIC).ratings}
    stuffed = {r.criterion: r.reason for r in local.score(STUFFED, RUBRIC).ratings}

    assert strong["role"] and strong["role"].code is RatingCode.ROLE_CLOSE_WITH_EVIDENCE
    assert strong["c4"] and strong["c4"].params["terms"] == "Mentoring juniors"
    assert stuffed["c1"] and stuffed["c1"].code is RatingCode.TERMS_IN_LISTS
    assert stuffed["c1"].params["lists"] == 3


def test_a_reason_holds_words_of_the_rubric_alone() -> None:
    vocabulary = {*lexical.spellings(f"{RUBRIC.title} {DESCRIPTION}").values()}
    for criterion in RUBRIC.criteria:
        vocabulary |= {*lexical.spellings(f"{criterion.name} {criterion.looks_for}").values()}

    for document in (STRONG, MIDDLING, CHEF, STUFFED):
        for rating in local.score(document, RUBRIC).ratings:
            assert rating.reason is not None
            assert {*str(rating.reason.params.get("terms", "")).split()} <= vocabulary


def test_a_must_have_without_evidence_caps_the_score() -> None:
    rubric = Rubric.build(title="Backend Engineer", description=DESCRIPTION, criteria=CRITERIA)

    assert rating(STRONG, "c5", rubric) < 1 <= rating(STRONG, "c1", rubric)
    assert overall(STRONG, rubric) == 49


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("PostgreSQL", "Postgres"),
        ("Node.js", "NodeJS"),
        ("Kubernetes", "k8s"),
        ("C++", "C++"),
        (".NET", ".NET"),
        ("C#", "C#"),
    ],
)
def test_a_technology_is_found_under_its_names_and_no_other(name: str, written: str) -> None:
    rubric = replace(RUBRIC, criteria=(RUBRIC.criteria[0], RubricCriterion("c1", name)))
    with_name = STRONG + f"\n• Six years of {written} in large programs that people depend on.\n"
    others = " ".join({"Java", "Perl", "C++", "C#", ".NET"} - {written})
    without_name = CHEF + f"\n• Six years of {others} in large programs that people depend on.\n"

    assert rating(with_name, "c1", rubric) > 1
    assert rating(without_name, "c1", rubric) < 1


def test_a_bare_description_needs_no_criterion() -> None:
    bare = Rubric.build(title="Backend Engineer", description=DESCRIPTION, criteria=())
    scores = [overall(document, bare) for document in (STRONG, MIDDLING, CHEF)]

    assert scores == sorted(scores, reverse=True)
    assert_sound(STRONG, local.score(STRONG, bare), bare)


def test_a_title_alone_is_enough_to_score_by() -> None:
    rubric = Rubric.build(title="Backend Engineer", description="", criteria=CRITERIA[:1])

    assert overall(STRONG, rubric) > overall(CHEF, rubric)
    assert local.score(STRONG, rubric).flags == ()


def test_a_criterion_without_a_usable_word_is_rated_all_the_same() -> None:
    rubric = replace(RUBRIC, criteria=(RUBRIC.criteria[0], RubricCriterion("c1", "R")))

    assert_sound(STRONG, local.score(STRONG, rubric), rubric)


def test_a_cancel_gets_through_between_two_documents() -> None:
    scored = []

    async def work() -> None:
        engine = local.LocalEngine()
        while True:
            await engine.score(CHEF, RUBRIC)
            scored.append(1)

    async def run() -> None:
        task = asyncio.create_task(work())
        while not scored:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())


@pytest.mark.slow
def test_many_rubrics_do_not_fill_the_memory() -> None:
    def run(start: int) -> None:
        for number in range(start, start + 12):
            local.score(STRONG, replace(RUBRIC, title=f"Engineer {number}"))

    run(0)
    gc.collect()
    tracemalloc.start()
    try:
        run(100)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        run(200)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before < 200_000


def test_criteria_can_come_from_the_description() -> None:
    role = posting.parse(f"# Backend Engineer\n{DESCRIPTION}")
    rubric = Rubric.build(
        title=role.title,
        description=role.description,
        criteria=posting.criteria_of(role),
        role_weight=posting.role_weight_of(role),
    )
    scores = [overall(document, rubric) for document in (STRONG, MIDDLING, CHEF)]

    assert len(rubric.criteria) == 5
    assert scores == sorted(scores, reverse=True)
