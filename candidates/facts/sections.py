"""The parts of a résumé, by their headings, in two dozen languages, nine of them in depth.

A heading is a short line that is nothing but the name of a part: not a sentence that begins with
such a word. Where a text has hardly any, its headings may have stood in the margin and run into
the first line of each part: "Experience Engineer at Acme".
"""

import re
import unicodedata
from collections.abc import Iterator

from candidates.facts.values import Section

MAX_CHARACTERS = 200_000  # that are searched; the text after them belongs to the last part
MAX_HEADING_CHARACTERS = 48
MARKS = re.compile(r"^[\W_]+|[\W_]+$")  # icons, bullets, Markdown, colons, lines
NUMBER = re.compile(
    r"^(?:(?:\d{1,2}|[ivx]{1,4})[.)]\s+|\d{1,2}\s+(?:[/|–-]\s+)?(?=[^\W\d])|[一二三四五六七八九十]{1,2}、)",
    re.IGNORECASE,
)
BRACKETS = re.compile(r"(?<=\w)\s*[(\[].*?[)\]]")
LETTER_SPACED = re.compile(r"(?:\S ){3,}\S")
JOINED = re.compile(r"\s*(?:&|/|,|\+|\band\b|\bund\b|\bet\b|\by\b|\be\b|\ben\b|\bi\b|、|和)\s*")
BESIDE = re.compile(r"([^\W\d_]{3,20}(?: [^\W\d_]{2,20}){0,2}) \S")
MIN_HEADINGS, MIN_MARGIN_HEADINGS = 3, 4  # headings
LABEL = re.compile(r"^[\W_]*([^\W\d_][^:\n]{2,30}?)\s*[:\uff1a]\s+\S")
REQUEST = re.compile(
    r"[^\n]{0,40}\b(?:(?:up)?on request|auf anfrage|sur demande|a petición|su richiesta|op aanvraag"
    r"|na życzenie|sob consulta)\b[^\n]{0,20}(?:\n|$)",
    re.IGNORECASE,
)
# These parts are often one line, "Skills: welding, forklift".
ONE_LINE_PARTS = frozenset(("skills", "languages", "interests", "certifications"))

_HEADINGS = {
    "contact": """
        contact | contact details | contact information | contact info | contact me
        | personal details | personal information | personal data | details | kontakt
        | kontaktdaten | persönliche daten | persönliche angaben | coordonnées
        | datos personales | contacto | contatti | dati personali | dados pessoais | contato
        | contactgegevens | personalia | dane osobowe | dane kontaktowe | 联系方式 | 个人信息
        | 基本信息 | 連絡先 | yhteystiedot | kontaktuppgifter | osobní údaje | kişisel bilgiler
        | iletişim | контакты | личные данные | контакти | στοιχεία επικοινωνίας | 연락처
        | 인적사항 | 个人资料""",
    "summary": """
        summary | profile | about | about me | objective | career objective | overview
        | introduction | personal statement | statement | bio | biography | who i am
        | career summary | executive summary | qualifications summary
        | summary of qualifications | highlights | career highlights | profil | kurzprofil
        | über mich | zusammenfassung | à propos | résumé | objectif | perfil | resumen
        | sobre mí | objetivo | profilo | chi sono | sommario | resumo | sobre mim | profiel
        | over mij | samenvatting | podsumowanie | profil zawodowy | o mnie | 自我评价
        | 个人简介 | 自己pr | what i do | what i offer | sammanfattning | om mig | om meg
        | profiili | o mně | hakkımda | özet | обо мне | о себе | про мене | σχετικά με μένα
        | 자기소개 | 自己紹介 | 职业概述 | 个人总结""",
    "experience": """
        experience | work experience | employment | employment history | work history | career
        | career history | professional background | work | jobs | positions | positions held
        | internships | internship | internship experience | clinical experience
        | teaching experience | research experience | industry experience | leadership
        | leadership experience | military service | berufserfahrung | beruflicher werdegang
        | werdegang | berufspraxis | praktika | praktikum | expérience | expériences
        | expérience professionnelle | expériences professionnelles | parcours professionnel
        | experiencia | experiencia laboral | experiencia profesional | esperienza | esperienze
        | esperienza lavorativa | esperienze professionali | esperienza professionale
        | esperienze lavorative | experiência | experiência profissional | experiências
        | werkervaring | ervaring | loopbaan | doświadczenie | doświadczenie zawodowe
        | przebieg kariery | 工作经历 | 工作经验 | 实习经历 | 職歴 | 職務経歴 | what i have done
        | what i did | where i worked | where i have worked | arbetslivserfarenhet
        | arbeidserfaring | erhvervserfaring | erfaring | työkokemus | pracovní zkušenosti
        | praxe | pracovné skúsenosti | szakmai tapasztalat | munkatapasztalat
        | experiență profesională | experiență | iş deneyimi | deneyim | опыт работы
        | профессиональный опыт | досвід роботи | εργασιακή εμπειρία | επαγγελματική εμπειρία
        | 경력 | 경력사항 | 工作履历 | 实践经历 | clinical rotations | stages""",
    "education": """
        education | education and training | academic background | academic history
        | academic qualifications | qualifications | studies | degrees | training | schooling
        | educational background | courses | coursework | relevant coursework | ausbildung
        | bildung | studium | bildungsweg | schulbildung | aus- und weiterbildung
        | weiterbildung | formation | formations | études | parcours académique | diplômes
        | educación | formación | formación académica | estudios | istruzione | formazione
        | istruzione e formazione | educação | formação | formação acadêmica
        | formação académica | opleiding | opleidingen | onderwijs | wykształcenie | edukacja
        | 教育背景 | 教育经历 | 学历 | 学歴 | school | schools | where i studied | utbildning
        | utdanning | uddannelse | koulutus | vzdělání | vzdelanie | tanulmányok | végzettség
        | educație | studii | eğitim | образование | освіта | εκπαίδευση | 학력 | 학력사항
        | 教育 | continuing education | professional development | cursos | studie | cours
        | corsi | kurse""",
    "skills": """
        skills | skill set | skillset | competencies | competences | expertise
        | areas of expertise | technologies | tools | tech stack | technical proficiencies
        | proficiencies | programming languages | programming skills | computer skills
        | it skills | software | strengths | abilities | capabilities | specialties | kenntnisse
        | fähigkeiten | kompetenzen | edv-kenntnisse | it-kenntnisse | fachkenntnisse | stärken
        | compétences | compétences techniques | atouts | habilidades | competencias | aptitudes
        | conocimientos | competenze | capacità | competenze tecniche | competências
        | vaardigheden | competenties | umiejętności | kompetencje | 技能 | 专业技能 | スキル
        | what i know | färdigheter | kompetens | ferdigheter | kompetanse | kompetencer
        | taidot | osaaminen | dovednosti | znalosti | készségek | competențe | abilități
        | beceriler | yetenekler | навыки | ключевые навыки | навички | δεξιότητες | 기술
        | 보유기술 | 技术能力 | 专业能力 | 技能特长 | 技术栈 | 技能清单 | edv kenntnisse
        | it kenntnisse | soft skills | hard skills""",
    "projects": """
        projects | project experience | portfolio | side projects | open source
        | open source contributions | projekte | projets | proyectos | progetti | projetos
        | projecten | projekty | 项目经历 | 项目经验 | プロジェクト | projekt | prosjekter
        | projekter | projektit | projeler | проекты | проєкти | 프로젝트 | 项目作品 | 项目
        | 项目实践 | 项目经验与成果""",
    "certifications": """
        certifications | certification | certificates | certificate | licenses | licences
        | licenses and certifications | licensure | registrations | registration
        | accreditations | zertifikate | zertifizierungen | certificats | certificaciones
        | certificados | certificazioni | certificações | certificaten | certyfikaty | 证书
        | 資格 | certifikat | sertifikater | certifikace | sertifikalar | сертификаты
        | сертифікати | 자격증 | 资格证书 | driving licence | driving license | permis
        | führerschein""",
    "languages": """
        languages | language skills | sprachen | sprachkenntnisse | langues | idiomas | lingue
        | línguas | talen | talenkennis | języki | języki obce | znajomość języków | 语言
        | 语言能力 | 言語 | språk | sprog | kielitaito | kielet | jazyky | nyelvtudás
        | limbi străine | diller | yabancı dil | языки | иностранные языки | мови | γλώσσες
        | 외국어 | 어학
        | compétences linguistiques | competenze linguistiche
        | competências linguísticas | habilidades lingüísticas | umiejętności językowe""",
    "publications": """
        publications | papers | articles | conference papers | talks | presentations | patents
        | publikationen | veröffentlichungen | publicaciones | pubblicazioni | publicações
        | publicaties | publikacje | 发表论文 | 论文 | publikationer | publikasjoner | julkaisut
        | публикации | публікації | 学术成果 | 论文发表""",
    "awards": """
        awards | honors | honours | achievements | accomplishments | scholarships | prizes
        | key achievements | distinctions | auszeichnungen | preise | erfolge | prix | premios
        | logros | premi | riconoscimenti | prêmios | conquistas | prijzen | nagrody
        | osiągnięcia | 获奖经历 | 荣誉 | 奖项 | utmärkelser | ödüller | награды | достижения
        | досягнення | 수상 | 竞赛获奖 | 获奖情况 | 荣誉奖项 | 所获荣誉""",
    "interests": """
        interests | hobbies | activities | extracurricular activities | leisure | pastimes
        | interessen | freizeit | centres d'intérêt | loisirs | intereses | aficiones
        | interessi | hobby | interesses | hobby's | zainteresowania | 兴趣爱好 | 趣味
        | intressen | harrastukset | fritid | zájmy | ilgi alanları | hobiler | хобби | интересы
        | інтереси | χόμπι | 취미 | 兴趣 | hobbys""",
    "volunteering": """
        volunteering | volunteer | volunteer experience | volunteer work | voluntary work
        | community service | community involvement | ehrenamt | ehrenamtliche tätigkeit
        | bénévolat | voluntariado | volontariato | vrijwilligerswerk | wolontariat | 志愿者经历
        | ideellt arbete | frivilligt arbejde | gönüllülük | волонтёрство | волонтерство
        | 志愿服务""",
    "references": """
        references | referees | referenzen | références | referencias | referenze | referências
        | referenties | referencje | 推荐人 | referenser | referanser | referencer | suositukset
        | referanslar | рекомендации | рекомендації | 추천인""",
}
HEADINGS = {
    " ".join(heading.split()): kind
    for kind, headings in _HEADINGS.items()
    for heading in headings.split("|")
}


def _unaccented(text: str) -> str:
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))


# Capitals are often set without their accents; "resume" is what the whole file is called.
HEADINGS = {_unaccented(heading): kind for heading, kind in HEADINGS.items()} | HEADINGS
del HEADINGS["resume"]
# "Nursing Experience", "Compétences informatiques": the noun decides, whatever qualifies it.
LAST_NOUNS = {
    "experience": "experience", "skills": "skills", "kenntnisse": "skills", "projects": "projects",
    "certifications": "certifications", "publications": "publications", "awards": "awards",
}  # fmt: skip
FIRST_NOUNS = {
    "compétences": "skills", "competenze": "skills", "competências": "skills",
    "habilidades": "skills", "conocimientos": "skills", "umiejętności": "skills",
    "expérience": "experience", "expériences": "experience", "experiencia": "experience",
    "experiência": "experience", "esperienza": "experience", "esperienze": "experience",
    "doświadczenie": "experience", "formation": "education", "formación": "education",
    "formação": "education", "formazione": "education",
}  # fmt: skip
FIRST_NOUNS = {_unaccented(noun): kind for noun, kind in FIRST_NOUNS.items()} | FIRST_NOUNS
_SENTENCE_WORDS = "in en em with con mit avec com z w at a à of de for para pour as"
SENTENCE_WORDS = frozenset(_SENTENCE_WORDS.split())
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
    if len(heads) < MIN_HEADINGS and len(beside := list(_in_margin(text))) >= MIN_MARGIN_HEADINGS:
        heads = beside
    sections = []
    ends = [start for start, _, _ in heads[1:]] + [len(text)] * bool(heads)
    for (start, kind, confidence), end in zip(heads, ends, strict=True):
        if kind == "references":
            # After "on request" comes no referee, but the column beside, with the candidate in it.
            begun = text.find("\n", start, end) + 1
            request = REQUEST.match(text, begun, end) if begun else None
            sections.append(Section(kind, start, request.end() if request else end, confidence))
        else:
            sections.append(Section(kind, start, end, confidence))
    return tuple(sections)


def with_head(sections: tuple[Section, ...], text: str, *details: str) -> tuple[Section, ...]:
    """The sections, with the text before the first heading as "contact" where that holds one of
    the `details` of the person."""
    if not sections or not any(detail in text[: sections[0].start] for detail in details if detail):
        return sections
    return (Section("contact", 0, sections[0].start, 0.7), *sections)


def _heads(text: str) -> Iterator[tuple[int, str, float]]:
    place = 0
    blank = True  # whether the line before was
    for line in text[:MAX_CHARACTERS].split("\n"):
        bare, _, beside = line.strip().partition("\t")
        if bare and len(bare) <= MAX_HEADING_CHARACTERS:
            kind, certainty = _kind(bare)
            if not kind and not beside and (blank or bare.isupper()):
                kind, certainty = _by_noun(bare), 0.75
            if kind:
                stands_out = not beside and (blank or bare.isupper() or bare.startswith("#"))
                if place == 0 and bare.lower() == "résumé":
                    continue  # of an English file the title
                yield place, kind, certainty if stands_out else round(certainty - 0.15, 2)
        if bare and (label := LABEL.match(bare)) and len(bare) > len(label[1]) + 3:
            kind = HEADINGS.get(_plain(label[1]), "")
            if kind in ONE_LINE_PARTS and blank:
                yield place, kind, 0.5
        blank = not bare
        place += len(line) + 1


def _in_margin(text: str) -> Iterator[tuple[int, str, float]]:
    """Lines that begin with a heading and go on with a capital or a bullet, each kind once."""
    place = 0
    kinds_met: set[str] = set()
    for line in text[:MAX_CHARACTERS].split("\n"):
        if match := BESIDE.match(line):
            words = match[1].split(" ")
            for count in range(len(words), 0, -1):
                kind = HEADINGS.get(" ".join(words[:count]).lower(), "")
                rest = line[len(" ".join(words[:count])) :].lstrip()
                if kind and rest and not rest[0].islower():
                    if kind not in kinds_met:
                        kinds_met.add(kind)
                        yield place, kind, 0.5
                    break
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


def _by_noun(line: str) -> str:
    words = line.rstrip(" :*_").split()
    if not 2 <= len(words) <= 3 or not all(word.isalpha() for word in words):
        return ""
    small = [word.lower() for word in words]
    if not SENTENCE_WORDS.isdisjoint(small):
        return ""
    if all(word[0].isupper() for word in words) and small[-1] in LAST_NOUNS:
        return LAST_NOUNS[small[-1]]
    return FIRST_NOUNS.get(small[0], "")


def _bare_kind(part: str) -> str:
    words = part.split()
    while words and words[0] in MODIFIERS and " ".join(words) not in HEADINGS:
        words.pop(0)
    while words and words[-1] in MODIFIERS and " ".join(words) not in HEADINGS:
        words.pop()
    return HEADINGS.get(" ".join(words), "")


def _plain(line: str) -> str:
    """A heading in small letters, without marks, numbers, brackets and letter-spacing."""
    line = NUMBER.sub("", MARKS.sub("", BRACKETS.sub("", line))).replace("’", "'")
    if LETTER_SPACED.fullmatch(" ".join(line.split())):
        words = re.split(r" {2,}|\t", line)
        line = " ".join(word.replace(" ", "") for word in words)
    small = unicodedata.normalize("NFC", line).lower().replace("i\u0307", "i")  # Turkish İ
    return " ".join(small.split())
