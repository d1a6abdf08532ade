"""Find criteria that ask for a protected characteristic, such as age, sex or origin.

Only plain demands are reported: "mature codebase", "young company", "family-owned business" and
"native mobile apps" are about work and not about a person. The manager decides: a wheelchair
service may well ask for what it needs.
"""

import re
from dataclasses import dataclass

_PEOPLE_EN = (
    r"(?:person|people|candidates?|applicants?|team ?(?:member|player)s?|employees?|professionals?"
    r"|engineers?|developers?|graduates?|individuals?|talents?|wom[ae]n|m[ae]n|guys?|ladies|lady)"
)


@dataclass(frozen=True, slots=True)
class Concern:
    """The protected characteristic that a criterion asks for, as a sentence, and in which words."""

    kind: str
    sentence: str
    words: str


_ = str  # marks msgids, which are translated where they are shown: no Django in this package
SENTENCES = {
    "age": _("This asks for an age. Ask for the experience that the work needs."),
    "sex": _("This asks for a sex or gender. Leave it out."),
    "origin": _(
        "This asks for an origin or a mother tongue. "
        "Ask for the level of the language, or for the right to work."
    ),
    "religion": _("This asks for a religion. Leave it out."),
    "disability": _(
        "This asks about health or disability. Ask for the task that is to be done, "
        "which may be done in more than one way."
    ),
    "family": _("This asks about family. Ask for the hours or the travel that the work needs."),
    "orientation": _("This asks for a sexual orientation. Leave it out."),
    "looks": _("This asks for looks. Ask for what the work needs."),
    "politics": _("This asks for a political view or union membership. Leave it out."),
}

_PATTERNS: tuple[tuple[str, str], ...] = (
    # Age
    (
        "age",
        r"(?:^|\b(?:a|an|only|want|seek\w*|hire) )(?:young|youthful)(?: and \w+| dynamic)?"
        rf" {_PEOPLE_EN}\b"
        rf"|\b(?:must|should|to) be (?:young|youthful)\b|^(?:young|youthful|youth)$"
        r"|\b(?:under|below|younger than|not older than|over|older than|at least|maximum|max\.?)"
        r" (?:the age of )?\d{2} years (?:old|of age)\b"
        r"|\b(?:under|below|over) (?:the )?age (?:of )?\d{2}\b"
        r"|\bage(?:d)? (?:between |from )?\d{2}\b"
        r"|\bage limit\b|\b(?:maximum|minimum) age\b|\bdigital native\b"
        r"|\brecent (?:college |university |school )?graduates? only\b"
        r"|\b(?:between )?\d{2} (?:and|to|-|–) \d{2} years (?:old|of age)\b",
    ),
    (
        "age",
        r"\bjunge[rns]? (?:team|mitarbeiter|leute|kolleg|bewerber|frau|mann|talent)\w*"
        r"|\b(?:höchstens|maximal|unter|über|bis) \d{2} jahre(?:n)? (?:alt)?\b|\baltersgrenze\b"
        r"|\b(?:nicht älter|jünger) als \d{2}\b|\bhöchstalter\b",
    ),
    (
        "age",
        r"\bjeunes? (?:dipl[oô]m[ée]e?s?|candidate?s?|homme|femme|collaborat\w+|personne)\b"
        r"|\b(?:moins|plus) de \d{2} ans(?! d)\b|\blimite d['’]âge\b"
        r"|\bâgée? (?:de|entre)\b",
    ),
    (
        "age",
        r"\b(?:menor|mayor|menos|más)(?:es)? de \d{2} años(?! de exp)\b"
        r"|\bedad (?:máxima|mínima|entre)\b"
        r"|\b(?:persona|candidat[oa]|chic[oa])s? j[oó]ven(?:es)?\b|\blímite de edad\b",
    ),
    # Sex
    (
        "sex",
        r"\b(?:male|female)s?(?: only| preferred| candidates?| applicants?|/female)?\s*$"
        r"|\b(?:male|female) (?:only|preferred|candidates?|applicants?|staff|employees?)\b"
        r"|\b(?:must|should|to) be (?:an? )?(?:male|female|man|woman)\b"
        r"|\b(?:wom[ae]n|m[ae]n|ladies|boys?|girls?) (?:only|preferred)\b"
        r"|^(?:an? )?(?:man|woman|men|women|gender|sex)$|\bno (?:wom[ae]n|m[ae]n)\b",
    ),
    (
        "sex",
        r"\bnur (?:für )?(?:männer|frauen)\b|^(?:männlich|weiblich|mann|frau|geschlecht)$"
        r"|\b(?:männliche|weibliche)[rn]? (?:bewerber|kandidat|mitarbeiter|person)\w*",
    ),
    (
        "sex",
        r"\b(?:homme|femme)s? (?:uniquement|seulement|exclusivement)\b|^(?:homme|femme|sexe)$"
        r"|\bde sexe (?:masculin|féminin)\b|\b(?:sólo|solo|solamente) (?:hombres|mujeres)\b"
        r"|^(?:hombre|mujer|sexo)$|\bsexo (?:masculino|femenino)\b",
    ),
    # Origin
    (
        "origin",
        r"\bnative (?:[a-z]+ )?(?:speaker|tongue|language)s?\b|\bmother tongue\b"
        r"|\bnative (?:english|german|french|spanish|dutch|italian|portuguese|mandarin|chinese"
        r"|arabic|russian|polish|swedish|japanese)\b"
        r"|\b(?:white|black|asian|caucasian|hispanic|latino|african|arab|indian|european)"
        rf" (?:only|{_PEOPLE_EN})\b|\bno (?:foreigners|immigrants|accents?)\b"
        r"|\bwithout (?:an? )?accent\b"
        r"|\b(?:race|ethnicity|skin colou?r|ethnic origin|national origin|nationality|caste)\b"
        r"(?! (?:condition|detection|track|conditions))",
    ),
    (
        "origin",
        r"\bmuttersprach\w*|\bdeutsche[rn]? (?:herkunft|abstammung)\b|\bkeine ausländer\w*"
        r"|\bstaatsangehörigkeit\b|\bnationalität\b|\bhautfarbe\b|\bakzentfrei\w*",
    ),
    (
        "origin",
        r"\blangue maternelle\b|\bd['’]origine (?:française|européenne)\b|\bnationalité\b"
        r"|\bde souche\b|\blengua materna\b|\b(?:hablante )?nativ[oa]s? (?:de|en) \w+\b"
        r"|\bnacionalidad\b|\braza\b|\bhablante nativ[oa]\b",
    ),
    # Religion
    (
        "religion",
        r"\b(?:christian|muslim|jewish|hindu|catholic|protestant|buddhist|religious|atheist)"
        rf" (?:faith|belief|values|background|{_PEOPLE_EN})\b"
        r"|\b(?:must|should|to) be (?:an? )?(?:\w+ )?(?:christian|muslim|jew|jewish|hindu|catholic"
        r"|protestant)\b|\bchurch member\w*|\bno (?:headscar(?:f|ves)|hijab|turban)s?\b"
        r"|^(?:religion|faith|christian|muslim|jewish|catholic)$",
    ),
    (
        "religion",
        r"\bkonfession\w*\b|\b(?:christlich|katholisch|evangelisch|muslimisch)\w* (?:glaube\w*"
        r"|bekenntnis\w*|bewerber\w*)|\bkirchenmitglied\w*|\bkein kopftuch\b"
        r"|\bde (?:confession|religion) \w+|^(?:religion|religión)$|\bde religión \w+"
        r"|\bsans (?:voile|foulard)\b|\bcatólic[oa] practicante\b",
    ),
    # Disability and health
    (
        "disability",
        r"\b(?:able[- ]bodied|physically fit|good health|excellent health|perfect health|healthy)\b"
        r"(?! (?:and safety|relationship|culture|codebase|system|margin|pipeline|work|team"
        r"|communit|growth"
        r"|debate|food|eating|living|lifestyle product|environment|business))"
        r"|\bno (?:disabilit(?:y|ies)|health (?:problems|issues)|illness\w*|sick days)\b"
        r"|\bnot (?:be )?(?:disabled|pregnant)\b|^(?:disability|health|healthy)$"
        r"|\b(?:perfect|good|20/20) (?:eyesight|hearing|vision)\b|\bmentally (?:stable|healthy)\b",
    ),
    (
        "disability",
        r"\b(?:körperlich|gesundheitlich) (?:fit|gesund|belastbar|uneingeschränkt)\w*"
        r"|\bkeine (?:behinderung\w*|krankheit\w*)|\bnicht schwanger\b|\bkerngesund\b"
        r"|\b(?:bonne|excellente) santé\b|\bsans handicap\b|\bbuena salud\b"
        r"|\bsin (?:discapacidad\w*|enfermedad\w*)",
    ),
    # Family
    (
        "family",
        r"\b(?:no|without|not have(?: any)?) (?:small |young )?(?:children|kids|dependants?"
        r"|dependents?"
        r"|famil(?:y|ies) (?:commitments?|obligations?|ties))\b"
        r"|\b(?:un)?married\b(?=\s*(?:$|[,.;)]|or\b|and\b|only\b|status|person|people|candidate"
        r"|applicant|preferred))|\bmarital status\b|\bfamily status\b"
        r"|\b(?:must|should|to) be (?:single|unmarried|married)\b|\b(?:not )?pregnan(?:t|cy)\b"
        r"|\bfamily planning\b(?! (?:service|clinic|program|counsel|nurs|care|method))"
        r"|\bno (?:plans? (?:for|to have) )(?:a )?(?:children|family|kids)\b|\bchildless\b",
    ),
    (
        "family",
        r"\b(?:keine|ohne) (?:kinder|familie|familiäre[n]? (?:verpflichtung|bindung)\w*)\b"
        r"|\bfamilienstand\b|\b(?:un)?verheiratet\b|\bledig\b|\bkinderlos\w*"
        r"|\bsans enfants?\b|\bcélibataire\b|\bsituation (?:familiale|matrimoniale)\b"
        r"|\bsin (?:hijos|cargas familiares)\b|\bestado civil\b|\bsolter[oa]s?\b|\benceinte\b",
    ),
    (
        "orientation",
        r"\b(?:heterosexual|straight|gay|lesbian|homosexual)"
        rf" (?:only|{_PEOPLE_EN})\b|\b(?:must|should|to) be (?:heterosexual|straight|gay)\b"
        r"|\bsexual orientation\b|\bsexuelle orientierung\b|\borientation sexuelle\b"
        r"|\borientación sexual\b|\bheterosexu(?:al|ell)\w*\b|^(?:straight|gay)$",
    ),
    (
        "looks",
        r"\b(?:attractive|good[- ]looking|handsome|beautiful|pretty|slim)"
        rf"(?: (?:appearance|looks?|person(?:ality)?|{_PEOPLE_EN}))\b"
        r"|\bgood looks\b|^(?:attractive|good[- ]looking|handsome|pretty|slim)$"
        r"|\battraktive[sn]? (?:äußeres|erscheinung\w*)|\bgutaussehend\w*"
        r"|\bbuena presencia\b|\bphysique agréable\b|\bbelle apparence\b",
    ),
    (
        "politics",
        r"\b(?:no|not(?: be)?(?: an?)?) (?:trade )?union members?\b|\bnot unioni[sz]ed\b"
        r"|\bpolitical (?:views?|affiliation|party)\b(?! (?:analysis|research|campaign))"
        r"|\bkein(?:e)? gewerkschaft\w*|\bpas (?:de )?syndi(?:qu|cal)\w*|\bno sindicad\w*",
    ),
)
PATTERNS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE | re.MULTILINE)) for kind, pattern in _PATTERNS
)
# An equal-opportunity line has the same words.
EQUAL_OPPORTUNITY = re.compile(
    r"\bregardless of\b|\bequal opportunit|\birrespective of\b|\bwithout regard to\b"
    r"|\bunabhängig von\b|\bsans distinction\b|\bsin importar\b|\bdo(?:es)? not discriminate\b"
    r"|\bor equivalent\b|\bfluen(?:t|cy) or native\b|\bnative or (?:fluent|near|professional)\b",
    re.IGNORECASE,
)


def find(name: str, looks_for: str = "") -> Concern | None:
    """Return the first protected characteristic that the criterion asks for; None without one."""
    for text in (name, looks_for):
        if EQUAL_OPPORTUNITY.search(text):
            continue
        for kind, pattern in PATTERNS:
            match = pattern.search(text.strip())
            if match:
                return Concern(kind, SENTENCES[kind], match[0].strip())
    return None
