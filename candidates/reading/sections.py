"""The parts of a résumé, by their headings, in nine languages.

A heading is a short line of its own that says nothing but the name of a part: not a sentence that
begins with such a word.
"""

import re
import unicodedata
from collections.abc import Iterator

from .document import Section

LONGEST_HEADING = 48  # characters
MARKS = re.compile(r"^[\W_]+|[\W_]+$")  # icons, bullets, Markdown, colons, lines
NUMBER = re.compile(r"^(?:\d{1,2}|[ivx]{1,4})[.)]\s+", re.IGNORECASE)
BRACKETS = re.compile(r"\s*[(\[].*?[)\]]")
SPACED = re.compile(r"(?:\S ){3,}\S")
JOINED = re.compile(r"\s*(?:&|/|,|\+|\band\b|\bund\b|\bet\b|\by\b|\be\b|\ben\b|\bi\b|、|和)\s*")
LABEL = re.compile(r"^[\W_]*([^\W\d_][^:\n]{2,30}?)\s*[:\uff1a]\s+\S")
# These parts are often one line, "Skills: welding, forklift".
ON_ONE_LINE = frozenset(("skills", "languages", "interests", "certifications"))

_HEADINGS = {
    "contact": """
        contact | contact details | contact information | contact info | contact me
        | personal details | personal information | personal data | details | kontakt
        | kontaktdaten | persönliche daten | persönliche angaben | coordonnées | datos personales
        | contacto | contatti | dati personali | dados pessoais | contato | contactgegevens
        | personalia | dane osobowe | dane kontaktowe | 联系方式 | 个人信息 | 基本信息 | 連絡先""",
    "summary": """
        summary | profile | about | about me | objective | career objective | overview
        | introduction | personal statement | statement | bio | biography | who i am
        | career summary | executive summary | qualifications summary | summary of qualifications
        | highlights | career highlights | profil | kurzprofil | über mich | zusammenfassung
        | à propos | résumé | objectif | perfil | resumen | sobre mí | objetivo | profilo
        | chi sono | sommario | resumo | sobre mim | profiel | over mij | samenvatting
        | podsumowanie | profil zawodowy | o mnie | 自我评价 | 个人简介 | 自己pr""",
    "experience": """
        experience | work experience | employment | employment history | work history | career
        | career history | professional background | work | jobs | positions | positions held
        | internships | internship | internship experience | clinical experience
        | teaching experience | research experience | industry experience | leadership
        | leadership experience | military service | berufserfahrung | beruflicher werdegang
        | werdegang | berufspraxis | praktika | praktikum | expérience | expériences
        | expérience professionnelle | expériences professionnelles | parcours professionnel
        | experiencia | experiencia laboral | experiencia profesional | esperienza
        | esperienze | esperienza lavorativa | esperienze professionali | esperienza professionale
        | esperienze lavorative | experiência | experiência profissional | experiências
        | werkervaring | ervaring | loopbaan | doświadczenie | doświadczenie zawodowe
        | przebieg kariery | 工作经历 | 工作经验 | 实习经历 | 職歴 | 職務経歴""",
    "education": """
        education | education and training | academic background | academic history
        | academic qualifications | qualifications | studies | degrees | training | schooling
        | educational background | courses | coursework | relevant coursework | ausbildung
        | bildung | studium | bildungsweg | schulbildung | aus- und weiterbildung | weiterbildung
        | formation | formations | études | parcours académique | diplômes | educación
        | formación | formación académica | estudios | istruzione | formazione
        | istruzione e formazione | educação | formação | formação acadêmica | formação académica
        | opleiding | opleidingen | onderwijs | wykształcenie | edukacja | 教育背景 | 教育经历
        | 学历 | 学歴""",
    "skills": """
        skills | skill set | skillset | competencies | competences | expertise | areas of expertise
        | technologies | tools | tech stack | technical proficiencies | proficiencies
        | programming languages | programming skills | computer skills | it skills | software
        | strengths | abilities | capabilities | specialties | kenntnisse | fähigkeiten
        | kompetenzen | edv-kenntnisse | it-kenntnisse | fachkenntnisse | stärken | compétences
        | compétences techniques | atouts | habilidades | competencias | aptitudes
        | conocimientos | competenze | capacità | competenze tecniche | competências
        | vaardigheden | competenties | umiejętności | kompetencje | 技能 | 专业技能 | スキル""",
    "projects": """
        projects | project experience | portfolio | side projects | open source
        | open source contributions | projekte | projets | proyectos | progetti | projetos
        | projecten | projekty | 项目经历 | 项目经验 | プロジェクト""",
    "certifications": """
        certifications | certification | certificates | certificate | licenses | licences
        | licenses and certifications | licensure | registrations | registration | accreditations
        | zertifikate | zertifizierungen | certificats | certificaciones | certificados
        | certificazioni | certificações | certificaten | certyfikaty | 证书 | 資格""",
    "languages": """
        languages | language skills | sprachen | sprachkenntnisse | langues | idiomas | lingue
        | línguas | talen | talenkennis | języki | języki obce | znajomość języków | 语言 | 语言能力
        | 言語""",
    "publications": """
        publications | papers | articles | conference papers | talks | presentations | patents
        | publikationen | veröffentlichungen | publicaciones | pubblicazioni | publicações
        | publicaties | publikacje | 发表论文 | 论文""",
    "awards": """
        awards | honors | honours | achievements | accomplishments | scholarships | prizes
        | key achievements | distinctions | auszeichnungen | preise | erfolge | prix | premios
        | logros | premi | riconoscimenti | prêmios | conquistas | prijzen | nagrody | osiągnięcia
        | 获奖经历 | 荣誉 | 奖项""",
    "interests": """
        interests | hobbies | activities | extracurricular activities | leisure | pastimes
        | interessen | freizeit | centres d'intérêt | loisirs | intereses | aficiones | interessi
        | hobby | interesses | hobby's | zainteresowania | 兴趣爱好 | 趣味""",
    "volunteering": """
        volunteering | volunteer | volunteer experience | volunteer work | voluntary work
        | community service | community involvement | ehrenamt | ehrenamtliche tätigkeit
        | bénévolat | voluntariado | volontariato | vrijwilligerswerk | wolontariat | 志愿者经历""",
    "references": """
        references | referees | referenzen | références | referencias | referenze | referências
        | referenties | referencje | 推荐人""",
}
HEADINGS = {
    " ".join(heading.split()): kind
    for kind, headings in _HEADINGS.items()
    for heading in headings.split("|")
}
# What may stand before or after such a name without changing it.
_MODIFIERS = """
professional work relevant technical key core selected additional other personal general main
recent previous current latest full special academic further summary details history career and
of my the profesional laboral wichtige weitere berufliche relevante principales autres
"""
MODIFIERS = frozenset(_MODIFIERS.split())


def find(text: str) -> tuple[Section, ...]:
    """The parts of `text` in their order, each up to the next; () for one without headings."""
    heads = list(_heads(text))
    found = []
    ends = [start for start, _, _ in heads[1:]] + [len(text)] * bool(heads)
    for (start, kind, confidence), end in zip(heads, ends, strict=True):
        found.append(Section(kind, start, end, confidence))
    return tuple(found)


def with_head(found: tuple[Section, ...], text: str, *details: str) -> tuple[Section, ...]:
    """The same with what stands before the first heading as "contact", if one of the `details` of
    the person is there."""
    if not found or not any(detail in text[: found[0].start] for detail in details if detail):
        return found
    return (Section("contact", 0, found[0].start, 0.7), *found)


def _heads(text: str) -> Iterator[tuple[int, str, float]]:
    place = 0
    blank = True  # whether the line before was
    for line in text.split("\n"):
        bare, _, beside = line.strip().partition("\t")
        if bare and len(bare) <= LONGEST_HEADING:
            kind, certainty = _kind(bare)
            if kind:
                stands_out = not beside and (blank or bare.isupper() or bare.startswith("#"))
                yield place, kind, certainty if stands_out else round(certainty - 0.15, 2)
        if bare and (label := LABEL.match(bare)) and len(bare) > len(label[1]) + 3:
            kind = HEADINGS.get(_plain(label[1]), "")
            if kind in ON_ONE_LINE and blank:
                yield place, kind, 0.5
        blank = not bare
        place += len(line) + 1


def _kind(line: str) -> tuple[str, float]:
    """The part whose heading `line` is, and how sure that is; "" for none."""
    if line.endswith((".", ",", ";")):
        return "", 0.0
    plain = _plain(line)
    if kind := HEADINGS.get(plain):
        return kind, 1.0
    parts = [part for part in JOINED.split(plain) if part]
    kinds = [_bare_kind(part) for part in parts]
    if parts and all(kinds):
        return kinds[0], 0.9
    return "", 0.0


def _bare_kind(part: str) -> str:
    words = part.split()
    while words and words[0] in MODIFIERS and " ".join(words) not in HEADINGS:
        words.pop(0)
    while words and words[-1] in MODIFIERS and " ".join(words) not in HEADINGS:
        words.pop()
    return HEADINGS.get(" ".join(words), "")


def _plain(line: str) -> str:
    """A heading in small letters, without marks, numbers, brackets and letter-spacing."""
    line = NUMBER.sub("", MARKS.sub("", BRACKETS.sub("", line)))
    if SPACED.fullmatch(" ".join(line.split())):
        words = re.split(r" {2,}|\t", line)
        line = " ".join(word.replace(" ", "") for word in words)
    return " ".join(unicodedata.normalize("NFC", line).lower().split())
