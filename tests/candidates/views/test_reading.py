"""The résumé beside its ratings: the text, or the pages it came as."""

import re
from threading import BoundedSemaphore
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from candidates.facts.flags import Flag, FlagKind
from candidates.models import Candidate, Draft, Evaluation
from candidates.reading import read
from candidates.scoring.scorecard import Quote, Rating
from candidates.views import reading
from evaluator.models import StoredFile
from tests.makers import pdfs, rows, scans

DATA = pdfs.pdf()
TEXT = read(DATA, "cv.pdf").text
QUOTE = "Built payment services in Python on PostgreSQL for eight years."


@pytest.fixture
def candidate(draft: Draft) -> Candidate:
    return rows.candidate(draft, 1, data=DATA, text=TEXT, media_type="application/pdf")


@pytest.fixture
def evaluation(candidate: Candidate, draft: Draft, alice: User) -> Evaluation:
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    evaluation = analysis.evaluations.get()
    start = TEXT.index(QUOTE)
    here = Quote(QUOTE, start, start + len(QUOTE))
    evaluation.ratings = [Rating("role", 3, "So it is.", (here,)).to_json()]
    evaluation.save(update_fields=["ratings"])
    return evaluation


def image(candidate: Candidate, number: int = 1) -> str:
    return reverse("candidates:page", args=[candidate.public_id, number])


@pytest.mark.processes
def test_a_quote_leads_to_its_box_on_the_page(as_alice: Client, evaluation: Evaluation) -> None:
    page = as_alice.get(evaluation.get_absolute_url(), {"show": "pages"}).text

    assert '<a class="quote" href="#role-1">' in page
    assert len(re.findall(r'<rect id="role-1"[^>]* class="mark"', page)) == 1
    assert re.search(
        r'<img src="[^"]+/pages/1.webp" width="1400" height="\d+" loading="lazy"', page
    )
    assert "not marked on the pages" not in page and TEXT not in page


@pytest.mark.processes
def test_a_page_is_kept_by_the_reader_alone_and_cannot_run(
    as_alice: Client, candidate: Candidate
) -> None:
    answer = as_alice.get(image(candidate))

    assert answer.status_code == 200 and answer.content[8:12] == b"WEBP"
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert as_alice.get(image(candidate, 2)).status_code == 404


@pytest.mark.processes
def test_what_stands_on_no_page_is_said_to_be_on_none(
    as_alice: Client, evaluation: Evaluation
) -> None:
    Candidate.objects.update(text=TEXT.replace("payment", "PAYROLL"))

    page = as_alice.get(evaluation.get_absolute_url(), {"show": "pages"}).text

    assert "1 quote is not marked on the pages" in page
    assert '<li id="role-1" tabindex="-1">' in page


@pytest.mark.processes
def test_a_scan_shows_its_page_and_says_that_places_are_not_known(
    as_alice: Client, evaluation: Evaluation
) -> None:
    flags = [Flag(FlagKind.RECOGNISED, {"confidence": 96}, 1).to_json()]
    Candidate.objects.update(media_type="image/png", flags=flags)
    with evaluation.candidate.file.open("rb") as file:
        assert file.read() == DATA
    StoredFile.objects.update(content=scans.picture("PNG"))

    page = as_alice.get(evaluation.get_absolute_url(), {"show": "pages"}).text

    assert "where on it a sentence stands is not known" in page
    assert as_alice.get(image(evaluation.candidate)).status_code == 200


def test_a_file_without_pages_is_shown_as_text(as_alice: Client, draft: Draft) -> None:
    candidate = rows.candidate(draft, 2, media_type="text/plain")

    page = as_alice.get(candidate.get_absolute_url(), {"show": "pages"}).text

    assert "has no pages to show" in page and "Built payment services" in page
    assert as_alice.get(image(candidate)).status_code == 422


def test_while_others_are_being_drawn_it_says_to_try_again(
    as_alice: Client, candidate: Candidate, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawings = BoundedSemaphore(1)
    drawings.acquire()
    monkeypatch.setattr(reading, "_drawings", drawings)
    monkeypatch.setattr(reading, "DRAWING_WAIT_SECONDS", 0.01)

    answer = as_alice.get(image(candidate))
    page = as_alice.get(candidate.get_absolute_url(), {"show": "pages"})

    assert answer.status_code == 503 and answer.headers["Retry-After"] == "5"
    assert page.status_code == 200 and "could not be drawn in time" in page.text


@pytest.mark.processes
@pytest.mark.parametrize("data", [b"%PDF-1.4 broken", b"GIF89a and no more"])
def test_what_cannot_be_drawn_still_has_its_text(
    as_alice: Client, draft: Draft, data: bytes
) -> None:
    candidate = rows.candidate(draft, 3, data=data, media_type="application/pdf")

    page = as_alice.get(candidate.get_absolute_url(), {"show": "pages"})

    assert page.status_code == 200 and "Its text is all there is." in page.text
    assert as_alice.get(image(candidate)).status_code == 404


@pytest.mark.processes
def test_pages_cost_no_more_queries_than_text(
    as_alice: Client, evaluation: Evaluation, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(12):
        as_alice.get(evaluation.get_absolute_url(), {"show": "pages"})
