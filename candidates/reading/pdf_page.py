"""One page of a PDF through pdfium: its letters, where they stand, and its lines in reading order.

Apart from `pdf`, which decides over whole files. The bindings check and convert each argument,
which costs five times as much as the call: what is called once for each word or letter is called
past them.
"""

import ctypes
import re
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from math import pi
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from . import pdf_fields
from .limits import MAX_CHARACTERS
from .order import CELL, NEAR, SAME_ROW, Fragment, ordered
from .problems import Problem, Unreadable

WORD = re.compile(r"[^\s\x00\ufffe]+\ufffe?")
BULLET = re.compile(r"[^\w\s(\[+@]|\d{1,2}[.)]")
LINE_END = re.compile(r"[\r\n]")
SURROGATE = re.compile("[\ud800-\udfff\U00010000-\U0010ffff]")
Box = tuple[float, float, float, float]  # left, bottom, right, top in points
BOX = struct.Struct("4f")


def unchecked(function: Any, returns: Any = ctypes.c_int) -> Any:
    """The same C function, its arguments passed as they are: plain integers are C's int, and
    pointers have to be pointers."""
    return ctypes.PYFUNCTYPE(returns)(ctypes.cast(function, ctypes.c_void_p).value or 0)


def pointer(handle: Any) -> ctypes.c_void_p:
    return ctypes.cast(handle, ctypes.c_void_p)


_loose_box = unchecked(raw.FPDFText_GetLooseCharBox)
_letter = unchecked(raw.FPDFText_GetUnicode)


class Page:
    """A loaded page; `text` has one character for each of pdfium's letters, "\\0" where a letter
    has none, so that an offset into it is a letter's number; `switched_off` what hidden fields
    hold."""

    def __init__(self, handle: Any, letters: Any, text: str, switched_off: list[str]) -> None:
        self.handle = handle
        self.letters = letters
        self.text = text
        self.switched_off = switched_off

    def boxes(self, numbers: Sequence[int]) -> list[Box]:
        """Boxes of letters, as high as their font; turned so that most of the text runs across."""
        boxes = self.plain_boxes(numbers)
        turns = self._turns(numbers)
        return [_turned(box, turns) for box in boxes] if turns else boxes

    def _turns(self, numbers: Sequence[int]) -> int:
        """By how many quarters, counterclockwise, a few letters from all over the page lie."""
        few = numbers[:: max(len(numbers) // 9, 1)][:9]
        # Angles are clockwise.
        found = [-round(raw.FPDFText_GetCharAngle(self.letters, n) / (pi / 2)) % 4 for n in few]
        return max(set(found), key=found.count) if found else 0

    def plain_boxes(self, numbers: Sequence[int]) -> list[Box]:
        """The same in the coordinates of the page's content."""
        count = len(numbers)
        _make_room(count)
        deque(map(_loose_box, repeat(pointer(self.letters), count), numbers, _places), maxlen=0)
        # The fields of each are left, top, right, bottom.
        found = BOX.iter_unpack(memoryview(_room)[: count * BOX.size])
        return [(left, bottom, right, top) for left, top, right, bottom in found]


_room = bytearray()
_places: list[Any] = []


def _make_room(count: int) -> None:
    """Room for as many boxes, and a pointer to the place of each, kept from page to page."""
    global _room
    if len(_places) < count:
        _room = bytearray(2 * count * BOX.size)
        _places[:] = [
            ctypes.byref(ctypes.c_char.from_buffer(_room, place * BOX.size))
            for place in range(2 * count)
        ]


@contextmanager
def opened(document: Any, index: int) -> Iterator[Page]:
    """Page `index`, counted from 0. Raises PdfiumError, and Unreadable(TOO_LONG)."""
    handle = _loaded(document, index)
    has_fields, switched_off = pdf_fields.find(handle)
    if has_fields and pdf_fields.make_part_of_page(handle):
        raw.FPDF_ClosePage(handle)
        handle = _loaded(document, index)
    try:
        letters = raw.FPDFText_LoadPage(handle)
        if not letters:
            raise pdfium.PdfiumError("the text of the page cannot be loaded")
        try:
            yield Page(handle, letters, _text(letters, index), switched_off)
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
    # A word that is broken over two lines goes on at once; `pdf` mends it.
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
    left, bottom, right, top = box
    if turns == 1:
        return bottom, -right, top, -left
    if turns == 2:
        return -right, -top, -left, -bottom
    return -top, left, -bottom, right


def _fragments(page: Page) -> list[Fragment]:
    text = page.text
    words = [word.span() for word in WORD.finditer(text)]
    # The box of a word is that of its first and its last letter; pdfium's hyphen has none.
    ends = [
        number
        for start, end in words
        for number in (start, end - 2 if text[end - 1] == "\ufffe" and end - start > 1 else end - 1)
    ]
    boxes = page.boxes(ends)
    fragments: list[Fragment] = []
    before = 0  # end of the word before
    begin = -1
    x0 = y0 = x1 = y1 = 0.0
    # Written out without min and max: this runs for each word of each page.
    for (start, end), (left, bottom, right, top), (_, low, far, high) in zip(
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
                    -height < left - x1 < CELL * (height if height > 4 else 4)
                    or (x1 <= left < x1 + NEAR * height and BULLET.fullmatch(text, begin, before))
                )
                and overlap > SAME_ROW * height
                and text[before - 1] != "\ufffe"
                and (text[before:start] == " " or not LINE_END.search(text, before, start))
            ):
                x0 = left if left < x0 else x0
                x1 = right if right > x1 else x1
                y0 = bottom if bottom < y0 else y0
                y1 = top if top > y1 else y1
                before = end
                continue
            place = len(fragments)
            fragments.append(Fragment(x0, y0, x1, y1, text[begin:before], place))
        begin, before = start, end
        x0, y0, x1, y1 = left, bottom, right, top
    if begin >= 0:
        place = len(fragments)
        fragments.append(Fragment(x0, y0, x1, y1, text[begin:before], place))
    return fragments
