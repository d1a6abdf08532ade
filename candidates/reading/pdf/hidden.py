"""Text of a PDF page that a person would not see: found by rendering the page and comparing.

Attributes alone miss a third of the ways to hide text and cry wolf at white letters on a dark
header. So they only choose: where nothing about a piece of text is odd, nothing is rendered;
where something is, the page is drawn in grey and each of its letters has to show in it.
"""

import ctypes
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2.raw as raw

from candidates.reading.document import Hidden

from .page import Box, Page, pointer, unchecked
from .render import CONTRAST, Picture

TINY = 1.5  # points, of the font as it is shown
SHORTEST = 6  # letters; shorter runs are specks
SQUEEZED = 0.2  # of its usual width
LEAST_ROOM = 0.1  # of their height, for each of the letters told in place of what is drawn
SHORTEST_REPLACED = 40  # letters told in place of what is drawn: icons say what they are in fewer
LIGHT = 160  # grey level from which letters may not show on paper
SCAN = 0.4  # of the page: a picture as large may be a scan with its letters beneath
LAYER = "OC\0".encode("utf-16-le")
AFTER_ALL = 1 << 60  # the turn of what is drawn over the page
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
Frame = tuple[float, float, float, float, float, float]
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
_matrix_of = unchecked(raw.FPDFPageObj_GetMatrix)
_font = unchecked(raw.FPDFTextObj_GetFont, ctypes.c_void_p)
_mark = unchecked(raw.FPDFPageObj_GetMark, ctypes.c_void_p)
_mark_name = unchecked(raw.FPDFPageObjMark_GetName)
_mark_value = unchecked(raw.FPDFPageObjMark_GetParamValueType)
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
    squeezed: bool = False
    may_be_blank: bool = False  # its font may draw nothing at all
    room: "_Room | None" = None  # where other letters are told than are drawn


@dataclass(slots=True)
class _Room:
    """What the texts take that one text stands for, in points."""

    wide: float = 0.0
    high: float = 0.0


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is filled: a path, a picture, a shading."""

    turn: int
    box: Box
    grey: int  # -1 where it has no single colour


# A text that only what is drawn later may cover: its turn, itself and its box.
_Plain = tuple[int, ctypes.c_void_p, Box]


def unseen(page: Page, number: int) -> tuple[str, tuple[Hidden, ...]]:
    """The page's text with "\\0" for each letter that is not seen, and the runs these make.
    `number` is the page's, counted from 1."""
    found = [Hidden("hidden-field", text, number) for text in page.switched_off]
    odd, shapes = _odd_texts(page)
    owners = _owners(page, odd) if odd else {}
    if not owners:
        return page.text, tuple(found)
    ways = dict(_ways(page, owners, shapes))
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
    plain: list[_Plain] = []
    rooms: dict[int, _Room] = {}
    fonts: dict[int, bool] = {}
    for turn, (item, kind, frame) in enumerate(_objects(page)):
        box = _box(item) if frame is None else _framed(_box(item), frame)
        if kind == TEXT:
            address = item.value or 0
            left, bottom, right, top = box
            grey, opacity = _grey(item)
            clip = _clip_box(item)
            on_layer, stood_for = _marked(item)
            squeezed = _is_squeezed(item)
            may_be_blank = top - bottom <= 0 or _is_drawn_by_hand(item, fonts)
            room = None
            if stood_for:
                room = rooms.setdefault(stood_for, _Room())
                sides = sorted((right - left, top - bottom))
                room.wide, room.high = room.wide + sides[1], max(room.high, sides[0])
            mode = _mode(item)
            if (
                frame is not None  # whose opacity and clipping are not known here
                or on_layer
                or room is not None
                or squeezed
                or may_be_blank
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
                odd[address] = _Odd(
                    turn, mode, opacity, on_layer, clip, squeezed, may_be_blank, room
                )
            else:
                plain.append((turn, item, box))
        elif kind != FORM:
            grey, opacity = (-1, 1.0) if kind != PATH else _paint(item)
            if opacity and (box[2] - box[0]) > 3 and (box[3] - box[1]) > 3:
                shapes.append(_Shape(turn, box, grey))
                plain = _uncovered(plain, box, odd)
    for box in page.notes:
        shapes.append(_Shape(AFTER_ALL, box, -1))
        plain = _uncovered(plain, box, odd)
    return odd, shapes


def _uncovered(plain: list[_Plain], box: Box, odd: dict[int, _Odd]) -> list[_Plain]:
    """The texts that what is drawn in `box` after them leaves free; the others become odd."""
    left, bottom, right, top = box
    under = {
        turn
        for turn, item, held in plain
        if left < held[2]
        and right > held[0]
        and bottom < held[3]
        and top > held[1]
        and _share(held, box) > 0.3
    }
    if not under:
        return plain
    odd |= {
        item.value or 0: _Odd(turn, PAINTED[0], 1.0) for turn, item, _ in plain if turn in under
    }
    return [one for one in plain if one[0] not in under]


def _objects(page: Page) -> Iterator[tuple[ctypes.c_void_p, int, Frame | None]]:
    """What the page draws, in order: the object, its type, and what moves the form that it is
    part of to its place on the page."""
    handle = pointer(page.handle)
    waiting: list[tuple[ctypes.c_void_p, int, Frame]] = []
    for number in range(_count(handle)):
        item = ctypes.c_void_p(_object(handle, number))
        kind = _type(item)
        yield item, kind, None
        if kind == FORM:
            waiting = [(item, 0, _frame(item, None))]
        while waiting:
            form, place, frame = waiting.pop()
            if place >= _inside(form):
                continue
            waiting.append((form, place + 1, frame))
            inner = ctypes.c_void_p(_inner(form, place))
            inner_kind = _type(inner)
            yield inner, inner_kind, frame
            if inner_kind == FORM and len(waiting) <= MOST_DEPTH:
                waiting.append((inner, 0, _frame(inner, frame)))


def _frame(form: ctypes.c_void_p, outer: Frame | None) -> Frame:
    """The matrix from the coordinates of a form to those of the page (ISO 32000-2, 8.3.3)."""
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(ctypes.cast(form, raw.FPDF_PAGEOBJECT), ctypes.byref(matrix))
    a, b, c, d, e, f = matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f
    if outer is None:
        return a, b, c, d, e, f
    p, q, r, s, t, u = outer
    return (
        *(a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s),
        *(e * p + f * r + t, e * q + f * s + u),
    )


def _framed(box: Box, frame: Frame) -> Box:
    a, b, c, d, e, f = frame
    corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    across = [a * x + c * y + e for x, y in corners]
    upward = [b * x + d * y + f for x, y in corners]
    return min(across), min(upward), max(across), max(upward)


_floats = (ctypes.c_float * 4)()
_float_places = [ctypes.byref(_floats, 4 * n) for n in range(4)]
_levels = (ctypes.c_uint * 4)()
_level_places = [ctypes.byref(_levels, 4 * n) for n in range(4)]
_matrix = raw.FS_MATRIX()
_matrix_place = ctypes.byref(_matrix)
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


def _marked(item: ctypes.c_void_p) -> tuple[bool, int]:
    """Whether it is marked as optional content, which a reader can switch off; and the address of
    a mark with text that stands for it and others, 0 without."""
    on_layer, stood_for = False, 0
    for number in range(_marks(item)):
        mark = ctypes.c_void_p(_mark(item, number))
        name = (ctypes.c_ushort * 8)()
        length = ctypes.c_ulong()
        _mark_name(mark, ctypes.byref(name), ctypes.sizeof(name), ctypes.byref(length))
        on_layer = on_layer or bytes(name).startswith(LAYER)
        if _mark_value(mark, b"ActualText") == raw.FPDF_OBJECT_STRING:
            stood_for = mark.value or 0
    return on_layer, stood_for


def _is_drawn_by_hand(text: ctypes.c_void_p, fonts: dict[int, bool]) -> bool:
    """Whether its font is of Type 3, whose letters are drawings of any kind; only these have no
    name. `fonts` keeps the answers."""
    font = _font(text) or 0
    if font not in fonts:
        handle = ctypes.cast(font, raw.FPDF_FONT)
        fonts[font] = raw.FPDFFont_GetBaseFontName(handle, None, 0) <= 1
    return fonts[font]


def _is_squeezed(text: ctypes.c_void_p) -> bool:
    _matrix_of(text, _matrix_place)
    across = _matrix.a * _matrix.a + _matrix.b * _matrix.b
    upward = _matrix.c * _matrix.c + _matrix.d * _matrix.d
    return bool(across < SQUEEZED * SQUEEZED * upward)


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


def _ways(page: Page, owners: dict[int, _Odd], shapes: list[_Shape]) -> Iterator[tuple[int, str]]:
    """(letter, how it is hidden) for those that do not show."""
    paper = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(page.handle, ctypes.byref(paper))
    whole = (paper.left, paper.bottom, paper.right, paper.top)
    area = max((whole[2] - whole[0]) * (whole[3] - whole[1]), 1.0)
    scanned = (
        any(shape.grey < 0 and _share(whole, shape.box) > SCAN for shape in shapes) and area > 1
    )
    picture = Picture(page, whole)
    letters = pointer(page.letters)
    heights = page.plain_boxes(list(owners))
    told = Counter(id(item) for item in owners.values() if item.room)
    for (number, item), loose in zip(owners.items(), heights, strict=True):
        if not _tight_box(letters, number, *_double_places):
            continue
        left, right, bottom, top = _doubles
        box = (left, bottom, right, top)
        middle = ((left + right) / 2, (bottom + top) / 2)
        if not _holds(whole, middle):
            yield number, "off-page"
        elif item.room and item.room.wide < told[id(item)] * LEAST_ROOM * item.room.high:
            yield number, "replaced"
        elif min(loose[3] - loose[1], loose[2] - loose[0]) < TINY and _is_tiny(loose):
            yield number, "tiny"
        elif item.mode in INVISIBLE and not scanned:
            yield number, "invisible"
        elif item.squeezed:
            yield number, "squeezed"
        elif not picture.shows(box):
            if item.mode in INVISIBLE or item.may_be_blank:
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


def _runs(text: str, ways: dict[int, str]) -> Iterator[range]:
    """Runs of hidden letters, with the white space inside them, long enough to say something."""
    begin = end = -1
    letters = replaced = 0
    for place in (*sorted(ways), len(text) + 1):
        between = text[end:place] if begin >= 0 else ""
        if begin < 0 or place > len(text) or len("".join(between.replace("\0", "").split())) > 1:
            if letters >= (SHORTEST_REPLACED if 2 * replaced > letters else SHORTEST):
                yield range(begin, end)
            begin, letters, replaced = place, 0, 0
        letters += 1
        replaced += ways.get(place) == "replaced"
        end = place + 1
