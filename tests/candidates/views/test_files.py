"""One candidate's page, the original file, and erasing."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from candidates.facts.flags import Flag, FlagKind
from candidates.models import Candidate, Draft, Event
from candidates.reading import Problem
from evaluator.models import StoredFile
from tests.makers import rows


def test_the_page_shows_text_facts_flags_and_scores(
    as_alice: Client, alice: User, draft: Draft
) -> None:
    candidate = rows.candidate(
        draft,
        1,
        email="ada@example.com",
        flags=[Flag(FlagKind.NO_RESUME, {"looks-like": "invoice"}).to_json()],
        hidden=[{"kind": "low-contrast", "text": "<b>white on white</b>", "page": 2}],
    )
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)

    page = as_alice.get(candidate.get_absolute_url())

    assert "Built payment services in Python." in page.text
    assert "ada@example.com" in page.text
    assert "looks like something other than a résumé" in page.text and "invoice" in page.text
    assert "Left out: text in the colour of the paper" in page.text
    assert "&lt;b&gt;white on white&lt;/b&gt;" in page.text and "(page 2)" in page.text
    assert "89.0 of 100, rank 1" in " ".join(page.text.split())


def test_the_page_shows_what_else_was_found_and_how_sure_that_is(
    as_alice: Client, draft: Draft
) -> None:
    candidate = rows.candidate(
        draft,
        text="Ada\n\nSkills\nCare & <b>time</b>\n\nEducation\nBSc",
        phone="020 7946 0958",
        email="ada@example.com",
        language="de",
        reader="pypdfium2",
        confidence={"name": 0.95, "email": 0.95, "phone": 0.4},
        links=[
            {"kind": "web", "url": "https://ada.example.com/?a=1&b=2", "confidence": 0.9},
            {"kind": "web", "url": "https://ada.example.org", "confidence": 0.6},
        ],
        sections=[
            {"kind": "skills", "start": 5, "end": 33, "confidence": 1.0},
            {"kind": "education", "start": 33, "end": 46, "confidence": 1.0},
        ],
    )

    page = " ".join(as_alice.get(candidate.get_absolute_url()).text.split())

    assert "German" in page and "pypdfium2" in page
    assert page.count("(not sure)") == 2 and "020 7946 0958 <span" in page
    assert 'https://ada.example.org</a> <span class="soft">(not sure)' in page
    assert 'href="https://ada.example.com/?a=1&amp;b=2" rel="noopener noreferrer nofollow"' in page
    assert '<a href="#part-1">Skills</a><a href="#part-2">Education</a>' in page
    skills = '<span id="part-1" tabindex="-1"></span>Skills Care &amp; &lt;b&gt;time&lt;/b&gt;'
    assert f"Ada {skills}" in page


@pytest.mark.parametrize("problem", list(Problem))
def test_an_unreadable_file_says_why(as_alice: Client, draft: Draft, problem: Problem) -> None:
    candidate = rows.unreadable(draft, 1, problem)

    assert problem.sentence in as_alice.get(candidate.get_absolute_url()).text


def test_the_original_comes_as_it_was_and_cannot_run_or_be_kept(
    as_alice: Client, draft: Draft
) -> None:
    candidate = rows.candidate(draft, 1, filename='Résumé "of"; filename=x.html\u2019s.html')
    url = reverse("candidates:original", args=[candidate.public_id])

    answer = as_alice.get(url)

    assert answer.getvalue() == f"{draft.pk} 1".encode()
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''"
        "R%C3%A9sum%C3%A9%20%22of%22%3B%20filename%3Dx.html%E2%80%99s.html"
    )
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert not url.rstrip("/").endswith((".pdf", ".html")) and "." not in url


def test_an_original_that_is_no_longer_stored_is_not_found(as_alice: Client, draft: Draft) -> None:
    candidate = rows.candidate(draft, 1)
    StoredFile.objects.all().delete()

    answer = as_alice.get(reverse("candidates:original", args=[candidate.public_id]))

    assert answer.status_code == 404


def test_erasing_asks_first_and_leaves_neither_file_nor_name(
    as_alice: Client, alice: User, draft: Draft
) -> None:
    candidate = rows.candidate(draft, 1, name="Ada Example")
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    url = reverse("jobs:erase-candidate", args=[candidate.public_id])

    assert "Erase the candidate “Ada Example”?" in as_alice.get(url).text
    page = as_alice.post(url, follow=True)

    assert "Everything about this candidate is erased." in page.text
    assert "Ada Example" not in page.text
    assert not Candidate.objects.exists() and not StoredFile.objects.exists()
    assert not analysis.evaluations.exists()
    event = Event.objects.get(about=candidate.public_id)
    assert (event.verb, event.actor, event.params) == ("candidate_erased", alice, {})


def test_the_personal_data_of_a_file_that_is_no_longer_stored_is_not_found(
    as_alice: Client, draft: Draft
) -> None:
    candidate = rows.candidate(draft, 1)
    StoredFile.objects.all().delete()

    answer = as_alice.post(reverse("candidates:dossier", args=[candidate.public_id]))

    assert answer.status_code == 404
    assert not Event.objects.filter(about=candidate.public_id).exists()


def test_a_language_without_a_name_is_shown_by_its_code(as_alice: Client, draft: Draft) -> None:
    candidate = rows.candidate(draft, language="zz")

    assert as_alice.get(candidate.get_absolute_url()).context["language"] == "zz"
