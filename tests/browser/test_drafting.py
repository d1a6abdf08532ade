"""Writing a draft: it saves itself, two tabs do not write over each other, criteria change places,
and a description comes from a file."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from candidates.models import Criterion, DescriptionFile, Draft
from jobs import tasks

from .conftest import until

SAVED = "Saved "
PHONE = {"width": 360, "height": 740}


def names(draft: Draft) -> list[str]:
    return [criterion.name for criterion in draft.criteria.all()]


def test_what_was_typed_before_the_script_was_loaded_is_saved(at_home: Page, alice: User) -> None:
    held: list[Route] = []
    at_home.route("**/draft_form/autosave*.js", lambda route: held.append(route))
    with at_home.expect_request("**/draft_form/autosave*.js"):
        at_home.goto(reverse("candidates:new"), wait_until="commit")
    at_home.get_by_label("Title").fill("Nurse")

    held[0].continue_()

    expect(at_home.locator("[data-save-state]")).to_contain_text(SAVED)
    assert Draft.objects.get(owner=alice).title == "Nurse"


@pytest.mark.complaints("ERR_INTERNET_DISCONNECTED", "htmx:")
def test_a_new_draft_saves_itself_and_is_put_in_order_by_keyboard_alone(
    at_home: Page, alice: User
) -> None:
    page = at_home
    page.goto("/")
    page.get_by_role("link", name="Write the first draft").press("Enter")
    page.get_by_label("Title").focus()
    page.keyboard.type("Nurse")
    state = page.locator("[data-save-state]")
    expect(state).to_contain_text(SAVED)
    draft = Draft.objects.get(owner=alice)
    edit = reverse("candidates:edit", args=[draft.public_id])
    assert page.url.endswith(edit)

    for number, name in enumerate(("Wound care", "Night shifts")):
        page.get_by_label("Name").nth(number).focus()
        page.keyboard.type(name)
    until(lambda: names(draft) == ["Wound care", "Night shifts"])
    page.get_by_role("button", name="Move up").nth(1).press("Enter")
    expect(page.get_by_role("button", name="Move up").first).to_be_focused()
    expect(page.locator("[data-move-announcement]")).to_have_text(
        "Night shifts is now at place 1 of 2."
    )
    until(lambda: names(draft) == ["Night shifts", "Wound care"])

    # Without a connection nothing is lost, and it is saved when there is one again.
    expect(state).to_contain_text(SAVED)
    page.context.set_offline(True)
    page.get_by_label("Title").fill("Night nurse")
    expect(state).to_contain_text("Not saved: The connection is lost")
    page.context.set_offline(False)
    expect(state).to_contain_text(SAVED)
    until(lambda: Draft.objects.get().title == "Night nurse")
    page.reload()
    expect(page.get_by_label("Name").first).to_have_value("Night shifts")
    assert Draft.objects.count() == 1


@pytest.mark.complaints("422")
def test_what_cannot_be_saved_is_told_while_typing(at_home: Page, draft: Draft) -> None:
    at_home.goto(reverse("candidates:edit", args=[draft.public_id]))
    at_home.get_by_label("Name").first.fill("")

    state = at_home.locator("[data-save-state]")
    expect(state).to_have_text(
        "Not saved: Give the criterion a name, or remove it. Your text is kept on this page."
    )
    at_home.get_by_label("Name").first.fill("Rust")
    expect(state).to_contain_text(SAVED)
    assert names(draft)[0] == "Rust"


@pytest.mark.complaints("409")
def test_of_two_tabs_the_later_is_told_and_may_write_over(at_home: Page, draft: Draft) -> None:
    edit = reverse("candidates:edit", args=[draft.public_id])
    at_home.goto(edit)
    other = at_home.context.new_page()
    other.goto(edit)
    other.get_by_label("Title").fill("Theirs")
    expect(other.locator("[data-save-state]")).to_contain_text(SAVED)

    at_home.get_by_label("Title").fill("Mine")
    expect(at_home.locator("[data-meanwhile-words]")).to_contain_text("alice changed this draft on")
    assert Draft.objects.get().title == "Theirs"
    at_home.get_by_role("button", name="Save mine over it").click()

    expect(at_home.locator(".messages").first).to_contain_text("The draft is saved.")
    assert Draft.objects.get().title == "Mine"


def test_a_criterion_is_dragged_to_another_place(at_home: Page, draft: Draft) -> None:
    Criterion.objects.create(draft=draft, position=2, name="Kubernetes")
    at_home.goto(reverse("candidates:edit", args=[draft.public_id]))
    rows = at_home.locator("[data-criterion]:visible")

    rows.nth(2).locator("[data-handle]").hover()
    at_home.mouse.down()
    for row in (1, 0):
        rows.nth(row).hover(position={"x": 40, "y": 4})
    at_home.mouse.up()

    until(lambda: names(draft) == ["Kubernetes", "Python", "PostgreSQL"])


def test_a_description_comes_from_a_file_on_a_phone(at_home: Page, alice: User) -> None:
    at_home.set_viewport_size(PHONE)  # type: ignore[arg-type]
    at_home.goto(reverse("candidates:new"))
    at_home.get_by_label("Or take it from a file").set_input_files(
        {"name": "Ward_nurse.txt", "mimeType": "text/plain", "buffer": b"Looks after people."}
    )
    at_home.get_by_role("button", name="Save and read the file").click()
    expect(at_home.locator("#described")).to_contain_text("Ward_nurse.txt is being read")
    assert at_home.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    tasks.describe(DescriptionFile.objects.get().pk)

    expect(at_home.get_by_label("Description")).to_have_value("Looks after people.")
    expect(at_home.locator("#described")).to_contain_text("is in the form")
    until(lambda: Draft.objects.get().description == "Looks after people.")
    assert Draft.objects.get().title == "Ward nurse"
