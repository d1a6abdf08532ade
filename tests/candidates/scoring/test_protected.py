"""Criteria that ask for a protected characteristic, and those that only sound like it."""

import pytest

from candidates.scoring.protected import SENTENCES, find

ASKS = {
    "age": [
        "Young and dynamic person", "Under 35 years old", "Maximum age", "Digital native",
        "Aged 25 to 35", "Junge Mitarbeiter", "Höchstens 35 Jahre alt", "Jeune diplômé",
        "Moins de 30 ans", "Menor de 35 años", "Recent graduates only",
    ],
    "sex": [
        "Female candidates", "Must be a man", "Women only", "Nur für Frauen",
        "Männliche Bewerber", "De sexe féminin", "Solo mujeres", "Male",
    ],
    "origin": [
        "Native English speaker", "Mother tongue German", "Muttersprachler Deutsch",
        "Langue maternelle française", "Lengua materna", "Nationality", "No accent",
        "Deutsche Staatsangehörigkeit", "Hablante nativo de inglés",
    ],
    "religion": ["Christian faith", "Must be Catholic", "No headscarf", "Konfession", "Religion"],
    "disability": [
        "Able-bodied", "Physically fit", "No disabilities", "Körperlich belastbar",
        "Excellente santé", "Buena salud", "Not pregnant",
    ],
    "family": [
        "No children", "Unmarried", "Marital status", "Ohne Kinder", "Ledig", "Sans enfants",
        "Estado civil", "Must be single", "Not have any young children",
    ],
    "orientation": ["Sexual orientation", "Heterosexual", "Straight men"],
    "looks": ["Attractive appearance", "Good looks", "Buena presencia", "Gutaussehend"],
    "politics": ["No union members", "Political views", "Keine Gewerkschaftsmitglieder"],
}  # fmt: skip
FINE = [
    "Mature codebase", "Young company in payments", "Family-owned business", "Native mobile apps",
    "React Native", "Cloud native", "5 years of experience", "At least 10 years of Python",
    "Mindestens 5 Jahre Erfahrung", "Más de 5 años de experiencia", "Plus de 10 ans d'expérience",
    "Race conditions and locks", "Healthy team culture", "Good health and safety record",
    "Single sign-on", "Single point of contact", "Works in a healthcare setting",
    "Disability law", "Child protection", "Works with children", "Family law", "Gender studies",
    "Fluent English", "English C1", "Right to work in the EU", "Age verification systems",
    "Male and female connectors, cable assembly", "Straight-line depreciation", "Union types",
    "Married the two systems to the new platform", "Woman-owned supplier programme",
    "Religious studies", "Christian Dior account", "Clean, attractive interfaces",
    "Political science", "Sexual health counselling", "Parental leave planning",
    "We welcome all, regardless of age, religion, disability or family status",
    "Fluent or native English", "Teaches young people", "Old and new media",
    "Handles blood pressure measurements", "German market", "Geriatric care",
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in ASKS.items() for name in names]
)
def test_a_demand_is_pointed_out_with_its_reason(kind: str, name: str) -> None:
    concern = find(name)

    assert concern is not None
    assert (concern.kind, concern.sentence) == (kind, SENTENCES[kind])
    assert concern.words.casefold() in name.casefold()


@pytest.mark.parametrize("name", FINE)
def test_words_about_work_are_fine(name: str) -> None:
    assert find(name) is None


def test_what_good_looks_like_is_read_too() -> None:
    concern = find("Sales", "Attractive appearance, and three years in the field.")

    assert concern is not None
    assert concern.kind == "looks"
