"""Who it is from: found where it is plain, and left empty where it is not."""

import pytest

from candidates.reading.contact import find


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Jane Example\nEngineer", "Jane Example"),
        ("JANE EXAMPLE\nEngineer", "JANE EXAMPLE"),
        ("Curriculum Vitae\nJane Q. Example", "Jane Q. Example"),
        ("Curriculum Vitae Jane Example\nWork", "Jane Example"),
        ("RESUME\n\nDr. Jean-Luc O'Neil, PhD", "Jean-Luc O'Neil"),
        ("Ludwig van der Berg | Berlin | 0170", "Ludwig van der Berg"),
        ("Senior Software Engineer\nJane Example", "Jane Example"),
        ("12 High Street\nLondon\nAna María García López", "Ana María García López"),
        ("# Jane Example\n\n*Engineer*", "Jane Example"),
        ("**Jane Example**\n", "Jane Example"),
        ("Jane\nExample\nEngineer", "Jane Example"),
        ("Name: Jane Example\nAge: 30", "Jane Example"),
        ("Лев Толстой\nПисатель", "Лев Толстой"),
        ("個人\n姓名：王小明", "王小明"),
        ("陶晴\n(+86) 182-5536-7800", "陶晴"),
        ("Contact\nSkills\nPython\nGit\nMachine Learning\nSQL\nAWS\nJane Example\nj.example@x.org",
         "Jane Example"),
        ("Project Alpha\nWork Experience\nEngineer at Acme", ""),
        ("Hired by nobody in particular, for reasons unknown", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_the_name(text: str, name: str) -> None:
    assert find((text,)).name == name


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("mail: jane.example+cv@mail.example.co.uk, phone", "jane.example+cv@mail.example.co.uk"),
        ("Jane <jane@example.com>", "jane@example.com"),
        ("jane@example.com.", "jane@example.com"),
        ("twitter: @jane", ""),
        ("jane@localhost", ""),
    ],
)
def test_the_email(text: str, email: str) -> None:
    assert find((text,)).email == email


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("Tel +44 (0)20 7946 0958 x", "+44 (0)20 7946 0958"),
        ("(555) 123-4567", "(555) 123-4567"),
        ("Pleasantville, CA 94588  (555) 123-4567", "(555) 123-4567"),
        ("Pleasantville, CA 94588 (555) 123-4567", "(555) 123-4567"),
        ("607.379.5733", "607.379.5733"),
        ("(+86) 182-5536-7800", "(+86) 182-5536-7800"),
        ("Mobile: 0170 1234567", "0170 1234567"),
        ("2015 - 2019", ""),
        ("2015-2019 2020-2022", ""),
        ("01/2015 - 03/2019", ""),
        ("2019-05-01", ""),
        ("12345", ""),
        ("github.com/id/12345678901", ""),
        ("+49 170 1234567 8901234 5678", ""),
    ],
)
def test_the_phone_number(text: str, phone: str) -> None:
    assert find((text,)).phone == phone


def test_a_page_of_digits_takes_no_time() -> None:
    assert find(("1" * 100_000 + "\n" + "1 " * 50_000,)).phone == ""
