"""Who the résumé is from, by plain rules on its text; never by a model.

A name that is not plainly a name is left out: a reviewer sees the file's name instead, while a
wrong one would be shown, sorted by and removed from the text as if it were right.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .document import Contact, Link, Section

MARKUP = " \t#*_>•"  # of Markdown, around the name and the headings
FIRST_LINES = 60
NAME_LINES = 6  # without an e-mail address that agrees, a name stands at the top

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
# As people write it who fear the robots, or as a line end leaves it.
DISGUISED = re.compile(
    r"(?<![\w.+-])([\w.+-]{1,64}) ?(?:\(at\)|\[at\]|\{at\}| at |@) ?"
    r"((?:[\w-]{1,63} ?(?:\(dot\)|\[dot\]|\{dot\}| dot |\.) ?){1,4}[A-Za-z]{2,24})\b",
    re.IGNORECASE,
)
DOT = re.compile(r" ?(?:\(dot\)|\[dot\]|\{dot\}| dot |\.) ?", re.IGNORECASE)
LABEL_OF_MAIL = re.compile(r"mail|contact|kontakt|@|\bat\b", re.IGNORECASE)
GAP = r"\)?(?: ?[./\u2010-\u2013-] ?| )?\(?"
PHONE = re.compile(rf"(?<![\w./+-])\(?\+?\(?\d{{1,15}}(?:(?=\D){GAP}\d{{1,15}}){{0,7}}(?![\w/-])")
PHONE_LABEL = re.compile(r"\b(?:phone|mobile|cell|tel|telefon|handy|fon|móvil|tél)\w*", re.I)
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
DATE = re.compile(r"\b\d{1,4}[./-]\d{1,2}[./-](?:19|20)?\d\d\b|\b\d{1,2}[./-](?:19|20)\d\d\b")
LINK = re.compile(
    r"(?<![\w@./-])(?:(?P<scheme>https?://)|www\.)?(?P<host>(?:[a-z0-9][a-z0-9-]{0,62}\.){1,4}"
    r"[a-z]{2,18})(?P<path>/[^\s|,;<>()\"'•·，。、；]{0,200})?",
    re.IGNORECASE,
)
# Endings of bare names that are homes of people; "node.js" and "e.g." are none.
_HOMES = "com org net io dev me app co ai tech page blog info eu uk de fr es it nl"
HOMES = frozenset(_HOMES.split())
MOST_LINKS = 10
LABEL_WITHIN = 40  # characters before the number
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


def find(pages: tuple[str, ...], sections: Sequence[Section] = ()) -> Contact:
    """Name, e-mail address, phone number and links; "" for each that is not plainly there, and how
    sure each of them is. `sections` keep those of referees and employers apart."""
    text = "\n\n".join(pages)
    parts = list(_parts(text[: len("\n\n".join(pages[:2]))], sections))
    own = _person([part for part, kind in parts if kind != "references"])
    if not own.email and not own.phone:
        # A margin may end with its referees, and the head of the page come after it.
        whole = _person([part for part, _ in parts])
        own = replace(
            whole,
            name_confidence=round(whole.name_confidence / 2, 2),
            email_confidence=round(whole.email_confidence / 2, 2),
            phone_confidence=round(whole.phone_confidence / 2, 2),
        )
    return replace(own, links=_links(parts))


def _person(parts: list[str]) -> Contact:
    lines = [line for part in parts for raw in part.split("\n") if (line := raw.strip(MARKUP))]
    head = [line for raw in parts[0].split("\n") if (line := raw.strip())] if parts else []
    email, sure_of_email = _email(lines, head)
    name, sure_of_name = _name(lines[:FIRST_LINES], email)
    phone, sure_of_phone = _phone(lines[:FIRST_LINES])
    return Contact(
        name,
        email,
        phone,
        name_confidence=sure_of_name,
        email_confidence=sure_of_email,
        phone_confidence=sure_of_phone,
    )


def _parts(text: str, sections: Sequence[Section]) -> Iterator[tuple[str, str]]:
    """(text, kind) from the top; what is under no heading is of kind ""."""
    place = 0
    for section in sections:
        if section.start > place:
            yield text[place : section.start], ""
        yield text[section.start : section.end], section.kind
        place = section.end
    if place < len(text):
        yield text[place:], ""


def _email(lines: list[str], head: list[str]) -> tuple[str, float]:
    for line in lines:
        if "@" in line:
            found = EMAIL.search(line)
            if found:
                return found.group().strip(".-+"), 0.95 if line in head else 0.85
    for line in lines[:FIRST_LINES]:
        if LABEL_OF_MAIL.search(line) and (found := DISGUISED.search(line)):
            address = f"{found.group(1)}@{DOT.sub('.', found.group(2))}".replace(" ", "")
            if EMAIL.fullmatch(address) and (
                address.rpartition(".")[2].lower() in HOMES or "@" in line or "(" in line
            ):
                return address, 0.6
    return "", 0.0


def _links(parts: list[tuple[str, str]]) -> tuple[Link, ...]:
    """Addresses on the web: surely the person's own before the first part, less so under a job."""
    found: dict[str, Link] = {}
    for text, kind in parts:
        if kind == "references":
            continue
        own = kind in ("", "contact", "summary")
        for match in LINK.finditer(text):
            host, path = match["host"].lower(), (match["path"] or "").rstrip(".:/")
            what = "web"
            for known in ("linkedin", "github"):
                if host == f"{known}.com" or host.endswith(f".{known}.com"):
                    what = known
            stated = match["scheme"] or match.group().lower().startswith("www.")
            if not stated and not path and host.rpartition(".")[2] not in HOMES:
                continue
            if what != "web" and not path:
                continue
            url = (
                f"{match['scheme'] or 'https://'}{'www.' * (not match['scheme'] and bool(stated))}"
            )
            url = f"{url}{match['host']}{path}"
            sure = 0.95 if what != "web" else 0.9 if stated else 0.6
            found.setdefault(url.lower(), Link(what, url, sure if own else round(sure / 2, 2)))
            if len(found) == MOST_LINKS:
                return tuple(found.values())
    return tuple(found.values())


def _phone(lines: list[str]) -> tuple[str, float]:
    for line in lines:
        for found in PHONE.finditer(line):
            number = found.group()
            if len(re.sub(r"\D", "", number)) > 11 and "+" not in number and "(" in number[1:]:
                number = number[number.index("(", 1) :]  # a postal code stands before it
            groups = re.findall(r"\d+", number)
            digits = sum(map(len, groups))
            label = PHONE_LABEL.search(line, max(found.start() - LABEL_WITHIN, 0), found.start())
            # A trunk prefix and enough digits: in "029 2018 0145" nothing is a year.
            national = groups[0].startswith("0") and digits >= 10 and len(groups[0]) > 2
            if (
                FEWEST_DIGITS <= digits <= MOST_DIGITS
                and digits >= 1.5 * len(groups)  # not a row of figures
                and (
                    "+" in number
                    or label
                    or (national and not DATE.search(number))
                    or not (DATE.search(number) or YEAR.search(number))
                )
            ):
                return number, 0.9 if label or "+" in number else 0.75
    return "", 0.0


def _name(lines: list[str], email: str) -> tuple[str, float]:
    for line in lines:
        labelled = LABELLED.match(line)
        if labelled and (name := _as_name(SEPARATORS.split(labelled.group(1))[0])):
            return name, 0.95
        chinese = CHINESE_LABELLED.search(line)
        if chinese:
            return chinese.group(1), 0.95
    for line in lines[:2]:
        if CHINESE.fullmatch(line):
            return line, 0.8
    plausible = [
        (index, name) for index, line in enumerate(lines) if (name := _at_line(lines, index, line))
    ]
    owner = _letters(email.partition("@")[0])
    for _, name in plausible:
        if any(len(part) > 2 and part in owner for part in map(_letters, name.split())):
            return name, 0.95
    found = next(((index, name) for index, name in plausible if index < NAME_LINES), None)
    return (found[1], 0.75 if found[0] == 0 else 0.6) if found else ("", 0.0)


def name_for(address: str, lines: Sequence[str]) -> str:
    """The name among a few lines that agrees with an e-mail address, "" for none."""
    owner = _letters(address.partition("@")[0])
    for line in lines:
        name = _as_name(
            SEPARATORS.split(HEADING.sub("", line.strip(MARKUP)), maxsplit=1)[0].strip()
        )
        if any(len(part) > 2 and part in owner for part in map(_letters, name.split())):
            return name
    return ""


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
