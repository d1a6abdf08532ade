"""The ranking in a browser: by keyboard, by pointer, on a phone, without a script, and what if."""

import json
import random
import re
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from candidates.models import Analysis, Candidate, Criterion, Draft
from candidates.scoring.rank import overall_score, sort_key
from candidates.scoring.rubric import Rubric
from candidates.scoring.scorecard import Rating
from tests.makers import rows

from .conftest import until


@pytest.fixture
def analysis(draft: Draft, alice: User) -> Analysis:
    """Sixty people with ratings by chance, ranked as the program ranks."""
    for place, name in enumerate(("Kafka", "Leads others"), start=2):
        Criterion.objects.create(draft=draft, position=place, name=name, must_have=place == 2)
    rows.candidates(draft, 60)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    chance = random.Random(6)
    scored = []
    for evaluation in analysis.evaluations.select_related("candidate"):
        ratings = rows.ratings(analysis)
        for rating in ratings:
            rating["rating"] = round(chance.uniform(0.5, 4), chance.choice((0, 1, 1)))
        evaluation.ratings = ratings
        standing = overall_score(analysis.rubric, [Rating.from_json(rating) for rating in ratings])
        evaluation.score = standing.score
        evaluation.must_haves_met, evaluation.strong = standing.must_haves_met, standing.strong
        key = sort_key(*_of(standing), evaluation.candidate.name)
        scored.append((key, evaluation))
    for place, (_, evaluation) in enumerate(sorted(scored, key=lambda pair: pair[0]), start=1):
        evaluation.rank = place
        evaluation.save(update_fields=["ratings", "score", "must_haves_met", "strong", "rank"])
    return analysis


def _of(standing: Any) -> tuple[float, int, int]:
    return standing.score, standing.must_haves_met, standing.strong


def verdict(analysis: Analysis, rank: int) -> str:
    return str(analysis.evaluations.get(rank=rank).candidate.verdict)


def test_by_keyboard_alone(at_home: Page, analysis: Analysis) -> None:
    page, keys = at_home, at_home.keyboard
    names = [evaluation.candidate.name for evaluation in analysis.evaluations.order_by("rank")[:4]]
    page.goto(analysis.get_absolute_url())
    row = page.locator("[data-row]:focus")

    keys.press("j")
    expect(row).to_contain_text(names[0])
    keys.press("j")
    keys.press("ArrowDown")
    keys.press("k")
    expect(row).to_contain_text(names[1])
    keys.press("s")
    expect(page.locator(".toast-box")).to_contain_text("1 candidate is on the shortlist.")
    # The part came anew, and the keys are where they were.
    expect(row).to_contain_text(names[1])
    assert verdict(analysis, 2) == "shortlist"
    keys.press("j")
    keys.press("x")
    expect(page.locator(".toast-box")).to_contain_text("is rejected")
    keys.press("u")
    expect(page.locator(".toast-box")).to_contain_text("Taken back for 1 candidate.")
    assert (verdict(analysis, 2), verdict(analysis, 3)) == ("shortlist", "open")
    keys.press("u")
    until(lambda: verdict(analysis, 2) == "open")

    # Where somebody leaves the filter, the next one takes the place.
    page.goto(f"{analysis.get_absolute_url()}?verdict=open")
    keys.press("j")
    keys.press("m")
    expect(page.locator(".count")).to_contain_text("59 of 60 match")
    expect(row).to_contain_text(names[1])

    keys.press("c")
    keys.press("j")
    keys.press("c")
    expect(page.locator(".pick input:checked")).to_have_count(2)
    keys.press("/")
    expect(page.get_by_label("Search the résumés")).to_be_focused()
    keys.type("sxmj?")  # words, not orders
    expect(page.locator(".count")).to_contain_text("0 of 60")
    assert Candidate.objects.exclude(verdict="open").count() == 1

    page.goto(analysis.get_absolute_url())
    keys.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.get_by_label("Single keys do something").uncheck()
    keys.press("Escape")
    page.reload()
    keys.press("j")
    expect(row).to_have_count(0)
    keys.press("s")
    page.locator("[data-row]").first.focus()
    keys.press("ArrowDown")
    expect(row).to_contain_text(names[1])
    keys.press("Enter")
    expect(page).to_have_title(re.compile(names[1]))
    assert Candidate.objects.exclude(verdict="open").count() == 1


@pytest.mark.complaints("422")
def test_filters_come_without_a_reload_and_stay_in_the_address(
    at_home: Page, analysis: Analysis
) -> None:
    page = at_home
    page.goto(analysis.get_absolute_url())
    page.evaluate("window.same = true")
    page.get_by_label("Must-haves").select_option("all met")
    expect(page).to_have_url(re.compile(r"\?must=met$"))
    expect(page.locator(".count")).to_contain_text("of 60 match")
    page.get_by_role("link", name="PostgreSQL", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?must=met&sort=c2$"))
    values = page.locator('td[data-label="PostgreSQL"]').all_text_contents()
    assert all(float(higher) >= float(lower) for higher, lower in pairwise(values)) and values

    page.get_by_text("Scores in numbers").click()
    page.get_by_role("link", name="70 to 74.9").click()
    expect(page).to_have_url(re.compile(r"from=70&to=74.9&sort=c2$"))
    expect(page.get_by_label("Score from")).to_have_value("70")

    page.get_by_text("Save this view").click()
    page.get_by_label("Name of the view").fill("Seventies")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Seventies")).to_have_attribute("aria-current", "true")
    page.evaluate("window.same = true")
    page.get_by_role("link", name="Clear filters").click()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page.get_by_role("link", name="Everybody")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator(".count")).to_contain_text("of 60 match")
    expect(page.get_by_label("Score from")).to_have_value("70")
    page.get_by_label("Score from").fill("99")
    page.get_by_label("Score to").fill("70")
    # The browser makes a remark of its own on what was refused.
    with page.expect_console_message(lambda message: "422" in message.text):
        page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("alert")).to_contain_text("Write the lower one first.")
    assert page.evaluate("window.same")


def test_the_checked_and_all_that_match(at_home: Page, analysis: Analysis) -> None:
    page = at_home
    page.goto(analysis.get_absolute_url())
    page.get_by_role("checkbox", name="All on this page").check()
    group = page.get_by_role("group", name="With several at once")
    group.get_by_role("button", name="Maybe").click()
    expect(page.locator(".toast-box")).to_contain_text("50 candidates are a maybe.")
    page.locator(".toast-box").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast-box")).to_contain_text("Taken back for 50 candidates.")

    page.get_by_label("About whom").select_option("All 60 that match")
    group.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("heading", name="Decide about all that match?")).to_be_visible()
    page.get_by_role("button", name="Yes, about all 60").click()
    expect(page.locator(".messages")).to_contain_text("60 candidates are rejected.")
    assert Candidate.objects.filter(verdict="reject").count() == 60
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast-box")).to_contain_text("Taken back for 60 candidates.")

    for number in range(2):
        page.locator("[data-row] .pick input").nth(number).check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    expect(page.get_by_role("columnheader")).to_have_count(3)
    page.get_by_role("link", name=re.compile("^Remove")).first.click()
    expect(page.get_by_role("columnheader")).to_have_count(2)


def shown_scores(page: Page) -> list[tuple[str, str]]:
    """Names and scores as the panel shows them, the best first."""
    shown = page.locator("[data-order]").evaluate(
        """(list) => [...list.children]
          .sort((a, b) => a.firstChild.textContent - b.firstChild.textContent)
          .map((one) => [one.querySelector("a").textContent, one.lastChild.textContent])"""
    )
    return [(name, score) for name, score in shown]


def test_other_weights_give_what_the_program_would_give(at_home: Page, analysis: Analysis) -> None:
    page = at_home
    requests: list[str] = []
    page.goto(analysis.get_absolute_url())
    page.get_by_text("What if the weights were different?").click()
    expect(page.get_by_role("slider").first).to_be_visible()
    page.on("request", lambda request: requests.append(request.url))
    data = analysis.criteria
    cards = [
        (evaluation.candidate.name, [Rating.from_json(rating) for rating in evaluation.ratings])
        for evaluation in analysis.evaluations.select_related("candidate")
    ]
    chance = random.Random(7)
    for _ in range(25):
        weights = [chance.randint(0, 10) for _ in data["criteria"]]
        weights[chance.randrange(len(weights))] = 10
        for criterion, weight in zip(data["criteria"], weights, strict=True):
            criterion["weight"] = weight
        rubric = Rubric.from_json(data)
        standings = {name: overall_score(rubric, ratings) for name, ratings in cards}
        best = sorted(standings, key=lambda name: sort_key(*_of(standings[name]), name))
        page.evaluate(
            """(weights) => {
              const sliders = [...document.querySelectorAll("input[type=range]")];
              sliders.forEach((one, at) => (one.value = weights[at]));
              sliders[0].dispatchEvent(new Event("input", { bubbles: true }));
            }""",
            weights,
        )
        assert shown_scores(page) == [(name, f"{standings[name].score:.1f}") for name in best]
    expect(page.locator("[data-top] tr")).to_have_count(2 * len(data["criteria"]))
    assert requests == []

    page.get_by_role("button", name="As they were").click()
    expect(page.locator("[data-summary]")).to_contain_text("nobody moves")
    first = analysis.evaluations.get(rank=1)
    link = page.locator("[data-order]").get_by_role("link", name=first.candidate.name, exact=True)
    expect(link).to_have_attribute("href", first.get_absolute_url())
    # By keyboard; a criterion of weight 0 cannot be kept.
    slider = page.get_by_role("slider", name="PostgreSQL")
    slider.press("Home")
    expect(page.get_by_role("button", name="Keep these weights")).to_be_disabled()
    slider.press("End")
    expect(page.locator("[data-summary]")).to_contain_text("of 60 move")
    page.get_by_role("button", name="Keep these weights").click()
    expect(page.locator(".messages")).to_contain_text("every score is reused")
    assert analysis.draft.criteria.get(name="PostgreSQL").weight == 10


def test_a_thousand_move_in_one_turn_of_the_page(
    at_home: Page, analysis: Analysis, live_server: LiveServer
) -> None:
    page = at_home
    chance = random.Random(8)
    shown_scores = {
        "criteria": [
            {"key": key, "name": key, "weight": 3, "must": key == "c1"}
            for key in ("role", "c1", "c2", "c3", "c4")
        ],
        "strongest": 4, "cap": 49, "unclearFrom": 1, "total": 10_000,
        "rows": [
            [str(n), f"Person {n}", [round(chance.uniform(0, 4), 1) for _ in range(5)]]
            for n in range(1_000)
        ],
    }  # fmt: skip
    page.route("**/ratings.json", lambda route: route.fulfill(body=json.dumps(shown_scores)))
    page.goto(analysis.get_absolute_url())
    page.get_by_text("What if the weights were different?").click()
    expect(page.locator("[data-order] li")).not_to_have_count(0)
    moved = page.evaluate(
        """() => {
          const slider = document.querySelectorAll("input[type=range]")[2];
          slider.value = 9;
          slider.dispatchEvent(new Event("input", { bubbles: true }));
          return document.querySelectorAll("[data-order] :is(.up, .down)").length;
        }"""
    )

    # At once, and with few elements; the milliseconds are measured in `make bench`.
    assert moved > 0
    assert page.locator("[data-order] li").count() < 200
    expect(page.locator("[data-summary]")).to_contain_text("Only the best 1000")


def test_on_a_phone_and_without_a_script(
    browser: Browser, live_server: LiveServer, at_home: Page, analysis: Analysis
) -> None:
    cookies = at_home.context.cookies()
    context = browser.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport={"width": 360, "height": 740}
    )
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(analysis.get_absolute_url())
    page.get_by_label("Must-haves").select_option("all met")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".count")).to_contain_text("of 60 match")
    assert "must=met" in page.url
    page.get_by_role("group", name=re.compile("^Decide about")).first.get_by_role(
        "button", name="Shortlist"
    ).click()
    expect(page.locator(".messages")).to_contain_text("1 candidate is on the shortlist.")
    assert "must=met" in page.url
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".messages")).to_contain_text("Taken back for 1 candidate.")
    for number in range(3):
        page.locator("[data-row] .pick input").nth(number).check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("columnheader")).to_have_count(4)
    context.close()

    at_home.set_viewport_size({"width": 360, "height": 740})
    for address in (page.url, analysis.get_absolute_url()):
        at_home.goto(address)
        assert at_home.evaluate("document.documentElement.scrollWidth") == 360
    small = at_home.evaluate(
        """() => [...document.querySelectorAll("#results button, #results .pick input")]
          .filter((one) => one.checkVisibility())
          .map((one) => one.getBoundingClientRect())
          .filter((box) => box.width < 24 || box.height < 24).length"""
    )
    assert small == 0
