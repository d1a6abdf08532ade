"""Files of one person: found, decided, taken back."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from candidates.facts import similarity
from candidates.models import Analysis, Candidate, Draft, Evaluation, Event, PossibleDuplicate
from candidates.models.duplicate import MAX_PAIRS_PER_FILE, DuplicateDecision
from tests.makers import rows

pytestmark = pytest.mark.django_db

LONG = " ".join(f"sentence {n} of a life at work in {n * 7} places" for n in range(40))


def candidate(draft: Draft, number: int, text: str = "", **values: Any) -> Candidate:
    text = text or f"{rows.TEXT} {number}"
    signed = similarity.signature(text)
    values = {"text": text, "text_key": similarity.text_key(text), **values}
    return rows.candidate(draft, number, signature=signed, bands=similarity.bands(signed), **values)


def find(*candidates: Candidate) -> list[tuple[str, str, str]]:
    PossibleDuplicate.objects.all().find([one.pk for one in candidates])
    return [
        (pair.first.filename[3:8], pair.second.filename[3:8], pair.why)
        for pair in PossibleDuplicate.objects.select_related("first", "second")
    ]


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ({"text": LONG}, {"text": LONG.upper()}, "same-text"),
        ({"email": "ada@example.com"}, {"email": "Ada@Example.com"}, "same-email"),
        ({"phone_key": "079460958"}, {"phone_key": "079460958"}, "same-phone"),
        ({"text": LONG}, {"text": LONG.replace("sentence 9", "a line 9")}, "alike"),
    ],
)
def test_a_pair_is_found_from_either_side(
    draft: Draft, first: dict[str, str], second: dict[str, str], why: str
) -> None:
    one, two = candidate(draft, 1, **first), candidate(draft, 2, **second)
    candidate(draft, 3)

    assert find(one) == [("00001", "00002", why)]
    assert find(two) == find(one, two) == [("00001", "00002", why)]


def test_another_draft_and_unreadable_files_are_left_out(draft: Draft, alice: User) -> None:
    other = Draft.objects.create(owner=alice, title="Other", description="Words.")
    mine = candidate(draft, 1, email="ada@example.com")
    candidate(other, 2, email="ada@example.com")
    rows.unreadable(draft, 3)
    candidate(draft, 4, email="")

    assert find(mine) == []


def test_an_address_that_may_be_an_employers_makes_no_pair(draft: Draft) -> None:
    one = candidate(draft, 1, email="jobs@example.com", confidence={"email": 0.5})
    two = candidate(draft, 2, email="jobs@example.com", confidence={"email": 0.95})

    assert find(one) == find(two) == []


def test_an_address_that_everybody_has_makes_few_pairs(draft: Draft) -> None:
    several = [candidate(draft, n, email="agency@example.com") for n in range(20)]

    assert len(find(several[-1])) == MAX_PAIRS_PER_FILE


def test_pairs_hang_together_in_groups(draft: Draft) -> None:
    one = candidate(draft, 1, email="a@example.com")
    two = candidate(draft, 2, email="a@example.com", phone_key="123456789")
    three = candidate(draft, 3, phone_key="123456789")
    four, five = (candidate(draft, n, email="b@example.com") for n in (4, 5))
    find(one, two, three, four, five)

    groups = PossibleDuplicate.objects.all().undecided().groups()

    assert sorted(len(group) for group in groups) == [1, 2]


def test_merged_files_are_ranked_once_by_the_newest(draft: Draft, alice: User) -> None:
    one, two = (candidate(draft, n, email="a@example.com") for n in (1, 2))
    candidate(draft, 3)
    find(one, two)

    assert (
        PossibleDuplicate.objects.all().decide(draft, [one, two], DuplicateDecision.MERGED, alice)
        == 1
    )

    one.refresh_from_db()
    assert one.same_as_id == two.pk
    assert not PossibleDuplicate.objects.all().undecided().exists()
    analysis: Analysis = rows.analysis(draft, alice)
    Evaluation.objects.enrol(analysis)
    ranked = analysis.evaluations.values_list("candidate__filename", flat=True)
    assert sorted(ranked) == ["cv-00002.txt", "cv-00003.txt"]
    assert Event.objects.get(verb="files merged").actor == alice


def test_a_third_file_is_asked_about_with_the_newest_alone(draft: Draft, alice: User) -> None:
    one, two = (candidate(draft, n, email="a@example.com") for n in (1, 2))
    find(one, two)
    PossibleDuplicate.objects.all().decide(draft, [one, two], DuplicateDecision.MERGED, alice)

    three = candidate(draft, 3, email="a@example.com")
    find(three)

    [[pair]] = PossibleDuplicate.objects.all().undecided().groups()
    assert (pair.first_id, pair.second_id) == (two.pk, three.pk)
    PossibleDuplicate.objects.all().decide(draft, [two, three], DuplicateDecision.MERGED, alice)
    assert set(Candidate.objects.filter(same_as=three).values_list("pk", flat=True)) == {
        one.pk,
        two.pk,
    }


def test_who_is_kept_apart_is_not_asked_about_again(draft: Draft, alice: User) -> None:
    one, two = (candidate(draft, n, email="a@example.com") for n in (1, 2))
    find(one, two)

    PossibleDuplicate.objects.all().decide(draft, [one, two], DuplicateDecision.APART, alice)
    find(one, two)

    assert not PossibleDuplicate.objects.all().undecided().exists()
    assert not Candidate.objects.exclude(same_as=None).exists()
    assert (
        PossibleDuplicate.objects.all().decide(draft, [one, two], DuplicateDecision.MERGED, alice)
        == 0
    )


def test_a_merger_can_be_taken_back(draft: Draft, alice: User) -> None:
    one, two = (candidate(draft, n, email="a@example.com") for n in (1, 2))
    find(one, two)
    PossibleDuplicate.objects.all().decide(draft, [one, two], DuplicateDecision.MERGED, alice)

    one.refresh_from_db()
    PossibleDuplicate.objects.all().take_back(one, alice)

    assert not Candidate.objects.exclude(same_as=None).exists()
    assert PossibleDuplicate.objects.all().undecided().count() == 1


def test_erasing_the_newest_leaves_the_older_to_stand_for_itself(draft: Draft, alice: User) -> None:
    one, two = (candidate(draft, n, email="a@example.com") for n in (1, 2))
    find(one, two)
    PossibleDuplicate.objects.all().decide(draft, [one, two], DuplicateDecision.MERGED, alice)

    two.refresh_from_db()
    two.delete()

    one.refresh_from_db()
    assert one.same_as_id is None
    assert not PossibleDuplicate.objects.exists()
