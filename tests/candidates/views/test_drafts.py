"""The pages of a draft: list, editor, files, erasing."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from candidates.models import Candidate, Criterion, Draft, Event, Membership
from evaluator.models import StoredFile
from jobs.models import Job
from tests.makers import rows

NEW = reverse("candidates:new")


def posted(*criteria: dict[str, Any], first: int = 0, **draft: Any) -> dict[str, Any]:
    """The editor's form: `first` of the criteria are there already, with their ids."""
    data: dict[str, Any] = {
        "title": "Nurse",
        "description": "Looks after people.",
        "role_weight": 5,
        **draft,
        "criteria-TOTAL_FORMS": len(criteria),
        "criteria-INITIAL_FORMS": first,
    }
    for number, criterion in enumerate(criteria):
        row = {"name": "", "looks_for": "", "weight": 3, **criterion}
        data |= {f"criteria-{number}-{key}": value for key, value in row.items()}
    return data


def test_the_list_is_empty_with_a_way_on(as_alice: Client) -> None:
    page = as_alice.get(reverse("candidates:drafts"))

    assert "Write the first draft" in page.text


def test_the_list_tells_counts_and_the_last_run(
    as_alice: Client, alice: User, draft: Draft
) -> None:
    rows.candidate(draft, 1)
    rows.unreadable(draft, 2)
    rows.waiting(draft, 3)
    analysis = rows.analysis(draft, alice)

    page = " ".join(as_alice.get(reverse("candidates:drafts")).text.split())

    assert "3 résumés: 1 readable" in page
    assert "1 unreadable" in page and "1 waiting to be read" in page
    assert analysis.get_absolute_url() in page


def test_the_list_costs_the_same_for_many_drafts_and_files(
    as_alice: Client, alice: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        draft = Draft.objects.create(owner=alice, title=f"Role {number}", description="Words.")
        rows.candidates(draft, 5)
        rows.analysis(Draft.objects.get(pk=draft.pk), alice) if number % 2 else None

    with django_assert_max_num_queries(7):
        page = as_alice.get(reverse("candidates:drafts"))

    assert "Page 1 of 2" in " ".join(page.text.split())


def test_a_draft_is_written_with_its_criteria_in_their_order(as_alice: Client, alice: User) -> None:
    page = as_alice.post(
        NEW,
        posted(
            {"name": "Wound care", "weight": 4, "must_have": "on"},
            {},
            {"name": "Night shifts", "looks_for": "a year\r\nor more"},
        ),
        follow=True,
    )

    draft = Draft.objects.get(owner=alice)
    assert "The draft is saved." in page.text and "Wound care" in page.text
    assert list(draft.criteria.values_list("name", "weight", "must_have", "looks_for")) == [
        ("Wound care", 4, True, ""),
        ("Night shifts", 3, False, "a year\nor more"),
    ]
    event = Event.objects.get(draft=draft)
    assert (event.verb, event.actor) == ("draft_created", alice)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (posted(title="  "), "Give the draft a title."),
        (posted(title="x" * 201), "at most 200 characters"),
        (posted(title="a\0b"), "Null characters are not allowed."),
        (posted(description="x" * 50_001), "at most 50000 characters"),
        (posted(role_weight=11), "less than or equal to 10"),
        (posted(role_weight=-1), "greater than or equal to 0"),
        (posted(role_weight="NaN"), "Enter a whole number."),
        (posted(role_weight="1e308"), "Enter a whole number."),
        (posted({"looks_for": "care"}), "Give the criterion a name, or remove it."),
        (posted({"name": "Care", "weight": 0}), "greater than or equal to 1"),
        (posted({"name": "Care", "weight": ""}), "Give a whole number, 1 to 10."),
        (posted({"name": "Care"}, {"name": " care "}), "Two criteria are called"),
        (posted(*({"name": f"c{n}"} for n in range(51))), "at most 50"),
    ],
)
def test_what_cannot_be_saved_says_why_and_keeps_what_was_typed(
    as_alice: Client, data: dict[str, Any], message: str
) -> None:
    page = as_alice.post(NEW, data)

    assert page.status_code == 422
    assert message in page.text
    assert "Nothing is saved yet" in page.text
    assert not Draft.objects.exists()


def test_hostile_text_is_shown_as_text(as_alice: Client) -> None:
    evil = "<script>alert(1)</script>{{ 7|add:7 }}{% now 'Y' %}"

    page = as_alice.post(
        NEW,
        posted({"name": evil, "looks_for": evil}, title=evil, description=evil),
        follow=True,
    )

    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert page.text.count("&lt;script&gt;alert(1)&lt;/script&gt;{{ 7|add:7 }}") >= 4


def test_criteria_are_changed_added_removed_and_may_swap_names(
    as_alice: Client, draft: Draft
) -> None:
    Criterion.objects.create(draft=draft, position=2, name="Perl")

    page = as_alice.post(
        reverse("candidates:edit", args=[draft.public_id]),
        posted(
            {"name": "PostgreSQL", "ORDER": 2},
            {"name": "Python", "ORDER": 1},
            {"name": "Perl", "DELETE": "on"},
            {"name": "perl"},
            {"name": "never", "DELETE": "on"},
            first=3,
            title="Back end",
        ),
        follow=True,
    )

    assert page.status_code == 200
    assert [criterion.name for criterion in draft.criteria.all()] == [
        "Python",
        "PostgreSQL",
        "perl",
    ]
    assert Event.objects.get(draft=draft).verb == "draft_changed"


JSON = {"Accept": "application/json"}


def saved(client: Client, url: str, data: dict[str, Any]) -> Any:
    return client.post(url, data, headers=JSON)


def test_a_form_that_saves_itself_is_told_what_became_of_it(as_alice: Client, alice: User) -> None:
    data = posted({"name": "Care"}, key=str(uuid4()))

    wrong = saved(as_alice, NEW, data | {"criteria-0-name": "", "criteria-0-looks_for": "x"})
    first = saved(as_alice, NEW, data).json()
    again = saved(as_alice, NEW, data).json()  # the answer was lost on the way
    more = saved(as_alice, NEW, data | {"seen": first["seen"], "title": "Night nurse"}).json()

    assert wrong.status_code == 422
    assert wrong.json()["error"] == "Give the criterion a name, or remove it."
    draft = Draft.objects.get(owner=alice)
    assert again == first and first["edit"] == reverse("candidates:edit", args=[draft.public_id])
    assert draft.title == "Night nurse" and more["seen"] == draft.updated_at.isoformat()
    assert [criterion.name for criterion in draft.criteria.all()] == ["Care"]
    assert list(draft.events.values_list("verb", flat=True)) == ["draft_created", "draft_changed"]


def test_a_key_of_somebody_elses_draft_opens_nothing(as_eve: Client, draft: Draft) -> None:
    as_eve.post(NEW, posted(key=str(draft.public_id), title="Mine"))

    draft.refresh_from_db()
    assert draft.title == "Backend engineer"
    assert Draft.objects.get(title="Mine").owner.username == "eve"


def test_what_changed_meanwhile_is_told_and_not_written_over(
    as_alice: Client, alice: User, draft: Draft
) -> None:
    url = reverse("candidates:edit", args=[draft.public_id])
    stale = as_alice.get(url).context["version"]
    as_alice.post(url, posted({"name": "Theirs"}, seen=stale, title="Theirs"))

    by_script = saved(as_alice, url, posted({"name": "Mine"}, seen=stale, title="Mine"))
    page = as_alice.post(url, posted({"name": "Mine"}, seen=stale, title="Mine"))

    assert by_script.status_code == page.status_code == 409
    assert by_script.json()["meanwhile"].startswith("alice changed this draft on ")
    assert "alice changed this draft on" in page.text and 'value="Mine"' in page.text
    draft.refresh_from_db()
    assert draft.title == "Theirs"

    overwriting = posted({"name": "Mine"}, seen=stale, title="Mine", overwrite="1")
    assert as_alice.post(url, overwriting).status_code == 302
    assert Draft.objects.get().title == "Mine"
    assert [criterion.name for criterion in draft.criteria.all()] == ["Mine"]


def test_a_form_that_changes_nothing_leaves_no_trace(as_alice: Client, draft: Draft) -> None:
    Draft.objects.filter(pk=draft.pk).update(description="One\nTwo", updated_at=draft.updated_at)
    url = reverse("candidates:edit", args=[draft.public_id])
    same = posted(
        {"name": "Python", "looks_for": "services in production", "must_have": "on"},
        {"name": "PostgreSQL", "weight": 2},
        first=2,
        title=draft.title,
        description="One\r\nTwo",
        seen="older",
    )

    assert as_alice.post(url, same).status_code == 302

    assert not draft.events.exists()
    assert Draft.objects.get().updated_at == draft.updated_at


def test_one_sitting_of_saving_is_one_event(as_alice: Client, draft: Draft) -> None:
    url = reverse("candidates:edit", args=[draft.public_id])
    for title in ("A", "B", "C"):
        as_alice.post(url, posted(title=title))

    assert draft.events.count() == 1


def test_a_draft_is_duplicated_without_its_candidates(
    as_eve: Client, eve: User, draft: Draft
) -> None:
    rows.candidate(draft, 1)
    Draft.objects.filter(pk=draft.pk).update(title="x" * 200, blind=True, role_weight=7)
    Membership.objects.create(draft=draft, email=eve.email, user=eve)

    as_eve.post(reverse("candidates:duplicate", args=[draft.public_id]))

    copy = Draft.objects.get(owner=eve)
    assert copy.title.startswith("Copy of xxx") and len(copy.title) == 200
    assert (copy.description, copy.role_weight, copy.blind) == (draft.description, 7, True)
    assert [
        (criterion.name, criterion.weight, criterion.must_have) for criterion in copy.criteria.all()
    ] == [
        ("Python", 3, True),
        ("PostgreSQL", 2, False),
    ]
    assert not copy.candidates.exists() and copy.events.get().actor == eve


def test_the_page_shows_each_file_with_its_reason(as_alice: Client, draft: Draft) -> None:
    rows.candidate(draft, 1, filename="good.pdf", name="Ada Example")
    rows.unreadable(draft, 2)

    page = as_alice.get(draft.get_absolute_url())

    assert "good.pdf" in page.text and "Ada Example" in page.text
    assert "The file is protected by a password." in page.text
    assert "every 2s" not in page.text  # nothing is on its way


def test_the_files_can_be_filtered(as_alice: Client, draft: Draft) -> None:
    rows.candidate(draft, 1, filename="good.pdf")
    rows.unreadable(draft, 2)
    rows.waiting(draft, 3)

    def shown(status: str) -> list[bool]:
        page = as_alice.get(draft.get_absolute_url(), {"status": status})
        return [name in page.text for name in ("good.pdf", "cv-00002.txt", "cv-00003.txt")]

    assert shown("readable") == [True, False, False]
    assert shown("unreadable") == [False, True, False]
    assert shown("waiting") == [False, False, True]
    assert shown("nonsense") == [True, True, True]


def test_while_files_wait_the_part_asks_again_and_is_told_only_news(
    as_alice: Client, draft: Draft
) -> None:
    candidate = rows.waiting(draft, 1)
    url = draft.get_absolute_url()
    htmx = {"HX-Request": "true"}

    part = as_alice.get(url, headers=htmx)
    state = part.context["state"]
    again = as_alice.get(url, {"seen": state}, headers=htmx)
    Candidate.objects.filter(pk=candidate.pk).update(
        status="unreadable", problem="blank", read_at="2026-01-01T00:00Z"
    )
    news = as_alice.get(url, {"seen": state}, headers=htmx)

    assert "every 2s" in part.text and "<html" not in part.text
    assert "HX-Request" in part.headers["Vary"]
    assert (again.status_code, again.content) == (204, b"")
    assert '0 of 1 can be read, <strong class="bad">1 cannot</strong>.' in " ".join(
        news.text.split()
    )
    assert "every 2s" not in news.text


def test_the_page_costs_the_same_for_many_files(
    as_alice: Client, draft: Draft, django_assert_max_num_queries: Any
) -> None:
    rows.candidates(draft, 300)

    with django_assert_max_num_queries(9):
        page = as_alice.get(draft.get_absolute_url(), {"page": "3"})

    assert "Page 3 of 6" in " ".join(page.text.split())


@pytest.mark.parametrize("page", ["0", "-1", "99999999999999999999", "x", "%00", "1;DROP"])
def test_a_page_number_that_is_none_shows_some_page(
    as_alice: Client, draft: Draft, page: str
) -> None:
    rows.candidate(draft, 1)

    assert as_alice.get(draft.get_absolute_url(), {"page": page}).status_code == 200


def test_which_engine_will_score_is_told(as_alice: Client, draft: Draft) -> None:
    page = as_alice.get(draft.get_absolute_url())

    assert "The built-in engine scores" in page.text


def test_erasing_asks_first_and_then_leaves_nothing(
    as_alice: Client, alice: User, draft: Draft
) -> None:
    rows.candidate(draft, 1)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    rows.job(analysis)
    url = reverse("candidates:erase-draft", args=[draft.public_id])

    asked = as_alice.get(url)
    assert "Its 1 résumé with files and texts and 1 ranking go" in asked.text
    assert Draft.objects.exists()

    page = as_alice.post(url, follow=True)

    assert "The draft “Backend engineer” is erased." in page.text
    assert not Draft.objects.exists() and not Job.objects.exists()
    assert not StoredFile.objects.exists()


def test_a_criterion_that_asks_for_what_it_may_not_is_pointed_out_and_saved(
    as_alice: Client, draft: Draft
) -> None:
    Criterion.objects.create(draft=draft, position=2, name="Native English speaker")
    why = "This asks for an origin or a mother tongue."

    shown = as_alice.get(draft.get_absolute_url()).text
    form = as_alice.get(reverse("candidates:edit", args=[draft.public_id])).text

    assert f"The criterion “Native English speaker”: {why}" in shown  # before a run
    assert shown.count(why) == 2  # and beside the criterion
    assert form.count(why) == 1 and "You decide whether it stays." in form


def test_a_refresh_tells_that_files_have_changed(as_alice: Client, draft: Draft) -> None:
    part = as_alice.get(draft.get_absolute_url(), headers={"HX-Request": "true"})

    assert part.headers["HX-Trigger"] == "files-changed"


def test_all_that_cannot_be_read_is_removed_after_asking(as_alice: Client, draft: Draft) -> None:
    rows.candidate(draft, 1)
    for number in (2, 3):
        rows.unreadable(draft, number)
    url = reverse("candidates:remove-unreadable", args=[draft.public_id])

    asked = as_alice.get(url)
    page = as_alice.post(url, follow=True)
    again = as_alice.post(url, follow=True)

    assert "2 files that nothing could be read from" in asked.text
    assert "2 unreadable files are removed." in page.text
    assert "There was no unreadable file." in again.text
    assert draft.candidates.get().filename == "cv-00001.txt"
    assert StoredFile.objects.count() == 1
    assert draft.events.get().verb == "unreadable_files_removed"


def test_a_viewer_sees_no_button_that_they_may_not_press(
    as_eve: Client, eve: User, draft: Draft
) -> None:
    rows.unreadable(draft, 1)
    Membership.objects.create(draft=draft, email=eve.email, user=eve)

    page = as_eve.get(draft.get_absolute_url())

    assert "The file is protected by a password." in page.text
    for word in ("Run the analysis", "Upload", "Read again", "Remove", ">Edit<"):
        assert word not in page.text
    assert "Who has access" in page.text
