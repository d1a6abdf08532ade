"""Headings of the parts of a résumé, and nothing that is no heading."""

import pytest

from candidates.facts.sections import find, with_head


def kinds(text: str) -> list[str]:
    return [section.kind for section in find(text)]


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("Experience", "experience"),
        ("WORK EXPERIENCE", "experience"),
        ("E X P E R I E N C E", "experience"),
        ("W O R K   H I S T O R Y", "experience"),
        ("## Education", "education"),
        ("**Skills**", "skills"),
        ("Technical skills:", "skills"),
        ("3. Publications", "publications"),
        ("\uf0b1 Languages", "languages"),
        ("Education & Training", "education"),
        ("Skills / Tools", "skills"),
        ("Honors and Awards", "awards"),
        ("Experience (continued)", "experience"),
        ("Professional Summary", "summary"),
        ("Berufserfahrung", "experience"),
        ("Ausbildung und Weiterbildung", "education"),
        ("Expérience professionnelle", "experience"),
        ("Formación académica", "education"),
        ("Esperienze lavorative", "experience"),
        ("Experiência profissional", "experience"),
        ("Werkervaring", "experience"),
        ("Doświadczenie zawodowe", "experience"),
        ("工作经历", "experience"),
        ("教育背景", "education"),
        ("一、教育背景", "education"),
        ("【工作经历】", "experience"),
        ("職務経歴", "experience"),
        ("학력", "education"),
        ("Опыт работы", "experience"),
        ("Arbetslivserfarenhet", "experience"),
        ("İŞ DENEYİMİ", "experience"),
        ("ΕΚΠΑΙΔΕΥΣΗ", "education"),
        ("COMPETENCES LINGUISTIQUES", "languages"),
        ("Compétences informatiques", "skills"),
        ("Centres d’intérêt", "interests"),
        ("[ SKILLS ]", "skills"),
        ("01 / Experience", "experience"),
        ("Nursing Experience", "experience"),
    ],
)
def test_a_heading(heading: str, kind: str) -> None:
    assert kinds(f"Jane Example\n\n{heading}\nSomething of it") == [kind]


@pytest.mark.parametrize(
    "line",
    [
        "Experience with Python and payments in two banks",
        "Education was my first field.",
        "Skills, tools and the people who use them every day of the week",
        "Work for Acme",
        "Languages I would like to learn one day when there is time",
        "Projects 2019",
        "Resume",
        "• Managed Projects",
        "No experience",
        "Formation de base",
    ],
)
def test_a_sentence_that_begins_like_one_is_none(line: str) -> None:
    assert kinds(f"Jane Example\n\n{line}\nSomething") == []


def test_offsets_part_the_text() -> None:
    text = "Jane Example\njane@example.com\n\nExperience\nEngineer\n\nEducation\nBSc"

    sections = with_head(find(text), text, "jane@example.com")

    assert [text[section.start : section.end] for section in sections] == [
        "Jane Example\njane@example.com\n\n",
        "Experience\nEngineer\n\n",
        "Education\nBSc",
    ]
    assert [section.kind for section in sections] == ["contact", "experience", "education"]


def test_a_heading_in_the_margin_stands_before_a_tab() -> None:
    assert kinds("Jane Example\nEducation\tBSc Physics, Leeds") == ["education"]


def test_skills_may_be_one_line() -> None:
    [section] = find("Jane Example\n\nSkills: welding, forklift\nMore")

    assert (section.kind, section.confidence) == ("skills", 0.5)


def test_a_heading_that_does_not_stand_out_is_less_sure() -> None:
    [first, second] = find("Jane\n\nEXPERIENCE\nEngineer\nEducation\nBSc")

    assert first.confidence > second.confidence


def test_a_text_without_headings_has_no_parts() -> None:
    assert with_head(find("Jane Example, jane@example.com"), "Jane Example", "Jane") == ()


def test_the_word_resume_is_a_title_at_the_top_and_in_french_a_part() -> None:
    assert kinds("Résumé\nJane Example") == []
    assert kinds("Jeanne Exemple\n\nRésumé\nInfirmière") == ["summary"]


def test_headings_in_the_margin_may_run_into_their_part() -> None:
    text = (
        "Jane Example\nProfile Nurse with ten years on wards\nand no fear of nights.\n"
        "Experience Staff nurse\nSkills and care in all of it\nEducation Diploma\nInterests • Choir"
    )

    sections = find(text)

    assert [section.kind for section in sections] == [
        "summary",
        "experience",
        "education",
        "interests",
    ]
    assert {section.confidence for section in sections} == {0.5}
    assert text[sections[1].start :].startswith("Experience Staff nurse\nSkills and care")


def test_a_sentence_or_two_that_begin_so_make_no_parts() -> None:
    assert kinds("Jane Example\nExperience Engineer\nSkills Python\nand nothing else") == []


def test_references_on_request_end_with_that_line() -> None:
    text = "Interests\nChoir\n\nReferences\nAvailable on request.\nJane Example\nNurse"

    last = find(text)[-1]

    assert text[last.start : last.end] == "References\nAvailable on request.\n"
