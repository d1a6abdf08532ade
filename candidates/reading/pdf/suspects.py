"""Which texts of a PDF page may be hidden: those about which, or around which, something is odd."""

import ctypes
from dataclasses import dataclass

import pypdfium2.raw as raw

from . import objects
from .objects import FORM, PATH, TEXT, share_within
from .page import Box, Page
from .render import CONTRAST

TINY_POINTS = 1.5  # of the font as it is shown
LIGHT_GREY = 160  # level from which letters may not show on paper
MIN_UNCLIPPED_SHARE = 0.95  # of a text
MIN_COVERED_SHARE = 0.3  # of a text, from which what is painted matters to it
MIN_SHAPE_POINTS = 3.0  # on both sides; less are lines and dots
AFTER_ALL = 1 << 60  # the turn of what is drawn over the page
PAINTED = (raw.FPDF_TEXTRENDERMODE_FILL, raw.FPDF_TEXTRENDERMODE_FILL_STROKE)


@dataclass(slots=True)
class ReplacedRoom:
    """The room that the texts take which one text stands for, in points."""

    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class SuspectText:
    """A text object that may not be seen, and what is odd about it.

    `turn` is its place in the order of drawing. `may_be_blank` says that its font may draw nothing
    at all; `room` is given where other letters stand for what is drawn.
    """

    turn: int
    mode: int
    opacity: float
    on_layer: bool = False
    clip: Box | None = None
    squeezed: bool = False
    may_be_blank: bool = False
    room: ReplacedRoom | None = None


@dataclass(frozen=True, slots=True)
class PaintedShape:
    """What is filled: a path, a picture, a shading. `grey` is -1 where it has no single colour."""

    turn: int
    box: Box
    grey: int


# A text about which nothing is odd, so that only what is drawn later may cover it: its turn, the
# object and its box.
_PlainText = tuple[int, ctypes.c_void_p, Box]


def survey(page: Page) -> tuple[dict[int, SuspectText], list[PaintedShape]]:
    """The texts that have to be looked at, by the address of their object, and what is painted."""
    gathered = _Survey(objects.page_box(page))
    for turn, (item, kind, matrix) in enumerate(objects.objects(page)):
        box = objects.box_of(item, matrix)
        if kind == TEXT:
            gathered.add_text(turn, item, box, in_form=matrix is not None)
        elif kind != FORM:
            grey, opacity = (-1, 1.0) if kind != PATH else objects.path_grey(item)
            large = min(box[2] - box[0], box[3] - box[1]) > MIN_SHAPE_POINTS
            if opacity and large:
                gathered.add_shape(PaintedShape(turn, box, grey))
    for box in page.notes:
        gathered.add_shape(PaintedShape(AFTER_ALL, box, -1))
    return gathered.suspects, gathered.shapes


class _Survey:
    """What was met so far, in the order of drawing."""

    def __init__(self, paper: Box) -> None:
        self.paper = paper
        self.suspects: dict[int, SuspectText] = {}
        self.shapes: list[PaintedShape] = []
        self.plain: list[_PlainText] = []
        self.rooms: dict[int, ReplacedRoom] = {}
        self.known_fonts: dict[int, bool] = {}

    def add_text(self, turn: int, item: ctypes.c_void_p, box: Box, *, in_form: bool) -> None:
        # Most texts are plain: nothing is made of them but these values.
        left, bottom, right, top = box
        height = top - bottom
        grey, opacity = objects.fill_grey(item)
        mode = objects.render_mode(item)
        clip = objects.clip_box(item)
        on_layer, replacing_mark = objects.marks_of(item)
        squeezed = objects.is_squeezed(item)
        may_be_blank = height <= 0 or objects.is_of_type_3(item, self.known_fonts)
        room = self._room(replacing_mark, box) if replacing_mark else None
        paper = self.paper
        if (
            in_form  # whose opacity and clipping are not known here
            or on_layer
            or room is not None
            or squeezed
            or may_be_blank
            or mode not in PAINTED
            or grey < 0
            or grey >= LIGHT_GREY
            or (opacity == 1 and objects.has_transparency(item))
            or (height < 2 * TINY_POINTS and objects.font_points(item) < 2 * TINY_POINTS)
            or (left < paper[0] or right > paper[2] or bottom < paper[1] or top > paper[3])
            or (clip is not None and share_within(box, clip) < MIN_UNCLIPPED_SHARE)
            or (self.shapes and self._is_on_like_colour(box, grey))
        ):
            self.suspects[item.value or 0] = SuspectText(
                turn, mode, opacity, on_layer, clip, squeezed, may_be_blank, room
            )
        else:
            self.plain.append((turn, item, box))

    def _room(self, mark: int, box: Box) -> ReplacedRoom:
        room = self.rooms.setdefault(mark, ReplacedRoom())
        height, width = sorted((box[2] - box[0], box[3] - box[1]))
        room.width, room.height = room.width + width, max(room.height, height)
        return room

    def _is_on_like_colour(self, box: Box, grey: int) -> bool:
        """Whether it lies on what is painted in no single colour, or in nearly its own."""
        left, bottom, right, top = box
        return any(
            (shape.grey < 0 or abs(shape.grey - grey) < 3 * CONTRAST)
            and share_within(box, shape.box) > MIN_COVERED_SHARE
            for shape in self.shapes
            # First, because most lie elsewhere, and there are many; written out, for the same.
            if shape.box[0] < right
            and shape.box[2] > left
            and shape.box[1] < top
            and shape.box[3] > bottom
        )

    def add_shape(self, shape: PaintedShape) -> None:
        """Texts that were drawn before and lie under the shape become suspects."""
        self.shapes.append(shape)
        left, bottom, right, top = shape.box
        under = {
            turn
            for turn, _, box in self.plain
            if left < box[2]
            and right > box[0]
            and bottom < box[3]
            and top > box[1]
            and share_within(box, shape.box) > MIN_COVERED_SHARE
        }
        if under:
            self.suspects |= {
                item.value or 0: SuspectText(turn, PAINTED[0], 1.0)
                for turn, item, _ in self.plain
                if turn in under
            }
            self.plain = [text for text in self.plain if text[0] not in under]
