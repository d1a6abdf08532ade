"""Take out of a résumé what no score may rest on: name, contact lines, address, birth date.

What is taken out is overwritten with blanks, so every offset in the result is one in the original.
Line breaks stay.
"""

import re
import unicodedata

MASK = " "
EMAIL = re.compile(r"[\w.+%-]+\s?@\s?[\w-]+(?:\.[\w-]+)+")
LINK = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|\b(?:[\w-]+\.)*(?:linkedin|github|gitlab|xing|behance|dribbble|medium|stackoverflow|twitter"
    r"|facebook|instagram|about)\.(?:com|me|org|net|io)/\S+",
    re.IGNORECASE,
)
# Seven digits or more with the usual marks between them, and no letters: "1998 - 2004" is not one.
PHONE = re.compile(r"(?<![\w.])(?:\+|00)?\(?\d[\d ().\u2010-\u2015/-]{6,}\d(?!\w)")
YEARS = re.compile(r"^\D*(?:19|20)\d\d\D+(?:(?:19|20)\d\d)?\D*$")
LABELLED = re.compile(
    r"^[^\S\n]*(?:[•·*-][^\S\n]*)?(?:full[ ]name|name|address|home[ ]address|residence"
    r"|place[ ]of[ ]residence|date[ ]of[ ]birth|birth[ ]?date|birthday|born|d\.?o\.?b\.?"
    r"|place[ ]of[ ]birth|age|nationality|citizenship|marital[ ]status|family[ ]status|civil[ ]status"
    r"|gender|sex|religion|children|phone|telephone|tel|mobile|cell|fax|e-?mail|photo)"
    r"\b\.?[^\S\n]*[:|\u2013\u2014-][^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
BORN = re.compile(
    r"\b(?:born(?:[ ]on|[ ]in)?|date[ ]of[ ]birth|d\.?o\.?b\.?)[ :]+"
    r"(?:the[ ])?(?:\d{1,2}(?:st|nd|rd|th)?[ ./-]+)?(?:\d{1,2}|[A-Z][a-z]{2,8})?[ ./,-]*(?:19|20)\d\d\b",
    re.IGNORECASE,
)
AGED = re.compile(r"\b(?:aged?[ :]+\d\d\b|\d\d[ -]years?[ -]old\b)", re.IGNORECASE)
STREET = re.compile(
    r"\b\d{1,5}[A-Za-z]?,?[ ]+(?:[\w.'\u2019-]+[ ]+){1,4}"
    r"(?:street|st\.?|avenue|ave\.?|road|rd\.?|lane|ln\.?|drive|dr\.?|boulevard|blvd\.?|court|ct\.?"
    r"|square|terrace|place|way|close|crescent)(?=[\s,]|$)[^\n]*"
    r"|\b[\w\u00c0-\u024f-]*(?:stra\u00dfe|strasse|gasse|weg|platz|straat|laan|gatan|vej)[ ]+\d+[^\n]*"
    r"|\b\d{1,4}(?:bis)?,?[ ]+(?:rue|avenue|boulevard|place|chemin)[ ][^\n]*"
    r"|\b(?:calle|via|viale|piazza|rua|avenida)[ ][^\n,]*,?[ ]*\d+[^\n]*"
    r"|\bP\.?[ ]?O\.?[ ]Box[ ]\d+[^\n]*",
    re.IGNORECASE,
)
POSTCODE_LINE = re.compile(
    r"^[^\S\n]*(?:[A-Z]{1,2}-)?\d{4,5}[ ]+[A-Z\u00c0-\u00de][\w\u00c0-\u024f .'-]{2,40}"
    r"(?:,[ ]*[A-Z][\w ]+)?[^\S\n]*$"
    r"|\b[A-Z][\w .'-]{2,30},[ ]*[A-Z]{2}[ ]+\d{5}(?:-\d{4})?\b"
    r"|\b[A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2}\b",
    re.MULTILINE,
)
CAPTION = re.compile(
    r"^[^\S\n]*(?:photo(?:graph)?|portrait|picture)(?:[ ]of)?\b[^\n]{0,60}$",
    re.IGNORECASE | re.MULTILINE,
)
HEAD = 800  # characters: where contact lines and addresses stand
PARTICLES = frozenset(
    [
        "van",
        "von",
        "der",
        "den",
        "de",
        "la",
        "le",
        "di",
        "da",
        "del",
        "dos",
        "al",
        "el",
        "bin",
        "ibn",
        "ter",
        "ten",
        "of",
        "and",
        "y",
        "e",
    ]
)


def redact(text: str, name: str = "") -> str:
    """`text` of the same length with the person's traces blanked.

    `name` is the person's, where reading found it; each of its parts goes wherever it stands as a
    word of its own with a capital.
    """
    masked = list(text)

    def blank(start: int, end: int) -> None:
        for at in range(start, end):
            if masked[at] != "\n":
                masked[at] = MASK

    for pattern in (EMAIL, LINK, BORN, AGED, LABELLED, CAPTION, STREET):
        for match in pattern.finditer(text):
            blank(*match.span())
    for match in PHONE.finditer(text):
        digits = sum(map(str.isdigit, match[0]))
        if 7 <= digits <= 15 and not YEARS.match(match[0]):
            blank(*match.span())
    for match in POSTCODE_LINE.finditer(text, 0, HEAD):
        blank(*match.span())
    for match in _names(name, text):
        blank(*match.span())
    return "".join(masked)


def _names(name: str, text: str) -> "list[re.Match[str]]":
    parts = [part for part in re.split(r"[\s,]+", unicodedata.normalize("NFC", name)) if part]
    words = [part.strip(".") for part in parts]
    kept = [word for word in words if len(word) > 1 and word.casefold() not in PARTICLES]
    if not kept:
        return []
    whole = r"[\s,]+".join(map(re.escape, parts))
    # A part alone counts where it is written as a name is: "Rust" or "RUST", not "rust".
    alone = "|".join(rf"{re.escape(word)}|{re.escape(word.upper())}" for word in kept)
    pattern = re.compile(rf"(?<!\w)(?:(?i:{whole})|{alone})(?:['\u2019]s)?(?!\w)")
    return list(pattern.finditer(text))
