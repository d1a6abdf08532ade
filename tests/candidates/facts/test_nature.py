"""Notes about files that are no résumé, or two; none about résumés."""

from pathlib import Path

import pytest

from candidates.facts import contact, nature, sections
from candidates.facts.flags import Flag, FlagKind
from candidates.reading import Unreadable, read

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
        "Faktura VAT 12/2021\nSprzedawca ACME\nNabywca Jan\nNetto 100 VAT 23 Brutto 123",
        "RECEIPT\nOrder #123\nSubtotal 10.00\nTax 1.00\nTotal 11.00",
    ],
    "cover-letter": [
        LETTER.format(greeting="Dear Sir or Madam,", ending="Yours sincerely,"),
        LETTER.format(greeting="To whom it may concern", ending="Kind regards"),
        LETTER.format(greeting="Sehr geehrte Damen und Herren,", ending="Mit freundlichen Grüßen"),
        LETTER.format(greeting="Madame, Monsieur,", ending="Cordialement"),
        "Hello team,\n\nI would like to apply for the role of engineer.\n\nBest,\nJane Example",
        "Prezado recrutador,\nvenho candidatar-me à vaga.\nAtenciosamente,\nJoana Exemplo",
        "Egregio Dottore,\ncon la presente mi candido.\nDistinti saluti\nMario Rossi",
        "尊敬的招聘经理：\n您好！我是一名软件工程师。\n此致\n敬礼\n王小明",
    ],
    "job-advertisement": [
        "Backend engineer\nWe are looking for an engineer.\nAbout the role\nYou build services.\n"
        "What you bring\nPython.\nWhat we offer\nTime.\nApply now!",
        "Pfleger (m/w/d)\nWir suchen Sie!\nIhre Aufgaben\nPflege\nIhr Profil\nFreude\nWir bieten "
        "Zeit",
        "Job description\nReports to: Ward manager\nSalary: £35,000\nPurpose of the role\nCare for "
        "patients.\nPerson specification\nEssential: registration",
        "Offre d'emploi\nVos missions\nSoigner\nVotre profil\nDiplômé\nNous offrons du temps",
        "Oferta de empleo\nFunciones\nCuidar\nRequisitos\nTítulo\nOfrecemos tiempo",
        "招聘岗位：软件工程师\n岗位职责\n开发\n任职要求\n本科\n薪资待遇\n面议",
    ],
    "certificate": [
        "CERTIFICATE OF COMPLETION\nThis is to certify that\nJane Example\nhas successfully "
        "completed the course Welding II",
        "Urkunde\nJane Example\nhat erfolgreich teilgenommen",
        "Certificate of Attendance\nThis certifies that\nJane Example\nattended the workshop",
        "DIPLOMA\nThe university hereby confers upon Jane Example the degree of Bachelor",
        "Attestato di partecipazione\nSi attesta che Mario Rossi ha partecipato al corso",
    ],
    "blank-template": [
        "[Your Name]\n[Address] | [Phone]\nExperience\n[Company], [Job Title]\nEducation\n[School]"
        "\n[Degree]",
        "YOUR NAME HERE\nYour address, your phone, your email\nJob title\nCompany name",
        "[Ihr Name]\n[Straße]\n[PLZ Ort]\nBerufserfahrung\n[Firma]\n[Position]",
        "{{name}}\n{{email}}\n{{phone}}\nExperience\n{{company}}",
        "Vorname Nachname\nMusterstraße 1\n12345 Musterstadt\nBerufserfahrung\nMM/JJJJ Position",
        "Click or tap here to enter text.\nClick here to enter a date.\nJob Title\nDates From - To",
    ],
    "other": [
        "The rain came over the hill and the old man closed the shutters one by one, slowly, as he "
        "had done every evening since the war, and sat down by the fire to wait for the night and "
        "for whatever might come with it across the fields."
    ],
}


def flags(text: str) -> tuple[Flag, ...]:
    parts = sections.find(text)
    return nature.judge(text, parts, contact.find((text,), parts))


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in OTHERS.items() for text in texts]
)
def test_what_is_no_resume_is_told(kind: str, text: str) -> None:
    assert flags(text) == (Flag(FlagKind.NO_RESUME, {"looks-like": kind}),)


@pytest.mark.slow
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


@pytest.mark.parametrize(
    "text",
    [
        "Jane Example\nAccountant\njane@example.com\nPrepared invoice runs, VAT 20% returns, "
        "payment terms and IBAN checks at Acme, 2015-2020",
        "Jane Example\nRecruiter, 2014-2020\njane@example.com\nWrote advertisements: we are "
        "looking for, what we offer, requirements, apply now",
        "Jane Example\njane@example.com\nI have a Certificate of Higher Education, awarded to me "
        "in 2010\nWaitress since 2012",
        "Jane Example\nWaitress, 2010 to 2014\nCook, 2014 - present\nDear reader, I cook.\n"
        "Sincerely",
        "Jane Example\n020 7946 0958\nDiploma\nGPA 3.8, awarded to two of us",
        "Jane Example\njane@example.com\nCook\n[Remote]\n[Paris]\n[Lyon]\n[Nice]\n[Metz]\n[Lille]",
    ],
)
def test_a_resume_that_speaks_of_such_papers_gets_no_note(text: str) -> None:
    assert flags(text) == ()


FIRST_RESUME = (
    "Jane Example\njane.example@example.com\n\nExperience\nEngineer since 2019\n\nEducation\nBSc\n"
)
TWO = "John Sample\njohn.sample@example.org\n\nExperience\nNurse since 2015\n\nSkills\nCare\n"


def test_two_people_in_one_file_are_told() -> None:
    (flag,) = flags(FIRST_RESUME + TWO)

    assert flag.kind == FlagKind.TWO_PEOPLE
    names = [(FIRST_RESUME + TWO)[start:end] for start, end in flag.spans]
    assert names == ["Jane Example", "John Sample"]


def test_referees_are_not_a_second_person() -> None:
    assert flags(f"{FIRST_RESUME}\nReferences\n{TWO.split('Experience')[0]}") == ()


def test_one_person_with_two_addresses_is_one() -> None:
    assert flags(f"{FIRST_RESUME}\nJane Example\njane.example@example.org") == ()


def test_a_colleague_with_an_address_is_not_a_second_person() -> None:
    boss = "John Sample\njohn.sample@example.org"

    assert flags(FIRST_RESUME.replace("since 2019", f"since 2019, reporting to\n{boss}")) == ()
