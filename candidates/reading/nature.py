"""Whether a file is one person's résumé at all: a note for the reviewer, never a reason to refuse.

Plain rules that would rather say nothing: a wrong note costs trust in all the others.
"""

import re
from collections.abc import Sequence

from . import contact
from .document import Contact, Flag, Section

WHOLE = 50_000  # characters that are looked at
# Parts that only résumés have, at least two of them.
_OF_A_RESUME = "experience education skills certifications languages publications volunteering"
OF_A_RESUME = frozenset(_OF_A_RESUME.split())
YEAR = re.compile(r"(?<!\d)(?:19[6-9]\d|20[0-4]\d)(?!\d)")
PLACEHOLDER = re.compile(
    r"\[(?:your|name|address|phone|e-?mail|company|job|position|date|city|degree|school|insert|enter)"
    r"[^\]\n]{0,60}\]|<(?:your|name|company|insert)[^>\n]{0,60}>|\byour name(?: here)?\b"
    r"|\blorem ipsum\b|\b(?:company|employer|school|university) name\b"
    r"|\byour (?:e-?mail|phone|address)\b"
    r"|\bjob title\b|\bdates? from\b|\bclick (?:here|or tap) to (?:enter|add)\b|\bXX/XX/XXXX\b",
    re.IGNORECASE,
)
FEWEST_PLACEHOLDERS = 4

# Groups of words; a kind is told when as many groups are met.
_KINDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "invoice": (
        3,
        (
            r"\b(?:invoice|rechnung|facture|factura|fattura|faktura|factuur)\b",
            r"\b(?:amount due|balance due|total due|sub-?total|grand total|gesamtbetrag|total ttc"
            r"|importe total)\b",
            r"\b(?:vat|tax|mwst|ust|tva|iva|btw)\b",
            r"\b(?:bill(?:ed)? to|due date|payment terms|invoice (?:no|number|date)"
            r"|rechnungsnummer|zahlbar|unit price|qty|quantity)\b",
            r"\b(?:iban|bic|swift|account number|sort code)\b",
        ),
    ),
    "cover letter": (
        2,
        (
            r"^\s*(?:dear\b|to whom it may concern|sehr geehrte|liebe[rs]? |madame|monsieur"
            r"|estimad[oa]|gentile|geachte|szanown)",
            r"^\s*(?:yours? (?:sincerely|faithfully|truly)|(?:sincerely|faithfully) yours|sincerely"
            r"|(?:kind|best|warm) regards|mit freundlichen gr|cordialement|veuillez agr|atentamente"
            r"|cordiali saluti|met vriendelijke groet|z poważaniem)",
        ),
    ),
    "job advertisement": (
        3,
        (
            r"\b(?:we are looking for|we're looking for|we are seeking|wir suchen|nous recherchons"
            r"|buscamos|cerchiamo|wij zoeken|join our team)\b",
            r"\b(?:what we offer|we offer|our benefits|wir bieten|nous offrons|ofrecemos"
            r"|wij bieden)\b",
            r"\b(?:about the role|your responsibilities|what you(?:'ll| will) do|ihre aufgaben"
            r"|your tasks|the role)\b",
            r"\b(?:your profile|what you bring|requirements|must have|ihr profil|you have)\b",
            r"\b(?:apply (?:now|by|today|online)|send your (?:cv|r[eé]sum[eé])|equal opportunity"
            r"|bewerben sie sich)\b",
        ),
    ),
    "certificate": (
        2,
        (
            r"\b(?:certificate of|this is to certify|this certifies|hereby certif|urkunde"
            r"|certificat de|certificado de)",
            r"\b(?:has (?:successfully )?completed|is (?:hereby )?awarded|awarded to|presented to"
            r"|in recognition of|hat (?:erfolgreich )?(?:teilgenommen|bestanden))\b",
        ),
    ),
}
KINDS = {
    kind: (needed, tuple(re.compile(group, re.IGNORECASE | re.MULTILINE) for group in groups))
    for kind, (needed, groups) in _KINDS.items()
}
LONGEST_CERTIFICATE = 250  # words
FEWEST_WORDS = 40
NAME_WITHIN = 6  # lines above an address


def judge(text: str, sections: Sequence[Section], person: Contact) -> tuple[Flag, ...]:
    """Flags "no-resume", with what the file looks like, and "two-people", with both names."""
    flags = []
    if kind := _other_kind(text[:WHOLE], sections, person):
        flags.append(Flag("no-resume", kind))
    if names := _two_people(text[:WHOLE], sections):
        flags.append(Flag("two-people", " and ".join(names)))
    return tuple(flags)


def _other_kind(text: str, sections: Sequence[Section], person: Contact) -> str:
    """What the file is instead of a résumé; "" where it may be one."""
    places = {match.group().lower() for match in PLACEHOLDER.finditer(text)}
    if len(places) >= FEWEST_PLACEHOLDERS:
        return "blank template"
    parts = {section.kind for section in sections} & OF_A_RESUME
    if len(parts) >= 2:
        return ""
    words = len(text.split())
    for kind, (needed, groups) in KINDS.items():
        if sum(group.search(text) is not None for group in groups) >= needed and (
            kind != "certificate" or words < LONGEST_CERTIFICATE
        ):
            return kind
    known = person.email or person.phone or parts or YEAR.search(text)
    return "other" if words >= FEWEST_WORDS and not known else ""


def _two_people(text: str, sections: Sequence[Section]) -> list[str]:
    """Two names, each with an e-mail address of its own that agrees with it."""
    found: dict[str, str] = {}  # address -> name
    place = 0
    lines: list[str] = []
    for line in text.split("\n"):
        start, place = place, place + len(line) + 1
        lines.append(line)
        if "@" not in line or any(
            section.kind == "references" and section.start <= start < section.end
            for section in sections
        ):
            continue
        for address in contact.EMAIL.findall(line):
            name = contact.name_for(address, lines[-NAME_WITHIN:])
            if name:
                found.setdefault(address.lower(), name)
    names: list[str] = []
    for name in found.values():
        words = set(name.lower().split())
        if not any(words & set(other.lower().split()) for other in names):
            names.append(name)
    return names[:2] if len(names) > 1 else []
