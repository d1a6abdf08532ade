"""Notes about files that are no résumé, or two; none about résumés."""

from pathlib import Path

import pytest

from candidates.reading import Unreadable, contact, nature, read, sections

ROOT = Path(__file__).resolve().parents[3]
RESUMES = [
    path for path in sorted((ROOT / "candidates" / "samples").glob("*/*")) if path.name != "JOB.md"
]

LETTER = """Jane Example
jane@example.com
{greeting}
I was glad to read of the position in your team and would like to apply for it. For eight years I
have built payment services, and what you write about reliability is what I care for most.
{ending}
Jane Example"""
OTHERS = {
    "invoice": [
        "ACME Ltd\nINVOICE No 2021-17\nBill to: Jane Example\nQty Unit price\n2 10.00\nSubtotal "
        "20.00\nVAT 20% 4.00\nAmount due 24.00\nIBAN GB00 0000",
        "Rechnung\nRechnungsnummer 17\nGesamtbetrag 24,00 EUR inkl. MwSt\nZahlbar bis 1.5.",
        "FACTURE\nTotal TTC 24,00\nTVA 20%\nIBAN FR00",
    ],
    "cover letter": [
        LETTER.format(greeting="Dear Sir or Madam,", ending="Yours sincerely,"),
        LETTER.format(greeting="To whom it may concern", ending="Kind regards"),
        LETTER.format(greeting="Sehr geehrte Damen und Herren,", ending="Mit freundlichen Grüßen"),
        LETTER.format(greeting="Madame, Monsieur,", ending="Cordialement"),
    ],
    "job advertisement": [
        "Backend engineer\nWe are looking for an engineer.\nAbout the role\nYou build services.\n"
        "What you bring\nPython.\nWhat we offer\nTime.\nApply now!",
        "Pfleger (m/w/d)\nWir suchen Sie!\nIhre Aufgaben\nPflege\nIhr Profil\nFreude\nWir bieten "
        "Zeit",
    ],
    "certificate": [
        "CERTIFICATE OF COMPLETION\nThis is to certify that\nJane Example\nhas successfully "
        "completed the course Welding II",
        "Urkunde\nJane Example\nhat erfolgreich teilgenommen",
    ],
    "blank template": [
        "[Your Name]\n[Address] | [Phone]\nExperience\n[Company], [Job Title]\nEducation\n[School]"
        "\n[Degree]",
        "YOUR NAME HERE\nYour address, your phone, your email\nJob title\nCompany name",
    ],
    "other": [
        "The rain came over the hill and the old man closed the shutters one by one, slowly, as he "
        "had done every evening since the war, and sat down by the fire to wait for the night and "
        "for whatever might come with it across the fields."
    ],
}


def notes(text: str) -> list[tuple[str, str]]:
    parts = sections.find(text)
    found = nature.judge(text, parts, contact.find((text,), parts))
    return [(flag.kind, flag.found) for flag in found]


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in OTHERS.items() for text in texts]
)
def test_what_is_no_resume_is_told(kind: str, text: str) -> None:
    assert notes(text) == [("no-resume", kind)]


def test_a_resume_gets_no_note() -> None:
    noted = []
    for path in RESUMES:
        try:
            document = read(path.read_bytes(), path.name)
        except Unreadable:  # a few are on purpose
            continue
        if {"no-resume", "two-people"} & {flag.kind for flag in document.flags}:
            noted.append(path.name)
    assert len(RESUMES) > 100
    assert noted == []


ONE = (
    "Jane Example\njane.example@example.com\n\nExperience\nEngineer since 2019\n\nEducation\nBSc\n"
)
TWO = "John Sample\njohn.sample@example.org\n\nExperience\nNurse since 2015\n\nSkills\nCare\n"


def test_two_people_in_one_file_are_told() -> None:
    assert notes(ONE + TWO) == [("two-people", "Jane Example and John Sample")]


def test_referees_are_not_a_second_person() -> None:
    assert notes(f"{ONE}\nReferences\n{TWO.split('Experience')[0]}") == []


def test_one_person_with_two_addresses_is_one() -> None:
    assert notes(f"{ONE}\nJane Example\njane.example@example.org") == []
