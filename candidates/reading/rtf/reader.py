"""RTF to text: a small reader of its own (Rich Text Format Specification 1.9.1).

Each letter once: what Word shows and prints. One pass over the bytes with one regular expression;
what a group of no interest holds is passed over by a second one, so that pictures cost little.
`rtf_writer` does what they say, `rtf_tables` holds the words.
"""

import re

from candidates.facts.flags import Flag, FlagKind
from candidates.reading.limits import MAX_CHARACTERS
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.visibility import PAPER

from .control_words import ASIDE, CHARACTERS, DROPPED, ENTERED, KEPT
from .writer import State, Writer

TOKEN = re.compile(
    rb"([^\\{}]+)|\\([a-zA-Z]{1,40})(-?[0-9]{1,10})? ?|\\'([0-9a-fA-F]{2})|((?:\{\s*+\})++)|([{}])"
    rb"|\\([^a-zA-Z])",
    re.DOTALL,
)
# Inside what is passed over only the braces count, and how many bytes of data to jump.
BRACE = re.compile(rb"([{}])|\\bin([0-9]{1,10}) ?|\\.", re.DOTALL)
SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
DEEPEST = 5_000  # groups in groups
MOST_TOKENS = 3_000_000  # of a regular expression; no text within the limit needs as many
BEHIND = (b"\\shpfblwtxt1", b"\\*\\background")


def parse(data: bytes) -> Parsed:
    """Headers, body, notes and footers, as one page. Raises Unreadable."""
    reader = _Reader(data)
    complete = reader.read()
    page = reader.page()
    if len(page) > MAX_CHARACTERS:
        raise Unreadable(Problem.TOO_LONG, f"{len(page)} characters")
    if not page.strip() and not reader.out.hidden:
        if not complete:
            raise Unreadable(Problem.DAMAGED, "RTF: ends inside a group, with no text before")
        if b"\\pict" in data:
            raise Unreadable(Problem.NO_TEXT, "RTF")
    flags = () if complete else (Flag(FlagKind.INCOMPLETE),)
    return Parsed("rtf", (page,), flags, hidden=tuple(reader.out.hidden))


class _Reader:
    """One file while it is read: its marks, and the groups they stand in."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.out = Writer(None if any(mark in data for mark in BEHIND) else PAPER)
        self.stack: list[State] = []
        self.starred = False  # after \\*
        self.opened = False  # the next word says what the group is

    def read(self) -> bool:
        """Goes through the file; whether its outermost group ended."""
        data, out, at, count = self.data, self.out, 0, 0
        while at < len(data):
            jump = -1
            for token in TOKEN.finditer(data, at):
                count += 1
                text, word, number, code, empty, brace, sign = token.groups()
                if text is not None:
                    if not out.state.drop:
                        out.text(text)
                    self.opened = False
                elif code is not None:
                    out.byte(int(code, 16))
                    self.opened = False
                elif word is not None:
                    jump = self._word(word, number, token.end())
                    if jump >= 0:
                        break
                elif brace == b"{":
                    self._open()
                elif brace == b"}":
                    if len(self.stack) <= 1:
                        self._close()
                        return True
                    self._close()
                elif empty is None:
                    self._sign(sign)
                if count > MOST_TOKENS:
                    raise Unreadable(Problem.TOO_COMPLEX, f"RTF of more than {count - 1} marks")
            else:
                break
            at = jump
        while self.stack:
            self._close()
        return False

    def page(self) -> str:
        asides = self.out.asides
        body = "\n".join(self.out.finished(self.out.body)).strip("\n")
        pieces = [
            *dict.fromkeys(asides["header"]),
            body,
            *asides["note"],
            *dict.fromkeys(asides["footer"]),
        ]
        page = "\n\n".join(piece for piece in pieces if piece)
        return SURROGATES.sub(
            lambda pair: pair.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le"),
            page,
        )

    def _open(self) -> None:
        if len(self.stack) >= DEEPEST:
            raise Unreadable(Problem.TOO_COMPLEX, f"RTF of groups more than {DEEPEST} deep")
        self.out.flush()
        self.out.stand_ins = 0
        self.stack.append(self.out.state.copy())
        self.opened, self.starred = True, False

    def _close(self) -> None:
        self.opened = self.starred = False
        if self.stack:
            self.out.leave(self.stack.pop())

    def _pass_over(self, at: int) -> int:
        """The offset after the group that `at` is in, which is left."""
        depth = 1
        while depth:
            jumped = False
            for mark in BRACE.finditer(self.data, at):
                brace, count = mark.groups()
                if brace == b"{":
                    depth += 1
                elif brace == b"}":
                    depth -= 1
                    if not depth:
                        at = mark.start()  # the brace itself is for the usual way out
                        break
                elif count is not None:
                    at, jumped = mark.end() + int(count), True
                    break
            else:
                return len(self.data)
            if jumped and at >= len(self.data):
                return len(self.data)
        return at

    def _word(self, name: bytes, number: bytes | None, end: int) -> int:
        """Does what a control word says; returns where to go on, -1 for right behind it."""
        out = self.out
        value = int(number) if number else None
        first, starred = self.opened, self.starred
        self.opened = self.starred = False
        if name == b"bin":
            return min(end + max(value or 0, 0), len(self.data))
        if name == b"u":
            out.unicode(value or 0)
            return -1
        if first and name == b"ud":  # in Unicode what the group before it said in bytes
            out.state.drop = False
        elif first and not out.state.drop:
            if name == b"nesttableprops":
                out.actions[b"nestrow"](None)  # its end is among them
            if name in DROPPED or (starred and name not in ENTERED and name not in KEPT):
                return self._pass_over(end)
            if name in (b"fonttbl", b"colortbl"):
                after = self._pass_over(end)
                out.tables(name, self.data[end:after])
                return after
            if name in ASIDE:
                out.begin(ASIDE[name])
                return -1
        if name in CHARACTERS:
            if out.stand_ins:
                out.stand_ins -= 1
            else:
                out.put(CHARACTERS[name])
        elif name in out.actions:
            out.actions[name](value)
        return -1

    def _sign(self, sign: bytes) -> None:
        out = self.out
        if sign == b"*":
            self.starred = self.opened
            return
        self.opened = False
        if sign in b"{}\\" and sign:
            out.text(sign)
        elif out.stand_ins:
            out.stand_ins -= 1
        elif sign in (b"\n", b"\r"):
            out.actions[b"par"](None)
        elif sign == b"~":
            out.put(" ")
        elif sign == b"_":
            out.put("-")
        elif sign == b"\t":
            out.put("\t")
