"""Who it is from: found where it is plain, and left empty where it is not."""

import pytest

from candidates.facts import sections
from candidates.facts.contact import find
from candidates.facts.values import Contact


def person_in(text: str) -> Contact:
    """With the parts of the text, as a whole file is read."""
    return find((text,), sections.find(text))


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
        ("Nome: Mario Rossi\nCittà: Torino", "Mario Rossi"),
        ("Nom : DUPONT\nPrénom : Jeanne", "Jeanne DUPONT"),
        ("Vorname: Jane\nNachname: Example", "Jane Example"),
        ("氏名 山田太郎", "山田太郎"),
        ("김철수\nkim@example.com", "김철수"),
        ("Dupont, Jeanne\njeanne.dupont@example.fr", "Jeanne Dupont"),
        ("JANE EXAMPLE DATA SCIENTIST\njane.example@example.com", "JANE EXAMPLE"),
        ("jane example\njane.example@example.com", "jane example"),
        ("J A N E   E X A M P L E\n", "JANE EXAMPLE"),
        ("Jane   Example\n", "Jane Example"),
        ("Anna-Lena von und zu Berg\n", "Anna-Lena von und zu Berg"),
        ("Google Inc\nJane Example", "Jane Example"),
        ("London, England\nengland@example.com", ""),
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
        ("jane\uff20example.com", "jane@example.com"),
        ("jane (at) example (dot) com", "jane@example.com"),
        ("jane [at] example.com", "jane@example.com"),
        ("E-mail: jane at example.com", "jane@example.com"),
        ("jane @ example . com", "jane@example.com"),
        ("jane.example@\nexample.com", "jane.example@example.com"),
        ("jane.example\n@example.com", "jane.example@example.com"),
        ("jane@my-\nexample.com", "jane@my-example.com"),
        ("jane-\nexample@example.com", "jane-example@example.com"),
        ("Meet me at example.com", ""),
        ("I worked at example.com for years", ""),
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
        ("029 2018 0145", "029 2018 0145"),
        ("01.23.45.67.89", "01.23.45.67.89"),
        ("電話：090-1234-5678", "090-1234-5678"),
        ("Phone: 555-1234", "555-1234"),
        ("Springfield, ZIP 12345-6789", ""),
        ("ISBN 978-3-16-148410-0", ""),
        ("IBAN DE89 3704 0044 0532 0130 00", ""),
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


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("Name: Jane Example", 0.95),
        ("Jane Example\njane@example.com", 0.95),
        ("Zoë Müller\nmueller@example.com", 0.95),
        ("Nguyễn Văn An\nan.nguyen@example.com", 0.95),
        ("Jane Example\nje@example.com", 0.85),
        ("Jane Example\nmail@example.com", 0.75),
        ("Engineer\nJane Example", 0.6),
        ("nothing", 0.0),
    ],
)
def test_how_sure_a_name_is(text: str, sure: float) -> None:
    assert person_in(text).name_confidence == sure


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("Jane Example\njane@example.com", 0.95),
        ("Jane Example\n\nSkills\nCare\njane@example.com", 0.85),
        ("Jane Example\njane (at) example.com", 0.6),
        ("Jane Example\njane@\nexample.com", 0.55),
        ("Jane Example\n\nExperience\nHelpdesk, help@acme.example.com", 0.5),
        ("Jane Example\n\nExperience\nOwner, jane@acme.example.com", 0.85),
    ],
)
def test_how_sure_an_address_is(text: str, sure: float) -> None:
    assert person_in(text).email_confidence == sure


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("Jane Example\n+44 20 7946 0958", 0.9),
        ("Jane Example\nTel. 020 7946 0958", 0.9),
        ("Jane Example\n020 7946 0958", 0.75),
        ("Jane Example\n\nExperience\nReception, 020 7946 0958", 0.5),
    ],
)
def test_how_sure_a_number_is(text: str, sure: float) -> None:
    assert person_in(text).phone_confidence == sure


def test_a_referee_is_not_the_candidate() -> None:
    person = person_in(
        "Jane Example\n\nExperience\nNurse\n\nReferences\n"
        "John Sample\njohn@example.org\n020 7946 0958\nlinkedin.com/in/john"
    )

    assert (person.name, person.email, person.phone, person.links) == ("Jane Example", "", "", ())


def test_the_own_address_goes_before_that_of_an_employer() -> None:
    person = person_in(
        "Jane Example\n\nExperience\nHelp, help@acme.example.com\n\nContact\nje@example.org"
    )

    assert (person.email, person.email_confidence) == ("je@example.org", 0.85)


def test_a_head_below_the_referees_counts_half() -> None:
    person = person_in("References\n\nJane Example\njane@example.com\n020 7946 0958")

    assert (person.name, person.name_confidence) == ("Jane Example", 0.47)
    assert (person.email_confidence, person.phone_confidence) == (0.47, 0.38)


def test_a_head_below_references_on_request_counts_whole() -> None:
    person = person_in("References\nAvailable on request\nJane Example\njane@example.com")

    assert (person.name, person.name_confidence) == ("Jane Example", 0.95)
    assert person.email == "jane@example.com"


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("linkedin.com/in/jane/", [("linkedin", "https://linkedin.com/in/jane", 0.95)]),
        ("http://github.com/jane", [("github", "http://github.com/jane", 0.95)]),
        ("www.jane.example.org", [("web", "https://www.jane.example.org", 0.9)]),
        ("jane.dev", [("web", "https://jane.dev", 0.6)]),
        ("GitHub: @janeex | LinkedIn: /in/jane-ex", [
            ("github", "https://github.com/janeex", 0.8),
            ("linkedin", "https://linkedin.com/in/jane-ex", 0.8),
        ]),
        ("https://linkedin.com/in/jane-\nexample",
         [("linkedin", "https://linkedin.com/in/jane-example", 0.6)]),
        ("GitHub: Profile\nLinkedIn: Jane Example", []),
        ("github.com", []),
        ("Node.js, ASP.NET, socket.io, e.g. so", []),
        ("jane@example.com", []),
        ("jane [at] example.com", []),
        ("javascript:alert(1) file:///etc/passwd", []),
    ],
)  # fmt: skip
def test_links(text: str, links: list[tuple[str, str, float]]) -> None:
    held = [(link.kind, link.url, link.confidence) for link in person_in(f"Jane\n{text}").links]
    assert held == links


def test_links_under_a_job_are_less_sure_and_bare_hosts_there_are_none() -> None:
    [link] = person_in("Jane\n\nExperience\nhttps://acme.example.com\nSocket.io, acme.com").links

    assert (link.url, link.confidence) == ("https://acme.example.com", 0.45)


def test_links_of_employers_end_somewhere() -> None:
    assert len(person_in("\n".join(f"https://{n}.example.com" for n in range(50))).links) == 10
