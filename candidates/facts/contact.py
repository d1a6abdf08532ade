"""The person a résumé is from, by rules on its text; never by a model.

A name is left out where it is not clearly one: the reviewer then sees the file's name, while a
wrong name would be shown, sorted by and redacted from the text.

Confidence of an e-mail address: 0.95 at the head of the file, 0.85 further down, 0.6 where it is
disguised ("jane (at) example.com"), 0.55 where the end of a line breaks it, and 0.5 under a job,
where it may be the employer's. Of a telephone number: 0.9 with a label or a country code, 0.75
without, 0.5 under a job. All are halved for details that stand among the referees alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from candidates.facts.values import Contact, Section

from . import links, names

MAX_CHARACTERS = 100_000  # of the text, that are searched
HEAD_LINES = 60
MAX_LABEL_CHARACTERS = 40  # before a number, in which its label may stand
# Under these headings an address may be that of an employer, a school or a journal.
PARTS_WITH_ADDRESSES_OF_OTHERS = frozenset(
    ("experience", "education", "projects", "publications", "volunteering")
)

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
# Written against address harvesters, or with gaps that a reader of files left.
DISGUISED = re.compile(
    r"(?<![\w.+-])([\w.+-]{1,64}) ?(?:\(at\)|\[at\]|\{at\}| at |@) ?"
    r"((?:[\w-]{1,63} ?(?:\(dot\)|\[dot\]|\{dot\}| dot |\.) ?){1,4}[A-Za-z]{2,24})\b",
    re.IGNORECASE,
)
DOT = re.compile(r" ?(?:\(dot\)|\[dot\]|\{dot\}| dot |\.) ?", re.IGNORECASE)
DISGUISE = re.compile(r"[@([{]| dot ", re.IGNORECASE)  # "at" alone is a word of any sentence
LABEL_OF_MAIL = re.compile(r"mail|contact|kontakt", re.IGNORECASE)
PHONE_GAP = r"\)?(?: ?[./\u2010-\u2013-] ?| )?\(?"
PHONE = re.compile(
    rf"(?<![\w./+-])\(?\+?\(?\d{{1,15}}(?:(?=\D){PHONE_GAP}\d{{1,15}}){{0,7}}(?![\w/-])"
)
PHONE_LABEL = re.compile(
    r"\b(?:phone|mobile?|cell|tel|telefon|handy|fon|móvil|portable|gsm|tél|тел|моб)\w*"
    r"|\b[tmp][:.]|[☎✆📞📱]|电话|電話|手机|手機|携帯|전화|휴대",
    re.IGNORECASE,
)
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
DATE = re.compile(r"\b\d{1,4}[./-]\d{1,2}[./-](?:19|20)?\d\d\b|\b\d{1,2}[./-](?:19|20)\d\d\b")
PAIRS = re.compile(r"0\d(?:[ .-]?\d\d){4}")  # as in France
POSTAL = re.compile(r"\d{5}-\d{4}")  # as in the United States
MIN_DIGITS, MAX_DIGITS = 8, 15  # ITU-T E.164 allows 15
MIN_LABELLED_DIGITS = 7

LinesOfParts = list[tuple[str, str]]  # a line, and the kind of its part


def find(pages: tuple[str, ...], sections: Sequence[Section] = ()) -> Contact:
    """Name, e-mail address, telephone number and links, each with its confidence; "" for each that
    is not clearly there. `sections` tell those of referees and employers apart."""
    parts = list(_parts("\n\n".join(pages[:2])[:MAX_CHARACTERS].replace("\uff20", "@"), sections))
    own = _person([part for part in parts if part[1] != "references"])
    if not own.email and not own.phone and any(kind == "references" for _, kind in parts):
        # A margin may end with its referees, and the head of the page come after it.
        whole = _person(parts)
        if not own.name or own.name == whole.name:
            own = replace(
                whole,
                name_confidence=round(whole.name_confidence / 2, 2),
                email_confidence=round(whole.email_confidence / 2, 2),
                phone_confidence=round(whole.phone_confidence / 2, 2),
            )
    guessed = own.email.rpartition("@")[2] if own.email_confidence <= 0.6 else ""
    return replace(own, links=links.find(parts, ignored_host=guessed))


def _person(parts: list[tuple[str, str]]) -> Contact:
    lines = [
        (line, kind)
        for text, kind in parts
        for raw in text.split("\n")
        if (line := raw.strip(names.MARKUP))
    ]
    head = parts[0][0] if parts else ""
    email, sure_of_email = _email(lines, head)
    name, sure_of_name = names.find([line for line, _ in lines[:HEAD_LINES]], email)
    if sure_of_email == 0.5 and name and names.agrees(name, email):
        sure_of_email = 0.85
    phone, sure_of_phone = _phone(lines[:HEAD_LINES])
    return Contact(
        name,
        email,
        phone,
        name_confidence=sure_of_name,
        email_confidence=sure_of_email,
        phone_confidence=sure_of_phone,
    )


def _parts(text: str, sections: Sequence[Section]) -> Iterator[tuple[str, str]]:
    """(text, kind) of each part, from the top; text under no heading is of kind ""."""
    place = 0
    for section in sections:
        if section.start > place:
            yield text[place : section.start], ""
        yield text[section.start : section.end], section.kind
        place = section.end
    if place < len(text):
        yield text[place:], ""


def _email(lines: LinesOfParts, head: str) -> tuple[str, float]:
    others = ""
    before = ""
    for line, kind in lines:
        match = EMAIL.search(line) if "@" in line else None
        if match:
            address = match.group().strip(".-+")
            if kind not in PARTS_WITH_ADDRESSES_OF_OTHERS or address in head:
                if match.start() == 0 and (begun := re.search(r"[\w.+-]*\w[-_]$", before)):
                    return begun.group() + address, 0.55
                return address, 0.95 if address in head else 0.85
            others = others or address
        before = line[-names.MAX_LINE_CHARACTERS :]
    for (above, _), (line, _) in pairwise(lines[:HEAD_LINES]):
        if address := _broken(above, line):
            return address, 0.55
    for line, _ in lines[:HEAD_LINES]:
        match = DISGUISED.search(line)
        if (
            match
            and not EMAIL.fullmatch(match.group())
            and (DISGUISE.search(match.group()) or LABEL_OF_MAIL.search(line, 0, match.start()))
        ):
            address = f"{match.group(1)}@{DOT.sub('.', match.group(2))}".replace(" ", "")
            if EMAIL.fullmatch(address):
                return address, 0.6
    return (others, 0.5) if others else ("", 0.0)


def _broken(above: str, below: str) -> str:
    """The address that two lines make: broken before or after its @, or after a dot or a hyphen."""
    if "@" not in above[-100:] and not below.startswith(("@", ".")):
        return ""
    begun, rest = above.split()[-1], below.split()[0]
    if EMAIL.search(begun) or not (begun.endswith(("@", "-", ".")) or rest.startswith(("@", "."))):
        return ""
    address = begun + rest.rstrip(".,;|")
    return address if EMAIL.fullmatch(address) else ""


def _phone(lines: LinesOfParts) -> tuple[str, float]:
    others = ""
    for line, kind in lines:
        for match in PHONE.finditer(line):
            number = match.group()
            if len(re.sub(r"\D", "", number)) > 11 and "+" not in number and "(" in number[1:]:
                number = number[number.index("(", 1) :]  # a postal code stands before it
            # Only so far back: lines can be long.
            before = max(0, match.start() - MAX_LABEL_CHARACTERS)
            labelled = PHONE_LABEL.search(line, before, match.start()) is not None
            if not _is_phone(number, labelled=labelled):
                continue
            if kind not in PARTS_WITH_ADDRESSES_OF_OTHERS:
                return number, 0.9 if labelled or "+" in number else 0.75
            others = others or number
    return (others, 0.5) if others else ("", 0.0)


def _is_phone(number: str, *, labelled: bool) -> bool:
    groups = re.findall(r"\d+", number)
    digits = sum(map(len, groups))
    if not (MIN_LABELLED_DIGITS if labelled else MIN_DIGITS) <= digits <= MAX_DIGITS:
        return False
    if digits < 1.5 * len(groups):  # a row of figures
        return False
    if labelled or "+" in number or PAIRS.fullmatch(number):
        return True
    dated = DATE.search(number) is not None
    # A trunk prefix and enough digits: in "029 2018 0145" nothing is a year.
    national = groups[0].startswith("0") and digits >= 10 and len(groups[0]) > 2
    if national and not dated:
        return True
    return not (dated or YEAR.search(number) or POSTAL.fullmatch(number))
