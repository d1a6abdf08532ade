"""Judging one candidate: with the keyboard alone, on a phone, and blind."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from candidates.models import Candidate, Draft, Evaluation
from candidates.reading import read
from candidates.scoring.scorecard import Quote, Rating
from tests.makers import rows

from .conftest import until

SAMPLE = Path("candidates/samples/backend-engineer/Achterberg_Joost.pdf")
QUOTE = "Interfaces with municipal registers, SOAP for the most part, and a"
NAME = "Joost Achterberg"


@pytest.fixture
def evaluation(draft: Draft, alice: User) -> Evaluation:
    data = SAMPLE.read_bytes()
    text = read(data, SAMPLE.name).text
    candidate = rows.candidate(
        draft, 1, data=data, text=text, name=NAME, media_type="application/pdf"
    )
    rows.candidate(draft, 2)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    evaluation = analysis.evaluations.get(candidate=candidate)
    start = text.index(QUOTE)
    quote = Quote(QUOTE, start, start + len(QUOTE))
    evaluation.ratings = [Rating("role", 3, "So it is.", (quote,)).to_json()]
    evaluation.save(update_fields=["ratings"])
    return evaluation


def test_with_the_keyboard_alone(at_home: Page, evaluation: Evaluation) -> None:
    page = at_home
    page.goto(evaluation.get_absolute_url())

    page.locator("a.quote").focus()
    page.keyboard.press("Enter")
    expect(page.locator("mark.current")).to_be_focused()
    expect(page.locator("mark.current")).to_be_in_viewport()

    page.keyboard.press("t")  # the same quote, on the page it came from
    mark = page.locator("rect.mark.current").first
    expect(mark).to_be_in_viewport()
    until(lambda: page.locator(".sheet img").evaluate("i => i.complete && i.naturalWidth") == 1400)
    page.keyboard.press("b")
    expect(page.locator("a.quote")).to_be_focused()

    page.keyboard.press("s")
    expect(page.locator("#judgement .decided")).to_contain_text("Shortlisted alice")
    expect(page.locator("#announcement")).to_contain_text("Shortlisted")
    page.keyboard.press("x")
    expect(page.locator("#judgement .decided")).to_contain_text("Rejected")
    expect(page.locator("#announcement")).to_contain_text(
        "Rejected"
    )  # the new buttons work from then on
    page.keyboard.press("u")
    expect(page.locator("#judgement .decided")).to_contain_text("Shortlisted")
    expect(page.locator("#announcement")).to_contain_text("Shortlisted")

    page.locator("#judgement textarea").focus()
    page.keyboard.type("mix of skills, just so")  # keys are off while one types
    page.locator("#add-note").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".remark-text")).to_have_text("mix of skills, just so")
    assert Candidate.objects.get(name=NAME).verdict == "shortlist"

    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("s")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("j")
    expect(page.locator("h1")).to_have_text("Person 2")
    page.wait_for_load_state()  # until its scripts are there, a key does nothing
    page.keyboard.press("k")
    expect(page.locator("h1")).to_have_text(NAME)


def test_on_a_phone_a_quote_leads_to_the_page_and_back(
    at_home: Page, evaluation: Evaluation
) -> None:
    page = at_home
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(evaluation.get_absolute_url())
    page.locator("#as-pages").click()
    expect(page.locator(".sheet img")).to_be_visible()
    assert urlsplit(page.url).path == evaluation.get_absolute_url()

    page.locator("a.quote").click()
    expect(page.locator("rect.mark.current")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator("#back").click()
    expect(page.locator("a.quote")).to_be_in_viewport()
    expect(page.locator("#back")).to_be_hidden()


def test_of_a_blind_draft_the_name_comes_with_the_decision(
    at_home: Page, evaluation: Evaluation
) -> None:
    Draft.objects.update(blind=True)
    page = at_home
    page.goto(evaluation.get_absolute_url())
    expect(page.locator("h1")).to_have_text(
        f"Candidate {evaluation.candidate.public_id.hex[:6].upper()}"
    )
    assert "Achterberg" not in page.content()
    expect(page.locator("#as-pages")).to_have_count(0)

    page.keyboard.press("m")

    expect(page.locator("h1")).to_have_text(NAME)
    expect(page.locator("#as-pages")).to_be_visible()
