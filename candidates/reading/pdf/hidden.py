"""Text of a PDF page that a person would not see: found by rendering the page and comparing.

Attributes alone miss a third of the ways to hide text and raise false alarms over white letters on
a dark header. So they only choose (`suspects`): where nothing about a text is odd, nothing is
rendered; where something is, the page is drawn in grey and each of its letters has to show in it.
"""

import ctypes
from collections import Counter
from collections.abc import Iterator

import pypdfium2.raw as raw

from candidates.reading.document import Hidden

from .objects import page_box, share_within
from .page import Box, Page, pointer, unchecked
from .render import GreyPage
from .suspects import TINY_POINTS, PaintedShape, SuspectText, survey

MIN_LETTERS = 6  # of a run; shorter ones are specks
MIN_REPLACED_LETTERS = 40  # that stand for what is drawn: icons say what they are in fewer
MIN_ROOM_SHARE = 0.1  # of their height, for each of the letters that stand for what is drawn
SCAN_SHARE = 0.4  # of the page: a picture as large may be a scan with its letters beneath
FAINT_OPACITY = 0.15
INVISIBLE = (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)

_text_object = unchecked(raw.FPDFText_GetTextObject, ctypes.c_void_p)
_tight_box = unchecked(raw.FPDFText_GetCharBox)
_doubles = (ctypes.c_double * 4)()
_double_places = [ctypes.byref(_doubles, 8 * n) for n in range(4)]


def without_hidden(page: Page, number: int) -> tuple[str, tuple[Hidden, ...]]:
    """The page's text with "\\0" for each letter that is not seen, and the runs these make.
    `number` is the page's, counted from 1."""
    hidden = [Hidden("hidden-field", text, number) for text in page.hidden_fields]
    suspects, shapes = survey(page)
    suspect_letters = _letters_of(page, suspects) if suspects else {}
    if not suspect_letters:
        return page.text, tuple(hidden)
    kinds = dict(_hidden_letters(page, suspect_letters, shapes))
    letters = list(page.text)
    for run in _runs(page.text, kinds):
        run_kinds = [kinds[place] for place in run if place in kinds]
        text = " ".join(page.text[run.start : run.stop].replace("\0", "").split())
        hidden.append(Hidden(max(set(run_kinds), key=run_kinds.count), text, number))
        letters[run.start : run.stop] = "\0" * len(run)
    return "".join(letters), tuple(hidden)


def _letters_of(page: Page, suspects: dict[int, SuspectText]) -> dict[int, SuspectText]:
    """The letters that suspect texts draw, by their number."""
    handle = pointer(page.letters)
    return {
        number: text
        for number, letter in enumerate(page.text)
        if letter not in " \r\n\0\ufffe"
        and (text := suspects.get(_text_object(handle, number) or 0))
    }


def _hidden_letters(
    page: Page, suspect_letters: dict[int, SuspectText], shapes: list[PaintedShape]
) -> Iterator[tuple[int, str]]:
    """(letter, how it is hidden) for those that do not show."""
    paper = page_box(page)
    area = max((paper[2] - paper[0]) * (paper[3] - paper[1]), 1.0)
    scanned = area > 1 and any(
        shape.grey < 0 and share_within(paper, shape.box) > SCAN_SHARE for shape in shapes
    )
    picture = GreyPage(page)
    handle = pointer(page.letters)
    loose_boxes = page.plain_boxes(list(suspect_letters))
    replacing_letters = Counter(id(text) for text in suspect_letters.values() if text.room)
    for (number, text), loose in zip(suspect_letters.items(), loose_boxes, strict=True):
        if not _tight_box(handle, number, *_double_places):
            continue
        left, right, bottom, top = _doubles
        box = (left, bottom, right, top)
        middle = ((left + right) / 2, (bottom + top) / 2)
        room = text.room
        if not _holds(paper, middle):
            yield number, "off-page"
        elif room and room.width < replacing_letters[id(text)] * MIN_ROOM_SHARE * room.height:
            yield number, "replaced"
        elif _is_tiny(loose):
            yield number, "tiny"
        elif text.mode in INVISIBLE and not scanned:
            yield number, "invisible"
        elif text.squeezed:
            yield number, "squeezed"
        elif not picture.shows(box):
            yield number, _why_not_shown(text, middle, shapes)


def _why_not_shown(
    text: SuspectText, middle: tuple[float, float], shapes: list[PaintedShape]
) -> str:
    """The kind of hiding of a letter that is not in the picture; `middle` is where it stands."""
    if text.mode in INVISIBLE or text.may_be_blank:
        return "invisible"
    if text.opacity < FAINT_OPACITY:
        return "transparent"
    if text.clip is not None and not _holds(text.clip, middle):
        return "clipped"
    if text.on_layer:
        return "hidden-layer"
    if any(shape.turn > text.turn and _holds(shape.box, middle) for shape in shapes):
        return "covered"
    return "low-contrast"


def _is_tiny(box: Box) -> bool:
    sides = (box[3] - box[1], box[2] - box[0])
    return min(sides) < TINY_POINTS and max(sides) < 2 * TINY_POINTS


def _holds(box: Box, point: tuple[float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def _runs(text: str, kinds: dict[int, str]) -> Iterator[range]:
    """Runs of hidden letters, with the white space inside them, long enough to say something."""
    begin = end = -1
    letters = replaced = 0
    for place in (*sorted(kinds), len(text) + 1):
        between = text[end:place] if begin >= 0 else ""
        if begin < 0 or place > len(text) or len("".join(between.replace("\0", "").split())) > 1:
            if letters >= (MIN_REPLACED_LETTERS if 2 * replaced > letters else MIN_LETTERS):
                yield range(begin, end)
            begin, letters, replaced = place, 0, 0
        letters += 1
        replaced += kinds.get(place) == "replaced"
        end = place + 1
