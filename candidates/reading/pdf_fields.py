"""Fields of forms and notes on a PDF page: what they show is text of the page, what is switched off
is not."""

import ctypes
from typing import Any

import pypdfium2.raw as raw

MOST_NOTES = 1000
NO_VIEW = 32  # of an annotation's flags, PDF 2.0 table 167
SHOWN = (raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT)


def find(handle: Any) -> tuple[bool, list[str]]:
    """Whether the loaded page has any, links apart; and the values of fields switched off."""
    shown, switched_off = False, []
    for number in range(min(raw.FPDFPage_GetAnnotCount(handle), MOST_NOTES)):
        note = raw.FPDFPage_GetAnnot(handle, number)
        try:
            kind = raw.FPDFAnnot_GetSubtype(note)
            off = raw.FPDFAnnot_GetFlags(note) & (raw.FPDF_ANNOT_FLAG_HIDDEN | NO_VIEW)
            if kind in SHOWN and not off:
                shown = True
            elif kind == raw.FPDF_ANNOT_WIDGET and (text := _value(note)):
                switched_off.append(text)
        finally:
            raw.FPDFPage_CloseAnnot(note)
    return shown, switched_off


def make_part_of_page(handle: Any) -> bool:
    """Draw them into the page; it has to be loaded anew if that was done."""
    return bool(raw.FPDFPage_Flatten(handle, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS)


def _value(note: Any) -> str:
    length = raw.FPDFAnnot_GetStringValue(note, b"V", None, 0)
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    raw.FPDFAnnot_GetStringValue(note, b"V", buffer, length)
    return bytes(buffer).decode("utf-16-le", "replace").partition("\0")[0].strip()
