"""Find text in a résumé that addresses the machine that judges it, and hide it from the model.

What is found is shown to the reviewer; it never lowers a score by itself, since templates and
recruiters' advice put such lines into honest résumés. The search covers the text as a model may
understand it: without invisible characters, with look-alike letters as the letters they resemble,
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

MAX_FINDING_CHARACTERS = 300  # before and after a command; a longer sentence is cut
MAX_SPANS = 20  # of one flag; a page shows fewer
MIN_STUFFED_REPEATS = 12  # of one word in one line
MIN_STUFFED_SHARE = 0.5  # of the line's words

VERSION = "attacks-3"  # of the rules: with another version, stored findings are searched for again
INSTRUCTS = FlagKind.INSTRUCTS_THE_MODEL
FAKE_TURN = FlagKind.FAKE_TURN
FAKE_DELIMITER = FlagKind.FAKE_DELIMITER
FAKE_ANSWER = FlagKind.FAKE_ANSWER
ENCODED = FlagKind.ENCODED_INSTRUCTIONS
REMOTE_IMAGE = FlagKind.REMOTE_IMAGE
STUFFING = FlagKind.KEYWORD_STUFFING
INVISIBLE = FlagKind.INVISIBLE_CHARACTERS
# Not blanked in what a model sees: these findings hold the person's own words too.
KINDS_LEFT_VISIBLE = frozenset({STUFFING, INVISIBLE})


@dataclass(frozen=True, slots=True)
class Finding:
    """An attack of this kind at `text[start:end]`."""

    kind: FlagKind
    start: int
    end: int


INVISIBLES = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
SURROGATES = re.compile("[\ud800-\udfff]")
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
# Without those that are honest: soft hyphens, and the variation selectors and joiners of emoji and
# Persian.
SUSPECT_INVISIBLES = re.compile("[\u202d\u202e\u2066-\u2069\U000e0000-\U000e007f]+")
# Letters in another form (full width, bold, circled), and invisible characters.
UNUSUAL_LETTERS = re.compile(
    f"[\u2100-\u214f\u2460-\u24ff\ufb00-\ufb06\uff01-\uff5e\U0001d400-\U0001d7ff]|{INVISIBLES.pattern}"
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
    # A whole turn first, with its content.
    r"<\|im_start\|>(?:[^<]{0,600}<\|im_end\|>|[^<\n]{0,300})|\[INST\][^\[]{0,600}\[/INST\]"
    r"|<<SYS>>[^<]{0,600}<</SYS>>|<(system|assistant|user|developer)>[^<]{0,600}</\1>"
    r"|<\|[^|>\n]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?s>(?=\s*(?:\[|<|$))|<(?:start|end)_of_turn>"
    r"|\[/?(?:SYSTEM|AVAILABLE_TOOLS|TOOL_CALLS)[A-Z_]*\]|<\uff5c[^\uff5c>\n]{1,40}\uff5c>"
    r"|</?(?:system|assistant|user|developer|tool|function_calls?)(?:[_ -](?:message|prompt"
    r"|instructions?))?>"
)
# A line that poses as another speaker; "System: Linux" gives no order.
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
# Kind, marks of which the text must hold one before the pattern is tried, and the pattern.
SHAPES = (
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
SINGLE_NEWLINE = re.compile(r"(?<!\n)\n(?!\n)")
# Where a sentence begins and ends: the whole sentence of a command is hidden.
SENTENCE_BORDER = re.compile(r"[.!?\u3002]+[\"'\u201d)]*(?:\s+|$)|\n")


@dataclass(frozen=True, slots=True)
class Inspection:
    """The findings in a text, and the text that a model may see, as `neutral` returns it."""

    findings: tuple[Finding, ...]
    visible_text: str

    @property
    def flags(self) -> tuple[Flag, ...]:
        """One flag a kind for the reviewer, with the places of its findings."""
        spans: dict[FlagKind, list[Span]] = {}
        for finding in self.findings:
            spans.setdefault(finding.kind, []).append((finding.start, finding.end))
        return tuple(Flag(kind, spans=tuple(places[:MAX_SPANS])) for kind, places in spans.items())


def inspect(text: str) -> Inspection:
    """Search a text once for everything in this module; about half a millisecond a page."""
    return inspection_of(text, find(text))


def inspection_of(text: str, findings: Sequence[Finding]) -> Inspection:
    """Return what `inspect` returns, where the findings are known."""
    return Inspection(tuple(findings), _neutral(text, findings))


def find(text: str) -> tuple[Finding, ...]:
    """Return all findings in the order of the text, without those inside another of their kind."""
    findings = [*_by_words(text), *_by_shape(text), *_encoded(text), *_stuffed(text)]
    findings += [Finding(INVISIBLE, *match.span()) for match in SUSPECT_INVISIBLES.finditer(text)]
    findings.sort(key=lambda finding: (finding.start, -finding.end))
    distinct: list[Finding] = []
    for finding in findings:
        if not any(
            finding.kind == earlier.kind and finding.end <= earlier.end for earlier in distinct[-3:]
        ):
            distinct.append(finding)
    return tuple(distinct)


def flags(text: str) -> tuple[Flag, ...]:
    """Return the flags that a reviewer sees for `text`."""
    return inspect(text).flags


def neutral(text: str) -> str:
    """Return `text` of the same length with the findings blanked, fit for any server.

    Invisible characters become zero-width spaces, surrogates a replacement character and control
    characters a blank, so that offsets stay.
    """
    return inspect(text).visible_text


def _neutral(text: str, findings: Sequence[Finding]) -> str:
    hidden = [finding for finding in findings if finding.kind not in KINDS_LEFT_VISIBLE]
    if hidden:
        letters = list(text)
        for finding in hidden:
            for index in range(finding.start, finding.end):
                if letters[index] != "\n":
                    letters[index] = " "
        text = "".join(letters)
    if not text.isascii():
        text = SURROGATES.sub("\ufffd", INVISIBLES.sub("\u200b", text))
    return CONTROLS.sub(" ", text)


def decoded(kind: FlagKind, passage: str) -> str:
    """Return what the passage of a finding says, decoded where it is encoded."""
    if kind == ENCODED:
        return _from_base64(passage) or codecs.decode(passage, "rot13")
    return _tagged(passage) if kind == INVISIBLE else passage


def most_repeated(line: str) -> tuple[str, int]:
    """Return the word that a line repeats most, and how often.

    It has at least three letters, and is in lower case; ("", 0) where the line has none.
    """
    words = WORD.findall(line.casefold())
    return Counter(words).most_common(1)[0] if words else ("", 0)


def _by_words(text: str) -> Iterator[Finding]:
    folded, origin = _folded(text)
    folded = _lower(folded)
    spans: set[tuple[int, int]] = set()
    # As it stands, with lines that may have been wrapped, and with digits as letters.
    forms = [folded, SINGLE_NEWLINE.sub(" ", folded)]
    if LEET_WORD.search(folded):
        forms.append(folded.translate(LEET))
    for form in dict.fromkeys(forms):
        for start, end in commands.spans(form):
            span = origin[start], origin[end - 1] + 1
            if span not in spans:
                spans.add(span)
                yield _sentence(text, INSTRUCTS, *span)
    for span in commands.spans(_lower(text), commands.CYRILLIC):
        yield _sentence(text, INSTRUCTS, *span)


def _lower(text: str) -> str:
    """Return `text` in lower case, of the same length: the few capitals that become two letters
    stay."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(letter if len(small := letter.lower()) != 1 else small for letter in text)


def _by_shape(text: str) -> Iterator[Finding]:
    folded, origin = _folded(text)
    for kind, marks, pattern in SHAPES:
        if not any(mark in folded for mark in marks):
            continue
        for match in pattern.finditer(folded):
            start, end = origin[match.start()], origin[match.end() - 1] + 1
            yield Finding(kind, start, end)


def _encoded(text: str) -> Iterator[Finding]:
    for match in BASE64.finditer(text):
        if _holds_command(_from_base64(match[0])):
            yield Finding(ENCODED, *match.span())
    rotated = codecs.decode(text, "rot13")
    if not any(word in rotated for word in ROT13_SIGNS):
        return
    for span in commands.spans(_lower(rotated)):
        yield _sentence(rotated, ENCODED, *span)


def _from_base64(passage: str) -> str:
    """Return the text that the passage encodes; "" where it is none."""
    packed = "".join(passage.split()).rstrip("=")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _holds_command(plain: str) -> bool:
    return bool(
        any(commands.spans(_lower(_folded(plain)[0])))
        or any(pattern.search(plain) for _, _, pattern in SHAPES)
    )


def _stuffed(text: str) -> Iterator[Finding]:
    """Find lines that repeat one word over and over."""
    start = 0
    for line in text.splitlines(keepends=True):
        words = line.split() if len(line) > 4 * MIN_STUFFED_REPEATS else ()
        # A cheap test first: such a line has few distinct words.
        if (
            len(words) >= MIN_STUFFED_REPEATS
            and len({*words}) <= MIN_STUFFED_SHARE * len(words) + 1
        ):
            _word, count = most_repeated(line)
            counted = len(WORD.findall(line.casefold()))
            if count >= MIN_STUFFED_REPEATS and count >= MIN_STUFFED_SHARE * counted:
                yield Finding(STUFFING, start, start + len(line.rstrip()))
        start += len(line)


def _sentence(text: str, kind: FlagKind, start: int, end: int) -> Finding:
    """Return the whole sentence around a command, within its line and the length limit."""
    first = max(0, start - MAX_FINDING_CHARACTERS)
    borders = list(SENTENCE_BORDER.finditer(text, first, start))
    if borders:
        first = borders[-1].end()
    elif first:  # an endless line: what precedes the command is not part of it
        first = start
    limit = min(len(text), end + MAX_FINDING_CHARACTERS)
    border = SENTENCE_BORDER.search(text, end, limit)
    last = border.end() if border else limit
    if border and border[0] == "\n":
        last = border.start()
    return Finding(kind, first, last)


def _tagged(run: str) -> str:
    """Return the letters that tag characters stand for, or else the characters' names."""
    letters = "".join(
        chr(ord(character) - 0xE0000)
        for character in run
        if "\U000e0020" <= character <= "\U000e007e"
    )
    return letters or ", ".join(
        dict.fromkeys(unicodedata.name(character, "unnamed") for character in run)
    )


@lru_cache(maxsize=4)
def _folded(text: str) -> tuple[str, Sequence[int]]:
    """Return the text as a model may read it, and the offset of each of its characters."""
    plain = text if text.isascii() else text.translate(LOOK_ALIKES)
    if text.isascii() or not UNUSUAL_LETTERS.search(plain):
        return plain, range(len(plain))
    letters: list[str] = []
    origin: list[int] = []
    for index, letter in enumerate(plain):
        if "\U000e0020" <= letter <= "\U000e007e":
            letter = chr(ord(letter) - 0xE0000)
        elif INVISIBLES.match(letter):
            continue
        for part in letter if letter < "\x7f" else unicodedata.normalize("NFKC", letter):
            letters.append(part)
            origin.append(index)
    return "".join(letters), tuple(origin)
