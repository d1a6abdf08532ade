"""Telephone numbers have one key however they are written, and none where no country is known."""

import pytest

from candidates.facts.phone import international


@pytest.mark.parametrize(
    ("phone", "email", "language", "key"),
    [
        ("+44 20 7946 0958", "", "", "+442079460958"),
        ("+44 (0)20 7946 0958", "", "", "+442079460958"),
        ("0044 20 7946 0958", "", "", "+442079460958"),
        ("(+44)20-7946-0958", "", "", "+442079460958"),
        ("020 7946 0958", "jane@example.co.uk", "en", "+442079460958"),
        ("(0)20-7946-0958", "jane@example.co.uk", "en", "+442079460958"),
        ("(+86) 182-5536-7800", "", "", "+8618255367800"),
        ("+33 (0)6 12 34 56 78", "", "", "+33612345678"),
        ("06 12 34 56 78", "jeanne@orange.fr", "fr", "+33612345678"),
        ("0170 1234567", "jana@web.de", "de", "+491701234567"),
        ("0049 170/1234567", "", "", "+491701234567"),
        ("512 345 678", "", "pl", "+48512345678"),
        ("512 345 678", "jan@example.pl", "pl", "+48512345678"),
        ("(315) 430-8073", "jane@example.com", "en", "+13154308073"),
        ("607.379.5733", "", "en", "+16073795733"),
        ("+1 315 430 8073", "", "", "+13154308073"),
    ],
)
def test_a_number_has_one_key_however_it_is_written(
    phone: str, email: str, language: str, key: str
) -> None:
    assert international(phone, email, language) == key


@pytest.mark.parametrize(
    ("phone", "email", "language"),
    [
        ("", "jane@example.co.uk", "en"),
        ("020 7946 0958", "", "en"),
        ("020 7946 0958", "jane@example.com", "en"),
        ("020 7946 0958", "jane@example.io", "en"),  # a domain of the whole world
        ("0170 1234567", "", "de"),  # of Germany, Austria or Switzerland
        ("7946 0958", "jane@example.co.uk", ""),  # without its area
        ("12 34", "jane@example.co.uk", ""),
        ("+999 12345678", "", ""),  # a country that there is not
        ("+44 20", "", ""),
        ("0000000721", "", ""),
        ("512 345 678", "jan@example.xx", ""),  # a domain that there is not
        ("601 234 567", "jan@example.cz", "pl"),  # of either
        ("+49 12345 678901234", "", ""),  # longer than E.164 allows
    ],
)
def test_a_number_of_no_known_country_has_no_key(phone: str, email: str, language: str) -> None:
    assert international(phone, email, language) == ""


def test_a_number_that_only_one_of_two_countries_has_is_of_that_one() -> None:
    assert international("888 123 456", "jan@example.cz", "pl") == "+48888123456"
