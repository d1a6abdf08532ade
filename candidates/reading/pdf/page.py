"""One page of a PDF through pdfium: its letters, where they stand, and its lines in reading order.

`reader` decides over whole files. The bindings check and convert each argument, which costs five
times as much as the call: functions that are called for each word or letter go past them.
"""

import ctypes
import re
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, repeat
from math import pi
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from candidates.reading.limits import MAX_CHARACTERS
from candidates.reading.problems import Problem, Unreadable

from . import fields
from .fragments import BULLET_GAP, CELL_GAP, SAME_ROW_OVERLAP, Fragment
from .reading_order import ordered

WORD = re.compile(r"[^\s\x00\ufffe]+\ufffe?")
BULLET = re.compile(r"[^\w\s(\[+@]|\d{1,2}[.)]")
LINE = re.compile(r"[^\s\x00](?:[^\r\n]*[^\s\x00])?")
SURROGATE = re.compile("[\ud800-\udfff\U00010000-\U0010ffff]")
Box = tuple[float, float, float, float]  # in points
BOX = struct.Struct("4f")
Piece = tuple[float, float, float, float, int, int]  # left, bottom, right, top; start and end


def unchecked(function: Any, returns: Any = ctypes.c_int) -> Any:
    """The same C function, its arguments passed as they are: plain integers are C's int, and
    pointers have to be pointers."""
    return ctypes.PYFUNCTYPE(returns)(ctypes.cast(function, ctypes.c_void_p).value or 0)


def pointer(handle: Any) -> ctypes.c_void_p:
    return ctypes.cast(handle, ctypes.c_void_p)


_loose_box = unchecked(raw.FPDFText_GetLooseCharBox)
_letter = unchecked(raw.FPDFText_GetUnicode)
_angle = unchecked(raw.FPDFText_GetCharAngle, ctypes.c_float)
_count_rects = unchecked(raw.FPDFText_CountRects)
_rect = unchecked(raw.FPDFText_GetRect)
_doubles = (ctypes.c_double * 4)()
_double_places = [ctypes.byref(_doubles, 8 * n) for n in range(4)]


class Page:
    """A loaded page; `text` has one character for each of pdfium's letters, "\\0" where a letter
    has none, so that an offset into it is a letter's number."""

    def __init__(
        self, handle: Any, letters: Any, text: str, annotations: fields.PageAnnotations
    ) -> None:
        self.handle = handle
        self.letters = letters
        self.text = text
        self.hidden_fields = annotations.hidden_fields
        self.notes = annotations.notes
        self.turns: int | None = None  # quarters by which the text lies; known with the boxes

    def boxes(self, numbers: Sequence[int]) -> list[Box]:
        """Boxes of letters, as high as their font; turned so that most of the text runs across.

        Each as left, top, right, bottom, as pdfium has them.
        """
        boxes = self._boxes(numbers)
        if self.turns is None:
            self.turns = self._turns(numbers)
        return [_turned(box, self.turns) for box in boxes] if self.turns else boxes

    def _turns(self, numbers: Sequence[int]) -> int:
        """By how many quarters, counterclockwise, a few letters from all over the page lie."""
        sample = numbers[:: max(len(numbers) // 9, 1)][:9]
        letters = pointer(self.letters)
        # Angles are clockwise.
        quarters = [-round(_angle(letters, number) / (pi / 2)) % 4 for number in sample]
        return max(set(quarters), key=quarters.count) if quarters else 0

    def plain_boxes(self, numbers: Sequence[int]) -> list[Box]:
        """The same in the coordinates of the page's content, as left, bottom, right, top."""
        return [(left, bottom, right, top) for left, top, right, bottom in self._boxes(numbers)]

    def _boxes(self, numbers: Sequence[int]) -> list[Box]:
        count = len(numbers)
        _make_room(count)
        deque(map(_loose_box, repeat(pointer(self.letters), count), numbers, _places), maxlen=0)
        return list(BOX.iter_unpack(memoryview(_room)[: count * BOX.size]))


_room = bytearray()
_places: list[Any] = []


def _make_room(count: int) -> None:
    """Make room for `count` boxes and a pointer to the place of each; kept from page to page."""
    global _room
    if len(_places) < count:
        _room = bytearray(2 * count * BOX.size)
        _places[:] = [
            ctypes.byref(ctypes.c_char.from_buffer(_room, place * BOX.size))
            for place in range(2 * count)
        ]


@contextmanager
def open_page(document: Any, index: int) -> Iterator[Page]:
    """Page `index`, counted from 0. Raises PdfiumError, and Unreadable(TOO_LONG)."""
    handle = _loaded(document, index)
    annotations = fields.find(handle)
    if annotations.show_text and fields.make_part_of_page(handle):
        raw.FPDF_ClosePage(handle)
        handle = _loaded(document, index)
    try:
        letters = raw.FPDFText_LoadPage(handle)
        if not letters:
            raise pdfium.PdfiumError("the text of the page cannot be loaded")
        try:
            yield Page(handle, letters, _text(letters, index), annotations)
        finally:
            raw.FPDFText_ClosePage(letters)
    finally:
        raw.FPDF_ClosePage(handle)


def _loaded(document: Any, index: int) -> Any:
    handle = raw.FPDF_LoadPage(document, index)
    if not handle:
        raise pdfium.PdfiumError("the page cannot be loaded")
    return handle


def in_order(page: Page) -> str:
    """The text in reading order; as pdfium has it where that is the same."""
    fragments = _fragments(page)
    lines = ordered(fragments)
    if lines is None:
        return page.text
    # A word that is broken over two lines goes on at once; `reader` mends it.
    return "\n".join(line.text for line in lines).replace("\ufffe\n", "\ufffe")


def _text(letters: Any, index: int) -> str:
    count = raw.FPDFText_CountChars(letters)
    if count <= 0:
        return ""
    if count > MAX_CHARACTERS:
        raise Unreadable(Problem.TOO_LONG, f"{count} characters on page {index + 1}")
    # pdfium may add characters to those it counts, line ends for one; a second unit for each is
    # what it needs at most, and the result says how many it wrote.
    buffer = (ctypes.c_ushort * (2 * count + 2))()
    written = raw.FPDFText_GetText(letters, 0, count, buffer)
    text = bytes(memoryview(buffer)[: max(written - 1, 0)]).decode("utf-16-le", "replace")
    if len(text) == count and not SURROGATE.search(text):
        return text
    # Some letters are not in that text, or are two units in it: ask for each.
    handle = pointer(letters)
    codes = (_letter(handle, number) for number in range(count))
    return "".join(chr(code) if 0 <= code < 0x110000 else "\0" for code in codes)


def _turned(box: Box, turns: int) -> Box:
    """The box with the page turned back clockwise by quarters; only relations matter after."""
    left, top, right, bottom = box
    if turns == 1:
        return bottom, -left, top, -right
    if turns == 2:
        return -right, -bottom, -left, -top
    return -top, right, -bottom, left


def _fragments(page: Page) -> list[Fragment]:
    text = page.text
    lines = [line.span() for line in LINE.finditer(text)]
    boxes = page.boxes([number for start, end in lines for number in (start, end - 1)])
    pieces: list[list[Piece]] = []
    unsure: list[int] = []
    for (start, end), first, last in zip(lines, boxes[::2], boxes[1::2], strict=True):
        if page.turns or not _is_one_piece(page, start, end, first, last):
            unsure.append(len(pieces))
            pieces.append([])
        else:
            low, high = max(first[1], last[1]), min(first[3], last[3])
            pieces.append([(first[0], high, last[2], low, start, end)])
    if unsure:
        words = [[word.span() for word in WORD.finditer(text, *lines[n])] for n in unsure]
        ends = [place for spans in words for span in spans for place in _ends(text, *span)]
        boxes_of_words = page.boxes(ends)
        place = 0
        for number, spans in zip(unsure, words, strict=True):
            line_boxes = boxes_of_words[place : place + 2 * len(spans)]
            place += len(line_boxes)
            pieces[number] = _pieces(text, spans, line_boxes)
    return [
        Fragment(x0, y0, x1, y1, text[start:end], place)
        for place, (x0, y0, x1, y1, start, end) in enumerate(chain.from_iterable(pieces))
    ]


def _is_one_piece(page: Page, start: int, end: int, first: Box, last: Box) -> bool:
    """Whether a line is surely one piece: what draws it leaves no wide gap and keeps its height.

    There is no gap inside a text object, and text objects are far fewer than words.
    """
    if "\ufffe" in page.text[start:end] or "\0" in page.text[start:end]:
        return False
    left, top, right, bottom = first
    height = top - bottom
    if not -0.5 * height < last[1] - top < 0.5 * height or last[2] < left:
        return False
    letters = pointer(page.letters)
    count = _count_rects(letters, start, end - start)
    if count == 1:
        return True
    if count > (end - start) // 2:  # letter by letter
        return False
    edge = right
    for number in range(count):
        _rect(letters, number, *_double_places)
        rect_left, rect_top, rect_right, rect_bottom = _doubles
        if not -height < rect_left - edge < CELL_GAP * max(height, 4.0) and number:
            return False
        if rect_bottom > top or rect_top < bottom:
            return False
        edge = max(edge, rect_right)
    return True


def _ends(text: str, start: int, end: int) -> tuple[int, int]:
    """The first and the last letter of a word; pdfium's hyphen, which has no box, is none."""
    return start, end - 2 if text[end - 1] == "\ufffe" and end - start > 1 else end - 1


def _pieces(text: str, words: list[tuple[int, int]], boxes: list[Box]) -> list[Piece]:
    """A line cut where gaps are wide, where it leaves its height, and after pdfium's hyphen."""
    pieces: list[Piece] = []
    before = 0  # end of the word before
    begin = -1
    x0 = y0 = x1 = y1 = 0.0
    # Written out without min and max: this runs for most words of difficult pages.
    for (start, end), (left, top, right, bottom), (_, high, far, low) in zip(
        words, boxes[::2], boxes[1::2], strict=True
    ):
        right = far if far > right else right
        bottom = low if low < bottom else bottom
        top = high if high > top else top
        if begin >= 0:
            height = y1 - y0 if y1 - y0 < top - bottom else top - bottom
            overlap = (y1 if y1 < top else top) - (y0 if y0 > bottom else bottom)
            if (
                (
                    -height < left - x1 < CELL_GAP * (height if height > 4 else 4)
                    or (
                        x1 <= left < x1 + BULLET_GAP * height
                        and BULLET.fullmatch(text, begin, before)
                    )
                )
                and overlap > SAME_ROW_OVERLAP * height
                and text[before - 1] != "\ufffe"
            ):
                x0 = left if left < x0 else x0
                x1 = right if right > x1 else x1
                y0 = bottom if bottom < y0 else y0
                y1 = top if top > y1 else y1
                before = end
                continue
            pieces.append((x0, y0, x1, y1, begin, before))
        begin, before = start, end
        x0, y0, x1, y1 = left, bottom, right, top
    if begin >= 0:
        pieces.append((x0, y0, x1, y1, begin, before))
    return pieces
