"""Fields of forms and notes on a PDF page: text of the page where they are shown, hidden text where
they are switched off."""

import ctypes
from dataclasses import dataclass, field
from typing import Any

import pypdfium2.raw as raw

MAX_ANNOTATIONS = 1000  # of a page, that are looked at
NO_VIEW = 32  # of an annotation's flags, PDF 2.0 table 167
DRAW_NOTHING = (raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP, raw.FPDF_ANNOT_WIDGET)
TEXT_KINDS = (raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT)


@dataclass(slots=True)
class PageAnnotations:
    """Whether fields or notes show text; what hidden fields hold; and where other notes are drawn
    over the page, as left, bottom, right, top."""

    show_text: bool = False
    hidden_fields: list[str] = field(default_factory=list)
    notes: list[tuple[float, float, float, float]] = field(default_factory=list)


def find(handle: Any) -> PageAnnotations:
    """The fields and notes of a loaded page, links apart."""
    annotations = PageAnnotations()
    for number in range(min(raw.FPDFPage_GetAnnotCount(handle), MAX_ANNOTATIONS)):
        note = raw.FPDFPage_GetAnnot(handle, number)
        try:
            kind = raw.FPDFAnnot_GetSubtype(note)
            off = raw.FPDFAnnot_GetFlags(note) & (raw.FPDF_ANNOT_FLAG_HIDDEN | NO_VIEW)
            if kind in TEXT_KINDS and not off:
                annotations.show_text = True
            elif kind == raw.FPDF_ANNOT_WIDGET and (text := _value(note)):
                annotations.hidden_fields.append(text)
            elif kind not in DRAW_NOTHING and not off:
                box = raw.FS_RECTF()
                raw.FPDFAnnot_GetRect(note, ctypes.byref(box))
                annotations.notes.append((box.left, box.bottom, box.right, box.top))
        finally:
            raw.FPDFPage_CloseAnnot(note)
    return annotations


def make_part_of_page(handle: Any) -> bool:
    """Draw them into the page; it has to be loaded anew if that was done."""
    return bool(raw.FPDFPage_Flatten(handle, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS)


def _value(note: Any) -> str:
    length = raw.FPDFAnnot_GetStringValue(note, b"V", None, 0)
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    raw.FPDFAnnot_GetStringValue(note, b"V", buffer, length)
    return bytes(buffer).decode("utf-16-le", "replace").partition("\0")[0].strip()
