"""Who the résumé is from, by plain rules on its text; never by a model.

A name that is not plainly a name is left out: a reviewer sees the file's name instead, while a
wrong one would be shown, sorted by and removed from the text as if it were right.
"""

import re

from .document import Contact

MARKUP = " \t#*_>•"  # of Markdown, around the name and the headings
FIRST_LINES = 60
NAME_LINES = 6  # without an e-mail address that agrees, a name stands at the top

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
GAP = r"\)?(?: ?[./\u2010-\u2013-] ?| )?\(?"
PHONE = re.compile(rf"(?<![\w./+-])\(?\+?\(?\d{{1,15}}(?:(?=\D){GAP}\d{{1,15}}){{0,7}}(?![\w/-])")
PHONE_LABEL = re.compile(r"\b(?:phone|mobile|cell|tel|telefon|handy|fon|móvil|tél)\w*", re.I)
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
DATE = re.compile(r"\b\d{1,4}[./-]\d{1,2}[./-](?:19|20)?\d\d\b|\b\d{1,2}[./-](?:19|20)\d\d\b")
FEWEST_DIGITS, MOST_DIGITS = 8, 15  # ITU-T E.164 allows 15

LABELLED = re.compile(r"^(?:full )?name\s*[:\uff1a]\s*(.+)$", re.I)
CHINESE_LABELLED = re.compile(r"姓\s*名\s*[:\uff1a]?\s*([\u4e00-\u9fff·]{2,6})")
CHINESE = re.compile(r"(?!.*[简簡履信个個求])[\u4e00-\u9fff]{2,4}")
HEADING = re.compile(
    r"^(?:curriculum vitae|personal (?:information|details|data)|lebenslauf|r[eé]sum[eé]|cv)"
    r"(?:\s*(?:of|[:–—-]))?\s+",
    re.I,
)
SEPARATORS = re.compile(r"\t| {2,}|[|•·‧∙,;/()\uff0c]| [–—-] ")
WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*\.?")
_PARTICLES = "al bin bint da das de del della der di dos du e el ibn la le san ter van von y zu zum"
_TITLES = "dr mr mrs ms mx prof ing dipl msc bsc phd mba md"
# A line with one of these is a heading, a job title, a place or an address, not a name.
_NOT_NAMES = """
about academic account accountant achievements activities administrator address analyst analytics
and application architect assistant associate avenue award awards background backend bachelor
biography business candidate career certificate certifications certified chief city college
communication company computer consultant contact coordinator country cover cum curriculum data
database date degree dentist description design designer developer development devops director
doctor driver education email engineer engineering english executive experience finance for
freelance french frontend full-stack fullstack german github graduate head her here highlights his
history hobbies home human industry information intern interests introduction jobs junior key
kitchen languages laude lead leader learning lebenslauf letter life linkedin lives machine
management manager marketing master mobile most my name network nurse objective of office officer
operations opportunities organization overview page personal phone platform portfolio position
president principal product profile professional programmer project projects proud publications
qualifications references relevant representative research researcher resources responsibilities
resume résumé road sales school science scientist secretary security senior service services
skills software solutions specialist staff state strategist street strengths student summary
support systems teacher team technical technician technologies technology telephone tel test tester
the title to tools training university vitae vita volunteer web website with work writer years your
"""
PARTICLES = frozenset(_PARTICLES.split())
TITLES = frozenset(_TITLES.split())
NOT_NAMES = frozenset(_NOT_NAMES.split())


def find(pages: tuple[str, ...]) -> Contact:
    """Name, e-mail address and phone number; "" for each that is not plainly there."""
    marked = (line.strip(MARKUP) for line in "\n".join(pages[:2]).split("\n"))
    lines = [line for line in marked if line]
    email = _email(lines)
    return Contact(_name(lines[:FIRST_LINES], email), email, _phone(lines[:FIRST_LINES]))


def _email(lines: list[str]) -> str:
    for line in lines:
        if "@" in line:
            found = EMAIL.search(line)
            if found:
                return found.group().strip(".-+")
    return ""


def _phone(lines: list[str]) -> str:
    for line in lines:
        for found in PHONE.finditer(line):
            number = found.group()
            if len(re.sub(r"\D", "", number)) > 11 and "+" not in number and "(" in number[1:]:
                number = number[number.index("(", 1) :]  # a postal code stands before it
            groups = re.findall(r"\d+", number)
            digits = sum(map(len, groups))
            if (
                FEWEST_DIGITS <= digits <= MOST_DIGITS
                and digits >= 1.5 * len(groups)  # not a row of figures
                and (
                    "+" in number
                    or PHONE_LABEL.search(line, 0, found.start())
                    or not (DATE.search(number) or YEAR.search(number))
                )
            ):
                return number
    return ""


def _name(lines: list[str], email: str) -> str:
    for line in lines:
        labelled = LABELLED.match(line)
        if labelled and (name := _as_name(SEPARATORS.split(labelled.group(1))[0])):
            return name
        chinese = CHINESE_LABELLED.search(line)
        if chinese:
            return chinese.group(1)
    for line in lines[:2]:
        if CHINESE.fullmatch(line):
            return line
    plausible = [
        (index, name) for index, line in enumerate(lines) if (name := _at_line(lines, index, line))
    ]
    owner = _letters(email.partition("@")[0])
    for _, name in plausible:
        if any(len(part) > 2 and part in owner for part in map(_letters, name.split())):
            return name
    return next((name for index, name in plausible if index < NAME_LINES), "")


def _at_line(lines: list[str], index: int, line: str) -> str:
    line = HEADING.sub("", line)
    first = SEPARATORS.split(line, maxsplit=1)[0].strip()
    name = _as_name(first)
    if name or first != line or index >= NAME_LINES or index + 1 >= len(lines):
        return name
    # Large letters on a cover: the first name on one line, the last on the next.
    below = lines[index + 1]
    if len(line.split()) == 1 and len(below.split()) == 1:
        return _as_name(f"{line} {below}")
    return ""


def _as_name(text: str) -> str:
    """`text` if it reads as a person's name of two to four words, without titles, else ""."""
    words = text.split()
    while words and words[0].lower().strip(".") in TITLES:
        words.pop(0)
    while words and words[-1].lower().replace(".", "") in TITLES:
        words.pop()
    if not 2 <= len(words) <= 4 or len(text) > 60:
        return ""
    full = 0
    for word in words:
        bare = word.strip(".").lower()
        if not WORD.fullmatch(word) or bare in NOT_NAMES:
            return ""
        if not word[0].islower():  # scripts without capitals pass
            full += len(bare) > 1
        elif bare not in PARTICLES:
            return ""
    return " ".join(words) if full else ""  # a line of initials alone is no name


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]", "", text).lower()
