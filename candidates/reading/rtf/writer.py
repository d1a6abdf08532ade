"""The effect of the marks of an RTF file on its text: states of letters, fonts, tables, lines.

`reader` finds the marks in the bytes and keeps the groups.
"""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from candidates.reading.document import Hidden
from candidates.reading.limits import MAX_CHARACTERS
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.visibility import (
    LOW_CONTRAST,
    MIN_WIDTH_PERCENT,
    SQUEEZED,
    TINY,
    TINY_POINTS,
    VANISHED,
    Colour,
    Grounds,
    Line,
    is_lost,
    row_lines,
    symbol,
)

from .control_words import CHARSETS, METHOD_OF_WORD, SYMBOL_FONT

LINE_ENDS = b"\r\n\0"
COLOUR = re.compile(rb"\\(red|green|blue)(\d{1,3})")
CHANNELS = (b"red", b"green", b"blue")
FONT = re.compile(rb"\\f(\d{1,6})(?![0-9])")
CHARSET = re.compile(rb"\\fcharset(\d{1,3})")
CODE_PAGE = re.compile(rb"\\cpg(\d{1,5})")


@dataclass(slots=True)
class RtfSink:
    """Lines of one stretch of text: the body, a header, a note, a box."""

    kind: str
    lines: list[str] = field(default_factory=list)
    line: Line = field(default_factory=Line)
    cells: list[str] = field(default_factory=list)  # of the row so far
    inside: list[str] = field(default_factory=list)  # lines of the cell so far
    fills: list[Colour | None] = field(default_factory=list)  # of the cells of the row
    fill: Colour | None = None  # of the cell that \cellx will end


@dataclass(slots=True)
class RtfState:
    """The state that a group inherits and restores. Changed in place: there are millions."""

    sink: RtfSink
    codec: str = "cp1252"
    skip: int = 1  # characters that stand in for a \\u
    drop: bool = False
    vanish: bool = False
    in_table: bool = False
    size: int = 0  # half points, 0 where nothing says
    ink: int = 0  # numbers of colours; 0 is the automatic one
    ground: int = 0
    paragraph_ground: int = 0
    font: int = -1
    wide: int = 100  # per cent of a letter's width

    def copy(self) -> "RtfState":
        return RtfState(
            self.sink,
            self.codec,
            self.skip,
            self.drop,
            self.vanish,
            self.in_table,
            self.size,
            self.ink,
            self.ground,
            self.paragraph_ground,
            self.font,
            self.wide,
        )


class RtfWriter:
    """The text of one file while it comes together; `paper` is the ground of its pages."""

    def __init__(self, paper: Grounds) -> None:
        self.paper = paper
        self.body = RtfSink("body")
        self.state = RtfState(self.body)
        self.hiding: str | None = ""  # kind of hiding from here on; None: to be determined anew
        self.actions: dict[bytes, Callable[[int | None], None]] = {
            word: getattr(self, f"_{method}") for word, method in METHOD_OF_WORD.items()
        }
        self.length = 0
        self.asides: dict[str, list[str]] = {kind: [] for kind in ("header", "note", "footer")}
        self.hidden: list[Hidden] = []
        self.fonts: dict[int, str] = {}
        self.colours: list[Colour | None] = []
        self.usual = "cp1252"  # codec of fonts that name none
        self.usual_font = -1
        self.pending = bytearray()  # text of one codec that is not yet decoded
        self.stand_ins = 0  # characters still to leave out after a \\u

    # Groups

    def begin(self, kind: str) -> None:
        """Send the text from here to the end of the group to a sink of its own."""
        now = self.state
        self._enter(RtfState(RtfSink(kind), now.codec, now.skip, vanish=now.vanish, font=now.font))

    def _enter(self, state: RtfState) -> None:
        self.state = state
        self.hiding = None

    def leave(self, state: RtfState) -> None:
        """Restore the state around a group; text of a sink that ended is put in its place."""
        self.flush()
        self.stand_ins = 0
        ended = self.state.sink
        self._enter(state)
        if ended is not self.state.sink:
            text = "\n".join(self.finished(ended)).strip("\n")
            if not text:
                pass
            elif ended.kind == "box":
                self.state.sink.line.boxes.append(text)
            else:
                self.asides[ended.kind].append(text)

    def tables(self, name: bytes, content: bytes) -> None:
        """Fonts or colours, which stand in a group of their own."""
        if name == b"colortbl":
            for entry in content.split(b";")[:-1]:
                parts = {key: int(level) for key, level in COLOUR.findall(entry)}
                red, green, blue = (parts.get(key, 0) & 255 for key in CHANNELS)
                self.colours.append((red, green, blue) if parts else None)
            return
        fonts = FONT.split(content)[1:]
        for key, entry in zip(fonts[::2], fonts[1::2], strict=False):
            charset, page = CHARSET.search(entry), CODE_PAGE.search(entry)
            codec = CHARSETS.get(int(charset.group(1)), "") if charset else ""
            if page and codec != SYMBOL_FONT:
                codec = _codec(int(page.group(1))) or codec
            self.fonts[int(key)] = codec
        self._font(self.usual_font)

    # Words

    def _ansicpg(self, value: int | None) -> None:
        self._usual(_codec(value or 0) or "cp1252")

    def _ansi(self, _value: int | None) -> None:
        self._usual("cp1252")

    def _mac(self, _value: int | None) -> None:
        self._usual("mac_roman")

    def _pc(self, _value: int | None) -> None:
        self._usual("cp437")

    def _pca(self, _value: int | None) -> None:
        self._usual("cp850")

    def _usual(self, codec: str) -> None:
        self.flush()
        self.usual = codec
        self.state.codec = codec

    def _deff(self, value: int | None) -> None:
        self.usual_font = value or 0

    def _font(self, value: int | None) -> None:
        value = value or 0
        codec = self.fonts.get(value) or self.usual
        if codec != self.state.codec:
            self.flush()
        self.state.font = value
        self.state.codec = codec

    def _skip(self, value: int | None) -> None:
        self.state.skip = max(0, 1 if value is None else value)

    def _vanish(self, value: int | None) -> None:
        self._change()
        self.state.vanish = value != 0

    def _deleted(self, value: int | None) -> None:
        self.flush()
        self.state.drop = value != 0

    def _ink(self, value: int | None) -> None:
        self._change()
        self.state.ink = value or 0

    def _size(self, value: int | None) -> None:
        self._change()
        self.state.size = 24 if value is None else value

    def _wide(self, value: int | None) -> None:
        self._change()
        self.state.wide = 100 if value is None else value

    def _ground(self, value: int | None) -> None:
        self._change()
        self.state.ground = value or 0

    def _paragraph_ground(self, value: int | None) -> None:
        self._change()
        self.state.paragraph_ground = value or 0

    def _cell_ground(self, value: int | None) -> None:
        self.state.sink.fill = self._colour(value or 0)

    def _plain(self, _value: int | None) -> None:
        self._change()
        self.state.vanish = False
        self.state.ink = 0
        self.state.size = 0
        self.state.wide = 100
        self.state.ground = 0
        self._font(self.usual_font)

    def _pard(self, _value: int | None) -> None:
        self._change()
        self.state.in_table = False
        self.state.paragraph_ground = 0

    def _intbl(self, _value: int | None) -> None:
        self._change()
        self.state.in_table = True

    def _change(self) -> None:
        """Begin another style of letters."""
        self.flush()
        self.hiding = None

    def _par(self, _value: int | None) -> None:
        self.flush()
        if not self.state.drop:
            sink = self.state.sink
            if not self.state.in_table and sink.cells:
                self._row(None)
            self._end_line(sink, sink.inside if self.state.in_table else sink.lines)

    def _cell(self, _value: int | None) -> None:
        self.flush()
        if not self.state.drop:
            sink = self.state.sink
            self._end_line(sink, sink.inside)
            sink.cells.append("\n".join(sink.inside).strip("\n"))
            sink.inside = []
            self.hiding = None

    def _row(self, _value: int | None) -> None:
        self.flush()
        sink = self.state.sink
        if sink.cells:
            sink.lines += row_lines(sink.cells)
            sink.cells = []

    def _nest_row(self, _value: int | None) -> None:
        self.flush()
        self._end_line(self.state.sink, self.state.sink.inside)

    def _trowd(self, _value: int | None) -> None:
        self.state.sink.fills = []
        self.state.sink.fill = None

    def _cellx(self, _value: int | None) -> None:
        sink = self.state.sink
        sink.fills.append(sink.fill)
        sink.fill = None

    # Text

    def text(self, text: bytes) -> None:
        text = text.translate(None, LINE_ENDS)
        if self.stand_ins:
            taken = min(self.stand_ins, len(text))
            self.stand_ins -= taken
            text = text[taken:]
        if not self.state.drop:
            self.pending += text

    def byte(self, code: int) -> None:
        if self.stand_ins:
            self.stand_ins -= 1
        elif not self.state.drop:
            self.pending.append(code)

    def unicode(self, code: int) -> None:
        code = code % 0x10000 if code < 0 else code
        self.stand_ins = 0
        if 0xF000 <= code <= 0xF0FF:
            self.put(symbol(code))
        elif 0 < code < 0x110000:
            self.put(chr(code))
        self.stand_ins = self.state.skip

    def put(self, text: str) -> None:
        self.flush()
        if not self.state.drop:
            self._add(text)

    def flush(self) -> None:
        if self.pending:
            if self.state.codec == SYMBOL_FONT:
                text = "".join(_plain_or_symbol(code) for code in self.pending)
            else:
                text = self.pending.decode(self.state.codec, "replace")
            self.pending.clear()
            self._add(text)

    def _add(self, text: str) -> None:
        if self.hiding is None:
            self.hiding = self._hiding_now()
        self.length += len(text)
        if self.length > 2 * MAX_CHARACTERS:
            raise Unreadable(Problem.TOO_LONG, f"more than {MAX_CHARACTERS} characters of RTF")
        self.state.sink.line.add(text, self.hiding)

    def _end_line(self, sink: RtfSink, lines: list[str]) -> None:
        sink.line.end(lines, self.hidden)
        sink.line = Line()

    def finished(self, sink: RtfSink) -> list[str]:
        if sink.line.shown or sink.line.hidden_pieces or sink.line.boxes:
            self._end_line(sink, sink.inside if sink.cells else sink.lines)
        if sink.cells or sink.inside:
            sink.lines += row_lines([*sink.cells, "\n".join(sink.inside)])
        return sink.lines

    def _colour(self, number: int) -> Colour | None:
        return self.colours[number] if 0 <= number < len(self.colours) else None

    def _hiding_now(self) -> str:
        state = self.state
        if state.vanish:
            return VANISHED
        if 0 < state.size <= 2 * TINY_POINTS:
            return TINY
        if state.wide < MIN_WIDTH_PERCENT:
            return SQUEEZED
        ink = self._colour(state.ink) if state.ink else None
        return LOW_CONTRAST if ink and is_lost(ink, self._grounds()) else ""

    def _grounds(self) -> Grounds:
        state, sink = self.state, self.state.sink
        painted = self._colour(state.ground) or self._colour(state.paragraph_ground)
        if not painted and state.in_table and len(sink.cells) < len(sink.fills):
            painted = sink.fills[len(sink.cells)]
        if painted:
            return frozenset((painted,))
        return None if sink.kind == "box" else self.paper


def _codec(page: int) -> str:
    """Python's name for a code page, "" where it has none."""
    names = {10000: "mac_roman", 65001: "utf-8", 936: "gb18030", 0: "", 42: SYMBOL_FONT}
    if page in names:
        return names[page]
    try:
        return codecs.lookup(f"cp{page}").name
    except LookupError:
        return ""


def _plain_or_symbol(code: int) -> str:
    """A byte in a symbol font: a sign where it is known, else what a text font would show for a
    blank or a control character, and nothing for another drawing."""
    return symbol(code) or (chr(code) if code <= 32 else "")
