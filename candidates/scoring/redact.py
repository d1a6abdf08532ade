"""Redact a résumé: remove what no score may rest on, which is the person's name, contact lines,
address, birth date, and the words that reveal only their gender.

Redacted text is overwritten with blanks, so that every offset in the result is one in the original.
Line breaks stay.
"""

import re
import unicodedata
from collections.abc import Iterable

from . import gendered

VERSION = "redact-4"  # of the rules: part of every fingerprint, so that no older score is reused
MASK = " "
# Never matched from the middle of a run: a text without spaces would take hours.
EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+\s?@\s?[\w-]+(?:\.[\w-]+)+")
LINK = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|(?<![\w.-])(?:[\w-]+\.)*(?:linkedin|github|gitlab|xing|behance|dribbble|medium|stackoverflow|twitter"
    r"|facebook|instagram|about)\.(?:com|me|org|net|io)/\S+",
    re.IGNORECASE,
)
# May hold the person's name in lower case: "example.org/mlovelace", "GitHub: lovelace-m".
HANDLE = re.compile(
    r"(?<![\w.-])[\w-]+(?:\.[\w-]+)+(?:/\S*)?"
    r"|\b(?:github|gitlab|linkedin|xing|twitter|skype|telegram|mastodon|instagram)"
    r"[ \t]*[:\uff1a][ \t]*[@\w./-]+|(?<!\S)@[\w.-]+",
    re.IGNORECASE,
)
NON_LATIN_LETTER = r"[\u0370-\u1dff\u2c80-\ud7ff\uf900-\ufaff]"
# Seven digits or more with the usual marks between them, and no letters; DATES excludes years.
PHONE = re.compile(r"(?<![\w.])(?:\+|00)?\(?\d[\d ().\u2010-\u2015/-]{6,}\d(?!\w)")
DATES = re.compile(r"\(?(?:(?:19|20)\d\d(?!\d)|\d{1,2}[./-](?:19|20)\d\d)")
LABELS = (
    r"full name|name|(?:home |postal )?address|residence|place of residence|date of birth"
    r"|birth ?date|birthday|born|d\.?o\.?b\.?|place of birth|age|nationality|citizenship"
    r"|(?:marital|family|civil) status|gender|sex|religion|children|phone|telephone|tel|mobile"
    r"|cell|fax|e-?mail|photo"
)
LABELLED = re.compile(
    rf"^[^\S\n]*(?:[•·*-][^\S\n]*)?(?:{LABELS})\b\.?[^\S\n]*[:|\u2013\u2014-][^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
DAY = r"(?:\d{1,2}(?:st|nd|rd|th)?[ ./-]+)?(?:\d{1,2}|[A-Z][a-z]{2,8})?[ ./,-]*(?:19|20)\d\d\b"
BORN = re.compile(
    rf"\b(?:born(?: on| in)?|date of birth|d\.?o\.?b\.?)[ :]+(?:the )?{DAY}", re.IGNORECASE
)
AGED = re.compile(r"\b(?:aged?[ :]+\d\d\b|\d\d[ -]years?[ -]old\b)", re.IGNORECASE)
# House number and street, as written in English, German, Dutch, Nordic languages, French and those
# of southern Europe; up to the end of the line, where town and country follow.
STREETS = (
    r"street|st\.?|avenue|ave\.?|road|rd\.?|lane|ln\.?|drive|dr\.?|boulevard|blvd\.?|court|ct\.?"
    r"|square|terrace|place|way|close|crescent"
)
GERMANIC = r"stra\u00dfe|strasse|gasse|weg|platz|straat|laan|gatan|vej"
STREET = re.compile(
    # Every word must be capitalised: "280 restaurants place some orders" is no address.
    rf"\b\d{{1,5}}[A-Za-z]?,? +(?:(?-i:[A-Z\d])[\w.'\u2019-]* +){{1,4}}"
    rf"(?-i:(?=[A-Z]))(?:{STREETS})(?=[\s,]|$)[^\n]*"
    rf"|\b[\w\u00c0-\u024f-]*(?:{GERMANIC}) +\d+[^\n]*"
    r"|\b\d{1,4}(?:bis)?,? +(?:rue|avenue|boulevard|place|chemin) [^\n]*"
    r"|\b(?:calle|via|viale|piazza|rua|avenida) (?-i:[A-Z\u00c0-\u00de])[^\n,]*,? *\d+[^\n]*"
    r"|\bP\.? ?O\.? Box \d+[^\n]*",
    re.IGNORECASE,
)
POSTCODE_LINE = re.compile(
    r"^[^\S\n]*(?:[A-Z]{1,2}-)?(?!(?:19|20)\d\d )\d{4,5} +"
    r"[A-Z\u00c0-\u00de][\w\u00c0-\u024f .'-]{2,40}"
    r"(?:, *[A-Z][\w ]+)?[^\S\n]*$"
    r"|\b[A-Z][\w .'-]{2,30}, *[A-Z]{2} +\d{5}(?:-\d{4})?\b"
    r"|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b",
    re.MULTILINE,
)
CAPTION = re.compile(
    r"^[^\S\n]*(?:photo(?:graph)?|portrait|picture)(?: of)?\b[^\n]{0,60}$",
    re.IGNORECASE | re.MULTILINE,
)
# Addresses are searched for at the beginning and the end only.
HEAD_CHARACTERS = 1_000
FOOT_CHARACTERS = 300
NAME_PARTICLES = frozenset(
    re.split(r"\W", "van von der den de la le di da del dos al el bin ibn ter ten of and y e")
)

TRANSLITERATIONS = str.maketrans(
    {"\u00f8": "o", "\u0142": "l", "\u00e6": "ae", "\u0111": "d", "\u0131": "i"}
)


def redact(text: str, name: str = "") -> str:
    """Return `text` of the same length with the person's traces blanked.

    `name` is the person's, where it is known; each of its parts is redacted wherever it is a
    capitalised word of its own.
    """
    return blank(text, traces(text, name))


def traces(text: str, name: str = "") -> list[tuple[int, int]]:
    """Return the spans of the person's traces in the order of the text, merged where they touch."""
    spans = [
        match.span()
        for pattern in (EMAIL, LINK, BORN, AGED, LABELLED, CAPTION)
        for match in pattern.finditer(text)
    ]
    spans += gendered.spans(text)
    for match in PHONE.finditer(text):
        digits = sum(map(str.isdigit, match[0]))
        if 7 <= digits <= 15 and not DATES.match(match[0]):
            spans.append(match.span())
    foot = max(0, len(text) - FOOT_CHARACTERS)
    for start, end in {(0, HEAD_CHARACTERS), (foot, len(text))}:
        for pattern in (STREET, POSTCODE_LINE):
            spans += [match.span() for match in pattern.finditer(text, start, end)]
    spans += [match.span() for match in _names(name, text)]
    spans += _handles(name, text)
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return `text` with blanks in these ordered spans; line breaks stay."""
    parts: list[str] = []
    position = 0
    for start, end in spans:
        parts.append(text[position:start])
        parts.append("\n".join(MASK * len(line) for line in text[start:end].split("\n")))
        position = end
    parts.append(text[position:])
    return "".join(parts)


def _names(name: str, text: str) -> "list[re.Match[str]]":
    parts = [part for part in re.split(r"[\s,]+", unicodedata.normalize("NFC", name)) if part]
    words = [part.strip(".") for part in parts]
    telling = [word for word in words if len(word) > 1 and word.casefold() not in NAME_PARTICLES]
    if not telling:
        return []
    # The name in another alphabet may follow in brackets.
    is_foreign = re.search(NON_LATIN_LETTER, name)
    other = "[A-Za-z\u00c0-\u024f]" if is_foreign else NON_LATIN_LETTER
    whole = r"[\s,]+".join(map(re.escape, parts))
    whole += rf"(?:[ \t]*[(\uff08][ \t]*{other}[^()\uff08\uff09\n\d]{{0,40}}[)\uff09])?"
    # A part alone counts where it is written as a name: "Rust" or "RUST", not "rust".
    alone = "|".join(rf"{re.escape(word)}|{re.escape(word.upper())}" for word in telling)
    pattern = re.compile(rf"(?<!\w)(?:(?i:{whole})|{alone})(?:['\u2019]s)?(?!\w)")
    return list(pattern.finditer(text))


def _handles(name: str, text: str) -> list[tuple[int, int]]:
    parts = [part for part in re.split(r"[\W_]+", _plain(name)) if len(part) > 3]
    return [
        match.span()
        for match in HANDLE.finditer(text if parts else "")
        if any(part in _plain(match[0]) for part in parts)
    ]


def _plain(text: str) -> str:
    """Return `text` as it is written in an address: "soren" for "Søren"."""
    letters = unicodedata.normalize("NFKD", text.casefold().translate(TRANSLITERATIONS))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
