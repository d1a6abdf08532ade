"""The objects that a PDF page draws, through pdfium: what they are, where, and in which colour.

The functions that are called once for each object go past pdfium's bindings (`page.unchecked`) and
write into memory that is kept from call to call.
"""

import ctypes
from collections.abc import Iterator

import pypdfium2.raw as raw

from .page import Box, Page, pointer, unchecked

MAX_FORM_DEPTH = 6  # forms in forms
MAX_CLIP_POINTS = 200  # of one path
MIN_WIDTH_SHARE = 0.2  # of the usual width of letters: narrower ones are squeezed
LAYER_MARK = "OC\0".encode("utf-16-le")  # optional content

TEXT, PATH, FORM = raw.FPDF_PAGEOBJ_TEXT, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_FORM
Matrix = tuple[float, float, float, float, float, float]

_count = unchecked(raw.FPDFPage_CountObjects)
_object = unchecked(raw.FPDFPage_GetObject, ctypes.c_void_p)
_type = unchecked(raw.FPDFPageObj_GetType)
_bounds = unchecked(raw.FPDFPageObj_GetBounds)
_fill = unchecked(raw.FPDFPageObj_GetFillColor)
_clip = unchecked(raw.FPDFPageObj_GetClipPath, ctypes.c_void_p)
_clip_paths = unchecked(raw.FPDFClipPath_CountPaths)
_mark_count = unchecked(raw.FPDFPageObj_CountMarks)
_matrix_of = unchecked(raw.FPDFPageObj_GetMatrix)
_font = unchecked(raw.FPDFTextObj_GetFont, ctypes.c_void_p)
_mark = unchecked(raw.FPDFPageObj_GetMark, ctypes.c_void_p)
_mark_name = unchecked(raw.FPDFPageObjMark_GetName)
_mark_value = unchecked(raw.FPDFPageObjMark_GetParamValueType)
_form_count = unchecked(raw.FPDFFormObj_CountObjects)
_form_object = unchecked(raw.FPDFFormObj_GetObject, ctypes.c_void_p)
render_mode = unchecked(raw.FPDFTextObj_GetTextRenderMode)
has_transparency = unchecked(raw.FPDFPageObj_HasTransparency)

_floats = (ctypes.c_float * 4)()
_float_places = [ctypes.byref(_floats, 4 * n) for n in range(4)]
_levels = (ctypes.c_uint * 4)()
_level_places = [ctypes.byref(_levels, 4 * n) for n in range(4)]
_matrix = raw.FS_MATRIX()
_matrix_place = ctypes.byref(_matrix)


def objects(page: Page) -> Iterator[tuple[ctypes.c_void_p, int, Matrix | None]]:
    """What the page draws, in order: the object, its type, and what moves the form that it is
    part of to its place on the page."""
    handle = pointer(page.handle)
    waiting: list[tuple[ctypes.c_void_p, int, Matrix]] = []
    for number in range(_count(handle)):
        item = ctypes.c_void_p(_object(handle, number))
        kind = _type(item)
        yield item, kind, None
        if kind == FORM:
            waiting = [(item, 0, _form_matrix(item, None))]
        while waiting:
            form, place, matrix = waiting.pop()
            if place >= _form_count(form):
                continue
            waiting.append((form, place + 1, matrix))
            inner = ctypes.c_void_p(_form_object(form, place))
            inner_kind = _type(inner)
            yield inner, inner_kind, matrix
            if inner_kind == FORM and len(waiting) <= MAX_FORM_DEPTH:
                waiting.append((inner, 0, _form_matrix(inner, matrix)))


def _form_matrix(form: ctypes.c_void_p, outer: Matrix | None) -> Matrix:
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


def box_of(item: ctypes.c_void_p, matrix: Matrix | None) -> Box:
    """Left, bottom, right and top on the page; zeros where pdfium does not say."""
    box: Box = (0.0, 0.0, 0.0, 0.0)
    if _bounds(item, *_float_places):
        left, bottom, right, top = _floats
        box = left, bottom, right, top
    return box if matrix is None else _moved(box, matrix)


def _moved(box: Box, matrix: Matrix) -> Box:
    a, b, c, d, e, f = matrix
    corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    across = [a * x + c * y + e for x, y in corners]
    upward = [b * x + d * y + f for x, y in corners]
    return min(across), min(upward), max(across), max(upward)


def fill_grey(item: ctypes.c_void_p) -> tuple[int, float]:
    """Grey level of the fill as it is on white paper, -1 for a pattern, and its opacity, 0 to 1."""
    if not _fill(item, *_level_places):
        return -1, 1.0
    red, green, blue, opacity = _levels
    grey = (299 * red + 587 * green + 114 * blue) // 1000
    return 255 - (255 - grey) * opacity // 255, opacity / 255


def path_grey(path: ctypes.c_void_p) -> tuple[int, float]:
    """Grey level and opacity of a path's fill; opacity 0 where it is not filled."""
    filled, stroked = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(
        ctypes.cast(path, raw.FPDF_PAGEOBJECT), ctypes.byref(filled), ctypes.byref(stroked)
    )
    return fill_grey(path) if filled.value else (0, 0.0)


def font_points(text: ctypes.c_void_p) -> float:
    """Size of the font in points, as its matrix makes it."""
    size = ctypes.c_float()
    matrix = raw.FS_MATRIX()
    handle = ctypes.cast(text, raw.FPDF_PAGEOBJECT)
    raw.FPDFTextObj_GetFontSize(handle, ctypes.byref(size))
    if not raw.FPDFPageObj_GetMatrix(handle, ctypes.byref(matrix)):
        return 0.0
    return float(size.value * (matrix.c**2 + matrix.d**2) ** 0.5)


def marks_of(item: ctypes.c_void_p) -> tuple[bool, int]:
    """Whether it is marked as optional content, which a reader can switch off; and the address of
    a mark with text that stands for it and others (ActualText), 0 without."""
    on_layer, replacing_mark = False, 0
    for number in range(_mark_count(item)):
        mark = ctypes.c_void_p(_mark(item, number))
        name = (ctypes.c_ushort * 8)()
        length = ctypes.c_ulong()
        _mark_name(mark, ctypes.byref(name), ctypes.sizeof(name), ctypes.byref(length))
        on_layer = on_layer or bytes(name).startswith(LAYER_MARK)
        if _mark_value(mark, b"ActualText") == raw.FPDF_OBJECT_STRING:
            replacing_mark = mark.value or 0
    return on_layer, replacing_mark


def is_of_type_3(text: ctypes.c_void_p, known_fonts: dict[int, bool]) -> bool:
    """Whether its font is of Type 3, whose letters are drawings of any kind; only these have no
    name. `known_fonts` keeps the answers."""
    font = _font(text) or 0
    if font not in known_fonts:
        handle = ctypes.cast(font, raw.FPDF_FONT)
        known_fonts[font] = raw.FPDFFont_GetBaseFontName(handle, None, 0) <= 1
    return known_fonts[font]


def is_squeezed(text: ctypes.c_void_p) -> bool:
    """Whether its letters are narrower than MIN_WIDTH_SHARE of their usual width."""
    _matrix_of(text, _matrix_place)
    across = _matrix.a * _matrix.a + _matrix.b * _matrix.b
    upward = _matrix.c * _matrix.c + _matrix.d * _matrix.d
    return bool(across < MIN_WIDTH_SHARE * MIN_WIDTH_SHARE * upward)


def clip_box(item: ctypes.c_void_p) -> Box | None:
    """The part of the page that what clips an object leaves free; None for all of it."""
    clip = _clip(item)
    if not clip:
        return None
    count = _clip_paths(ctypes.c_void_p(clip))
    if count <= 0:
        return None
    path = ctypes.cast(clip, raw.FPDF_CLIPPATH)
    left, bottom, right, top = -1e9, -1e9, 1e9, 1e9
    x, y = ctypes.c_float(), ctypes.c_float()
    for number in range(count):
        points = []
        for step in range(min(raw.FPDFClipPath_CountPathSegments(path, number), MAX_CLIP_POINTS)):
            segment = raw.FPDFClipPath_GetPathSegment(path, number, step)
            if raw.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y)):
                points.append((x.value, y.value))
        if points:
            left = max(left, min(point[0] for point in points))
            right = min(right, max(point[0] for point in points))
            bottom = max(bottom, min(point[1] for point in points))
            top = min(top, max(point[1] for point in points))
    return left, bottom, right, top


def page_box(page: Page) -> Box:
    """The part of the page that is shown."""
    paper = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(page.handle, ctypes.byref(paper))
    return paper.left, paper.bottom, paper.right, paper.top


def share_within(box: Box, outer: Box) -> float:
    """The share of `box` that lies in `outer`; of a box with no area, whether its middle does."""
    width = min(box[2], outer[2]) - max(box[0], outer[0])
    height = min(box[3], outer[3]) - max(box[1], outer[1])
    area = (box[2] - box[0]) * (box[3] - box[1])
    if area <= 0:
        return 1.0 if width >= 0 and height >= 0 else 0.0
    return max(width, 0.0) * max(height, 0.0) / area
