"""RTF to text: a small reader of its own (Rich Text Format Specification 1.9.1).

Each letter once, as Word shows and prints it. One pass over the bytes with one regular expression;
groups without text are passed over by a second one, so that pictures cost little. `writer` carries
the marks out, `control_words` lists them.
"""

import re

from candidates.facts.flags import Flag, FlagKind
from candidates.reading.context import ReadingContext
from candidates.reading.limits import MAX_CHARACTERS
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.visibility import PAPER

from .control_words import CHARACTERS, DROPPED_GROUPS, ENTERED_GROUPS, SINK_GROUPS, SINK_OF_GROUP
from .writer import RtfState, RtfWriter

TOKEN = re.compile(
    rb"([^\\{}]+)|\\([a-zA-Z]{1,40})(-?[0-9]{1,10})? ?|\\'([0-9a-fA-F]{2})|((?:\{\s*+\})++)|([{}])"
    rb"|\\([^a-zA-Z])",
    re.DOTALL,
)
# In a group that is passed over only braces count, and lengths of binary data.
BRACE = re.compile(rb"([{}])|\\bin([0-9]{1,10}) ?|\\.", re.DOTALL)
SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
MAX_GROUP_DEPTH = 5_000  # groups in groups
MAX_TOKENS = 3_000_000  # of a regular expression; no text within the limit needs as many
MARKS_OF_SHAPES_BEHIND = (b"\\shpfblwtxt1", b"\\*\\background")


def parse(data: bytes, _context: ReadingContext) -> Parsed:
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
        self.out = RtfWriter(
            None if any(mark in data for mark in MARKS_OF_SHAPES_BEHIND) else PAPER
        )
        self.stack: list[RtfState] = []
        self.starred = False  # after \\*
        self.group_opens = False  # the next word says what the group is

    def read(self) -> bool:
        """Go through the file; returns whether its outermost group ended."""
        data, out, offset, count = self.data, self.out, 0, 0
        while offset < len(data):
            jump = -1
            for token in TOKEN.finditer(data, offset):
                count += 1
                text, word, number, code, empty, brace, sign = token.groups()
                if text is not None:
                    if not out.state.drop:
                        out.text(text)
                    self.group_opens = False
                elif code is not None:
                    out.byte(int(code, 16))
                    self.group_opens = False
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
                if count > MAX_TOKENS:
                    raise Unreadable(Problem.TOO_COMPLEX, f"RTF of more than {count - 1} marks")
            else:
                break
            offset = jump
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
        if len(self.stack) >= MAX_GROUP_DEPTH:
            raise Unreadable(Problem.TOO_COMPLEX, f"RTF of groups more than {MAX_GROUP_DEPTH} deep")
        self.out.flush()
        self.out.stand_ins = 0
        self.stack.append(self.out.state.copy())
        self.group_opens, self.starred = True, False

    def _close(self) -> None:
        self.group_opens = self.starred = False
        if self.stack:
            self.out.leave(self.stack.pop())

    def _pass_over(self, offset: int) -> int:
        """The offset after the group that `at` is in, which is left."""
        depth = 1
        while depth:
            jumped = False
            for mark in BRACE.finditer(self.data, offset):
                brace, count = mark.groups()
                if brace == b"{":
                    depth += 1
                elif brace == b"}":
                    depth -= 1
                    if not depth:
                        offset = mark.start()  # the brace itself is for the usual way out
                        break
                elif count is not None:
                    offset, jumped = mark.end() + int(count), True
                    break
            else:
                return len(self.data)
            if jumped and offset >= len(self.data):
                return len(self.data)
        return offset

    def _word(self, name: bytes, number: bytes | None, end: int) -> int:
        """Carry out a control word; returns the offset to go on from, -1 for right behind it."""
        out = self.out
        value = int(number) if number else None
        first, starred = self.group_opens, self.starred
        self.group_opens = self.starred = False
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
            if name in DROPPED_GROUPS or (
                starred and name not in ENTERED_GROUPS and name not in SINK_GROUPS
            ):
                return self._pass_over(end)
            if name in (b"fonttbl", b"colortbl"):
                after = self._pass_over(end)
                out.tables(name, self.data[end:after])
                return after
            if name in SINK_OF_GROUP:
                out.begin(SINK_OF_GROUP[name])
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
            self.starred = self.group_opens
            return
        self.group_opens = False
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
