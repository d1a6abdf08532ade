"""Find what in a résumé speaks to a machine that judges it, and take it out of a model's sight.

Found text is shown to the reviewer; it never lowers a score by itself, since templates and
recruiters' advice put such lines into honest résumés. It is looked for in the text as a model may
understand it: without invisible characters, with look-alike letters as the letters they look like,
with digits that stand for letters, and with base64 and rot13 decoded.
"""

import base64
import binascii
import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from candidates.facts.flags import Flag, FlagKind, Span

from . import commands

LONGEST = 300  # characters of a finding; a sentence that is longer is cut
MAX_SPANS = 20  # of one flag; a page shows fewer
STUFFED = 12  # times one word in one line
STUFFED_SHARE = 0.5  # of the line's words

VERSION = "attacks-3"  # changed with the rules, so that what was found by others is looked for anew
INSTRUCTS = FlagKind.INSTRUCTS_THE_MODEL
FAKE_TURN = FlagKind.FAKE_TURN
FAKE_DELIMITER = FlagKind.FAKE_DELIMITER
FAKE_ANSWER = FlagKind.FAKE_ANSWER
ENCODED = FlagKind.ENCODED_INSTRUCTIONS
REMOTE_IMAGE = FlagKind.REMOTE_IMAGE
STUFFING = FlagKind.KEYWORD_STUFFING
INVISIBLE = FlagKind.INVISIBLE_CHARACTERS
# All but these are blanked in what a model sees: these hold the person's own words too.
SEEN_ANYWAY = frozenset({STUFFING, INVISIBLE})


@dataclass(frozen=True, slots=True)
class Finding:
    """`text[start:end]` is of this kind."""

    kind: FlagKind
    start: int
    end: int


UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
HALVES = re.compile("[\ud800-\udfff]")
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
# Of these a soft hyphen, a variation selector or a joiner is honest: emoji, Persian, hyphenation.
SUSPECT = re.compile("[\u202d\u202e\u2066-\u2069\U000e0000-\U000e007f]+")
# Letters in other dress (full width, bold, circled), beside what is not seen at all.
WIDE = re.compile(
    f"[\u2100-\u214f\u2460-\u24ff\ufb00-\ufb06\uff01-\uff5e\U0001d400-\U0001d7ff]|{UNSEEN.pattern}"
)
LOOK_ALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u0261"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405"
    "\u03b1\u03bf\u03bd\u03c1\u03b9\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u039f\u03a1"
    "\u03a4\u03a7\u0131",
    "aeopcyxijshdqgABEKMHOPCTXIJSaovpiABEHIKMNOPTXi",
)
LEET_WORD = re.compile(r"[a-z][013457@$]+[a-z]")
LEET = str.maketrans("01345@$7", "oieasast")
TURN_TOKENS = (
    # A whole turn first, with what is said in it.
    r"<\|im_start\|>(?:[^<]{0,600}<\|im_end\|>|[^<\n]{0,300})|\[INST\][^\[]{0,600}\[/INST\]"
    r"|<<SYS>>[^<]{0,600}<</SYS>>|<(system|assistant|user|developer)>[^<]{0,600}</\1>"
    r"|<\|[^|>\n]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?s>(?=\s*(?:\[|<|$))|<(?:start|end)_of_turn>"
    r"|\[/?(?:SYSTEM|AVAILABLE_TOOLS|TOOL_CALLS)[A-Z_]*\]|<\uff5c[^\uff5c>\n]{1,40}\uff5c>"
    r"|</?(?:system|assistant|user|developer|tool|function_calls?)(?:[_ -](?:message|prompt"
    r"|instructions?))?>"
)
# A line that plays another speaker; "System: Linux" does not say what somebody is to do.
TURN_LINE = (
    r"^[ \t#*_>-]*(?:system|assistant|developer|user|human|ai)(?: (?:message|prompt|note"
    r"|instructions?|override))?[*_ ]*:(?=[^\n]*(?:\byou (?:are|must|should|will)\b|\byour (?:task"
    r"|job|instructions)\b|\bignore\b|\brat(?:e|ing)\b|\b(?:this|the) (?:candidate|applicant)\b"
    r"|\brespond (?:with|only)\b))[^\n]*"
)
DELIMITER = (
    r"</?(?:resume|r\u00e9sum\u00e9|cv|candidate|untrusted)(?:[-_:][\w-]{0,40})?\s*/?>"
    r"|</(?:document|data|input|context)(?:[-_:][\w-]{1,40})?\s*>"
    r"|^[ \t]*[-=#*_~`]{2,}[ \t]*(?:end|begin|start)(?: of)?(?: the)? (?:r\u00e9sum\u00e9|resume|cv"
    r"|candidate|document|data|input|context|user input)\b[^\n]*"
)
ANSWER = (
    r"\{[^{}\n]{0,80}(?:\{[^{}]{0,200})?[\"'\u201c\u201d]?(?:rating|score|overall|verdict"
    r"|recommendation)[\"'\u201c\u201d]?\s*:\s*[\"']?(?:\d{1,3}|strong|hire|yes)[^{}]{0,200}"
    r"\}(?:[^\S\n]*\}){0,3}"
)
IMAGE = r"!\[[^\]\n]{0,200}\]\(\s*(?:https?:)?//[^)\s]{1,500}\)|<img\b[^>\n]{0,300}>"

_FLAGS = re.IGNORECASE | re.MULTILINE
# Before a pattern is tried, the text must hold one of its marks.
BY_SHAPE = (
    (FAKE_TURN, (":",), re.compile(TURN_LINE, _FLAGS)),
    (FAKE_TURN, ("<", "["), re.compile(TURN_TOKENS, _FLAGS)),
    (
        FAKE_DELIMITER,
        ("<", "--", "==", "##", "**", "__", "~~", "``"),
        re.compile(DELIMITER, _FLAGS),
    ),
    (FAKE_ANSWER, ("{",), re.compile(ANSWER, _FLAGS)),
    (REMOTE_IMAGE, ("![", "<img", "<IMG"), re.compile(IMAGE, _FLAGS)),
)
BASE64 = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{20,}(?:\n[A-Za-z0-9+/]{8,})*={0,2}(?![\w+/])")
ROT13_SIGNS = ("nstruct", "andidate", "pplicant", "rompt", "ating")
WORD = re.compile(r"\w{3,}")
WRAPPED = re.compile(r"(?<!\n)\n(?!\n)")
# Where a sentence begins and ends: a command is taken out whole.
BORDER = re.compile(r"[.!?\u3002]+[\"'\u201d)]*(?:\s+|$)|\n")


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in a text, and what a model may see of it: `text` as `neutral` says."""

    findings: tuple[Finding, ...]
    text: str

    @property
    def flags(self) -> tuple[Flag, ...]:
        """For a reviewer: one flag of a kind, with the places of its findings."""
        spans: dict[FlagKind, list[Span]] = {}
        for finding in self.findings:
            spans.setdefault(finding.kind, []).append((finding.start, finding.end))
        return tuple(Flag(kind, spans=tuple(places[:MAX_SPANS])) for kind, places in spans.items())


def look(text: str) -> Look:
    """Look through a text once, for all that is asked of it. About half a millisecond a page."""
    return seen(text, find(text))


def seen(text: str, findings: Sequence[Finding]) -> Look:
    """What `look` gives, where what it finds is known."""
    return Look(tuple(findings), _neutral(text, findings))


def find(text: str) -> tuple[Finding, ...]:
    """What speaks to the judge, in the order of the text."""
    found = [*_by_words(text), *_by_shape(text), *_encoded(text), *_stuffed(text)]
    found += [Finding(INVISIBLE, *match.span()) for match in SUSPECT.finditer(text)]
    found.sort(key=lambda one: (one.start, -one.end))
    kept: list[Finding] = []
    for one in found:
        if not any(one.kind == other.kind and one.end <= other.end for other in kept[-3:]):
            kept.append(one)
    return tuple(kept)


def flags(text: str) -> tuple[Flag, ...]:
    """What a reviewer is told of `text`."""
    return look(text).flags


def neutral(text: str) -> str:
    """`text` of the same length, in which what was found is blank, and which any server can take.

    Invisible characters become zero-width spaces, halves of characters and control characters a
    mark or a blank, so that offsets stay.
    """
    return look(text).text


def _neutral(text: str, findings: Sequence[Finding]) -> str:
    blanked = [one for one in findings if one.kind not in SEEN_ANYWAY]
    if blanked:
        letters = list(text)
        for one in blanked:
            for at in range(one.start, one.end):
                if letters[at] != "\n":
                    letters[at] = " "
        text = "".join(letters)
    if not text.isascii():
        text = HALVES.sub("\ufffd", UNSEEN.sub("\u200b", text))
    return CONTROLS.sub(" ", text)


def decoded(kind: FlagKind, passage: str) -> str:
    """What a passage that was found says: decoded where it is encoded."""
    if kind == ENCODED:
        return _from_base64(passage) or codecs.decode(passage, "rot13")
    return _tagged(passage) if kind == INVISIBLE else passage


def most_repeated(line: str) -> tuple[str, int]:
    """The word of at least three letters that a line repeats most, in small letters, and how many
    times it does; "" and 0 where it has none."""
    words = WORD.findall(line.casefold())
    return Counter(words).most_common(1)[0] if words else ("", 0)


def _by_words(text: str) -> Iterator[Finding]:
    folded, origin = _folded(text)
    folded = _small(folded)
    seen: set[tuple[int, int]] = set()
    # As it stands, with lines that may have been wrapped, and with digits as letters.
    forms = [folded, WRAPPED.sub(" ", folded)]
    if LEET_WORD.search(folded):
        forms.append(folded.translate(LEET))
    for form in dict.fromkeys(forms):
        for start, end in commands.spans(form):
            span = origin[start], origin[end - 1] + 1
            if span not in seen:
                seen.add(span)
                yield _sentence(text, INSTRUCTS, *span)
    for span in commands.spans(_small(text), commands.CYRILLIC):
        yield _sentence(text, INSTRUCTS, *span)


def _small(text: str) -> str:
    """In small letters, of the same length: a few capitals become two letters, and stay."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(one if len(low := one.lower()) != 1 else low for one in text)


def _by_shape(text: str) -> Iterator[Finding]:
    folded, origin = _folded(text)
    for kind, needed, pattern in BY_SHAPE:
        if not any(mark in folded for mark in needed):
            continue
        for match in pattern.finditer(folded):
            start, end = origin[match.start()], origin[match.end() - 1] + 1
            yield Finding(kind, start, end)


def _encoded(text: str) -> Iterator[Finding]:
    for match in BASE64.finditer(text):
        if _commands(_from_base64(match[0])):
            yield Finding(ENCODED, *match.span())
    turned = codecs.decode(text, "rot13")
    if not any(word in turned for word in ROT13_SIGNS):
        return
    for span in commands.spans(_small(turned)):
        yield _sentence(turned, ENCODED, *span)


def _from_base64(passage: str) -> str:
    """The text that the passage encodes; "" where it is none."""
    packed = "".join(passage.split()).rstrip("=")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _commands(plain: str) -> bool:
    return bool(
        any(commands.spans(_small(_folded(plain)[0])))
        or any(pattern.search(plain) for _, _, pattern in BY_SHAPE)
    )


def _stuffed(text: str) -> Iterator[Finding]:
    """Lines that say one word over and over."""
    at = 0
    for line in text.splitlines(keepends=True):
        words = line.split() if len(line) > 4 * STUFFED else ()
        # In a line that does, few words are its own: that is cheap to see.
        if len(words) >= STUFFED and len({*words}) <= STUFFED_SHARE * len(words) + 1:
            _word, count = most_repeated(line)
            if count >= STUFFED and count >= STUFFED_SHARE * len(WORD.findall(line.casefold())):
                yield Finding(STUFFING, at, at + len(line.rstrip()))
        at += len(line)


def _sentence(text: str, kind: FlagKind, start: int, end: int) -> Finding:
    """The whole sentence around a command, within a line and within reason."""
    first = max(0, start - LONGEST)
    borders = list(BORDER.finditer(text, first, start))
    if borders:
        first = borders[-1].end()
    elif first:  # a line without an end: what stands before is not the command's
        first = start
    after = BORDER.search(text, end, min(len(text), end + LONGEST))
    last = after.end() if after else min(len(text), end + LONGEST)
    if after and after[0] == "\n":
        last = after.start()
    return Finding(kind, first, last)


def _tagged(run: str) -> str:
    """The letters that tag characters stand for, or their names."""
    letters = "".join(chr(ord(one) - 0xE0000) for one in run if "\U000e0020" <= one <= "\U000e007e")
    return letters or ", ".join(dict.fromkeys(unicodedata.name(one, "unnamed") for one in run))


@lru_cache(maxsize=4)
def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The text as a model may take it, and where each of its characters came from."""
    plain = text if text.isascii() else text.translate(LOOK_ALIKES)
    if text.isascii() or not WIDE.search(plain):
        return plain, range(len(plain))
    letters: list[str] = []
    origin: list[int] = []
    for at, letter in enumerate(plain):
        if "\U000e0020" <= letter <= "\U000e007e":
            letter = chr(ord(letter) - 0xE0000)
        elif UNSEEN.match(letter):
            continue
        for one in letter if letter < "\x7f" else unicodedata.normalize("NFKC", letter):
            letters.append(one)
            origin.append(at)
    return "".join(letters), tuple(origin)
