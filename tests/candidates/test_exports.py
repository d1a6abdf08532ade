"""Exports of a ranking: what stands in them, and what must not."""

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from typing import Any

import pypdfium2
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from candidates import exports
from candidates.facts.reason import FailureCode, Reason
from candidates.models import Analysis, Candidate, Decision, Draft, Event, EventVerb
from candidates.models.candidate import Verdict
from candidates.scoring.reason_codes import RatingCode
from candidates.scoring.rubric import ROLE, ROLE_NAME, RubricCriterion
from candidates.scoring.scorecard import Quote, Rating
from candidates.views.exports import attachment
from tests.makers import rows

EVIL = '=HYPERLINK("http://evil.example")'


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    rows.candidate(draft, 1, name="Łukasz Ωμέγα")
    evil = rows.candidate(draft, 2, name=EVIL, filename="@evil.txt")
    rows.unreadable(draft, 3)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    rows.note(evil, alice, "+44 is where to call.")
    ids = [candidate.pk for candidate in draft.candidates.exclude(filename="cv-00003.txt")]
    Decision.objects.all().decide(draft, ids, Verdict.SHORTLIST, alice)
    return analysis


def fetch(client: Client, analysis: Analysis, kind: str) -> bytes:
    answer = client.get(reverse("candidates:export", args=[analysis.public_id, kind]))
    assert answer.status_code == 200, answer.content
    assert answer.streaming and "attachment" in answer.headers["Content-Disposition"]
    return answer.getvalue()


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    text = " ".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return re.sub(r"\s+", " ", text)


def test_csv_holds_ranking_decisions_and_notes(as_alice: Client, analysis: Analysis) -> None:
    table = list(csv.DictReader(io.StringIO(fetch(as_alice, analysis, "csv").decode("utf-8-sig"))))

    assert [row["rank"] for row in table] == ["1", "2", ""]
    assert table[0]["name"] == "Łukasz Ωμέγα" and table[0]["Python"] == "3.0"
    assert (table[0]["decision"], table[0]["decided_by"]) == ("shortlist", "alice")
    assert table[1]["notes"] == "alice: +44 is where to call."
    assert table[1]["name"] == f"'{EVIL}" and table[1]["file"] == "'@evil.txt"
    assert "password" in table[2]["error"] and table[2]["decision"] == ""


def test_json_holds_reasons_and_quotes_too(as_alice: Client, analysis: Analysis) -> None:
    export = json.loads(fetch(as_alice, analysis, "json"))

    assert export["analysis"]["engine"] == "local"
    assert export["analysis"]["criteria"][1]["must_have"] is True
    best = export["candidates"][0]
    assert best["ratings"][1]["quotes"] == [rows.QUOTE]
    assert best["ratings"][1]["reason"] == "Says so plainly."
    assert best["ratings"][1]["reason_code"] is None  # a model's words have no code
    assert export["candidates"][1]["notes"][0]["author"] == "alice"
    assert export["candidates"][1]["name"] == EVIL  # JSON has no formulas


def test_json_holds_the_code_of_a_reason_beside_its_sentence_in_the_reader_s_language(
    as_alice: Client, analysis: Analysis
) -> None:
    best = analysis.evaluations.get(rank=1)
    reason = Reason(RatingCode.TERMS_IN_SENTENCES, {"sentences": 2, "terms": "Python Go"})
    best.ratings = [Rating("c1", 3.0, reason=reason).to_json()]
    best.save(update_fields=["ratings"])
    url = reverse("candidates:export", args=[analysis.public_id, "json"])

    answer = as_alice.get(url, headers={"Accept-Language": "de"})
    [rating] = json.loads(answer.getvalue())["candidates"][0]["ratings"]

    assert rating["reason_code"] == "terms_in_sentences"
    assert rating["reason"].startswith("Zwei Sätze") and "„Python“ und „Go“" in rating["reason"]


@pytest.fixture
def namesake(analysis: Analysis) -> Analysis:
    """The ranking, whose user has named a criterion as the program names the role."""
    rubric = analysis.rubric
    own = RubricCriterion("c9", ROLE_NAME, "", 1)
    analysis.criteria = replace(rubric, criteria=(*rubric.criteria, own)).to_json()
    analysis.save(update_fields=["criteria"])
    best = analysis.evaluations.get(rank=1)
    best.ratings = [Rating(ROLE, 2.0).to_json(), Rating("c9", 1.0).to_json()]
    best.save(update_fields=["ratings"])
    return analysis


def fetch_in_german(client: Client, analysis: Analysis, kind: str) -> bytes:
    url = reverse("candidates:export", args=[analysis.public_id, kind])
    return client.get(url, headers={"Accept-Language": "de"}).getvalue()


def test_only_the_role_is_translated_and_not_a_criterion_of_that_name(
    as_alice: Client, namesake: Analysis
) -> None:
    export = json.loads(fetch_in_german(as_alice, namesake, "json"))
    names = [(rating["key"], rating["criterion"]) for rating in export["candidates"][0]["ratings"]]
    table = list(
        csv.DictReader(io.StringIO(fetch_in_german(as_alice, namesake, "csv").decode("utf-8-sig")))
    )
    report = text_of(fetch_in_german(as_alice, namesake, "pdf"))

    assert names == [(ROLE, "Die Stelle, wie beschrieben"), ("c9", ROLE_NAME)]
    criteria = {entry["key"]: entry["name"] for entry in export["analysis"]["criteria"]}
    assert criteria[ROLE] == "Die Stelle, wie beschrieben" and criteria["c9"] == ROLE_NAME
    assert table[0]["Die Stelle, wie beschrieben"] == "2.0" and table[0][ROLE_NAME] == "1.0"
    assert f"{ROLE_NAME} · 1" in report and "Die Stelle, wie beschrieben · 2" in report


def test_in_english_both_columns_of_one_name_keep_their_ratings(
    as_alice: Client, namesake: Analysis
) -> None:
    text = fetch(as_alice, namesake, "csv").decode("utf-8-sig")
    titles, best, *_others = csv.reader(io.StringIO(text))

    columns = [place for place, title in enumerate(titles) if title == ROLE_NAME]
    assert [best[place] for place in columns] == ["2.0", "1.0"]


def test_a_workbook_has_strings_and_numbers_and_no_formula_or_link(
    as_alice: Client, analysis: Analysis
) -> None:
    with zipfile.ZipFile(io.BytesIO(fetch(as_alice, analysis, "xlsx"))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        parts = book.namelist()

    assert "<f>" not in sheet and "hyperlink" not in sheet.replace("HYPERLINK", "")
    assert "'=HYPERLINK(" in sheet and "Łukasz Ωμέγα" in sheet
    assert "<v>89</v>" in sheet
    assert not [part for part in parts if "externalLink" in part]


def test_the_report_is_of_the_shortlist_with_all_that_was_said(
    as_alice: Client, analysis: Analysis
) -> None:
    text = text_of(fetch(as_alice, analysis, "pdf"))

    for part in (
        "Shortlist: Backend engineer",
        "Scored by local (a-model, local-9)",
        "Łukasz Ωμέγα",
        "Rank 1 · 89 of 100 · cv-00001.txt",
        "Python · 3 · must have: met",
        "Says so plainly.",
        f"“{rows.QUOTE}”",
        "+44 is where to call.",
        "Shortlisted by alice",
    ):
        assert part in text, part
    assert "cv-00003" not in text and "[?]" not in text


def test_letters_that_the_font_lacks_are_said_to_be_lacking(
    as_alice: Client, analysis: Analysis
) -> None:
    Candidate.objects.filter(name__startswith="Łukasz").update(name="李明 <b>&amp;")

    text = text_of(fetch(as_alice, analysis, "pdf"))

    assert "[?] <b>&amp;" in text
    assert "letters that this report has no font for" in text


def test_an_empty_shortlist_is_a_report_that_says_so(as_alice: Client, analysis: Analysis) -> None:
    Candidate.objects.update(verdict="open", decided_at=None, decided_by=None)

    assert "Nobody is on the shortlist yet." in text_of(fetch(as_alice, analysis, "pdf"))


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_of_a_blind_draft_nobody_is_told_who_is_not_decided(
    as_alice: Client, analysis: Analysis, draft: Draft, alice: User, kind: str
) -> None:
    text = "Grete Holzinger\n\nGrete Holzinger built payment services."
    hidden = rows.candidate(draft, 9, name="Grete Holzinger", filename="Holzinger.txt", text=text)
    start = text.index("Grete Holzinger built")
    quote = Quote(text[start:], start, len(text))
    rating = Rating("role", 3, "Grete says so.", (quote,)).to_json()
    evaluation = analysis.evaluations.create(
        candidate=hidden, status="scored", score=80, rank=3, ratings=[rating],
        scored_at=hidden.read_at,
    )  # fmt: skip
    assert evaluation.pk
    rows.note(hidden, alice, "Grete called.")
    Draft.objects.filter(pk=draft.pk).update(blind=True)

    export = fetch(as_alice, analysis, kind).decode()

    assert "Grete" not in export and "Holzinger" not in export
    assert "Candidate " in export and "Łukasz" in export
    if kind == "json":
        assert "[…] built payment services." in export


def test_every_export_is_an_act(as_alice: Client, alice: User, analysis: Analysis) -> None:
    fetch(as_alice, analysis, "csv")
    as_alice.head(reverse("candidates:export", args=[analysis.public_id, "csv"]))

    event = Event.objects.get(verb=EventVerb.RANKING_EXPORTED)
    assert (event.actor, event.about) == (alice, analysis.public_id)
    assert event.params == {"format": "csv"}


def test_there_is_no_other_kind(as_alice: Client, analysis: Analysis) -> None:
    url = reverse("candidates:export", args=[analysis.public_id, "exe"])

    assert as_alice.get(url).status_code == 404


def test_names_of_files_are_safe_and_whole() -> None:
    header = attachment('Köche & "Kellner"\r\n/ Zürich.csv')

    assert header == (
        'attachment; filename="Koche-Kellner-Zurich.csv"; '
        "filename*=UTF-8''K%C3%B6che%20%26%20%22Kellner%22%0D%0A%2F%20Z%C3%BCrich.csv"
    )
    assert attachment("李.csv").startswith('attachment; filename="csv"; ')


@pytest.mark.parametrize("start", exports.FORMULA_PREFIXES)
def test_no_cell_begins_like_a_formula(start: str) -> None:
    assert exports.safe_cell(f"{start}1") == f"'{start}1"


@pytest.mark.slow
def test_a_thousand_rows_cost_no_more_queries(
    as_alice: Client, draft: Draft, alice: User, django_assert_max_num_queries: Any
) -> None:
    rows.candidates(draft, 1_000)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)

    for kind in ("csv", "json", "xlsx"):
        with django_assert_max_num_queries(12):
            assert len(fetch(as_alice, analysis, kind)) > 10_000


def test_an_answer_without_a_rating_names_the_criterion_wherever_the_rubric_is_known(
    as_alice: Client, analysis: Analysis
) -> None:
    missing = Reason(FailureCode.RATING_MISSING, {"criterion": "c1"})
    reason = Reason.because_of(FailureCode.ANSWER_UNUSABLE, missing)
    failed = analysis.evaluations.filter(rank=1)
    failed.update(**rows.failure(reason), ratings=[])
    job = rows.job(analysis)
    evaluation = analysis.evaluations.get(status="failed")

    assert "it has no rating for 'Python'" in fetch(as_alice, analysis, "csv").decode()
    for page in (job, analysis, evaluation):
        assert (
            "it has no rating for &#x27;Python&#x27;" in as_alice.get(page.get_absolute_url()).text
        )
