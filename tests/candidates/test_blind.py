"""Blind mode: who it is shows nowhere until somebody decides, or reveals it."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from candidates import blind
from candidates.facts.flags import Flag, FlagKind
from candidates.models import (
    Analysis,
    Candidate,
    Draft,
    Evaluation,
    Event,
    EventVerb,
    PossibleDuplicate,
)
from candidates.models.duplicate import DuplicateEvidence
from candidates.scoring.scorecard import Insight, Point, Quote, Rating
from tests.makers import pdfs, rows

NAME, EMAIL, PHONE = "Ottilie Brandauer", "ottilie@brandauer.example", "+43 1 555 0199"
FILE = "Brandauer_Ottilie_CV.pdf"
TEXT = f"""{NAME}
{EMAIL} | {PHONE}
Hauptgasse 12, 1010 Wien
Born 3 May 1984, mother of two

Experience
Brandauer built payment services in Python; her team of nine ran them.
Entwicklerin seit 2010.
"""
QUOTE = "Brandauer built payment services in Python; her team of nine ran them."
NAME_SPANS = ((0, len(NAME)), (len(NAME) + 1, len(NAME) + 1 + len(EMAIL)))
TRACES = ("Ottilie", "Brandauer", "OTTILIE", "555 0199", "Hauptgasse", "mother", " her ")


@pytest.fixture
def candidate(draft: Draft) -> Candidate:
    Draft.objects.filter(pk=draft.pk).update(blind=True)
    draft.refresh_from_db()
    return rows.candidate(
        draft,
        1,
        data=pdfs.pdf(),
        text=TEXT,
        name=NAME,
        email=EMAIL,
        phone=PHONE,
        filename=FILE,
        source="Brandauer.zip",
        media_type="application/pdf",
        links=[{"kind": "web", "url": "https://brandauer.example", "confidence": 1.0}],
        flags=[Flag(FlagKind.TWO_PEOPLE, spans=NAME_SPANS).to_json()],
        hidden=[{"kind": "tiny", "text": f"{NAME} is best", "page": 1}],
    )


@pytest.fixture
def evaluation(candidate: Candidate, draft: Draft, alice: User) -> Evaluation:
    other = rows.candidate(draft, 2, filename="Brandauer_old.pdf", name=NAME)
    PossibleDuplicate.objects.create(
        draft=draft, first=candidate, second=other, evidence=DuplicateEvidence.SAME_EMAIL, share=0.1
    )
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    evaluation = analysis.evaluations.get(candidate=candidate)
    start = TEXT.index(QUOTE)
    quote = Quote(QUOTE, start, start + len(QUOTE))
    evaluation.ratings = [
        Rating(criterion.key, 3, f"{NAME} says so.", (quote,)).to_json()
        for criterion in analysis.rubric.criteria
    ]
    evaluation.insights = Insight(
        (Point(f"{NAME} builds.", quote),),
        (Point("Brandauer lacks Rust.", Quote(NAME, 0, len(NAME))),),
        (Point("Has Ottilie led?"),),
    ).to_json()
    evaluation.save(update_fields=["ratings", "insights"])
    rows.note(candidate, alice, "I know Ottilie.")
    return evaluation


def shown(page: Any) -> str:
    return unescape(re.sub(r"\s+", " ", page.text))


def traces(page: str) -> list[str]:
    """What tells who it is. Random ids and times of day may hold the digits of any year."""
    years = re.findall(r"(?<![\w.-])1984(?![\w-])", page)
    return [trace for trace in TRACES if trace in page] + years


def pages_of(candidate: Candidate, analysis: Analysis, evaluation: Evaluation) -> list[str]:
    return [
        candidate.get_absolute_url(),
        candidate.get_absolute_url() + "?show=pages",
        evaluation.get_absolute_url(),
        evaluation.get_absolute_url() + "?show=pages",
        reverse("jobs:erase-candidate", args=[candidate.public_id]),
        reverse("candidates:reveal", args=[candidate.public_id]),
        reverse("candidates:people", args=[candidate.draft.public_id]),
        candidate.draft.get_absolute_url(),
        analysis.get_absolute_url(),
        reverse("candidates:compare", args=[analysis.public_id]) + f"?c={evaluation.public_id}",
        reverse("candidates:ratings", args=[analysis.public_id]),
    ]


def test_no_page_tells_who_it_is(
    as_alice: Client, candidate: Candidate, evaluation: Evaluation
) -> None:
    for address in pages_of(candidate, evaluation.analysis, evaluation):
        page = shown(as_alice.get(address))
        assert blind.pseudonym(candidate) in page
        assert traces(page) == [], address
    text = shown(as_alice.get(evaluation.get_absolute_url()))
    assert "[…] built payment services in Python; […] team of nine ran them." in text
    assert "Entwickler[…] seit 2010." in text


def test_neither_the_original_nor_its_pages_are_handed_out(
    as_alice: Client, candidate: Candidate
) -> None:
    original = as_alice.get(reverse("candidates:original", args=[candidate.public_id]), follow=True)
    image = as_alice.get(reverse("candidates:page", args=[candidate.public_id, 1]))

    assert "The original is hidden until somebody decides." in original.text
    assert image.status_code == 404


def test_a_decision_shows_who_it_is_and_taking_it_back_hides_it_again(
    as_alice: Client, candidate: Candidate, evaluation: Evaluation
) -> None:
    decide = reverse("candidates:judge", args=[candidate.public_id])

    answer = as_alice.post(decide, {"verdict": "maybe"}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    assert NAME in as_alice.get(evaluation.get_absolute_url()).text

    as_alice.post(decide, {"verdict": "undo"})
    assert NAME not in as_alice.get(evaluation.get_absolute_url()).text


def test_revealing_is_asked_for_recorded_and_for_everybody(
    as_alice: Client, alice: User, candidate: Candidate
) -> None:
    url = reverse("candidates:reveal", args=[candidate.public_id])
    assert "It is recorded that you did so." in shown(as_alice.get(url))
    assert not Event.objects.filter(verb=EventVerb.CANDIDATE_REVEALED).exists()

    for _ in range(2):
        page = as_alice.post(url, follow=True)

    assert "Nothing was hidden about this candidate." in page.text and NAME in page.text
    event = Event.objects.get(verb=EventVerb.CANDIDATE_REVEALED)
    assert (event.actor, event.about) == (alice, candidate.public_id)


def test_the_switch_is_recorded_and_hides_again_whoever_was_revealed(
    as_alice: Client, candidate: Candidate, draft: Draft, alice: User
) -> None:
    url = reverse("candidates:blind", args=[draft.public_id])
    blind.reveal(candidate, alice)

    as_alice.post(url, {"blind": "0"})
    assert NAME in as_alice.get(candidate.get_absolute_url()).text
    as_alice.post(url, {"blind": "1"})
    as_alice.post(url, {"blind": "1"})

    assert NAME not in as_alice.get(candidate.get_absolute_url()).text
    verbs = Event.objects.filter(about=draft.public_id).values_list("verb", flat=True)
    assert list(verbs) == ["blind_mode_disabled", "blind_mode_enabled"]


def test_where_no_name_was_found_the_name_of_the_file_stands_in_for_it(draft: Draft) -> None:
    draft.blind = True
    candidate = rows.candidate(draft, 3, name="", filename="grete-holzinger_cv2024.pdf", text="")

    assert blind.mask_identity("Grete Holzinger wrote Python.", candidate) == "[…] wrote Python."
    assert blind.shown_name(candidate, draft) == blind.pseudonym(candidate)
    assert blind.shown_filename(candidate, draft) == ""


def test_masks_keep_their_places_in_a_piece_of_the_text() -> None:
    assert blind.mask_spans("cdefgh", [(0, 4), (6, 7), (9, 12)], start=2) == "[…]ef[…]h"
