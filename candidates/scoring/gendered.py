"""Words that reveal only a person's gender, in English and German (and French forms of address).

Whatever else such a word says stays: of "Entwicklerin" only the ending is a span.
"""

import re

# In the letter case used for a person: "HIS" is a hospital's system, "HE" higher education.
ADDRESSED = (
    r"\(?\b(?:[Ss]he|[Hh]e|[Tt]hey) ?/ ?(?:[Hh]er|[Hh]im|[Tt]hem)"
    r"(?: ?/ ?(?:[Hh]ers|[Hh]is|[Tt]heirs))?\b\)?"
    r"|\b(?:[Ss]he|[Hh](?:e|im|er|is|ers|imself|erself)|M(?:rs?|s|iss|x|me)\.?"
    r"|Herrn?|Frau|Madame|Monsieur)(?!\w)"
)
# German's "er" and "sie" are not here: "is" in Danish, and "they" and "you".
FAMILY = (
    r"\b(?:[Mm]others?|[Ff]athers?|[Mm]um|[Mm]om|[Dd]ad) (?:of|to) [\w-]+"
    r"(?: (?:and|young|small|little|grown)\b(?: [\w-]+)?)?"
    r"|\b(?:[Hh]ousewi(?:fe|ves)|[Ww]i(?:fe|ves)|[Hh]usbands?|[Gg]irlfriend|[Bb]oyfriend"
    r"|[Mm]aternity|[Pp]aternity|[Mm]aiden name|[Ss]orority)\b"
    r"|\b(?:[Ww]om[ae]n(?:['\u2019]s?)?|[Mm]en['\u2019]s|[Gg]irls['\u2019]?|[Bb]oys['\u2019]?)(?!\w)"
    r"|\b(?:[Mm]utter|[Vv]ater) (?:von|zweier|dreier|eines|einer) \w+(?: \w+)?"
    r"|\b(?:Haus|Ehe)frau\b|\bEhemann\b|\bM(?:\u00e4dchenname|utterschutz)\b"
    r"|\b(?:n\u00e9e?|geb\.|geborene[rn]?) [A-Z\u00c0-\u00de][\w'\u2019-]*"
)
STEMS = (
    r"entwickler|leiter|berater|lehrer|arbeiter|pfleger|techniker|informatiker|mechaniker"
    r"|verk\u00e4ufer|trainer|designer|manager|meister|f\u00fchrer|gr\u00fcnder|betreuer|pr\u00fcfer|forscher"
    r"|ingenieur|redakteur|doktorand|student|absolvent|assistent|praktikant|referent|spezialist"
    r"|analyst|architekt|administrator|direktor|professor|autor|koordinator|erzieher|\u00fcbersetzer"
    r"|wissenschaftler|sch\u00fcler|bewerber|kaufm\u00e4nn|moderator|dozent|\u00e4rzt"
)
GENDERED = re.compile(f"{ADDRESSED}|{FAMILY}")
ENDINGS = re.compile(rf"\b\w*?(?:{STEMS})((?:in|innen))\b", re.IGNORECASE)


def spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of such words and endings, unsorted."""
    words = [match.span() for match in GENDERED.finditer(text)]
    return words + [match.span(1) for match in ENDINGS.finditer(text)]
