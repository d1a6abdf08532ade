"""Letters as a person sees them: one form for each, nothing invisible, lines as they are.

All text that a reader extracts passes through here, so that it can be stored (PostgreSQL has no
NUL in text), compared and quoted, and cannot smuggle words past a reviewer.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from candidates.facts.flags import Flag, FlagKind

LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
MANY_BLANK = re.compile(r"\n{4,}")

# One search finds whether a text has any of the characters below; most have none.
UNUSUAL_CHARACTER = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ue000-\uf8ff\ufb00-\ufb06"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U0010ffff]"
)
LIGATURES = {
    ord(ligature): letters
    for ligature, letters in zip(
        "ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True
    )
}

JOINERS = "\u200c\u200d"
HARMLESS = "\u00ad\u200e\u200f\u061c"  # soft hyphen, and marks that move nothing by themselves
DIRECTION_MARKS = "\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# Scripts whose spelling needs joiners: Arabic to Sinhala, and signs that emoji are built from.
NEEDS_JOINER = re.compile(
    "[\u0600-\u0dff\u1000-\u109f\u1780-\u17ff\u2600-\u27bf\U0001f000-\U0001faff\ufe0f]"
)

INVISIBLE_NAMES = {
    "\u200b": "zero-width-space",
    "\u200c": "zero-width-non-joiner",
    "\u200d": "zero-width-joiner",
    "\u2060": "word-joiner",
    "\ufeff": "zero-width-no-break-space",
    "\u180e": "mongolian-vowel-separator",
    "\u034f": "combining-grapheme-joiner",
    "\u3164": "hangul-filler",
    "\uffa0": "hangul-filler",
    "\u115f": "hangul-filler",
    "\u1160": "hangul-filler",
    **dict.fromkeys("\u202a\u202b\u202c\u202d\u202e", "direction-mark"),
    **dict.fromkeys("\u2066\u2067\u2068\u2069", "direction-mark"),
    **dict.fromkeys("\u2061\u2062\u2063\u2064", "invisible-operator"),
}
# Letters of other alphabets that look like Latin ones (Unicode's confusables.txt).
_LOOK_ALIKES = {
    "a": "аɑα", "c": "сϲ", "d": "ԁ", "e": "еҽ", "g": "ɡ", "h": "һ", "i": "іι", "j": "јϳ",
    "k": "κк", "l": "ӏ", "n": "ո", "o": "оοօ", "p": "рρ", "q": "ԛ", "r": "г", "s": "ѕ", "u": "υս",
    "v": "νѵ", "w": "ԝω", "x": "хχ", "y": "уγү",
    "A": "АΑ", "B": "ВΒ", "C": "СϹ", "E": "ЕΕ", "H": "НΗ", "I": "ІΙӀ", "J": "ЈͿ", "K": "КΚ",
    "M": "МΜ", "N": "Ν", "O": "ОΟ", "P": "РΡ", "S": "Ѕ", "T": "ТΤ", "X": "ХΧ", "Y": "УΥҮ", "Z": "Ζ",
}  # fmt: skip
LOOK_ALIKES = str.maketrans(
    {foreign: latin for latin, several in _LOOK_ALIKES.items() for foreign in several}
)
OTHER_ALPHABETS = re.compile("[\u0251\u0261\u0370-\u058f]")
LATIN = re.compile("[A-Za-z]")
WORD_OF_BOTH = re.compile(r"[^\W\d_]*[\u0251\u0261\u0370-\u058f][^\W\d_]*")
# Words wholly of look-alikes count in a text that is Latin but for so many letters.
MAX_FOREIGN_SHARE = 0.1
MIN_ALIKE_LETTERS = 3
MAX_SHOWN_CHARACTERS = 80  # of an attachment's name
MAX_SPANS = 20  # of words in look-alike letters; a page shows fewer


@dataclass(frozen=True, slots=True)
class Cleaned:
    text: str
    hidden: Counter[str]  # kind of invisible character -> how many were dropped
    spelled: str = ""  # what tag characters among them spell
    alike: tuple[str, ...] = ()  # words in Latin letters that were not


def clean(raw: str) -> Cleaned:
    """`raw` in Unicode's composed form (NFC), without what cannot be seen, trimmed."""
    hidden: Counter[str] = Counter()
    spelled = ""
    text = LINE_ENDS.sub("\n", raw)
    if UNUSUAL_CHARACTER.search(text):
        text, hidden, spelled = _without_unusual(text)
    text = SPACES.sub(" ", text)
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    alike: tuple[str, ...] = ()
    if OTHER_ALPHABETS.search(text):
        text, alike = _in_one_alphabet(text)
    text = TRAILING.sub("", text)
    return Cleaned(MANY_BLANK.sub("\n\n\n", text).strip(), hidden, spelled, alike)


def flags_of(cleaned: Cleaned, page: int | None) -> tuple[Flag, ...]:
    """The flags that say which characters were left out, or were not what they look like.

    Their spans count from the beginning of the cleaned text.
    """
    flags = []
    if cleaned.alike:
        spans = []
        for word in list(dict.fromkeys(cleaned.alike))[:MAX_SPANS]:
            start = cleaned.text.index(word)
            spans.append((start, start + len(word)))
        flags.append(Flag(FlagKind.LOOK_ALIKE_LETTERS, page=page, spans=tuple(spans)))
    if cleaned.hidden:
        flags.append(Flag(FlagKind.HIDDEN_CHARACTERS, dict(cleaned.hidden), page))
    return tuple(flags)


def _in_one_alphabet(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with each word in the letters that it seems to be in, and the words changed.

    Words that mix Latin letters with others that look like them; and, in a text that is Latin,
    words wholly of such others. Words of another language are left alone.
    """
    foreign = len(OTHER_ALPHABETS.findall(text))
    is_latin = foreign < MAX_FOREIGN_SHARE * len(LATIN.findall(text))
    changed: list[str] = []

    def fold(match: re.Match[str]) -> str:
        word = match.group()
        folded = word.translate(LOOK_ALIKES)
        mixed = LATIN.search(word) is not None
        if OTHER_ALPHABETS.search(folded) or not (
            (mixed and len(word) > 1) or (is_latin and len(word) >= MIN_ALIKE_LETTERS)
        ):
            return word
        changed.append(folded)
        return folded

    return WORD_OF_BOTH.sub(fold, text), tuple(changed)


def shortened(text: str) -> str:
    """One line of at most MAX_SHOWN_CHARACTERS."""
    line = " ".join(text.split())
    return (
        line
        if len(line) <= MAX_SHOWN_CHARACTERS
        else line[: MAX_SHOWN_CHARACTERS - 1].rstrip() + "…"
    )


def garbage_share(text: str) -> float:
    """Share of the visible characters that are illegible: replacement characters, private use,
    control characters and code points that are no character. 0.0 for no text at all."""
    visible = len(text) - sum(text.count(space) for space in " \n\r\t")
    if not visible:
        return 0.0
    bad = 0
    for match in UNUSUAL_CHARACTER.finditer(text):
        character = match.group()
        if character not in "\u00ad\ufffe\r\x0b\x0c\x1c\x1d\x1e\x85":  # \ufffe: pdfium's hyphen
            bad += (
                unicodedata.category(character) in ("Cc", "Co", "Cs", "Cn") or character == "\ufffd"
            )
    return bad / visible


def _without_unusual(text: str) -> tuple[str, Counter[str], str]:
    text = text.removeprefix("\ufeff")  # a byte order mark, rightly there
    rightly_marked = RIGHT_TO_LEFT.search(text) is not None
    hidden: Counter[str] = Counter()
    spelled: list[str] = []

    def replace(match: re.Match[str]) -> str:
        character = match.group()
        code = ord(character)
        if code in LIGATURES:
            return LIGATURES[code]
        if character == "\ufffd":
            return character
        if character in JOINERS and match.start() and match.end() < len(text):
            before, after = text[match.start() - 1], text[match.end()]
            if NEEDS_JOINER.match(before) and NEEDS_JOINER.match(after):
                return character
        if code == 0xFE0F:  # asks for the colourful form of the sign before it
            return ""
        if character in HARMLESS or (character in DIRECTION_MARKS and rightly_marked):
            return ""
        if 0xE0000 <= code <= 0xE007F:
            hidden["tag-character"] += 1
            if 0xE0020 <= code < 0xE007F:
                spelled.append(chr(code - 0xE0000))
        elif 0xE0100 <= code <= 0xE01EF or 0xFE00 <= code <= 0xFE0E:
            hidden["variation-selector"] += 1
        elif character in INVISIBLE_NAMES:
            hidden[INVISIBLE_NAMES[character]] += 1
        # Control characters, private use and halves of characters say nothing and hide nothing.
        return ""

    return UNUSUAL_CHARACTER.sub(replace, text), hidden, "".join(spelled)
