"""Telephone numbers in their international form (ITU-T E.164): the key by which two résumés are of
the same person, however each of them writes the number.

`contact` finds numbers by its own patterns; phonenumbers (Google's libphonenumber) knows the
numbering plans. A number without a country code counts only where the résumé says of which country
it is: by its e-mail address, by its language, or by the way North America writes its numbers.
"""

import re

MAX_KEY_CHARACTERS = 16  # a plus and the 15 digits that E.164 allows
INTERNATIONAL_PREFIX = re.compile(r"^\(?\s*(?:\+|00)")
NORTH_AMERICAN = re.compile(r"(?:\([2-9]\d\d\) ?|[2-9]\d\d[.-])[2-9]\d\d[.-]\d{4}")
COUNTRY_DOMAIN = re.compile(r"@.+\.([a-z]{2})$", re.IGNORECASE)
# Domains of countries that people use everywhere.
_WORLDWIDE_DOMAINS = "ac ag ai bz cc co fm gg im io la ly me sh so st tk to tv vc ws"
WORLDWIDE_DOMAINS = frozenset(_WORLDWIDE_DOMAINS.split())
# Languages that are at home in one country alone, by their ISO 639-1 codes.
COUNTRY_OF_LANGUAGE = {
    **{"bg": "BG", "cs": "CZ", "da": "DK", "et": "EE", "fi": "FI", "hu": "HU", "id": "ID"},
    **{"ja": "JP", "ko": "KR", "lt": "LT", "lv": "LV", "no": "NO", "pl": "PL", "sk": "SK"},
    **{"sl": "SI", "th": "TH", "tr": "TR", "uk": "UA", "vi": "VN"},
}


def international(phone: str, email: str = "", language: str = "") -> str:
    """`phone` as "+" and up to 15 digits; "" for no number, for one that the plan of its country
    does not have, and where its country is not known.

    `email` and `language` are those of the same résumé. Importing phonenumbers takes 0.1 s and
    3 MB, at the first number.
    """
    if not phone:
        return ""
    if INTERNATIONAL_PREFIX.match(phone):
        return _key(INTERNATIONAL_PREFIX.sub("+", phone), None)
    keys = {_key(phone, country) for country in _countries(phone, email, language)} - {""}
    return keys.pop() if len(keys) == 1 else ""


def _key(phone: str, country: str | None) -> str:
    """The key of a number of that country, or, without one, of a number that names its own."""
    import phonenumbers

    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return ""
    # Plans grow: with its country written out, a number of the right length is enough.
    fits = phonenumbers.is_valid_number if country else phonenumbers.is_possible_number
    if not fits(number):
        return ""
    key = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return key if len(key) <= MAX_KEY_CHARACTERS else ""


def _countries(phone: str, email: str, language: str) -> set[str]:
    """The countries, as ISO 3166-1 codes, that the résumé gives reason to think of."""
    countries = set()
    domain = COUNTRY_DOMAIN.search(email)
    if domain and domain[1].lower() not in WORLDWIDE_DOMAINS:
        country = domain[1].upper()
        countries.add("GB" if country == "UK" else country)
    if language in COUNTRY_OF_LANGUAGE:
        countries.add(COUNTRY_OF_LANGUAGE[language])
    if NORTH_AMERICAN.fullmatch(phone):
        countries.add("US")  # whose numbering plan Canada and the Caribbean share
    return countries
