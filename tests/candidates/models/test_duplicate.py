"""Files of one person: found, decided, taken back."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from candidates.facts import similarity
from candidates.models import (
    Analysis,
    Candidate,
    Draft,
    Evaluation,
    Event,
    EventVerb,
    PossibleDuplicate,
)
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
    PossibleDuplicate.objects.find([file.pk for file in candidates])
    return [
        (pair.first.filename[3:8], pair.second.filename[3:8], pair.evidence)
        for pair in PossibleDuplicate.objects.select_related("first", "second")
    ]


@pytest.mark.parametrize(
    ("first_fields", "second_fields", "evidence"),
    [
        ({"text": LONG}, {"text": LONG.upper()}, "same-text"),
        ({"email": "ada@example.com"}, {"email": "Ada@Example.com"}, "same-email"),
        ({"phone_key": "079460958"}, {"phone_key": "079460958"}, "same-phone"),
        ({"text": LONG}, {"text": LONG.replace("sentence 9", "a line 9")}, "similar-text"),
    ],
)
def test_a_pair_is_found_from_either_side(
    draft: Draft, first_fields: dict[str, str], second_fields: dict[str, str], evidence: str
) -> None:
    first = candidate(draft, 1, **first_fields)
    second = candidate(draft, 2, **second_fields)
    candidate(draft, 3)

    assert find(first) == [("00001", "00002", evidence)]
    assert find(second) == find(first, second) == [("00001", "00002", evidence)]


def test_another_draft_and_unreadable_files_are_left_out(draft: Draft, alice: User) -> None:
    other = Draft.objects.create(owner=alice, title="Other", description="Words.")
    own = candidate(draft, 1, email="ada@example.com")
    candidate(other, 2, email="ada@example.com")
    rows.unreadable(draft, 3)
    candidate(draft, 4, email="")

    assert find(own) == []


def test_an_address_that_may_be_an_employers_makes_no_pair(draft: Draft) -> None:
    first = candidate(draft, 1, email="jobs@example.com", confidence={"email": 0.5})
    second = candidate(draft, 2, email="jobs@example.com", confidence={"email": 0.95})

    assert find(first) == find(second) == []


def test_an_address_that_everybody_has_makes_few_pairs(draft: Draft) -> None:
    several = [candidate(draft, n, email="agency@example.com") for n in range(20)]

    assert len(find(several[-1])) == MAX_PAIRS_PER_FILE


def test_pairs_hang_together_in_groups(draft: Draft) -> None:
    first = candidate(draft, 1, email="a@example.com")
    second = candidate(draft, 2, email="a@example.com", phone_key="123456789")
    third = candidate(draft, 3, phone_key="123456789")
    fourth, fifth = (candidate(draft, n, email="b@example.com") for n in (4, 5))
    find(first, second, third, fourth, fifth)

    groups = PossibleDuplicate.objects.undecided().groups()

    assert sorted(len(group) for group in groups) == [1, 2]


def test_merged_files_are_ranked_once_by_the_newest(draft: Draft, alice: User) -> None:
    first, second = (candidate(draft, n, email="a@example.com") for n in (1, 2))
    candidate(draft, 3)
    find(first, second)

    assert (
        PossibleDuplicate.objects.decide(draft, [first, second], DuplicateDecision.MERGED, alice)
        == 1
    )

    first.refresh_from_db()
    assert first.same_as_id == second.pk
    assert not PossibleDuplicate.objects.undecided().exists()
    analysis: Analysis = rows.analysis(draft, alice)
    Evaluation.objects.enrol(analysis)
    ranked = analysis.evaluations.values_list("candidate__filename", flat=True)
    assert sorted(ranked) == ["cv-00002.txt", "cv-00003.txt"]
    assert Event.objects.get(verb=EventVerb.FILES_MERGED).actor == alice


def test_a_third_file_is_asked_about_with_the_newest_alone(draft: Draft, alice: User) -> None:
    first, second = (candidate(draft, n, email="a@example.com") for n in (1, 2))
    find(first, second)
    PossibleDuplicate.objects.decide(draft, [first, second], DuplicateDecision.MERGED, alice)

    third = candidate(draft, 3, email="a@example.com")
    find(third)

    [[pair]] = PossibleDuplicate.objects.undecided().groups()
    assert (pair.first_id, pair.second_id) == (second.pk, third.pk)
    PossibleDuplicate.objects.decide(draft, [second, third], DuplicateDecision.MERGED, alice)
    assert set(Candidate.objects.filter(same_as=third).values_list("pk", flat=True)) == {
        first.pk,
        second.pk,
    }


def test_who_is_kept_apart_is_not_asked_about_again(draft: Draft, alice: User) -> None:
    first, second = (candidate(draft, n, email="a@example.com") for n in (1, 2))
    find(first, second)

    PossibleDuplicate.objects.decide(draft, [first, second], DuplicateDecision.APART, alice)
    find(first, second)

    assert not PossibleDuplicate.objects.undecided().exists()
    assert not Candidate.objects.exclude(same_as=None).exists()
    assert (
        PossibleDuplicate.objects.decide(draft, [first, second], DuplicateDecision.MERGED, alice)
        == 0
    )


def test_a_merger_can_be_taken_back(draft: Draft, alice: User) -> None:
    first, second = (candidate(draft, n, email="a@example.com") for n in (1, 2))
    find(first, second)
    PossibleDuplicate.objects.decide(draft, [first, second], DuplicateDecision.MERGED, alice)

    first.refresh_from_db()
    PossibleDuplicate.objects.undo_merge(first, alice)

    assert not Candidate.objects.exclude(same_as=None).exists()
    assert PossibleDuplicate.objects.undecided().count() == 1


def test_erasing_the_newest_leaves_the_older_to_stand_for_itself(draft: Draft, alice: User) -> None:
    first, second = (candidate(draft, n, email="a@example.com") for n in (1, 2))
    find(first, second)
    PossibleDuplicate.objects.decide(draft, [first, second], DuplicateDecision.MERGED, alice)

    second.refresh_from_db()
    second.delete()

    first.refresh_from_db()
    assert first.same_as_id is None
    assert not PossibleDuplicate.objects.exists()
