"""Quotes are found whatever their typography; a quote that is not in the document is dropped."""

import pytest

from candidates.scoring.evidence import find, ground

DOCUMENT = (
    "Built payment ser-\nvices in Python —\n  for “4,000” shops.\n"
    "Don’t panic: led the team’s on-call rota.\nPreferably state-of-the-art."
)


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("Built payment services in Python", "Built payment ser-\nvices in Python"),
        ('in Python - for "4,000" shops.', "in Python —\n  for “4,000” shops."),
        ("don't panic", "Don’t panic"),
        ("LED THE TEAM'S ON-CALL ROTA", "led the team’s on-call rota"),
        ("state-of-the-art", "state-of-the-art"),
        ("Built   payment\nservices", "Built payment ser-\nvices"),
    ],
)
def test_a_quote_is_found_whatever_its_spaces_quotes_dashes_and_case(
    quote: str, expected: str
) -> None:
    place = find(quote, DOCUMENT)

    assert place is not None
    assert place.text == expected == DOCUMENT[place.start : place.end]


@pytest.mark.parametrize(
    "quote", ["Led a team of forty", "Built payment systems", "", "  ", "—", "in", "Python Python"]
)
def test_a_quote_that_is_not_in_the_document_is_not_found(quote: str) -> None:
    assert find(quote, DOCUMENT) is None


def test_letters_that_fold_into_two_keep_their_place() -> None:
    document = "Straße İstanbul ﬁnance\nthen Python services"

    place = find("python services", document)

    assert place is not None
    assert document[place.start : place.end] == "Python services"


def test_invented_quotes_are_dropped_and_counted() -> None:
    rating = ground("c1", 4.0, "So.", ["Led a team of forty", "services in Python"], DOCUMENT)

    assert (rating.rating, rating.supported, rating.dropped) == (4.0, True, 1)
    assert len(rating.quotes) == 1


@pytest.mark.parametrize(
    ("rating", "grounded", "supported"),
    [(4.0, 1.0, False), (2.0, 1.0, False), (1.0, 1.0, True), (0.0, 0.0, True)],
)
def test_a_rating_without_a_quote_is_at_most_one(
    rating: float, grounded: float, supported: bool
) -> None:
    result = ground("c1", rating, "So.", ["Invented by the model"], DOCUMENT)

    assert (result.rating, result.supported) == (grounded, supported)


def test_the_same_quote_twice_is_shown_once() -> None:
    rating = ground("c1", 3.0, "So.", ["don't panic", "Don’t panic"], DOCUMENT)

    assert len(rating.quotes) == 1


@pytest.mark.parametrize(
    ("quote", "written"),
    [
        ("grosse strassen gebaut", "Große Straßen-\n  gebaut"),
        ("GEBAUT und  BESCHILDERT", "gebaut\u00a0und be\u00adschildert"),
        ("ﬁne Strasse", "fine Straße"),
    ],
)
def test_offsets_stay_right_where_one_letter_becomes_two(quote: str, written: str) -> None:
    document = f"Zuerst: ß, ﬁ, İ – dann {written} und fertig"

    place = find(quote.replace("strassen gebaut", "strassengebaut"), document)

    assert place is not None
    assert document[place.start : place.end] == place.text == written
