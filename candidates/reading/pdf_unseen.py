"""Text of a PDF page that a person would not see: found by rendering the page and comparing.

Attributes alone miss a third of the ways to hide text and cry wolf at white letters on a dark
header. So they only choose: where nothing about a piece of text is odd, nothing is rendered;
where something is, the page is drawn in grey and each of its letters has to show in it.
"""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as raw

from .document import Hidden
from .pdf_page import Box, Page, pointer, unchecked

SCALE = 1.5  # pixels for each point
MOST_PIXELS = 16_000_000
CONTRAST = 24  # grey levels of 256 between the lightest and the darkest spot of a letter
TINY = 1.5  # points, of the font as it is shown
SHORTEST = 6  # letters; shorter runs are specks
LIGHT = 160  # grey level from which letters may not show on paper
SCAN = 0.4  # of the page: a picture as large may be a scan with its letters beneath
FAINT = 0.15  # of full opacity
MOST_DEPTH = 6

TEXT, PATH, IMAGE, SHADING, FORM = (
    raw.FPDF_PAGEOBJ_TEXT,
    raw.FPDF_PAGEOBJ_PATH,
    raw.FPDF_PAGEOBJ_IMAGE,
    raw.FPDF_PAGEOBJ_SHADING,
    raw.FPDF_PAGEOBJ_FORM,
)
INVISIBLE = (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)
PAINTED = (raw.FPDF_TEXTRENDERMODE_FILL, raw.FPDF_TEXTRENDERMODE_FILL_STROKE)

_count = unchecked(raw.FPDFPage_CountObjects)
_object = unchecked(raw.FPDFPage_GetObject, ctypes.c_void_p)
_type = unchecked(raw.FPDFPageObj_GetType)
_bounds = unchecked(raw.FPDFPageObj_GetBounds)
_fill = unchecked(raw.FPDFPageObj_GetFillColor)
_mode = unchecked(raw.FPDFTextObj_GetTextRenderMode)
_see_through = unchecked(raw.FPDFPageObj_HasTransparency)
_clip = unchecked(raw.FPDFPageObj_GetClipPath, ctypes.c_void_p)
_clips = unchecked(raw.FPDFClipPath_CountPaths)
_marks = unchecked(raw.FPDFPageObj_CountMarks)
_inside = unchecked(raw.FPDFFormObj_CountObjects)
_inner = unchecked(raw.FPDFFormObj_GetObject, ctypes.c_void_p)
_owner = unchecked(raw.FPDFText_GetTextObject, ctypes.c_void_p)
_tight_box = unchecked(raw.FPDFText_GetCharBox)


@dataclass(frozen=True, slots=True)
class _Odd:
    """A text object that may not be seen, and what is odd about it."""

    turn: int  # its place in the order of drawing
    mode: int
    opacity: float
    on_layer: bool = False
    clip: Box | None = None


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is filled: a path, a picture, a shading."""

    turn: int
    box: Box
    grey: int  # -1 where it has no single colour


def unseen(page: Page, number: int) -> tuple[str, tuple[Hidden, ...]]:
    """The page's text with "\\0" for each letter that is not seen, and the runs these make.
    `number` is the page's, counted from 1."""
    found = [Hidden("hidden-field", text, number) for text in page.switched_off]
    odd, shapes = _odd_texts(page)
    owners = _owners(page, odd) if odd else {}
    if not owners:
        return page.text, tuple(found)
    ways = dict(_ways(page, owners, odd, shapes))
    letters = list(page.text)
    for run in _runs(page.text, ways):
        kinds = [ways[place] for place in run if place in ways]
        text = " ".join(page.text[run.start : run.stop].replace("\0", "").split())
        found.append(Hidden(max(set(kinds), key=kinds.count), text, number))
        letters[run.start : run.stop] = "\0" * len(run)
    return "".join(letters), tuple(found)


def _odd_texts(page: Page) -> tuple[dict[int, _Odd], list[_Shape]]:
    """The text objects that have to be looked at, by address, and what is painted beside them."""
    paper = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(page.handle, ctypes.byref(paper))
    odd: dict[int, _Odd] = {}
    shapes: list[_Shape] = []
    plain: list[tuple[int, ctypes.c_void_p, Box]] = []  # texts that only a later shape may cover
    for turn, (item, kind, in_form) in enumerate(_objects(page)):
        box = _box(item)
        if kind == TEXT:
            address = item.value or 0
            grey, opacity = _grey(item)
            clip = _clip_box(item)
            on_layer = _is_on_layer(item)
            mode = _mode(item)
            left, bottom, right, top = box
            if (
                in_form  # whose place on the page is not known here
                or on_layer
                or mode not in PAINTED
                or grey < 0
                or grey >= LIGHT
                or (opacity == 1 and _see_through(item))
                or (top - bottom < 2 * TINY and _size(item) < 2 * TINY)
                or left < paper.left
                or right > paper.right
                or bottom < paper.bottom
                or top > paper.top
                or (clip is not None and _share(box, clip) < 0.95)
                or any(
                    (shape.grey < 0 or abs(shape.grey - grey) < 3 * CONTRAST)
                    and _share(box, shape.box) > 0.3
                    for shape in shapes
                    # Said before because most lie elsewhere, and there are many.
                    if shape.box[0] < right
                    and shape.box[2] > left
                    and shape.box[1] < top
                    and shape.box[3] > bottom
                )
            ):
                odd[address] = _Odd(turn, mode, opacity, on_layer, clip)
            else:
                plain.append((turn, item, box))
        elif kind != FORM:
            grey, opacity = (-1, 1.0) if kind != PATH else _paint(item)
            if opacity and (box[2] - box[0]) > 3 and (box[3] - box[1]) > 3:
                shapes.append(_Shape(turn, box, grey))
                # Letters that a shape is drawn over may be covered by it.
                left, bottom, right, top = box
                under = [
                    one
                    for one in plain
                    if left < one[2][2]
                    and right > one[2][0]
                    and bottom < one[2][3]
                    and top > one[2][1]
                    and _share(one[2], box) > 0.3
                ]
                for before in under:
                    plain.remove(before)
                    odd[before[1].value or 0] = _Odd(before[0], PAINTED[0], 1.0)
    return odd, shapes


def _objects(page: Page) -> Iterator[tuple[ctypes.c_void_p, int, bool]]:
    """What the page draws, in order: the object, its type, and whether it is part of a form."""
    handle = pointer(page.handle)
    waiting: list[tuple[ctypes.c_void_p, int, int]] = []
    for number in range(_count(handle)):
        item = ctypes.c_void_p(_object(handle, number))
        kind = _type(item)
        yield item, kind, False
        if kind == FORM:
            waiting = [(item, 0, 0)]
        while waiting:
            form, place, depth = waiting.pop()
            if place >= _inside(form):
                continue
            waiting.append((form, place + 1, depth))
            inner = ctypes.c_void_p(_inner(form, place))
            inner_kind = _type(inner)
            yield inner, inner_kind, True
            if inner_kind == FORM and depth < MOST_DEPTH:
                waiting.append((inner, 0, depth + 1))


_floats = (ctypes.c_float * 4)()
_float_places = [ctypes.byref(_floats, 4 * n) for n in range(4)]
_levels = (ctypes.c_uint * 4)()
_level_places = [ctypes.byref(_levels, 4 * n) for n in range(4)]
_doubles = (ctypes.c_double * 4)()
_double_places = [ctypes.byref(_doubles, 8 * n) for n in range(4)]


def _box(item: ctypes.c_void_p) -> Box:
    if not _bounds(item, *_float_places):
        return 0.0, 0.0, 0.0, 0.0
    left, bottom, right, top = _floats
    return left, bottom, right, top


def _grey(item: ctypes.c_void_p) -> tuple[int, float]:
    """Grey level of the fill as it is on white paper, -1 for a pattern, and its opacity, 0 to 1."""
    if not _fill(item, *_level_places):
        return -1, 1.0
    red, green, blue, opacity = _levels
    grey = (299 * red + 587 * green + 114 * blue) // 1000
    return 255 - (255 - grey) * opacity // 255, opacity / 255


def _size(text: ctypes.c_void_p) -> float:
    """Size of the font in points, as its matrix makes it."""
    size = ctypes.c_float()
    matrix = raw.FS_MATRIX()
    handle = ctypes.cast(text, raw.FPDF_PAGEOBJECT)
    raw.FPDFTextObj_GetFontSize(handle, ctypes.byref(size))
    if not raw.FPDFPageObj_GetMatrix(handle, ctypes.byref(matrix)):
        return 0.0
    return float(size.value * (matrix.c**2 + matrix.d**2) ** 0.5)


def _paint(path: ctypes.c_void_p) -> tuple[int, float]:
    """Grey level and opacity of a path's fill; opacity 0 where it is not filled."""
    filled, stroked = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(
        ctypes.cast(path, raw.FPDF_PAGEOBJECT), ctypes.byref(filled), ctypes.byref(stroked)
    )
    return _grey(path) if filled.value else (0, 0.0)


def _is_on_layer(item: ctypes.c_void_p) -> bool:
    """Whether it is marked as optional content, which a reader can switch off."""
    count = _marks(item)
    for number in range(count):
        mark = raw.FPDFPageObj_GetMark(ctypes.cast(item, raw.FPDF_PAGEOBJECT), number)
        name = (ctypes.c_ushort * 8)()
        length = ctypes.c_ulong()
        raw.FPDFPageObjMark_GetName(mark, name, ctypes.sizeof(name), ctypes.byref(length))
        if bytes(name).startswith("OC\0".encode("utf-16-le")):
            return True
    return False


def _clip_box(item: ctypes.c_void_p) -> Box | None:
    """The part of the page that what clips an object leaves free; None for all of it."""
    clip = _clip(item)
    if not clip:
        return None
    count = _clips(ctypes.c_void_p(clip))
    if count <= 0:
        return None
    path = ctypes.cast(clip, raw.FPDF_CLIPPATH)
    left, bottom, right, top = -1e9, -1e9, 1e9, 1e9
    x, y = ctypes.c_float(), ctypes.c_float()
    for number in range(count):
        points = []
        for step in range(min(raw.FPDFClipPath_CountPathSegments(path, number), 200)):
            segment = raw.FPDFClipPath_GetPathSegment(path, number, step)
            if raw.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y)):
                points.append((x.value, y.value))
        if points:
            left = max(left, min(point[0] for point in points))
            right = min(right, max(point[0] for point in points))
            bottom = max(bottom, min(point[1] for point in points))
            top = min(top, max(point[1] for point in points))
    return left, bottom, right, top


def _share(box: Box, of: Box) -> float:
    """The share of `box` that lies in `of`; of a box with no area, whether its middle does."""
    wide = min(box[2], of[2]) - max(box[0], of[0])
    high = min(box[3], of[3]) - max(box[1], of[1])
    area = (box[2] - box[0]) * (box[3] - box[1])
    if area <= 0:
        return 1.0 if wide >= 0 and high >= 0 else 0.0
    return max(wide, 0.0) * max(high, 0.0) / area


def _owners(page: Page, odd: dict[int, _Odd]) -> dict[int, _Odd]:
    """The letters that odd objects draw, by their number."""
    letters = pointer(page.letters)
    found = {}
    for number, letter in enumerate(page.text):
        if letter not in " \r\n\0\ufffe" and (owner := odd.get(_owner(letters, number) or 0)):
            found[number] = owner
    return found


def _ways(
    page: Page, owners: dict[int, _Odd], odd: dict[int, _Odd], shapes: list[_Shape]
) -> Iterator[tuple[int, str]]:
    """(letter, how it is hidden) for those that do not show."""
    paper = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(page.handle, ctypes.byref(paper))
    whole = (paper.left, paper.bottom, paper.right, paper.top)
    area = max((whole[2] - whole[0]) * (whole[3] - whole[1]), 1.0)
    scanned = (
        any(shape.grey < 0 and _share(whole, shape.box) > SCAN for shape in shapes) and area > 1
    )
    picture = _Picture(page, whole)
    letters = pointer(page.letters)
    heights = page.plain_boxes(list(owners))
    for (number, item), loose in zip(owners.items(), heights, strict=True):
        if not _tight_box(letters, number, *_double_places):
            continue
        left, right, bottom, top = _doubles
        box = (left, bottom, right, top)
        middle = ((left + right) / 2, (bottom + top) / 2)
        if not _holds(whole, middle):
            yield number, "off-page"
        elif min(loose[3] - loose[1], loose[2] - loose[0]) < TINY and _is_tiny(loose):
            yield number, "tiny"
        elif item.mode in INVISIBLE and not scanned:
            yield number, "invisible"
        elif not picture.shows(box):
            if item.mode in INVISIBLE:
                yield number, "invisible"
            elif item.opacity < FAINT:
                yield number, "transparent"
            elif item.clip is not None and not _holds(item.clip, middle):
                yield number, "clipped"
            elif item.on_layer:
                yield number, "hidden-layer"
            elif any(s.turn > item.turn and _holds(s.box, middle) for s in shapes):
                yield number, "covered"
            else:
                yield number, "low-contrast"


def _is_tiny(box: Box) -> bool:
    return max(box[3] - box[1], box[2] - box[0]) < 2 * TINY


def _holds(box: Box, point: tuple[float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


class _Picture:
    """The page as it is shown, in grey."""

    def __init__(self, page: Page, whole: Box) -> None:
        wide = raw.FPDF_GetPageWidthF(page.handle)
        high = raw.FPDF_GetPageHeightF(page.handle)
        scale = min(SCALE, (MOST_PIXELS / max(wide * high, 1.0)) ** 0.5)
        self.width, self.height = max(int(wide * scale), 1), max(int(high * scale), 1)
        bitmap = raw.FPDFBitmap_CreateEx(self.width, self.height, raw.FPDFBitmap_Gray, None, 0)
        if not bitmap:
            raise MemoryError("no room for a page's picture")
        try:
            raw.FPDFBitmap_FillRect(bitmap, 0, 0, self.width, self.height, 0xFFFFFFFF)
            raw.FPDF_RenderPageBitmap(
                bitmap, page.handle, 0, 0, self.width, self.height, 0, raw.FPDF_ANNOT
            )
            self.stride = raw.FPDFBitmap_GetStride(bitmap)
            size = self.stride * self.height
            self.pixels = ctypes.string_at(raw.FPDFBitmap_GetBuffer(bitmap), size)
        finally:
            raw.FPDFBitmap_Destroy(bitmap)
        self.origin = self._at(page, 0.0, 0.0)
        self.along = self._at(page, 1000.0, 0.0)
        self.up = self._at(page, 0.0, 1000.0)

    def _at(self, page: Page, x: float, y: float) -> tuple[int, int]:
        """Where a point of the page, turned and cropped as it may be, is in the picture; a
        thousand times as fine as a pixel, because pdfium answers in whole ones."""
        column, row = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(
            page.handle,
            0,
            0,
            self.width * 1000,
            self.height * 1000,
            0,
            x,
            y,
            ctypes.byref(column),
            ctypes.byref(row),
        )
        return column.value, row.value

    def shows(self, box: Box) -> bool:
        """Whether the letter in `box` stands out from what is around it."""
        corners = []
        for x, y in ((box[0], box[1]), (box[2], box[3])):
            for axis in (0, 1):
                start = self.origin[axis]
                across = (self.along[axis] - start) * x / 1000
                upward = (self.up[axis] - start) * y / 1000
                corners.append((start + across + upward) / 1000)
        column_0, row_0, column_1, row_1 = corners
        left, right = sorted((column_0, column_1))
        top, bottom = sorted((row_0, row_1))
        first, last = max(int(left), 0), min(int(right) + 1, self.width)
        lightest, darkest = 0, 255
        for row in range(max(int(top), 0), min(int(bottom) + 1, self.height)):
            line = self.pixels[row * self.stride + first : row * self.stride + last]
            if line:
                lightest = max(lightest, *line) if len(line) > 1 else max(lightest, line[0])
                darkest = min(darkest, *line) if len(line) > 1 else min(darkest, line[0])
                if lightest - darkest >= CONTRAST:
                    return True
        return False


def _runs(text: str, ways: dict[int, Any]) -> Iterator[range]:
    """Runs of hidden letters, with the white space inside them, long enough to say something."""
    begin = end = -1
    letters = 0
    for place in sorted(ways):
        between = text[end:place] if begin >= 0 else ""
        if begin >= 0 and len("".join(between.replace("\0", "").split())) <= 1:
            letters += 1
        else:
            if letters >= SHORTEST:
                yield range(begin, end)
            begin, letters = place, 1
        end = place + 1
    if letters >= SHORTEST:
        yield range(begin, end)
