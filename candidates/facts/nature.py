"""Whether a file is one person's résumé at all: a flag for the reviewer, never a reason to refuse.

In doubt there is no flag: a wrong one costs trust in all the others.
"""

import re
from collections.abc import Sequence
from itertools import islice

from candidates.facts.flags import Flag, FlagKind, Span
from candidates.facts.values import Contact, Section

from . import contact, names

MAX_CHARACTERS = 50_000  # of the text, that are searched
# Parts that only résumés have, at least two of them.
_RESUME_PARTS = "experience education skills certifications languages publications volunteering"
RESUME_PARTS = frozenset(_RESUME_PARTS.split())
YEAR = re.compile(r"(?<!\d)(?:19[6-9]\d|20[0-4]\d)(?!\d)")
# From year to year: two of them are a career, whatever else the words are.
SPAN = re.compile(
    r"(?:19[6-9]\d|20[0-4]\d) ?(?:[-\u2010-\u2015]|to|bis|à|a) ?(?:[^\W\d_]{3,9}\.? )?"
    r"(?:\d\d?[./])?(?:(?:19|20)\d\d|present|now|today|heute)"
)
MIN_SPANS = 2

# What a blank template says, in small letters; only searched where one of the hints is there.
HINTS = (
    *("[", "<", "{{", "your ", "lorem ", " name", "job title", "date from", "dates from"),
    *("click ", "xx", "first last", "firstlast", "muster", "vorname n", "prénom nom", "votre "),
    *("tu nombre", "jjjj", "intitulé du", "nom de l"),
)
PLACEHOLDER = re.compile(
    r"\[(?:your|name|address|phone|e-?mail|company|job|position|date|city|degree|school|insert"
    r"|enter)"
    r"[^\]\n]{0,60}\]|<(?:your|name|company|insert|address|phone|e-?mail)[^>\n]{0,60}>"
    r"|\{\{[^}\n]{2,40}\}\}"
    r"|\b(?:your (?:name(?: here)?|e-?mail|phone|address|city|street)|lorem ipsum|first last"
    r"|(?:company|employer|school|university) name|job title|dates? from|vorname nachname"
    r"|click (?:here|or tap(?: here)?) to (?:enter|add)(?: [a-z]{1,9}){0,2}|xx/xx/xxxx|20xx"
    r"|mm/jjjj"
    r"|muster(?:straße|stadt|mann|frau|firma)|ihr name|prénom nom|votre (?:nom|adresse"
    r"|téléphone|e-?mail)"
    r"|nom de l['’]entreprise|intitulé du poste|tu nombre|nombre de la empresa"
    r"|company, location)\b"
    r"|firstlast@"
)
MIN_PLACEHOLDERS = 4
BRACKETED_SLOT = re.compile(r"\[[^\W\d][^\]\d\n]{1,40}\]")  # any words in brackets
MIN_SLOTS = 5

# Groups of words; a file is of a kind when it has words of so many of its groups. Most count only
# at the start of a line or alone on it, as in such a paper: a résumé may well speak of invoices.
_INVOICE = (
    r"^[^\w\n]{0,9}(?:(?:tax |pro ?forma )?invoice|receipt|rechnung|facture|factura|fattura"
    r"|faktura|factuur)\b.{0,30}$",
    r"\b(?:amount due|balance due|total due|sub-?total|grand total|gesamtbetrag|total ttc"
    r"|importe total|total factura|base imponible|brutto|totale?|totaal)\b[^\n\d]{0,12}\d",
    r"\b(?:vat|gst|tax|mwst\.?|ust\.?|tva|iva|btw)\b[^\n\d]{0,12}\d",
    r"\b(?:bill(?:ed)? to|due date|payment terms|invoice (?:no|number|date)|rechnungsnummer"
    r"|zahlbar"
    r"|unit price|qty|quantity|order (?:no|number|#)|sprzedawca|nabywca|termin płatności|scadenza"
    r"|vervaldatum|vencimiento)(?!\w)",
    r"\b(?:iban|bic|swift|account number|sort code|visa|mastercard)\b",
)
_LETTER = (
    r"^[ \t]*(?:dear\b|to whom it may concern|(?:hello|hi|good (?:morning|day))\b.{0,30},$"
    r"|sehr geehrte"
    r"|liebe[rs]? |guten tag\b.{0,30},$|madame|monsieur|estimad[oa]|prezad[oa]|gentile|egregi[oa]"
    r"|spett\.|geachte|beste |szanown|尊敬的)",
    r"^[ \t]*(?:yours? (?:sincerely|faithfully|truly)|(?:sincerely|faithfully) yours|sincerely"
    r"|best,"
    r"|(?:kind|best|warm) regards|mit freundlichen gr|cordialement|.{0,20}\bveuillez agr"
    r"|je vous prie d['’]agr|atentamente|atenciosamente|cordiali saluti|distinti saluti"
    r"|met vriendelijke groet|z poważaniem|此致)",
    r"\b(?:apply for|application for|applying for|hiermit bewerbe|ma candidature|mi candidatura"
    r"|me candidato|mi candido|solliciteer|mojej kandydatury)\b",
)
_ADVERTISEMENT = (
    r"\b(?:we are looking for|we['’]re (?:looking for|hiring)|we are (?:seeking|hiring)|wir suchen"
    r"|suchen wir|nous recherchons|buscamos|cerchiamo|wij zoeken|szukamy|join our team)\b"
    r"|^[^\w\n]{0,9}(?:stellenausschreibung|offre d['’]emploi|oferta de empleo|oferta pracy"
    r"|vacature|招聘岗位)",
    r"^[^\w\n]{0,9}(?:what we offer|we offer|(?:our )?benefits|wir bieten|nous offrons"
    r"|ofrecemos|offriamo"
    r"|wij bieden|oferujemy|薪资待遇|salary\b.{0,30}\d)",
    r"^[^\w\n]{0,9}(?:about the (?:role|job)|(?:your |key )?responsibilities|what you(?:['’]ll"
    r"| will) (?:do|be doing)"
    r"|(?:ihre|deine) aufgaben|vos missions|funciones|your tasks|the role|purpose of the role"
    r"|job description|obowiązki|岗位职责)[^\w\n]{0,9}$",
    r"^[^\w\n]{0,9}(?:your profile|what you(?:['’]ll)? bring|requirements|must[- ]haves?|(?:ihr"
    r"|dein) profil"
    r"|votre profil|requisitos|requisiti|wymagania|you have|who you are|person specification"
    r"|essential(?: criteria)?\b.{0,40}|任职要求)[^\w\n]{0,9}$",
    r"\b(?:apply (?:now|by|today|online)|to apply|send (?:us )?your (?:cv|r[eé]sum[eé])"
    r"|equal opportunit(?:y|ies) employer|bewerben sie sich|jetzt bewerben|env[ií]a tu cv|aplikuj"
    r"|postulez|reports to)\b",
)
_CERTIFICATE = (
    r"^[^\w\n]{0,9}(?:certificate\b.{0,40}|diploma|urkunde|zertifikat|teilnahmebe\w+"
    r"|certificat (?:de|d['’])\b.{0,40}"
    r"|certificado\b.{0,40}|attestato\b.{0,40}|(?:academic )?transcript\b.{0,20})$",
    r"\b(?:this (?:is to )?certif(?:y|ies) that|hereby (?:certif|confer)\w*"
    r"|has (?:successfully )?completed"
    r"|is (?:hereby )?awarded|awarded to|presented to|in recognition of|has attended"
    r"|nous certifions"
    r"|se certifica que|si attesta che|hiermit wird bestätigt|(?:hat|haben)\b.{0,60}"
    r"(?:teilgenommen|bestanden)|total credits|gpa)\b",
)
KINDS: dict[str, tuple[int, tuple[re.Pattern[str], ...]]] = {
    kind: (needed, tuple(re.compile(group, re.IGNORECASE | re.MULTILINE) for group in groups))
    for kind, needed, groups in (
        ("invoice", 3, _INVOICE),
        ("cover-letter", 2, _LETTER),
        ("job-advertisement", 3, _ADVERTISEMENT),
        ("certificate", 2, _CERTIFICATE),
    )
}
MAX_CERTIFICATE_WORDS = 250  # words
MIN_WORDS = 40
PARTS_OF_ONE_PERSON = frozenset(("experience", "education"))
MAX_NAME_LINES = 6  # lines, that with the address the last
MAX_ADDRESSES_ON_A_LINE = 10  # addresses


def judge(text: str, sections: Sequence[Section], person: Contact) -> tuple[Flag, ...]:
    """Flag a file that is no résumé, with what it looks like, and one that is two people's, with
    the places of both names."""
    flags = []
    if kind := _other_kind(text[:MAX_CHARACTERS], sections, person):
        flags.append(Flag(FlagKind.NO_RESUME, {"looks-like": kind}))
    if spans := _two_people(text[:MAX_CHARACTERS], sections):
        flags.append(Flag(FlagKind.TWO_PEOPLE, spans=spans))
    return tuple(flags)


def _other_kind(text: str, sections: Sequence[Section], person: Contact) -> str:
    """What the file is instead of a résumé; "" where it may be one."""
    if _is_blank(text, person):
        return "blank-template"
    parts = {section.kind for section in sections} & RESUME_PARTS
    if len(parts) >= 2 or sum(1 for _ in islice(SPAN.finditer(text), MIN_SPANS)) == MIN_SPANS:
        return ""
    words = len(text.split())
    for kind, (needed, groups) in KINDS.items():
        if kind == "invoice" and not groups[0].search(text):
            continue
        if sum(group.search(text) is not None for group in groups) >= needed and (
            kind != "certificate"
            or (words < MAX_CERTIFICATE_WORDS and not person.email and not person.phone)
        ):
            return kind
    known = person.email or person.phone or parts or YEAR.search(text)
    return "other" if words >= MIN_WORDS and not known else ""


def _is_blank(text: str, person: Contact) -> bool:
    small = text.lower()
    if not any(hint in small for hint in HINTS):
        return False
    if len({match.group() for match in PLACEHOLDER.finditer(small)}) >= MIN_PLACEHOLDERS:
        return True
    return not person.email and len(set(BRACKETED_SLOT.findall(small))) >= MIN_SLOTS


def _two_people(text: str, sections: Sequence[Section]) -> tuple[Span, ...]:
    """Two names without a word in common, each with an e-mail address that agrees with it.

    After the second of them, experience or education begins again: else it is a superior or a
    colleague who is named.
    """
    if text.count("@") < 2:
        return ()
    referees = [part for part in sections if part.kind == "references"]
    addresses_met: set[str] = set()
    first, first_address = "", ""
    place = 0
    lines: list[str] = []
    for line in text.split("\n"):
        start, place = place, place + len(line) + 1
        lines = [*lines[1 - MAX_NAME_LINES :], line]
        if "@" not in line or any(part.start <= start < part.end for part in referees):
            continue
        for address in islice(contact.EMAIL.findall(line), MAX_ADDRESSES_ON_A_LINE):
            if address.lower() in addresses_met:
                continue
            addresses_met.add(address.lower())
            name = names.beside(address, lines)
            if (
                name
                and first
                and _part_begins_again(sections, start)
                and not set(name.lower().split()) & set(first.lower().split())
            ):
                return (_span(text, first, first_address), _span(text, name, address))
            if not first:
                first, first_address = name, address
    return ()


def _span(text: str, name: str, address: str) -> Span:
    """Where the name stands; the address, where the name is not written as it was understood."""
    words = name if name in text else address
    start = text.index(words)
    return start, start + len(words)


def _part_begins_again(sections: Sequence[Section], place: int) -> bool:
    """Whether a part that stands before `place` begins a second time after it."""
    before = {part.kind for part in sections if part.start < place} & PARTS_OF_ONE_PERSON
    return any(part.kind in before for part in sections if part.start > place)
