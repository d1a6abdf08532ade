"""The name of the person a résumé is from, by rules, each with its confidence.

0.95 where it is labelled or agrees with the e-mail address; 0.9 where only the address shows where
it ends or which word comes first; 0.85 where the address has its initials; 0.8 for a Chinese name
on a line of its own; 0.75 for the top line alone, 0.6 for one of the next lines.
"""

import re
import unicodedata
from collections.abc import Sequence

MARKUP = " \t#*_>•"  # of Markdown, around the name and the headings
MAX_LINE_CHARACTERS = 400  # the rest of a longer line is not searched
MAX_NAME_LINE = 6  # without an e-mail address that agrees, a name stands at the top

LABELLED_NAME = re.compile(
    r"^(?:(?:full )?name|nom(?: et prénom| complet)?|nombre(?: completo| y apellidos)?"
    r"|nome(?: e cognome| completo)?|naam|imię i nazwisko|namn|navn|jméno|nume|ad[ıi]? soyad[ıi]?"
    r"|имя|фио|ім'я|піб|성명|이름|氏\s*名|名前)\s*[:\uff1a\t]\s*(.+)$",
    re.IGNORECASE,
)
FIRST_NAME_LINE = re.compile(
    r"^(?:first name|given name|vorname|prénom|nombres?|imię|voornaam|nome|förnamn|fornavn|имя)"
    r"\s*[:\uff1a\t]\s*(\S{1,40}(?: \S{1,40})?)$",
    re.IGNORECASE,
)
LAST_NAME_LINE = re.compile(
    r"^(?:last name|surname|family name|nachname|familienname|nom|apellidos?|cognome|sobrenome"
    r"|nazwisko|achternaam|efternamn|etternavn|фамилия)\s*[:\uff1a\t]\s*"
    r"(\S{1,40}(?: \S{1,40})?)$",
    re.IGNORECASE,
)
LABELLED_CHINESE_NAME = re.compile(r"(?:姓\s*名|氏\s*名)\s*[:\uff1a]?\s*([\u4e00-\u9fff·]{2,6})")
CHINESE_NAME = re.compile(r"(?!.*[简簡履信個个求職])[\u4e00-\u9fff]{2,4}")
KOREAN_NAME = re.compile(r"(?!이력서)[\uac00-\ud7a3]{3}")
HEADING = re.compile(
    r"^(?:curriculum vitae|personal (?:information|details|data)|lebenslauf|r[eé]sum[eé]|cv)"
    r"(?:\s*(?:of|[:–—-]))?\s+",
    re.IGNORECASE,
)
SEPARATORS = re.compile(r"\t| {2,}|[|•·‧∙,;/()\uff0c]| [–—-] ")
WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*\.?")
LETTER_SPACED = re.compile(r"\S(?: \S){2,}(?:(?: {2,}|\t)\S(?: \S){2,})+")
_PARTICLES = "al bin bint da das de del della der di dos du e el ibn la le san ter und van von y zu"
_TITLES = "dr mr mrs ms mx prof ing dipl msc bsc phd mba md"
# A line with one of these is a heading, a job title, a place or an address, not a name.
_NOT_NAMES = """
about academic account accountant achievements activities administrator address analyst analytics
and application architect assistant associate avenue award awards background backend bachelor
biography business candidate career certificate certifications certified chief city college
communication company corp computer confidential consultant contact coordinator country cover cum
curriculum data database date degree dentist description design designer developer development
devops director doctor driver education email engineer engineering english executive experience
finance for freelance french frontend full-stack fullstack german github gmbh graduate head her
here highlights his history hobbies home human inc industry information intern interests
introduction jobs junior key kitchen languages laude lead leader learning lebenslauf letter life
linkedin lives llc ltd machine management manager marketing master mobile most my name network new
nurse objective of office officer operations opportunities organization overview page personal
phone plc platform portfolio position president principal private product profile professional
programmer project projects proud publications qualifications references relevant representative
research researcher resources responsibilities resume résumé road sales school science scientist
secretary security senior service services skills software solutions specialist staff state
strategist street strengths student summary support systems teacher team technical technician
technologies technology telephone tel test tester the thesis title to tools training university
vitae vita volunteer web website with work writer years your
"""
PARTICLES = frozenset((*_PARTICLES.split(), "zum"))
TITLES = frozenset(_TITLES.split())
NOT_NAMES = frozenset(_NOT_NAMES.split())
# Letters that Unicode does not take apart, and how addresses spell them.
PLAIN = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"})
SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa"})


def find(lines: Sequence[str], email: str) -> tuple[str, float]:
    """The name among the first lines of a résumé, and its confidence; ("", 0.0) for none."""
    lines = [line[:MAX_LINE_CHARACTERS] for line in lines]
    if labelled := _labelled(lines):
        return labelled, 0.95
    for line in lines[:2]:
        if CHINESE_NAME.fullmatch(line):
            return line, 0.8
    plausible = [
        (index, name) for index, line in enumerate(lines) if (name := _at_line(lines, index, line))
    ]
    for _, name in plausible:
        if agrees(name, email):
            return name, 0.95
    owner = _letters(email.partition("@")[0])
    for line in lines if owner else ():
        if name := _from_address(owner, line):
            return name, 0.9
    for index, name in plausible:
        if index < MAX_NAME_LINE:
            if len(name.split()) > 1 and _initials(name) == owner:
                return name, 0.85
            return name, 0.75 if index == 0 else 0.6
    for line in lines[:2]:
        if KOREAN_NAME.fullmatch(line):
            return line, 0.75
    return "", 0.0


def agrees(name: str, email: str) -> bool:
    """Whether a word of the name is in the part of the address before the @."""
    owner = _letters(email.partition("@")[0])
    return any(_is_in_address(word, owner) for word in name.split())


def beside(email: str, lines: Sequence[str]) -> str:
    """The name among a few lines that agrees with an e-mail address, "" for none."""
    for line in lines:
        bare = HEADING.sub("", line[:MAX_LINE_CHARACTERS].strip(MARKUP))
        name = _as_name(SEPARATORS.split(bare, maxsplit=1)[0].strip())
        if agrees(name, email):
            return name
    return ""


def _labelled(lines: Sequence[str]) -> str:
    first = last = ""
    for line in lines:
        if (match := LABELLED_NAME.match(line)) and (
            name := _as_name(SEPARATORS.split(match[1])[0])
        ):
            return name
        if chinese := LABELLED_CHINESE_NAME.search(line):
            return chinese[1]
        if not first and (match := FIRST_NAME_LINE.match(line)):
            first = match[1]
        elif not last and (match := LAST_NAME_LINE.match(line)):
            last = match[1]
    return _as_name(f"{first} {last}") if first and last else ""


def _at_line(lines: Sequence[str], index: int, line: str) -> str:
    line = HEADING.sub("", line)
    if LETTER_SPACED.fullmatch(line):
        line = " ".join(word.replace(" ", "") for word in re.split(r" {2,}|\t", line))
    first = SEPARATORS.split(line, maxsplit=1)[0].strip()
    name = _as_name(first)
    if name or index >= MAX_NAME_LINE:
        return name
    if len(words := line.split()) == 2 and "\t" not in line:  # set apart by more than one space
        return _as_name(" ".join(words))
    # Large letters on a cover: the first name on one line, the last on the next.
    below = lines[index + 1] if index + 1 < len(lines) else ""
    if first == line and len(words) == 1 and len(below.split()) == 1:
        return _as_name(f"{line} {below}")
    return ""


def _from_address(owner: str, line: str) -> str:
    """The words at the start of the line that are all in the letters of an address: "JANE EXAMPLE
    NURSE", "jane example"; and "Example, Jane"."""
    name: list[str] = []
    for word in line.split()[:5]:
        bare = word.rstrip(",")
        if not WORD.fullmatch(bare) or bare.lower() in NOT_NAMES or not _is_in_address(bare, owner):
            break
        name.append(word)
    if len(name) == 2 and name[0].endswith(",") and not name[1].endswith(","):
        name = [name[1], name[0][:-1]]
    return " ".join(name).rstrip(",") if 2 <= len(name) <= 4 else ""


def _as_name(text: str) -> str:
    """`text` if it reads as a person's name of two to four words, without titles, else ""."""
    words = text.split()
    while words and words[0].lower().strip(".") in TITLES:
        words.pop(0)
    while words and words[-1].lower().replace(".", "") in TITLES:
        words.pop()
    if not 2 <= len(words) <= 7 or len(text) > 60:
        return ""
    full = count = 0
    for word in words:
        bare = word.strip(".").lower()
        if not WORD.fullmatch(word) or bare in NOT_NAMES:
            return ""
        if bare in PARTICLES:
            continue
        if word[0].islower():  # scripts without capitals pass
            return ""
        count += 1
        full += len(bare) > 1
    # A line of initials alone is no name.
    return " ".join(words) if full and count <= 4 and len(words) - count <= 3 else ""


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split()).lower()


def _is_in_address(word: str, owner: str) -> bool:
    """Whether a word of three letters or more is in an address, with or without its accents."""
    letters = _letters(word)
    if len(letters) > 2 and letters in owner:
        return True
    if letters.isascii():
        return False
    taken_apart = unicodedata.normalize("NFD", letters.translate(PLAIN))
    plain = "".join(letter for letter in taken_apart if not unicodedata.combining(letter))
    return any(len(form) > 2 and form in owner for form in (plain, letters.translate(SPELLED)))


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.lower()))
