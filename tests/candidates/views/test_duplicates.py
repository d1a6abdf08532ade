"""Who is who: asking, deciding, taking back."""

from django.test import Client
from django.urls import reverse

from candidates.models import Candidate, Draft, PossibleDuplicate
from tests.candidates.models.test_duplicate import candidate
from tests.makers import rows


def address(draft: Draft) -> str:
    return reverse("candidates:people", args=[draft.public_id])


def pair(draft: Draft) -> tuple[Candidate, Candidate]:
    first = candidate(draft, 1, email="a@example.com", name="Ada One")
    second = candidate(draft, 2, email="a@example.com", name="Ada <b>Two</b>")
    PossibleDuplicate.objects.find([second.pk])
    return first, second


def test_the_page_asks_and_the_draft_says_so(as_alice: Client, draft: Draft) -> None:
    _, second = pair(draft)

    page = as_alice.get(address(draft)).text

    assert page.index("Ada &lt;b&gt;Two") < page.index("Ada One")  # the newest first
    assert "the same e-mail address" in page
    assert "came from the same person" in as_alice.get(draft.get_absolute_url()).text
    assert (
        "May be the same person as Ada One (cv-00001.txt)"
        in as_alice.get(second.get_absolute_url()).text
    )


def test_the_ranking_and_the_candidate_say_who_may_be_the_same(
    as_alice: Client, draft: Draft
) -> None:
    pair(draft)
    analysis = rows.analysis(draft, draft.owner)
    rows.evaluate(analysis)

    page = as_alice.get(analysis.get_absolute_url()).text

    assert "May be the same person as Ada One (cv-00001.txt): the same e-mail address" in page


def test_one_person_it_is(as_alice: Client, draft: Draft) -> None:
    first, second = pair(draft)
    files = [str(first.public_id), str(second.public_id)]

    answer = as_alice.post(address(draft), {"decision": "merged", "files": files}, follow=True)

    assert "one person now" in answer.text and "Nothing is left to decide" in answer.text
    page = as_alice.get(first.get_absolute_url()).text
    assert "Other files of this person" in page and "the newest: it is ranked" in page
    as_alice.post(reverse("candidates:part", args=[first.public_id]))
    assert "the same e-mail address" in as_alice.get(address(draft)).text


def test_different_people_it_is(as_alice: Client, draft: Draft) -> None:
    first, second = pair(draft)
    files = [str(first.public_id), str(second.public_id)]

    as_alice.post(address(draft), {"decision": "apart", "files": files})

    assert "Nothing is left to decide" in as_alice.get(address(draft)).text
    assert "Other files" not in as_alice.get(first.get_absolute_url()).text


def test_what_makes_no_sense_decides_nothing(as_alice: Client, draft: Draft) -> None:
    first, second = pair(draft)
    files = [str(first.public_id), str(second.public_id)]

    for posted in (
        {},
        {"decision": "merged"},
        {"decision": "merged", "files": files[:1]},
        {"decision": "perhaps", "files": files},
        {"decision": "merged", "files": ["x", "1;DROP", *files[:1]]},
    ):
        answer = as_alice.post(address(draft), posted, follow=True)
        assert "Nothing was left to decide" in answer.text
    assert PossibleDuplicate.objects.undecided().count() == 1


def test_files_of_others_cannot_be_merged(as_eve: Client, draft: Draft) -> None:
    first, second = pair(draft)
    theirs = Draft.objects.create(owner_id=int(as_eve.session["_auth_user_id"]), title="Eve's")
    files = [str(first.public_id), str(second.public_id)]

    as_eve.post(address(theirs), {"decision": "merged", "files": files})

    assert PossibleDuplicate.objects.undecided().count() == 1
